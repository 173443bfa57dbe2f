import Glibc
package import PinholeWire

/// The router that this machine's default route leads to, and this machine's address towards it.
struct Gateway: Hashable {
    var address: IPAddress
    /// For link-local addresses.
    var interfaceIndex: UInt32
    /// This machine's address, as the gateway sees it.
    var client: IPAddress

    /// The gateway whose mappings this machine needs; nil where there is none.
    ///
    /// A machine with a public IPv4 address is behind no NAT of its own: nobody is asked to map, and a provider's network
    /// hears no search for home routers. Over IPv6 it is the firewall that is to be opened, for global addresses.
    static func current(_ family: IPAddress.Family) -> Gateway? {
        guard let route = DefaultRoute.current(family), let index = index(of: route.interface) else { return nil }
        switch family {
        case .v4:
            guard let client = UDPRoute.source(to: route.gateway, interfaceIndex: index), client.isPrivate else {
                return nil
            }
            return Gateway(address: route.gateway, interfaceIndex: index, client: client)
        case .v6:
            // Any global address shows which of this machine's own the system prefers; nothing is sent there.
            guard let client = UDPRoute.source(to: IPAddress("2001:db8::1")!, interfaceIndex: 0), client.isGlobal else {
                return nil
            }
            return Gateway(address: route.gateway, interfaceIndex: index, client: client)
        }
    }

    private static func index(of interface: String) -> UInt32? {
        let index = if_nametoindex(interface)
        return index == 0 ? nil : index
    }
}

extension IPAddress {
    fileprivate var isGlobal: Bool { family == .v6 && !isPrivate && !isLinkLocal && !isLoopback && !isUnspecified }
}

/// The route to everywhere, from the kernel's table in text (proc(5)).
package struct DefaultRoute: Hashable {
    package let interface: String
    package let gateway: IPAddress
    package let metric: UInt32

    /// The calling thread's, as the network namespace may be its own.
    static func current(_ family: IPAddress.Family) -> DefaultRoute? {
        let path = family == .v4 ? "/proc/thread-self/net/route" : "/proc/thread-self/net/ipv6_route"
        guard let text = try? read(path) else { return nil }
        return best(in: text, family)
    }

    private static func read(_ path: String) throws(PinholeError) -> String {
        let file = try File(opening: path, flags: O_RDONLY)
        return String(decoding: try file.read(at: 0, count: 1 << 20), as: UTF8.self)
    }

    /// The default route with the lowest metric, the first of equal ones.
    package static func best(in text: String, _ family: IPAddress.Family) -> DefaultRoute? {
        var best: DefaultRoute?
        for line in text.split(separator: "\n") {
            guard let route = family == .v4 ? ipv4(line) : ipv6(line) else { continue }
            if route.metric < best?.metric ?? .max { best = route }
        }
        return best
    }

    /// Iface Destination Gateway Flags RefCnt Use Metric Mask …: addresses in hexadecimal as they lie in memory.
    private static func ipv4(_ line: Substring) -> DefaultRoute? {
        let fields = line.split { $0 == "\t" || $0 == " " }
        guard fields.count >= 8, UInt32(fields[1], radix: 16) == 0, UInt32(fields[7], radix: 16) == 0,
            let flags = UInt32(fields[3], radix: 16), flags & upAndGateway == upAndGateway,
            let gateway = UInt32(fields[2], radix: 16), let metric = UInt32(fields[6])
        else { return nil }
        return DefaultRoute(
            interface: String(fields[0]), gateway: IPAddress(v4: UInt32(bigEndian: gateway)), metric: metric)
    }

    /// Destination length, source length, next hop, metric, reference count, use, flags, interface.
    private static func ipv6(_ line: Substring) -> DefaultRoute? {
        let fields = line.split { $0 == "\t" || $0 == " " }
        guard fields.count == 10, UInt8(fields[1], radix: 16) == 0, UInt8(fields[3], radix: 16) == 0,
            let flags = UInt32(fields[8], radix: 16), flags & upAndGateway == upAndGateway,
            let high = UInt64(fields[4].prefix(16), radix: 16), let low = UInt64(fields[4].dropFirst(16), radix: 16),
            let metric = UInt32(fields[5], radix: 16)
        else { return nil }
        return DefaultRoute(interface: String(fields[9]), gateway: IPAddress(v6High: high, low: low), metric: metric)
    }

    /// RTF_UP and RTF_GATEWAY (linux/route.h).
    private static let upAndGateway: UInt32 = 0x0003
}

/// The address that this machine's datagrams to another come from.
private enum UDPRoute {
    static func source(to destination: IPAddress, interfaceIndex: UInt32) -> IPAddress? {
        guard let socket = ConnectedSocket(to: destination, port: 9, interfaceIndex: interfaceIndex, from: nil) else {
            return nil
        }
        return socket.localAddress
    }
}
