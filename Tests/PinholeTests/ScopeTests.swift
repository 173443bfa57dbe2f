import PinholeWire
import Testing

@testable import Pinhole

/// A clock on which every pause is over at once.
private struct HastyClock: Clock {
    var now: ContinuousClock.Instant { ContinuousClock().now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
}

@Suite("the beginnings and the ends of scopes", .timeLimit(.minutes(10)))
struct ScopeTests {
    let network = MemoryNetwork()
    let me = Identity.generate()
    let friend = Identity.generate()

    private func node(_ identity: Identity, clock: any Clock<Duration> = FrozenClock()) throws -> Node {
        try Node(identity: identity, network: network, clock: clock)
    }

    @Test("a scope that begins right after another has a session of its own")
    func oneAfterAnother() async throws {
        let (client, server) = (try node(me), try node(friend))
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { for try await _ in $0.messages {} }
        }
        for number in 1...10 {
            try await client.withConnection(to: friend.publicKey) { connection in
                #expect(await connection.path != nil)
                try await connection.send("\(number)")
            }
            let last = try client.profile.messages(with: friend.publicKey, limit: 1)
            #expect(last.map(\.text) == ["\(number)"] && last.map(\.state) == [.delivered])
        }
        serving.cancel()
        _ = await serving.result
        #expect(await client.ask { $0.users.isEmpty } == true)
        #expect(await server.ask { $0.users.isEmpty } == true)
        await client.stop()
        await server.stop()
    }

    @Test("the last one to leave a session ends it, whoever is still busy with one before")
    func users() {
        let (one, two) = (Bell(), Bell())
        let (first, second) = (ObjectIdentifier(one), ObjectIdentifier(two))
        let key = friend.publicKey
        var users = SessionUsers()
        func leave(_ user: ObjectIdentifier) -> Bool { users.leave(user, with: key) }

        users.enter(first, with: key, isUp: false)
        users.sessionBegan(with: key)
        users.enter(second, with: key, isUp: true)
        var ends = leave(second)
        #expect(!ends)

        // The first is busy still when the next session has begun, which the second alone uses.
        users.sessionEnded(with: key)
        users.enter(second, with: key, isUp: true)
        ends = leave(second)
        #expect(ends)
        ends = leave(first)
        #expect(!ends && users.isEmpty)

        // Who waits for a session in vain takes back that it is wanted, unless somebody else waits too.
        users.enter(first, with: key, isUp: false)
        users.enter(second, with: key, isUp: false)
        ends = leave(first)
        #expect(!ends)
        ends = leave(second)
        #expect(ends && users.isEmpty)
    }

    private final class Bell {}

    @Test("who hears that its session is over leaves it, and closes no later one")
    func lateLeaver() async throws {
        let node = try node(me)
        node.start()
        let (key, connection) = (friend.publicKey, Connection(to: friend.publicKey, of: node))
        let user = ObjectIdentifier(connection)
        // As where it is begun so late that the next session is up.
        await node.ask { $0.users.enter(user, with: key, isUp: true) }
        connection.receive(.disconnected(key, reason: .closedHere))
        let closes = await node.ask { $0.users.leave(user, with: key) }
        #expect(closes == false)
        #expect(await node.ask { $0.users.isEmpty } == true)
        await node.stop()
    }

    @Test("who serves waits for what cannot be delivered no longer than ten seconds")
    func impatientServer() async throws {
        let client = try node(me)
        let server = try node(friend, clock: HastyClock())
        let events = server.events()
        let serving = Task { [network] in
            try await server.serve(accepting: [me.publicKey]) { connection in
                // From now on nothing reaches the client.
                network.leave(IPAddress(v4: 0x0a00_0001))
                try await connection.send("nobody hears this")
            }
        }
        let calling = Task {
            try await client.withConnection(to: friend.publicKey) { for try await _ in $0.messages {} }
        }
        for await case .disconnected(_, let reason) in events {
            #expect(reason == .closedHere)
            break
        }
        calling.cancel()
        _ = await calling.result
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }

    @Test("where a scope is cancelled the other side's ends too, on time and without an error")
    func cancelledScope() async throws {
        let (client, server) = (try node(me), try node(friend))
        let (bodies, body) = AsyncStream<Result<Int, any Error>>.makeStream()
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                var count = 0
                do {
                    for try await _ in connection.messages {
                        count += 1
                        begin.yield()
                    }
                    body.yield(.success(count))
                } catch {
                    body.yield(.failure(error))
                }
            }
        }
        let calling = Task {
            try await client.withConnection(to: friend.publicKey) { connection in
                try await connection.send("hello")
                for try await _ in connection.messages {}
            }
        }
        for await _ in begun { break }
        calling.cancel()
        _ = await calling.result
        for await end in bodies {
            #expect(try end.get() == 1)
            break
        }
        serving.cancel()
        _ = await serving.result
        #expect(await client.ask { $0.users.isEmpty } == true)
        await client.stop()
        await server.stop()
    }

    @Test("streams that cannot be opened say why")
    func unopened() async throws {
        let (client, server) = (try node(me), try node(friend))
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                var streams: [ByteStream] = []
                for await stream in await connection.streams(named: "many") { streams.append(stream) }
            }
        }
        try await client.withConnection(to: friend.publicKey) { connection in
            var streams: [ByteStream] = []
            for _ in 0..<Limits.maxByteStreams { streams.append(try await connection.openStream("many")) }
            let error = await #expect(throws: PinholeError.self) { _ = try await connection.openStream("many") }
            #expect(error?.message.english == "too many streams are open to the contact" && error?.code == .other)
            let nothing = try await streams[0].read(upTo: 0)
            #expect(nothing == [])
        }
        serving.cancel()
        _ = await serving.result
        await server.stop()
        let error = await #expect(throws: PinholeError.self) {
            _ = try await client.openStream("many", to: friend.publicKey)
        }
        #expect(error?.message.english == "there is no session for a stream" && error?.code == .peerOffline)
        await client.stop()
    }
}
