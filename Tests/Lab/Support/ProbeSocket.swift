import CLab
import Glibc
import PinholeWire

/// A UDP socket of the test itself, inside a namespace: the laboratory's own instrument.
final class ProbeSocket {
    let address: TransportAddress
    private let descriptor: Int32

    struct Datagram: Equatable {
        var bytes: [UInt8]
        var source: TransportAddress
    }

    /// Binds `ip` and `port` (0: any) in a namespace.
    init(in namespace: Namespace, _ ip: String, port: UInt16 = 0) throws(LabError) {
        guard let ip = IPAddress(ip) else { throw LabError("not an address: \(ip)") }
        let family = ip.family == .v4 ? AF_INET : AF_INET6
        let descriptor = try namespace.enter { () throws(LabError) in
            let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw LabError.system("open a socket") }
            var size: Int32 = 4 << 20
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
            return descriptor
        }
        self.descriptor = descriptor
        let wanted = TransportAddress(ip, port: port)
        guard wanted.withSockaddr({ bind(descriptor, $0, $1) }) == 0 else {
            throw LabError.system("bind \(wanted) in \(namespace.name)")
        }
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard code == 0, let bound = TransportAddress(storage) else { throw LabError.system("name a socket") }
        address = bound
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8], to target: TransportAddress) {
        _ = target.withSockaddr { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
    }

    func send(_ text: String, to target: TransportAddress) { send(Array(text.utf8), to: target) }

    /// The next datagram, or nil when none comes in time.
    func receive(within limit: Duration = .seconds(2)) -> Datagram? {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, Int32(limit / .milliseconds(1))) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, 0, $0, &size)
            }
        }
        guard count >= 0, let source = TransportAddress(storage) else { return nil }
        return Datagram(bytes: Array(buffer[..<count]), source: source)
    }
}

extension TransportAddress {
    init(_ ip: String, _ port: UInt16) {
        guard let ip = IPAddress(ip) else { preconditionFailure("not an address: \(ip)") }
        self.init(ip, port: port)
    }

    fileprivate init?(_ storage: sockaddr_storage) {
        var storage = storage
        let bytes = withUnsafeBytes(of: &storage) { Array($0) }
        let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        let slice = storage.ss_family == AF_INET ? bytes[4..<8] : bytes[8..<24]
        guard let ip = IPAddress(bytes: slice) else { return nil }
        self.init(ip, port: port)
    }

    fileprivate func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let isV4 = family == .v4
        storage.ss_family = sa_family_t(isV4 ? AF_INET : AF_INET6)
        let size = socklen_t(isV4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes[2] = UInt8(port >> 8)
            bytes[3] = UInt8(port & 0xff)
            for (index, byte) in ip.bytes.enumerated() { bytes[(isV4 ? 4 : 8) + index] = byte }
        }
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
        }
    }
}
