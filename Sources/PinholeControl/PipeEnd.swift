import Dispatch
package import Glibc
package import Pinhole

/// One end of a Unix socket, read and written in blocks on a thread that may wait.
package final class PipeEnd: Sendable {
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "pinhole.pipe")

    /// Takes over an open descriptor.
    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Connects to the socket at a path.
    package convenience init(connectedTo path: String) throws(PinholeError) {
        // A listener that accepts nothing must not hold up a thread: then it is refused.
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0, Self.withAddress(of: path, { connect(descriptor, $0, $1) }) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw PinholeError(.cannotWrite, "the socket \(path) of the pipe cannot be reached: \(reason)")
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        self.init(descriptor)
    }

    deinit { close(descriptor) }

    /// Waits for bytes; nil at the end.
    package func read(upTo limit: Int) async throws(PinholeError) -> [UInt8]? {
        let descriptor = descriptor
        let result: Result<[UInt8]?, PinholeError> = await perform {
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                repeat { count = Glibc.read(descriptor, buffer.baseAddress, limit) } while count < 0 && errno == EINTR
                if count < 0 { (code, count) = (errno, 0) }
            }
            // What could not be read is not the end of it.
            guard code == 0 else {
                return .failure(
                    PinholeError(.other, "the pipe cannot be read: \(String(cString: strerror(code)))"))
            }
            return .success(bytes.isEmpty ? nil : bytes)
        }
        return try result.get()
    }

    /// Whether the other end is gone altogether: one that has only said all that it had to say still listens.
    package var isClosed: Bool {
        var state = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLHUP | POLLERR) != 0
    }

    /// Writes all of it, as fast as it is taken.
    package func write(_ bytes: [UInt8]) async throws(PinholeError) {
        let descriptor = descriptor
        let result: Result<Void, PinholeError> = await perform {
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return .failure(Self.broken) }
                offset += count
            }
            return .success(())
        }
        try result.get()
    }

    /// Ends what is written, and waits until the other end says that it has taken all of it.
    package func finish() async throws(PinholeError) {
        Glibc.shutdown(descriptor, Int32(SHUT_WR))
        guard try await read(upTo: 1) != nil else { throw Self.broken }
    }

    /// Wakes whoever waits: nothing more goes either way.
    package func shutDown() { Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    private static let broken = PinholeError(.cannotWrite, "nobody takes what comes through the pipe any more")

    private func perform<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: body()) } }
    }

    /// Calls `body` with the address of a Unix socket.
    package static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
