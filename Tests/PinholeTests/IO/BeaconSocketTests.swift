import Glibc
import PinholeCore
import PinholeWire
import Testing

@testable import Pinhole

/// Beacons on real sockets, in a network namespace with one or two links.
@Suite("beacon sockets", .needsNetworkNamespace, .timeLimit(.minutes(10)))
struct BeaconSocketTests {
    private static let beacon = [UInt8](repeating: 7, count: 82)

    /// Two loops on one machine with a link, `near`, whose other end is here too.
    private static func onLink<Value: Sendable>(
        _ address: String, _ body: @escaping @Sendable (_ one: Station, _ other: Station) throws -> Value
    ) async throws -> Value {
        try await NetworkNamespace.run {
            try run("sysctl", "-q", "-w", "net.ipv6.conf.default.accept_dad=0")
            try run("ip", "link", "set", "lo", "up")
            try run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
            try run("ip", "address", "add", address, "dev", "near", "nodad")
            for link in ["near", "far"] { try run("ip", "link", "set", link, "up") }
            return try body(
                Station(isLoopback: false), Station(isLoopback: false))
        }
    }

    @Test(  // [LAN-6]
        "a beacon is heard by all programs on the machine, and its source can be answered",
        arguments: [("10.1.2.3/24", "10.1.2.3", IPAddress.Family.v4), ("fe80::7/64", "fe80::7", .v6)])
    func heard(address: String, ip: String, family: IPAddress.Family) async throws {
        let (one, other, source) = try await Self.onLink(address) { one, other in
            let interfaces = Interfaces.current().filter { $0.name == "near" && $0.ip.inZone(0) == IPAddress(ip) }
            let interface = try #require(interfaces.first)
            #expect(interface.hasMulticast && interface.index > 0)
            #expect(family == .v4 || interface.ip.zone == interface.index)
            for station in [one, other] {
                station.loop.perform { station.loop.listenForBeacons(on: [interface.index]) }
            }
            return (one, other, interface)
        }
        defer {
            one.loop.stop()
            other.loop.stop()
        }
        await other.performAndFlush {}
        await one.performAndFlush { [loop = one.loop] in
            loop.sendBeacon(Self.beacon, from: source.ip, through: source.index)
        }
        try await other.journal.wait { !$0.received.isEmpty }
        #expect(other.journal.received[0].bytes == Self.beacon && other.journal.sockets[0] == .beacon)
        #expect(
            other.journal.received[0].source
                == TransportAddress(source.ip, port: try #require(one.loop.localPort(family))))
        // One's own comes back too: it is for who is on this machine.
        try await one.journal.wait { !$0.received.isEmpty }
        #expect(one.journal.sockets[0] == .beacon)

        let destination = other.journal.received[0].source
        await other.performAndFlush { [loop = other.loop] in loop.send([2], over: Route(destination)) }
        try await one.journal.wait { $0.received.count == 2 }
        #expect(one.journal.received[1].bytes == [2] && one.journal.sockets[1] == .main)
    }

    @Test("networks that come and go are listened to while they are there")
    func joining() async throws {
        let (one, other) = try await Self.onLink("10.1.2.3/24") { one, other in (one, other) }
        defer {
            one.loop.stop()
            other.loop.stop()
        }
        let index = try #require(await Self.index(of: "10.1.2.3", one))
        func hears() async throws -> Bool {
            let before = other.journal.received.count
            await one.performAndFlush { [loop = one.loop] in
                loop.sendBeacon(Self.beacon, from: IPAddress(v4: 0x0a01_0203), through: index)
                loop.send(
                    [9], over: Route(TransportAddress(IPAddress(v4: 0x0a01_0203), port: other.loop.localPort(.v4)!)))
            }
            // What follows the beacon shows that it would have come.
            try await other.journal.wait { $0.received[before...].contains { $0.bytes == [9] } }
            await other.performAndFlush {}
            return other.journal.received[before...].contains { $0.bytes == Self.beacon }
        }
        #expect(try await !hears())
        for interfaces in [Set([index]), [], [index, 4_000_000], [index]] {
            await other.performAndFlush { [loop = other.loop] in loop.listenForBeacons(on: interfaces) }
            #expect(try await hears() == interfaces.contains(index))
        }
    }

    private static func index(of ip: String, _ station: Station) async -> UInt32? {
        await withCheckedContinuation { continuation in
            station.loop.perform {
                continuation.resume(returning: Interfaces.current().first { $0.ip == IPAddress(ip) }?.index)
            }
        }
    }

    @Test("beacons leave from one address of each network")
    func sources() throws {
        func address(_ index: UInt32, _ ip: String, _ prefix: Int, isUp: Bool = true, multicast: Bool = true)
            -> InterfaceAddress
        {
            InterfaceAddress(
                name: "link\(index)", index: index, ip: IPAddress(ip)!.inZone(index), prefixLength: prefix, isUp: isUp,
                hasMulticast: multicast)
        }
        let all = [
            address(1, "127.0.0.1", 8, multicast: false), address(2, "192.168.1.2", 24), address(2, "192.168.1.3", 24),
            address(2, "10.0.0.1", 8), address(2, "fe80::2", 64), address(2, "2001:db8::2", 64),
            address(3, "fe80::2", 64),
            address(4, "192.168.4.1", 24, isUp: false), address(5, "10.9.9.9", 32, multicast: false),
            address(6, "169.254.7.7", 16), address(7, "2001:db8:7::1", 64),
        ]
        let sources = BeaconSources(all, allowsLoopback: false)
        #expect(
            sources.addresses.map(\.ip.description)
                == ["192.168.1.2", "10.0.0.1", "fe80::2%2", "fe80::2%3", "169.254.7.7", "2001:db8:7::1"])
        #expect(sources.addresses.allSatisfy { sources.interfaces[$0.ip] != nil })
        #expect(BeaconSources(all, allowsLoopback: true).addresses.first?.ip == IPAddress("127.0.0.1"))
        let many = (0..<100).map { address(UInt32(10 + $0), "10.\($0).0.1", 24) }
        #expect(BeaconSources(many, allowsLoopback: false).addresses.count == 16)
    }
}
