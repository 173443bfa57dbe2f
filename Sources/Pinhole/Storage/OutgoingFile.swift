import Dispatch
import Glibc
import PinholeCrypto

/// A file on its way out. It must stay as it was when it was opened: the hash that was offered is of that content.
package final class OutgoingFile: Sendable {
    package let path: String
    /// The last part of the path, as offered to the receiver.
    package let name: String
    package let size: UInt64
    private let handle: Handle

    private struct Handle: ~Copyable, Sendable {
        let file: File
        let status: FileStatus
    }

    package init(_ path: String) throws(PinholeError) {
        // O_NONBLOCK: a pipe is refused below instead of waited for.
        let file = try File(opening: path, flags: O_RDONLY | O_NONBLOCK)
        let status = try file.status()
        guard !status.isDirectory else { throw PinholeError(system: EISDIR, reading: path) }
        guard status.isRegular else { throw PinholeError(.usage, "\(path) is not a regular file") }
        self.path = path
        name = FileName.sanitized(path)
        size = status.size
        handle = Handle(file: file, status: status)
    }

    /// BLAKE2b-256 of the whole content, read once on another thread.
    package func hash() async throws(PinholeError) -> [UInt8] {
        let result: Result<[UInt8], PinholeError> = await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                let result = Result { () throws(PinholeError) in
                    var hasher = Blake2bHasher()
                    try Self.hash(self.handle.file, upTo: self.size, into: &hasher)
                    try self.requireUnchanged()
                    return hasher.finalize()
                }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    /// The bytes at `offset`: `count` of them, fewer only at the end of the file.
    package func read(at offset: UInt64, count: Int) throws(PinholeError) -> [UInt8] {
        guard offset <= size else { throw PinholeError(.bug, "\(path) was read beyond its end") }
        let bytes = try handle.file.read(at: offset, count: min(count, Int(clamping: size - offset)))
        try requireUnchanged()
        return bytes
    }

    private func requireUnchanged() throws(PinholeError) {
        guard try handle.file.status() == handle.status else {
            throw PinholeError(.badData, "\(path) changed while it was being sent", hint: "send it again")
        }
    }

    /// Feeds the first `length` bytes of a file to `hasher`.
    static func hash(_ file: borrowing File, upTo length: UInt64, into hasher: inout Blake2bHasher) throws(PinholeError)
    {
        var offset: UInt64 = 0
        while offset < length {
            let piece = try file.read(at: offset, count: Int(min(length - offset, 1 << 20)))
            guard !piece.isEmpty else { throw PinholeError(.badData, "\(file.path) became shorter while it was read") }
            hasher.update(piece)
            offset += UInt64(piece.count)
        }
    }
}
