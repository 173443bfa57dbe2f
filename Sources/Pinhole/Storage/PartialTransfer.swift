import Dispatch
import Glibc
package import PinholeCrypto
package import PinholeWire
import Synchronization

/// A transfer on its way in: a hidden folder in the download folder with the files as far as they came, by their place in
/// the manifest, and the journal of what is verified. What is whole is brought to its place by ``Placement``.
///
/// A transfer that is taken up again finds its folder and goes on behind the last verified group, also after the process
/// died or the power failed. All methods block on the disk.
package final class PartialTransfer: Sendable {
    package let offer: FileOffer
    /// The harmless form of the offered name.
    package let name: String
    package let folder: String
    let path: String
    let key: FileKey
    private let state: Mutex<State>

    private struct State {
        var journal: TransferJournal
        var tree = FileTree()
        var manifest: FileManifest?
        var pieces: [Piece] = []
        /// Of the group that is arriving: what came, and the hash of that; then the hash that came with it.
        var filled = 0
        var hasher: GroupHasher?
        var leaf: [UInt8] = []
        /// What came behind the last group.
        var trailer: [UInt8] = []
        /// The file that was written last, which is mostly the one that is written next.
        var open: (index: Int, file: SharedFile)?
        /// What was written and not brought to the disk.
        var dirty: Set<String> = []
        var syncedAt: ContinuousClock.Instant = .now
    }

    /// Bytes that follow each other in a file and in the content.
    private struct Piece {
        let start: UInt64
        let entry: Int
        let offset: UInt64
        let count: UInt64
    }

    /// Opens the partial folder of a transfer, or creates it.
    package init(_ offer: FileOffer, _ key: FileKey, in folder: String) throws(PinholeError) {
        guard offer.manifestSize <= Limits.maxManifest, offer.entries <= Limits.maxManifestEntries,
            UInt64(offer.manifestSize) <= offer.contentSize, offer.contentSize <= UInt64(Int64.max),
            offer.totalSize <= UInt64(Int64.max), offer.manifestSize > 0
        else { throw PinholeError(.badData, "what is offered has sizes that cannot be") }
        self.offer = offer
        self.key = key
        self.folder = folder
        name = FileName.sanitized(offer.name)
        path = Self.path(key, in: folder)
        try Folder.create(folder, mode: 0o755)
        try Folder.create(path, mode: 0o700)
        guard let status = FileStatus(unfollowed: path), status.isDirectory, status.owner == geteuid() else {
            throw PinholeError(.cannotWrite, "\(path) is not a folder of this user", hint: "remove it")
        }
        state = Mutex(State(journal: try TransferJournal(path + "/journal", key)))
        try state.withLock { state throws(PinholeError) in try takeUp(&state, upTo: .max) }
        try requireRoom()
    }

    static func path(_ key: FileKey, in folder: String) -> String {
        "\(folder)/.pinhole-\(key.token)"
    }

    /// What is here, verified.
    package var holdings: FileHoldings { state.withLock { $0.tree.holdings(key) } }

    /// Bytes of the content that are here.
    package var received: UInt64 {
        state.withLock { offer.range(of: $0.tree.groups).lowerBound + UInt64($0.filled) }
    }

    /// Throws unless the rest has room on the disk.
    package func requireRoom() throws(PinholeError) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return }
        guard offer.contentSize - received <= UInt64(status.f_bavail) * UInt64(status.f_frsize) else {
            throw PinholeError(system: ENOSPC, writing: "\(folder)/")
        }
    }

    /// The sender goes on with this group: what comes next begins there.
    package func begin(group: UInt64) throws(PinholeError) {
        try state.withLock { state throws(PinholeError) in
            guard group <= state.tree.groups else {
                throw PinholeError(.badData, "“\(name)” goes on behind what is here of it")
            }
            try takeUp(&state, upTo: group)
        }
    }

    /// Takes the next bytes of the stream: groups, each with its hash, and what closes the transfer.
    package func append(_ bytes: [UInt8]) throws(PinholeError) {
        try state.withLock { state throws(PinholeError) in
            var position = 0
            while position < bytes.count {
                let rest = bytes.span.extracting(position..<bytes.count)
                position += try take(rest, &state)
            }
        }
    }

    /// Verifies that everything came. Returns the manifest, and which of its entries do not count.
    func verify() throws(PinholeError) -> (manifest: FileManifest, changed: Set<Int>) {
        try state.withLock { state throws(PinholeError) in
            guard state.tree.groups == offer.groups, let manifest = state.manifest,
                let trailer = FileTrailer(
                    state.trailer, closing: state.tree, key, entries: manifest.entries.count),
                trailer.changed.allSatisfy({ !manifest.entries[$0].isFolder })
            else { throw damaged }
            state.open = nil
            return (manifest, Set(trailer.changed))
        }
    }

    /// Lets others open it.
    func release() {
        state.withLock { $0.journal.release() }
    }

    /// Removes what came.
    package func discard() {
        Folder.removeTree(path)
    }

    private var damaged: PinholeError {
        PinholeError(.badData, "“\(name)” arrived damaged and was removed", hint: "ask for it to be sent again")
    }
}

