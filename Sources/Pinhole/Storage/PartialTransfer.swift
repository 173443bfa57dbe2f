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
    let state: Mutex<State>
    private let count = Atomic<UInt64>(0)

    struct State {
        var journal: TransferJournal
        var tree = FileTree()
        var manifest: FileManifest?
        /// Of the manifest's entries.
        var pieces: [ContentPiece] = []
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
        /// Why the disk lost some of it: nothing more is taken, and nothing counts that was not safe before.
        var loss: PinholeError?
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
        guard let status = FileStatus(unfollowed: path), status.isDirectory,
            status.isOwn(inFolderOf: try FileStatus(of: folder).owner)
        else {
            throw PinholeError(.cannotWrite, "\(path) is not a folder of this user", hint: "remove it")
        }
        state = Mutex(State(journal: try TransferJournal(path + "/journal", key)))
        try state.withLock { state throws(PinholeError) in
            try takeUp(&state, upTo: .max)
            note(state)
        }
        try requireRoom()
    }

    static func path(_ key: FileKey, in folder: String) -> String {
        "\(folder)/\(prefix)\(key.token)"
    }

    /// What the names of partial folders begin with.
    static let prefix = ".pinhole-"

    /// What is here, verified.
    package var holdings: FileHoldings { state.withLock { $0.tree.holdings(key) } }

    /// Bytes of the content that are here. Whoever asks does not wait for the disk.
    package var received: UInt64 { count.load(ordering: .relaxed) }

    /// Says how much is here, after it has changed.
    private func note(_ state: State) {
        count.store(offer.range(of: state.tree.groups).lowerBound + UInt64(state.filled), ordering: .relaxed)
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
            if let loss = state.loss { throw loss }
            guard group <= state.tree.groups else {
                throw PinholeError(.badData, "“\(name)” goes on behind what is here of it")
            }
            try takeUp(&state, upTo: group)
            note(state)
        }
    }

    /// Takes the next bytes of the stream: groups, each with its hash, and what closes the transfer.
    package func append(_ bytes: [UInt8]) throws(PinholeError) {
        try state.withLock { state throws(PinholeError) in
            if let loss = state.loss { throw loss }
            var position = 0
            while position < bytes.count {
                let rest = bytes.span.extracting(position..<bytes.count)
                position += try take(rest, &state)
            }
            note(state)
        }
    }

    /// Verifies that everything came. Returns the manifest, and which of its entries do not count.
    func verify() throws(PinholeError) -> (manifest: FileManifest, leftOut: Set<Int>) {
        try state.withLock { state throws(PinholeError) in
            guard state.tree.groups == offer.groups, let manifest = state.manifest,
                let trailer = FileTrailer(
                    state.trailer, closing: state.tree, key, entries: manifest.entries.count),
                trailer.leftOut.allSatisfy({ !manifest.entries[$0].isFolder })
            else { throw damaged }
            state.open = nil
            return (manifest, Set(trailer.leftOut))
        }
    }

    /// Lets others open it.
    func release() {
        state.withLock { state in
            // The disk may have refused that too, when it failed.
            if state.loss != nil { try? state.journal.truncate(to: state.journal.safe) }
            state.journal.release()
        }
    }

    /// Removes what came.
    package func discard() {
        Folder.removeTree(path)
    }

    var damaged: PinholeError {
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
    ///
    /// Where that fails once it is never tried again: the system tells of bytes that it could not write to one who asks, and
    /// calls the rest of its memory of the file clean. What was not safe before is forgotten, as looking at it again would
    /// find that memory and not the disk.
    func synchronize() throws(PinholeError) {
        let (groups, paths) = try state.withLock { state throws(PinholeError) in
            if let loss = state.loss { throw loss }
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
            state.withLock { state in
                state.loss = error
                try? state.journal.truncate(to: state.journal.safe)
            }
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
    /// More than so many files are not brought to the disk one by one.
    static let fewFiles = 16
}
