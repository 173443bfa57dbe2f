import Glibc
import PinholeWire

/// Hears what gateways multicast when they have begun anew: RFC 6886 §3.2.1, and RFC 6887 §14.1.3. Over IPv4, where a
/// gateway that is renewed every hour may have forgotten a mapping for as long. Confined to one thread.
final class AnnouncementSocket {
    let descriptor: Int32
    private var joined: Set<UInt32> = []

    /// nil where the port is taken by a program that does not share it.
    init?() {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { return nil }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = Self.port.bigEndian
        address.sin_addr.s_addr = Self.group.bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Listens on the interfaces of these gateways, besides those that it listens on already.
    func join(_ gateways: Set<Gateway>) {
        for gateway in gateways where gateway.address.family == .v4 && joined.insert(gateway.interfaceIndex).inserted {
            var request = ip_mreqn()
            request.imr_multiaddr.s_addr = Self.group.bigEndian
            request.imr_ifindex = Int32(gateway.interfaceIndex)
            setsockopt(
                descriptor, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, &request, socklen_t(MemoryLayout<ip_mreqn>.size))
        }
    }

    /// What came, with its sender, at most 64 datagrams.
    func receive(_ body: (Span<UInt8>, IPAddress) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1500)
        for _ in 0..<64 {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let (count, source) = withUnsafeMutablePointer(to: &storage) { storage in
                storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    let count = recvfrom(descriptor, &buffer, buffer.count, 0, address, &length)
                    return (count, count >= 0 ? IPAddress(UnsafePointer(address)) : nil)
                }
            }
            guard count >= 0 else { return }
            if let source { body(buffer.span.extracting(0..<count), source) }
        }
    }

    /// RFC 6886 §3.2.1: "224.0.0.1 […] on port 5350".
    private static let group: UInt32 = 0xe000_0001
    private static let port: UInt16 = 5350
}

@available(*, unavailable)
extension AnnouncementSocket: Sendable {}
