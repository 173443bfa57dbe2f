import Glibc
import PinholeWire
import Testing

@testable import Pinhole

/// What the network layer carries, and what it says of congestion.
@Suite("packet sizes and codepoints", .needsNetworkNamespace, .timeLimit(.minutes(10)))
struct PacketSizeTests {
    /// Two loops in a network of their own whose interface carries packets of so many bytes.
    private func stations(mtu: Int) async throws -> (client: Station, server: Station) {
        try await NetworkNamespace.run {
            try run("ip", "link", "set", "lo", "mtu", "\(mtu)", "up")
            return (try Station(isLoopback: false), try Station(isLoopback: false))
        }
    }

    @Test("the ECN field arrives with each datagram, alone or in a run", arguments: [IPAddress.Family.v4, .v6])
    func codepoints(family: IPAddress.Family) async throws {
        let (client, server) = try await stations(mtu: 1500)
        defer {
            client.loop.stop()
            server.loop.stop()
        }
        guard server.loop.localPort(family) != nil else { return }
        let destination = try server.address(family)
        let order: [(ECNCodepoint, Int)] = [(.ect0, 10), (.notECT, 10), (.ect0, 1), (.ce, 2), (.ect1, 1), (.ect0, 10)]
        await client.performAndFlush { [loop = client.loop] in
            for (codepoint, count) in order {
                for _ in 0..<count {
                    loop.send([UInt8](repeating: 0x41, count: 1000), codepoint, over: Route(destination))
                }
            }
        }
        let expected = order.flatMap { codepoint, count in [ECNCodepoint](repeating: codepoint, count: count) }
        try await server.journal.wait { $0.received.count == expected.count }
        #expect(server.journal.codepoints == expected)
        #expect(await client.statistics(family).errors.isEmpty)
    }

    // [SIZ-2]
    @Test("a session packet that is too long is refused and told, alone or in a run, and the socket lives on")
    func refused() async throws {
        let (client, server) = try await stations(mtu: 1280)
        defer {
            client.loop.stop()
            server.loop.stop()
        }
        let destination = try server.address()
        for count in [1, 5] {
            let before = client.journal.refused.count
            client.send([[UInt8]](repeating: [UInt8](repeating: 0x41, count: 1400), count: count), to: destination)
            try await client.journal.wait { $0.refused.count == before + 1 }
            #expect(client.journal.refused.last == 1400)
        }
        client.send([[UInt8](repeating: 0x41, count: 1252)], to: destination)
        try await server.journal.wait { $0.received.count == 1 }
        #expect(server.journal.received[0].bytes.count == 1252)
        let statistics = await client.statistics()
        #expect(statistics.errors == [EMSGSIZE: 6] && statistics.rebinds == 0)
    }

    @Test("other datagrams go in fragments where they must, and session packets never")  // [SIZ-1]
    func fragments() async throws {
        let (client, server) = try await stations(mtu: 1280)
        defer {
            client.loop.stop()
            server.loop.stop()
        }
        for first in [0xc1, 0x41, 0xc1] as [UInt8] {
            client.send([[first] + [UInt8](repeating: 1, count: 1399)], to: try server.address())
        }
        try await server.journal.wait { $0.received.count == 2 }
        #expect(server.journal.received.allSatisfy { $0.bytes.count == 1400 && $0.bytes[0] == 0xc1 })
        #expect(client.journal.refused == [1400])
    }

    @Test("what an interface carries is known, and its change is told")
    func interfaces() async throws {
        let (before, after) = try await NetworkNamespace.run {
            try run("ip", "link", "set", "lo", "mtu", "9000", "up")
            let station = try Station(isLoopback: false)
            defer { station.loop.stop() }
            let before = Interfaces.mtus
            let changes = station.journal.count.changes
            try run("ip", "link", "set", "lo", "mtu", "1400")
            station.journal.waitBlocking { $0.changes > changes }
            return (before, Interfaces.mtus)
        }
        let loopback = IPAddress(v4: 0x7f00_0001)
        #expect(before[loopback] == 9000 && after[loopback] == 1400)
    }
}