// MARK: The disk

extension PartialTransfer {
    /// Whether enough is not on the disk yet that it should be brought there.
    var isSyncDue: Bool {
        state.withLock { state in
            let unsafe = state.tree.groups - state.journal.safe
            return unsafe >= Self.syncGroups || (unsafe > 0 && .now - state.syncedAt > Self.syncInterval)
        }
    }

    /// Brings what is verified to the disk, and says so in the journal. Bytes may be written meanwhile.
    func synchronize() throws(PinholeError) {
        let (groups, paths) = state.withLock { state in
            defer {
                state.dirty = []
                if let open = state.open { state.dirty.insert(open.file.file.path) }
            }
            return (state.tree.groups, state.dirty)
        }
        do throws(PinholeError) {
            if paths.count > Self.fewFiles {
                try File(opening: path, flags: O_RDONLY | O_DIRECTORY).synchronizeFileSystem()
            } else {
                for file in paths { try File(opening: file, flags: O_RDWR | O_NOFOLLOW).synchronize() }
            }
            try File(opening: path + "/journal", flags: O_RDWR | O_NOFOLLOW).synchronize()
            try Folder.synchronize(path)
        } catch {
            // What the system has dropped must not count as brought there the next time.
            state.withLock { $0.dirty.formUnion(paths) }
            throw error
        }
        try state.withLock { state throws(PinholeError) in
            // Meanwhile the sender may have gone back.
            try state.journal.setSafe(min(groups, state.journal.recorded))
            state.syncedAt = .now
        }
    }

    private static let syncGroups: UInt64 = 128
    private static let syncInterval = Duration.seconds(2)
    private static let fewFiles = 16
}

// MARK: The stream

extension PartialTransfer {
    /// Takes some of `bytes`. Returns how many.
    private func take(_ bytes: Span<UInt8>, _ state: inout State) throws(PinholeError) -> Int {
        let group = state.tree.groups
        guard group < offer.groups else {
            guard state.trailer.count + bytes.count <= 36 + 4 * Int(offer.entries) else { throw damaged }
            state.trailer += [UInt8](copying: bytes)
            return bytes.count
        }
        let range = offer.range(of: group)
        if state.filled < range.count {
            let count = min(bytes.count, range.count - state.filled)
            let part = bytes.extracting(0..<count)
            if state.hasher == nil { state.hasher = GroupHasher(key, group: group) }
            state.hasher?.update(part)
            try store(part, at: range.lowerBound + UInt64(state.filled), &state)
            state.filled += count
            return count
        }
        let count = min(bytes.count, 32 - state.leaf.count)
        state.leaf += [UInt8](copying: bytes.extracting(0..<count))
        if state.leaf.count == 32 {
            guard let hash = state.hasher?.finalize(), hash == state.leaf else { throw damaged }
            try state.journal.append(hash)
            state.tree.append(hash, key)
            (state.filled, state.hasher, state.leaf) = (0, nil, [])
        }
        return count
    }

