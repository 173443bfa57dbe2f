import Glibc
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

@Suite("extra sockets", .timeLimit(.minutes(10)))
struct ExtraSocketTests {
    private static let many = (0..<512).map { SocketID(rawValue: SocketID.firstExtra.rawValue + $0) }
    private static let one = SocketID.firstExtra

    private let stations = Stations()

    @Test("512 of them have ports of their own, and each sends and hears under its name")
    func many() async throws {
        let server = try stations.start { datagram, source in [(datagram, source)] }
        let client = try stations.start()
        let cost = Mutex(Duration.zero)
        let ports = await withCheckedContinuation { continuation in
            client.loop.perform { [loop = client.loop] in
                let began = threadTime()
                let ports = loop.open(Self.many, .v4)
                cost.withLock { $0 = threadTime() - began }
                continuation.resume(returning: ports.compactMap { $0 })
            }
        }
        #expect(Set(ports).count == 512)
        // They are opened between two datagrams of people who talk.
        let took = cost.withLock { $0 }
        #expect(took < .milliseconds(100), "\(took)")

        let destination = try server.address()
        // All in one turn, which is more than the queues that they share.
        await client.performAndFlush { [loop = client.loop] in
            for id in Self.many {
                let name = [UInt8(id.rawValue >> 8), UInt8(id.rawValue & 0xff)]
                loop.send(name, over: Route(destination, via: id))
            }
        }
        try await client.journal.wait { $0.received.count == 512 }
        #expect(Set(server.journal.received.map(\.source.port)) == Set(ports))
        for (datagram, id) in zip(client.journal.received, client.journal.sockets) {
            #expect(UInt32(datagram.bytes[0]) << 8 | UInt32(datagram.bytes[1]) == id.rawValue)
        }
        await client.close(Self.many)
        #expect(await client.statistics(.v4, Self.one) == DatagramStatistics())
        #expect(await client.open(Self.many).allSatisfy { $0 != nil })
    }

    @Test("what is queued on a socket leaves before it is closed, and afterwards nothing does")
    func closing() async throws {
        let server = try stations.start()
        let client = try stations.start()
        let destination = try server.address()
        let port = try #require(await client.open([Self.one])[0])
        await client.performAndFlush { [loop = client.loop] in
            loop.send([1], over: Route(destination, via: Self.one))
            loop.close([Self.one])
            loop.send([2], over: Route(destination, via: Self.one))
            loop.send([3], over: Route(destination))
        }
        try await server.journal.wait { $0.received.count == 2 }
        #expect(server.journal.received.map(\.bytes) == [[1], [3]])
        #expect(server.journal.received[0].source.port == port)
    }

    @Test("a transfer over one keeps its order and loses nothing, in runs as over a main socket")  // [PUN-7]
    func bulk() async throws {
        let server = try stations.start { datagram, source in datagram.count < 100 ? [(datagram, source)] : [] }
        let client = try stations.start()
        _ = await client.open([Self.one])
        let destination = try server.address()
        var expected: [[UInt8]] = []
        for round in 0..<20 {
            let datagrams = (0..<50).map { [UInt8](repeating: UInt8($0 ^ round), count: 1200) } + [[UInt8(round)]]
            expected += datagrams
            client.loop.perform { [loop = client.loop] in
                for datagram in datagrams { loop.send(datagram, over: Route(destination, via: Self.one)) }
            }
            try await client.journal.wait { $0.received.count == round + 1 }
        }
        #expect(server.journal.received.map(\.bytes) == expected)
        #expect(await client.statistics(.v4, Self.one).sent == expected.count)
        #expect(await client.statistics(.v4, Self.one).errors.isEmpty)
    }

    @Test("an address of the other family, port 0 and the broadcast address cost a datagram, not the socket")
    func sendErrors() async throws {
        let server = try stations.start { datagram, source in [(datagram, source)] }
        let client = try stations.start()
        _ = await client.open([Self.one])
        let destination = try server.address()
        let wrong = [
            TransportAddress(IPAddress(v6High: 0, low: 1), port: 9),
            TransportAddress(IPAddress(v4: 0x7f00_0001), port: 0),
            TransportAddress(IPAddress(v4: 0xffff_ffff), port: 9),
        ]
        await client.performAndFlush { [loop = client.loop] in
            for address in wrong + [destination] { loop.send([7], over: Route(address, via: Self.one)) }
        }
        try await client.journal.wait { $0.received.count == 1 }
        let statistics = await client.statistics(.v4, Self.one)
        #expect(statistics.errors == [EINVAL: 1, EACCES: 1])
        #expect(statistics.sent == 1 && statistics.rebinds == 0)
    }

    @Test("one that died is bound anew to the same port")
    func rebind() async throws {
        let server = try stations.start { datagram, source in [(datagram, source)] }
        let client = try stations.start()
        let port = try #require(await client.open([Self.one])[0])
        let destination = try server.address()
        // The descriptor becomes something that is no socket: what a destroyed socket looks like.
        let descriptor = try #require(udpDescriptor(boundTo: port))
        await client.performAndFlush { [loop = client.loop] in
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            dup2(null, descriptor)
            close(null)
            loop.send([5], over: Route(destination, via: Self.one))
        }
        while await client.statistics(.v4, Self.one).rebinds == 0 {
            try Task.checkCancellation()
            await Task.yield()
        }
        await client.performAndFlush { [loop = client.loop] in
            loop.send([6], over: Route(destination, via: Self.one))
        }
        try await client.journal.wait { $0.received.contains { $0.bytes == [6] } }
        #expect(server.journal.received.last?.source.port == port)
    }

    @Test("an address family that the machine lacks gives no sockets", .needsNetworkNamespace)
    func missingFamily() async throws {
        let station = try await NetworkNamespace.run {
            try run("ip", "link", "set", "lo", "up")
            try run("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1")
            return try stations.start()
        }
        #expect(station.loop.localPort(.v6) == nil)
        #expect(await station.open([Self.one], .v6) == [nil])
        #expect(await station.open([Self.one], .v4)[0] != nil)
    }
}

/// The time for which this thread ran, whatever else ran on the machine.
private func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

extension Station {
    func open(_ ids: [SocketID], _ family: IPAddress.Family = .v4) async -> [UInt16?] {
        await withCheckedContinuation { continuation in
            loop.perform { [loop] in continuation.resume(returning: loop.open(ids, family)) }
        }
    }

    func close(_ ids: [SocketID]) async {
        await performAndFlush { [loop] in loop.close(ids) }
    }
}

/// The descriptor of this process's IPv4 UDP socket with a local port.
func udpDescriptor(boundTo port: UInt16) -> Int32? {
    (3..<4096).first { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return status == 0 && address.sin_family == AF_INET && UInt16(bigEndian: address.sin_port) == port
    }
}
