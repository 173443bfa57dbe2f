import CDatagram
import Glibc
import PinholeWire
import Testing

@testable import Pinhole

/// Changes and refusals of a network, made in a network namespace with nothing but a loopback interface.
@Suite("a network that changes", .needsNetworkNamespace, .timeLimit(.minutes(10)))
struct NetworkChangeTests {
    @Test("without a route datagrams are counted, and the same socket works when there is one")
    func unroutable() async throws {
        let station = try await NetworkNamespace.run {
            let station = try Station(isLoopback: false)
            let nowhere = TransportAddress(IPAddress(v4: 0xc000_0201), port: 4000)
            station.send([[1], [2], [3]], to: nowhere)
            station.send([[4]], to: TransportAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1), port: 4000))
            try run("ip", "link", "set", "lo", "up")
            return station
        }
        defer { station.loop.stop() }
        let statistics = await station.statistics()
        #expect(statistics.errors == [ENETUNREACH: 3])
        if station.loop.localPort(.v6) != nil {
            #expect(await station.statistics(.v6).errors.values.reduce(0, +) == 1)
        }
        station.send([[5]], to: try station.address())
        try await station.journal.wait { $0.received.count == 1 }
        #expect(station.journal.received[0].bytes == [5])
        #expect(await station.statistics().rebinds == 0)
    }

    @Test("a link, an address and a route that come and go are told")
    func changes() async throws {
        let commands = [
            ["link", "set", "lo", "up"], ["address", "add", "192.0.2.1/32", "dev", "lo"],
            ["route", "add", "198.51.100.0/24", "dev", "lo"], ["route", "del", "198.51.100.0/24"],
            ["address", "del", "192.0.2.1/32", "dev", "lo"], ["link", "set", "lo", "down"],
        ]
        try await NetworkNamespace.run {
            let station = try Station(isLoopback: false)
            defer { station.loop.stop() }
            for command in commands {
                let before = station.journal.count.changes
                try run("ip", command)
                station.journal.waitBlocking { $0.changes > before }
            }
        }
    }

    @Test("interfaces are listed with their addresses and prefix lengths")
    func interfaces() async throws {
        let addresses = try await NetworkNamespace.run {
            try run("ip", "link", "set", "lo", "up")
            try run("ip", "address", "add", "192.0.2.1/28", "dev", "lo")
            try run("ip", "address", "add", "2001:db8::1/56", "dev", "lo", "nodad")
            return Interfaces.current()
        }
        func prefix(_ text: String) -> Int? { addresses.first { $0.ip == IPAddress(text) }?.prefixLength }
        #expect(prefix("127.0.0.1") == 8)
        #expect(prefix("192.0.2.1") == 28)
        if prefix("::1") != nil {
            #expect(prefix("::1") == 128)
            #expect(prefix("2001:db8::1") == 56)
        }
        #expect(addresses.allSatisfy { $0.isUp && $0.name == "lo" })
    }

    @Test("while the kernel takes no more the queue is bounded, and it goes on when the kernel does")
    func backpressure() async throws {
        let (client, server) = try await NetworkNamespace.run {
            try run("ip", "link", "set", "lo", "up")
            // A link that a busy sender is still faster than, with a long queue: the send buffer fills.
            let shaped = try run(
                "tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "40mbit", "burst", "100kb", "limit", "64mb")
            #expect(shaped.status == 0, "\(shaped.output)")
            return (try Station(isLoopback: false), try Station(isLoopback: false))
        }
        defer {
            client.loop.stop()
            server.loop.stop()
        }
        let destination = try server.address()
        await client.performAndFlush { [loop = client.loop] in
            // Sizes alternate, so that no run forms.
            for index in 0..<3000 {
                loop.send([UInt8](repeating: 1, count: 7000 + index % 2 * 1000), over: Route(destination))
            }
        }
        let flooded = await client.statistics()
        #expect(flooded.dropped > 0)
        #expect(flooded.sent < 3000)
        while !server.journal.received.contains(where: { $0.bytes.count == 9 }) {
            client.send([[UInt8](repeating: 9, count: 9)], to: destination)
            _ = await client.statistics()
            try Task.checkCancellation()
            await Task.yield()
        }
        let statistics = await client.statistics()
        #expect(statistics.errors.isEmpty)
        #expect(statistics.sent > flooded.sent)
    }

    @Test("datagrams of one size to one place cross the kernel as one", .enabled(if: kernelCutsRuns))
    func oneCrossing() async throws {
        let crossings = try await NetworkNamespace.run {
            try run("ip", "link", "set", "lo", "up")
            let server = try Station(isLoopback: false)
            let client = try Station(isLoopback: false)
            defer {
                client.loop.stop()
                server.loop.stop()
            }
            client.send([[UInt8]](repeating: [UInt8](repeating: 1, count: 1200), count: 50), to: try server.address())
            server.journal.waitBlocking { $0.received.count == 50 }
            return try run("awk", "/^Udp: [0-9]/ { print $2, $5 }", "/proc/net/snmp").output
        }
        // Received and sent, as the kernel counts them.
        #expect(crossings == "1 1\n")
    }

    private static let kernelCutsRuns: Bool = {
        let any = datagram_ip(high: 0, low: 0x7f00_0001, family: 4)
        let descriptor = datagram_open(any, 0, 65_536, Int32(DATAGRAM_COALESCE))
        defer { close(descriptor) }
        return descriptor >= 0 && datagram_can_segment(descriptor)
    }()

    @Test("runs keep their bounds where the interface's MTU is smaller than a datagram")
    func runsBeyondMTU() async throws {
        let (client, server) = try await NetworkNamespace.run {
            try run("ip", "link", "set", "lo", "mtu", "1280", "up")
            return (try Station(isLoopback: false), try Station(isLoopback: false))
        }
        defer {
            client.loop.stop()
            server.loop.stop()
        }
        // The kernel does not cut runs whose datagrams it would have to fragment: they go one by one.
        let datagrams = (0..<40).map { [UInt8](repeating: $0, count: 1400) }
        client.send(datagrams, to: try server.address())
        try await server.journal.wait { $0.received.count == 40 }
        #expect(server.journal.received.map(\.bytes) == datagrams)
        #expect(await client.statistics().errors.isEmpty)
    }
}
