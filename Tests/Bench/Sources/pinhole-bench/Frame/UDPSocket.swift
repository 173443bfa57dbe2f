import Glibc
import PinholeWire

/// A UDP socket with large buffers.
final class UDPSocket {
    let descriptor: Int32

    init(host: UInt32 = 0x7f00_0001) {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var size: Int32 = 4 << 20
        // As a session's sockets: past the system's limit where we may.
        if setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, 4) != 0 {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
        }
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let result = withAddress(host, 0) { bind(descriptor, $0, $1) }
        precondition(result == 0, "no UDP socket")
    }

    deinit {
        close(descriptor)
    }

    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    func connect(to port: UInt16, of host: UInt32 = 0x7f00_0001) {
        let result = withAddress(host, port) { Glibc.connect(descriptor, $0, $1) }
        precondition(result == 0, "no route to a socket of ours")
    }

    func connect(to address: TransportAddress) {
        connect(to: address.port, of: address.ip.v4Bits)
    }

    func send(_ datagram: [UInt8]) {
        Glibc.send(descriptor, datagram, datagram.count, 0)
    }

    /// `nil` after a second without a datagram.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }

    private func withAddress<Result>(
        _ host: UInt32, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
