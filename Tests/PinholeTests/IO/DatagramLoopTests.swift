import Glibc
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

@Suite("the datagram loop", .timeLimit(.minutes(10)))
struct DatagramLoopTests {
    private let stations = Stations()

    @Test("a datagram is echoed over each address family", arguments: [IPAddress.Family.v4, .v6])
    func echo(family: IPAddress.Family) async throws {
        let server = try stations.start { datagram, source in [(datagram, source)] }
        let client = try stations.start()
        guard server.loop.localPort(family) != nil else { return }
        client.send([[1, 2, 3]], to: try server.address(family))
        try await client.journal.wait { $0.received.count == 1 }
        #expect(client.journal.received[0].bytes == [1, 2, 3])
        #expect(try client.journal.received[0].source == server.address(family))
    }

    @Test("both address families get the same port")
    func samePort() throws {
        let loop = try DatagramLoop(isLoopback: true)
        #expect(loop.localPort(.v4) != 0)
        if let port = loop.localPort(.v6) { #expect(port == loop.localPort(.v4)) }
    }

    @Test("runs of equal datagrams, a shorter one, a longer one and an empty one keep their bounds and their order")
    func runs() async throws {
        let server = try stations.start()
        let client = try stations.start()
        var datagrams = (0..<150).map { [UInt8](repeating: $0, count: 1200) }
        datagrams.append([UInt8](repeating: 200, count: 10))
        datagrams.append([])
        datagrams += (0..<20).map { [UInt8](repeating: $0, count: 64) }
        datagrams.append([UInt8](repeating: 201, count: 1400))
        client.send(datagrams, to: try server.address())
        let expected = datagrams
        try await server.journal.wait { $0.received.count == expected.count }
        #expect(server.journal.received.map(\.bytes) == expected)
        #expect(await client.statistics().sent == expected.count)
    }

    @Test("the largest datagram passes, a larger one is counted as EMSGSIZE")  // [HS-3]
    func sizes() async throws {
        let server = try stations.start()
        let client = try stations.start()
        let largest = [UInt8](repeating: 7, count: 65_507)
        client.send([largest + [0], largest], to: try server.address())
        try await server.journal.wait { $0.received.count == 1 }
        #expect(server.journal.received[0].bytes.count == 65_507)
        #expect(await client.statistics().errors == [EMSGSIZE: 1])
    }

    @Test("port 0 and the broadcast address are counted, and the socket lives on")
    func sendErrors() async throws {
        let server = try stations.start { datagram, source in [(datagram, source)] }
        let client = try stations.start()
        client.send([[1], [1], [1]], to: TransportAddress(IPAddress(v4: 0x7f00_0001), port: 0))
        client.send([[2]], to: TransportAddress(IPAddress(v4: 0xffff_ffff), port: 9))
        client.send([[3]], to: try server.address())
        try await client.journal.wait { $0.received.count == 1 }
        let statistics = await client.statistics()
        #expect(statistics.errors[EINVAL] == 3)
        #expect(statistics.errors[EACCES] == 1)
        #expect(statistics.sent == 1)
        #expect(statistics.rebinds == 0)
    }

    @Test("10,000 datagrams in one turn: each is sent or counted, and the loop still answers")
    func flood() async throws {
        let server = try stations.start()
        let client = try stations.start()
        let destination = try server.address()
        // Sizes alternate, so that no run forms.
        await client.performAndFlush { [loop = client.loop] in
            for index in 0..<10_000 {
                loop.send([UInt8](repeating: 1, count: 100 + index % 2 * 200), over: Route(destination))
            }
        }
        let flooded = await client.statistics()
        #expect(flooded.sent + flooded.dropped + flooded.errors.values.reduce(0, +) == 10_000)
        // The receiver's buffer may still be full.
        while !server.journal.received.contains(where: { $0.bytes.count == 9 }) {
            client.send([[UInt8](repeating: 9, count: 9)], to: destination)
            try Task.checkCancellation()
            await Task.yield()
        }
        let statistics = await client.statistics()
        #expect(statistics.rebinds == 0)
    }

    @Test("work runs in the order in which it was given, and a drain follows")
    func performOrder() async throws {
        let station = try stations.start()
        let order = Mutex<[Int]>([])
        for index in 0..<1000 {
            station.loop.perform { order.withLock { $0.append(index) } }
        }
        await station.performAndFlush {}
        #expect(order.withLock { $0 } == Array(0..<1000))
    }

    @Test("a deadline is kept: not early, and without any other event")
    func timer() async throws {
        let loop = try DatagramLoop(isLoopback: true)
        let journal = Journal()
        let recorder = Recorder(journal, loop: loop)
        let deadline = MonotonicClock.now + .milliseconds(30)
        recorder.deadline = deadline
        try loop.start(recorder)
        defer { loop.stop() }
        try await journal.wait { $0.drains == 2 }
        #expect(MonotonicClock.now >= deadline)
    }

    @Test("stopping runs what was given before, sends it, and refuses what comes after")
    func stop() async throws {
        let server = try stations.start()
        let client = try stations.start()
        client.send([[42]], to: try server.address())
        client.loop.stop()
        try await server.journal.wait { $0.received.count == 1 }
        #expect(!client.loop.perform {})
        client.loop.stop()
        server.loop.stop()
    }

    @Test("what a delegate has to send in several turns leaves before the loop stops")
    func lastTurns() throws {
        let loop = try DatagramLoop(isLoopback: true)
        let farewells = Farewells()
        try loop.start(farewells)
        loop.perform { farewells.left.withLock { $0 = 100 } }
        loop.stop()
        #expect(farewells.left.withLock { $0 } == 0)
    }

    /// Has something to send in each of some turns.
    private final class Farewells: LoopDelegate, Sendable {
        let left = Mutex(0)

        func drain(at now: Instant) -> Instant? {
            left.withLock { left in
                guard left > 0 else { return nil }
                left -= 1
                return left > 0 ? now : nil
            }
        }

        func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {}
        func refused(_ size: Int, over route: Route, at now: Instant) {}
        func addressesChanged(at now: Instant) {}
    }

    @Test("the loop can be stopped from within")
    func stopFromWithin() async throws {
        let station = try stations.start()
        let port = try #require(station.loop.localPort(.v4))
        station.loop.perform { [loop = station.loop] in loop.stop() }
        // The port is free again once the thread has ended.
        while (try? DatagramLoop(port: port, isLoopback: true)) == nil {
            try Task.checkCancellation()
            await Task.yield()
        }
        #expect(!station.loop.perform {})
    }

    @Test("a port in use has its own error")
    func portInUse() throws {
        let first = try DatagramLoop(isLoopback: true)
        let port = try #require(first.localPort(.v4))
        #expect(throws: SocketError.portInUse(port)) { try DatagramLoop(port: port, isLoopback: true) }
        #expect(SocketError.portInUse(port).pinholeError.code == .portInUse)
    }

    @Test("a socket that died is bound anew to the same port")
    func rebind() async throws {
        let server = try stations.start { datagram, source in [(datagram, source)] }
        let client = try stations.start()
        let address = try client.address()
        // The descriptor becomes something that is no socket: what a destroyed socket looks like.
        let descriptor = try #require(udpDescriptor(boundTo: address.port))
        await client.performAndFlush {
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            dup2(null, descriptor)
            close(null)
        }
        client.send([[5]], to: try server.address())
        while await client.statistics().rebinds == 0 {
            try Task.checkCancellation()
            await Task.yield()
        }
        client.send([[6]], to: try server.address())
        try await client.journal.wait { $0.received.contains { $0.bytes == [6] } }
        #expect(try client.address() == address)
        #expect(server.journal.received.last?.source == address)
    }
}
