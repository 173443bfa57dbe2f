import PinholeWire
import Testing

@testable import PinholeCrypto

@Suite("hashes of files")
struct FileTreeTests {
    let alice: IdentityKey
    let bob: IdentityKey
    let offer = FileOffer(
        transfer: 7, salt: (0..<32).map { $0 }, shape: .folder, entries: 3, manifestSize: 100, contentSize: 1 << 20,
        totalSize: 1 << 21, name: "naïve")

    init() throws {
        alice = try IdentitySecret.fixed(1).publicKey
        bob = try IdentitySecret.fixed(2).publicKey
    }

    private var key: FileKey { FileKey(sender: alice, receiver: bob, offer: offer) }

    private func tree(_ count: UInt64) -> FileTree {
        var tree = FileTree()
        for group in 0..<count { tree.append(key.leaf([UInt8(group)].span, group: group), key) }
        return tree
    }

    @Test("other people, the other way round, or anything else in the offer give another root")  // [FIL-13]
    func binding() {
        var others = [FileKey(sender: bob, receiver: alice, offer: offer)]
        let changes: [(inout FileOffer) -> Void] = [
            { $0.transfer += 1 }, { $0.salt[31] ^= 1 }, { $0.shape = .file }, { $0.entries += 1 },
            { $0.manifestSize += 1 }, { $0.contentSize += 1 }, { $0.totalSize += 1 }, { $0.name += "." },
        ]
        for change in changes {
            var offer = offer
            change(&offer)
            others.append(FileKey(sender: alice, receiver: bob, offer: offer))
        }
        let roots = ([key] + others).map { key -> [UInt8] in
            var tree = FileTree()
            tree.append(key.leaf([1, 2, 3].span, group: 0), key)
            return tree.root(key, trailer: [])
        }
        #expect(Set(roots).count == roots.count)
        #expect(Set(([key] + others).map(\.token)).count == roots.count)
    }

    @Test("a group's place, and each byte of it, is part of its hash, whatever the pieces it came in")
    func leaves() {
        let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let leaf = key.leaf(content.span, group: 3)
        #expect(leaf.count == 32 && leaf != key.leaf(content.span, group: 4))
        #expect(leaf != key.leaf(content.span.extracting(0..<999), group: 3))
        let hasher = GroupHasher(key, group: 3)
        for start in stride(from: 0, to: 1000, by: 7) {
            hasher.update(content.span.extracting(start..<min(start + 7, 1000)))
        }
        #expect(hasher.finalize() == leaf)
    }

    @Test("every count of groups and every trailer has another root")
    func roots() {
        let roots = (0...20 as ClosedRange<UInt64>).map { tree($0).root(key, trailer: []) }
        #expect(Set(roots).count == roots.count)
        #expect(tree(5).root(key, trailer: [1]) != tree(5).root(key, trailer: []))
    }

    @Test("holdings tell which groups, how many, and whose")  // [FIL-14]
    func holdings() {
        #expect(tree(0).holdings(key) == .none)
        let digests = (1...20 as ClosedRange<UInt64>).map { tree($0).holdings(key).digest }
        #expect(Set(digests).count == digests.count)
        let other = FileKey(sender: bob, receiver: alice, offer: offer)
        #expect(tree(3).holdings(key) != tree(3).holdings(other))
    }

    /// Computed by Python's hashlib. What goes over the wire is compared in ``FileVectorTests``.
    @Test("the name of what is on disk stays the same")
    func token() {
        #expect(key.token == "721b01e4a5b77b65b81da5cbcb850ad9")
    }
}
