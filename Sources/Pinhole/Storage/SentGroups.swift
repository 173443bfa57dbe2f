import Glibc
import PinholeCrypto
import PinholeWire
import Synchronization

/// The hashes of the groups that were read for a transfer: what a receiver says it has already is compared with them, and
/// the source need not be read again. Losing them costs that reading and nothing else.
package final class SentGroups: Sendable {
    private let handle: SharedFile?
    private let isOver = Atomic(false)

    package init(_ path: String) {
        handle = try? Self.open(path)
    }

    private static func open(_ path: String) throws(PinholeError) -> SharedFile {
        try Folder.create(Folder.parent(of: path), mode: 0o700)
        return SharedFile(try File(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW))
    }

    /// Behind one that found no room nothing is kept: what is on record has no holes.
    func set(_ leaf: [UInt8], group: UInt64) {
        guard let handle, !isOver.load(ordering: .relaxed) else { return }
        do throws(PinholeError) {
            try handle.file.write(leaf.span, at: group * 32)
        } catch {
            isOver.store(true, ordering: .relaxed)
        }
    }

    /// The tree over the first `groups`, or over those of them that are on record.
    func tree(of groups: UInt64, _ key: FileKey) -> FileTree {
        var tree = FileTree()
        while tree.groups < groups {
            let count = Int(min(groups - tree.groups, 8192)) * 32
            let bytes = (try? handle?.file.read(at: tree.groups * 32, count: count)) ?? []
            for start in stride(from: 0, to: bytes.count - 31, by: 32) {
                tree.append(Array(bytes[start..<start + 32]), key)
            }
            if bytes.count < count { break }
        }
        return tree
    }
}

extension FileSource {
    /// Where to go on for a receiver that has so much, and the tree up to there: behind what it has if that is of this
    /// content, and else at the beginning. What is not wanted any more is not looked at to its end.
    func start(
        after holdings: FileHoldings, of offer: FileOffer, _ key: FileKey, _ sent: SentGroups,
        while isWanted: () -> Bool = { true }
    ) throws(PinholeError) -> FileTree {
        guard holdings.groups > 0, holdings.groups <= offer.groups else { return FileTree() }
        let known = sent.tree(of: holdings.groups, key)
        let tree = try extend(known, to: holdings.groups, of: offer, key, sent, while: isWanted)
        if tree.holdings(key) == holdings { return tree }
        // What is on record may be what a power cut left of it.
        let fresh = try extend(FileTree(), to: holdings.groups, of: offer, key, sent, while: isWanted)
        return fresh.holdings(key) == holdings ? fresh : FileTree()
    }

    /// Keeps a hash, unless something was left out of the content so far: who takes the transfer up in another process does
    /// not know that, and must read it again.
    func note(_ leaf: [UInt8], group: UInt64, in sent: SentGroups) {
        if leftOut.isEmpty { sent.set(leaf, group: group) }
    }

    private func extend(
        _ tree: FileTree, to groups: UInt64, of offer: FileOffer, _ key: FileKey, _ sent: SentGroups,
        while isWanted: () -> Bool
    ) throws(PinholeError) -> FileTree {
        var tree = tree
        while tree.groups < groups, isWanted() {
            let group = tree.groups
            let content = try read(offer.range(of: group))
            let leaf = key.leaf(content.span, group: group)
            note(leaf, group: group, in: sent)
            tree.append(leaf, key)
        }
        return tree
    }
}
