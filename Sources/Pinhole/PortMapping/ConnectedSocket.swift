import Glibc
import PinholeWire

/// A UDP socket that hears one address alone. Closed at the end of its life.
struct ConnectedSocket: ~Copyable {
    let descriptor: Int32

    /// nil when the destination cannot be reached, or `source` is not an address of this machine.
    init?(to destination: IPAddress, port: UInt16, interfaceIndex: UInt32, from source: IPAddress?) {
        let family = destination.family == .v4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { return nil }
        if let source {
            guard Self.with(source, port: 0, 0, { bind(descriptor, $0, $1) }) == 0 else { return nil }
        }
        let index = destination.isLinkLocal ? interfaceIndex : 0
        guard Self.with(destination, port: port, index, { connect(descriptor, $0, $1) }) == 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    var localAddress: IPAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0 ? IPAddress(UnsafePointer(address)) : nil
            }
        }
    }

    /// Nothing is told of failures: who sends repeats.
    func send(_ bytes: [UInt8]) {
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The next datagram that is here, of at most 1500 bytes; nil when there is none.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1500)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer[..<count]) }
            // A refusal (ICMP) is told once, in place of a datagram.
            guard errno == EINTR || errno == ECONNREFUSED else { return nil }
        }
    }

    private static func with(
        _ ip: IPAddress, port: UInt16, _ scope: UInt32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        switch ip.family {
        case .v4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = ip.v4Bits.bigEndian
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: ip.bytes) }
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }
}
