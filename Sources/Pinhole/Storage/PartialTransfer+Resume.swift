import Glibc
import PinholeCrypto
import PinholeWire

// What an earlier session, process or start of the machine has left.

extension PartialTransfer {
    /// Finds what is here and good, at most `limit` groups of it, and forgets the rest.
    func takeUp(_ state: inout State, upTo limit: UInt64) throws(PinholeError) {
        (state.filled, state.hasher, state.leaf, state.trailer) = (0, nil, [], [])
        let recorded = min(limit, state.journal.recorded, offer.groups)
        let known = state.tree.groups
        if recorded != known {
            state.tree = FileTree()
            (state.manifest, state.pieces, state.open) = (nil, [], nil)
            try readManifestAgain(groups: recorded, &state)
            let whole = try wholeGroups(recorded, state)
            while state.tree.groups < whole {
                let group = state.tree.groups
                let leaf = try state.journal.leaf(group)
                // `begin` comes while the process lives, and what it wrote itself it knows.
                if group >= state.journal.safe, group >= known {
                    guard try content(of: group, state).map({ key.leaf($0.span, group: group) }) == leaf else { break }
                }
                state.tree.append(leaf, key)
            }
            if offer.range(of: state.tree.groups).lowerBound < UInt64(offer.manifestSize) {
                (state.manifest, state.pieces) = (nil, [])
            }
        }
        try state.journal.truncate(to: state.tree.groups)
    }

    private func readManifestAgain(groups: UInt64, _ state: inout State) throws(PinholeError) {
        guard groups > 0, offer.range(of: groups).lowerBound >= UInt64(offer.manifestSize) else { return }
        guard access(path + "/manifest", F_OK) == 0 else { return }
        let file = try File(opening: path + "/manifest", flags: O_RDONLY | O_NOFOLLOW)
        do throws(PinholeError) {
            try readManifest(file, &state)
        } catch {
            // It is looked at below like everything else.
            guard error.code == .badData else { throw error }
        }
    }

    /// How many of the first `groups` lie in files that are there, in their whole size.
    private func wholeGroups(_ groups: UInt64, _ state: borrowing State) throws(PinholeError) -> UInt64 {
        let end = offer.range(of: groups).lowerBound
        let size = UInt64(Limits.fileGroup)
        guard end > 0 else { return 0 }
        let manifest = FileStatus(unfollowed: path + "/manifest")
        guard let manifest, manifest.isRegular, manifest.size >= min(end, UInt64(offer.manifestSize)) else { return 0 }
        guard let list = state.manifest else {
            return min(groups, UInt64(offer.manifestSize) / size)
        }
        var last = -1
        for piece in state.pieces where piece.file != last {
            guard piece.start < end else { break }
            last = piece.file
            let status = FileStatus(unfollowed: path(of: piece.file))
            guard let status, status.isRegular, status.size == list.entries[piece.file].size else {
                return min(groups, piece.start / size)
            }
        }
        return groups
    }

    private func content(of group: UInt64, _ state: borrowing State) throws(PinholeError) -> [UInt8]? {
        let range = offer.range(of: group)
        var bytes: [UInt8] = []
        let manifestSize = UInt64(offer.manifestSize)
        if range.lowerBound < manifestSize {
            let file = try File(opening: path + "/manifest", flags: O_RDONLY | O_NOFOLLOW)
            bytes = try file.read(
                at: range.lowerBound, count: Int(min(range.upperBound, manifestSize) - range.lowerBound))
        }
        var index = state.pieces.index(at: range.lowerBound + UInt64(bytes.count))
        while bytes.count < range.count {
            guard index < state.pieces.count else { return nil }
            let piece = state.pieces[index]
            let skipped = range.lowerBound + UInt64(bytes.count) - piece.start
            let count = Int(min(UInt64(range.count - bytes.count), piece.count - skipped))
            let file = try File(opening: path(of: piece.file), flags: O_RDONLY | O_NOFOLLOW)
            let part = try file.read(at: piece.offset + skipped, count: count)
            guard part.count == count else { return nil }
            bytes += part
            index += 1
        }
        return bytes
    }
}