    private func store(_ bytes: Span<UInt8>, at position: UInt64, _ state: inout State) throws(PinholeError) {
        var position = position
        var rest = bytes
        let manifestSize = UInt64(offer.manifestSize)
        if position < manifestSize {
            let count = Int(min(UInt64(rest.count), manifestSize - position))
            let file = try File(opening: path + "/manifest", flags: O_RDWR | O_CREAT | O_NOFOLLOW)
            try file.write(rest.extracting(0..<count), at: position)
            state.dirty.insert(file.path)
            position += UInt64(count)
            rest = rest.extracting(count..<rest.count)
            if position == manifestSize { try readManifest(file, &state) }
        }
        var index = Self.piece(at: position, in: state.pieces)
        while !rest.isEmpty {
            guard index < state.pieces.count else { throw damaged }
            let piece = state.pieces[index]
            let skipped = position - piece.start
            let count = Int(min(UInt64(rest.count), piece.count - skipped))
            let file = try open(piece.entry, &state)
            try file.file.write(rest.extracting(0..<count), at: piece.offset + skipped)
            position += UInt64(count)
            rest = rest.extracting(count..<rest.count)
            index += 1
        }
    }

    /// The file of an entry, of its whole size already: what is never written are its holes.
    private func open(_ entry: Int, _ state: inout State) throws(PinholeError) -> SharedFile {
        if let open = state.open, open.index == entry { return open.file }
        let handle = SharedFile(try File(opening: path(of: entry), flags: O_RDWR | O_CREAT | O_NOFOLLOW))
        let size = state.manifest?.entries[entry].size ?? 0
        if try handle.file.status().size != size { try handle.file.truncate(to: size) }
        state.open = (entry, handle)
        state.dirty.insert(handle.file.path)
        return handle
    }

    func path(of entry: Int) -> String { "\(path)/\(entry)" }

    private func readManifest(_ file: borrowing File, _ state: inout State) throws(PinholeError) {
        let bytes = try file.read(at: 0, count: Int(offer.manifestSize))
        guard let manifest = try? FileManifest(bytes.span, of: offer) else {
            throw PinholeError(.badData, "“\(name)” comes with a list of files that cannot be")
        }
        var start = UInt64(offer.manifestSize)
        state.pieces = []
        for (index, entry) in manifest.entries.enumerated() {
            guard case .file(_, let data) = entry.kind else { continue }
            for range in data {
                let count = UInt64(range.count)
                state.pieces.append(Piece(start: start, entry: index, offset: range.lowerBound, count: count))
                start += count
            }
        }
        state.manifest = manifest
    }

    /// The piece that a place in the content lies in.
    private static func piece(at position: UInt64, in pieces: [Piece]) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].start + pieces[middle].count <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

// MARK: Taking up again

extension PartialTransfer {
    /// Finds what is here and good, at most `limit` groups of it, and forgets the rest.
    private func takeUp(_ state: inout State, upTo limit: UInt64) throws(PinholeError) {
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
        for piece in state.pieces where piece.entry != last {
            guard piece.start < end else { break }
            last = piece.entry
            let status = FileStatus(unfollowed: path(of: piece.entry))
            guard let status, status.isRegular, status.size == list.entries[piece.entry].size else {
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
        var index = Self.piece(at: range.lowerBound + UInt64(bytes.count), in: state.pieces)
        while bytes.count < range.count {
            guard index < state.pieces.count else { return nil }
            let piece = state.pieces[index]
            let skipped = range.lowerBound + UInt64(bytes.count) - piece.start
            let count = Int(min(UInt64(range.count - bytes.count), piece.count - skipped))
            let file = try File(opening: path(of: piece.entry), flags: O_RDONLY | O_NOFOLLOW)
            let part = try file.read(at: piece.offset + skipped, count: count)
            guard part.count == count else { return nil }
            bytes += part
            index += 1
        }
        return bytes
    }
}
