import CDatagram
import Glibc
import PinholeWire

/// Hears what gateways multicast when they have begun anew: RFC 6886 §3.2.1, and RFC 6887 §14.1.3. Over IPv4, where a
/// gateway that is renewed every hour may have forgotten a mapping for as long. Confined to one thread.
final class AnnouncementSocket {
    let descriptor: Int32
    private var joined: Set<UInt32> = []

    /// nil where the port is taken by a program that does not share it.
    init?() {
        descriptor = datagram_open(datagram_ip(Self.group), Self.port, 0, Int32(DATAGRAM_SHARE_GROUP))
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Listens on the interfaces of these gateways, besides those that it listens on already.
    func join(_ gateways: Set<Gateway>) {
        for gateway in gateways where gateway.address.family == .v4 && joined.insert(gateway.interfaceIndex).inserted {
            _ = datagram_join(descriptor, datagram_ip(Self.group), gateway.interfaceIndex)
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
    private static let group = IPAddress(v4: 0xe000_0001)
    private static let port: UInt16 = 5350
}

@available(*, unavailable)
extension AnnouncementSocket: Sendable {}
