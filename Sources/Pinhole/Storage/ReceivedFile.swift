import Glibc
import PinholeCrypto
import Synchronization

/// A file on its way in: a hidden partial file in the download folder that gets its name when it is whole and verified.
///
/// A transfer that is taken up again finds its partial file and goes on from its length. All methods block on the disk.
package final class ReceivedFile: Sendable {
    /// The harmless form of the offered name.
    package let name: String
    package let size: UInt64
    private let folder: String
    private let partialPath: String
    private let hash: [UInt8]
    private let state: Mutex<State>

    private struct State: ~Copyable {
        let file: File
        var length: UInt64
        var hasher: Blake2bHasher
    }

    /// Opens the partial file of a transfer, or creates it. Reads what is there already, to go on with its hash.
    package init(
        _ transfer: TransferReference, name: String, size: UInt64, hash: [UInt8], in folder: String
    ) throws(PinholeError) {
        guard size <= UInt64(Int64.max) else { throw PinholeError(.badData, "a file of \(size) bytes is offered") }
        self.name = FileName.sanitized(name)
        self.size = size
        self.hash = hash
        self.folder = folder
        partialPath = "\(folder)/.pinhole-\(Self.token(transfer, size: size, hash: hash)).part"
        try Folder.create(folder, mode: 0o755)
        let file = try File(opening: partialPath, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        let status = try file.status()
        guard status.isRegular, status.owner == geteuid() else {
            throw PinholeError(.cannotWrite, "\(partialPath) is not a file of this user", hint: "remove it")
        }
        guard try file.lock() else {
            throw PinholeError(.cannotWrite, "\(partialPath) is being received by another process")
        }
        var length = status.size
        if length > size {
            try file.truncate(to: 0)
            length = 0
        }
        try Self.requireRoom(size - length, in: folder)
        var hasher = Blake2bHasher()
        try OutgoingFile.hash(file, upTo: length, into: &hasher)
        state = Mutex(State(file: file, length: length, hasher: hasher))
    }

    /// The bytes that are here: where the sender is to go on.
    package var length: UInt64 {
        state.withLock { $0.length }
    }

    /// Appends the bytes at `offset`, which is ``length``.
    package func append(_ bytes: [UInt8], at offset: UInt64) throws(PinholeError) {
        try state.withLock { state throws(PinholeError) in
            guard offset == state.length, UInt64(bytes.count) <= size - offset else {
                throw PinholeError(.badData, "bytes of “\(name)” came out of place")
            }
            try state.file.write(bytes.span, at: offset)
            state.hasher.update(bytes)
            state.length += UInt64(bytes.count)
        }
    }

    /// Verifies the whole file, brings it to the disk, and gives it a name that no file has. Returns its path.
    ///
    /// A file that is not what was offered is removed.
    package func finish() throws(PinholeError) -> String {
        try state.withLock { state throws(PinholeError) in
            guard state.length == size else {
                throw PinholeError(.badData, "“\(name)” is not complete: \(state.length) of \(size) bytes")
            }
            guard state.hasher.finalize() == hash else {
                unlink(partialPath)
                throw PinholeError(
                    .badData, "“\(name)” arrived damaged and was removed", hint: "ask for it to be sent again")
            }
            try state.file.synchronize()
            for attempt in 1...Self.maxNames {
                let path = "\(folder)/\(FileName.numbered(name, attempt: attempt))"
                guard try Folder.move(partialPath, toNew: path) else { continue }
                try Folder.synchronize(folder)
                return path
            }
            throw PinholeError(
                .cannotWrite, "\(folder) holds \(Self.maxNames) files named like “\(name)”", hint: "remove some of them"
            )
        }
    }

    /// Removes the partial file.
    package func discard() {
        unlink(partialPath)
    }

    /// A name for the partial file that only this transfer of this content from this sender has.
    private static func token(_ transfer: TransferReference, size: UInt64, hash: [UInt8]) -> String {
        var hasher = Blake2bHasher()
        hasher.update(transfer.contact.raw)
        hasher.update(hash)
        hasher.update(Array("\(transfer.number) \(size)".utf8))
        return hasher.finalize().prefix(16).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private static func requireRoom(_ count: UInt64, in folder: String) throws(PinholeError) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return }
        guard count <= UInt64(status.f_bavail) * UInt64(status.f_frsize) else {
            throw PinholeError(system: ENOSPC, writing: "\(folder)/")
        }
    }

    private static let maxNames = 10_000
}
