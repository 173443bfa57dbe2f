import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

/// A clock on which no time passes: whoever sleeps by it sleeps until he is cancelled.
struct FrozenClock: Clock {
    var now: ContinuousClock.Instant { ContinuousClock().now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        continuation.finish()
        throw CancellationError()
    }
}

/// A stream that says how often something happened.
private struct Bell: Sendable {
    let stream: AsyncStream<Void>
    let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self) }

    func ring() { continuation.yield() }

    func heard(_ count: Int = 1) async {
        var left = count
        for await _ in stream {
            left -= 1
            if left == 0 { return }
        }
    }
}

@Suite("sessions as scopes", .timeLimit(.minutes(10)))
struct ConnectionTests {
    let network = MemoryNetwork()
    let me = Identity.generate()
    let friend = Identity.generate()

    private func node(_ identity: Identity) throws -> Node {
        try Node(identity: identity, network: network, clock: FrozenClock())
    }

    @Test("a body that waits for requests, or for streams, ends with its session", arguments: [true, false])
    func bodiesEnd(areRequests: Bool) async throws {
        let (client, server) = (try node(me), try node(friend))
        let ended = Bell()
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                if areRequests {
                    for await request in await connection.requests() { try await request.reply(request.body) }
                } else {
                    for await stream in await connection.streams(named: "echo") {
                        for try await bytes in stream { try await stream.write(bytes) }
                        try await stream.finish()
                    }
                }
                ended.ring()
            }
        }
        for _ in 0..<3 {
            try await client.withConnection(to: friend.publicKey) { connection in
                if areRequests {
                    #expect(try await connection.request([7]) == [7])
                } else {
                    let stream = try await connection.openStream("echo")
                    try await stream.write([7])
                    try await stream.finish()
                    var echo: [UInt8] = []
                    for try await bytes in stream { echo += bytes }
                    #expect(echo == [7])
                }
            }
            await ended.heard()
        }
        serving.cancel()
        _ = await serving.result
        #expect(await server.ask { $0.users.isEmpty } == true)
        await client.stop()
        await server.stop()
    }

    @Test("who serves all contacts serves also one who becomes a contact later")
    func newContact() async throws {
        let (client, server) = (try node(me), try node(friend))
        let serving = Task {
            try await server.serve { connection in
                for await request in await connection.requests() { try await request.reply(request.body) }
            }
        }
        let calling = Task {
            try await client.withConnection(to: friend.publicKey) { try await $0.request([7]) }
        }
        try server.profile.add(Contact(name: "alice", key: me.publicKey))
        server.contactsChanged()
        #expect(try await calling.value == [7])
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }

    @Test("a request that no program of the contact takes is refused, though all of it has arrived")  // [BYT-1]
    func refusedRequest() async throws {
        let client = try node(me)
        let server = try Node(
            identity: friend, contacts: [Contact(name: "alice", key: me.publicKey)], network: network,
            clock: FrozenClock())
        server.start()
        let error = await #expect(throws: PinholeError.self) {
            try await client.withConnection(to: friend.publicKey) { try await $0.request([7]) }
        }
        #expect(error?.message.english == "the contact takes no stream “pinhole.request”")
        await client.stop()
        await server.stop()
    }

    @Test("a stream waits longer for its taker where a program uses the session")
    func patience() {
        var streams = StreamWaiters()
        func patience() -> [Duration] { [me, friend].map { streams.patience(with: $0.publicKey) } }
        #expect(patience() == [.seconds(1), .seconds(1)])
        let one = streams.enter(with: [me.publicKey])
        #expect(patience() == [.seconds(10), .seconds(1)])
        let all = streams.enter(with: nil)
        #expect(patience() == [.seconds(10), .seconds(10)])
        streams.leave(all)
        streams.leave(one)
        #expect(patience() == [.seconds(1), .seconds(1)])
    }

    @Test("who cancels a call hears that it was cancelled, and not that it took too long")
    func cancelledCalls() async throws {
        let (client, server) = (try node(me), try node(friend))
        let begun = Bell()
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                var unanswered: [Request] = []
                for await request in await connection.requests() {
                    unanswered.append(request)
                    begun.ring()
                }
            }
        }
        let errors = Mutex<[PinholeError]>([])
        let asking = Task {
            try await client.withConnection(to: friend.publicKey) { connection in
                do throws(PinholeError) {
                    _ = try await connection.request([1])
                } catch {
                    errors.withLock { $0.append(error) }
                }
            }
        }
        await begun.heard()
        asking.cancel()
        _ = await asking.result
        serving.cancel()
        _ = await serving.result
        await server.stop()

        let lonely = try Node(
            identity: me, contacts: [Contact(name: "bob", key: friend.publicKey)], network: MemoryNetwork(),
            clock: FrozenClock())
        lonely.start()
        let calling = Task { try await lonely.connect(to: friend.publicKey, timeout: .seconds(9)) }
        calling.cancel()
        if case .failure(let error as PinholeError) = await calling.result { errors.withLock { $0.append(error) } }
        #expect(errors.withLock { $0 }.map(\.message.english) == ["it was cancelled", "it was cancelled"])
        #expect(errors.withLock { $0 }.allSatisfy { $0.code == .other })
        await client.stop()
        await lonely.stop()
    }

    @Test("who is cancelled while the last messages are delivered does not wait for them")
    func impatient() async throws {
        let server = try node(friend)
        let client = try node(me)
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { for try await _ in $0.messages {} }
        }
        let sent = Bell()
        let calling = Task { [network] in
            try await client.withConnection(to: friend.publicKey) { connection in
                // From now on nothing reaches the server.
                network.leave(IPAddress(v4: 0x0a00_0001))
                try await connection.send("nobody hears this")
                sent.ring()
            }
        }
        await sent.heard()
        calling.cancel()
        _ = await calling.result
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }

    @Test("who waits for the delivery of a message that is cancelled hears so", arguments: [true, false])
    func cancelledMessage(isWaiting: Bool) async throws {
        let bob = Contact(name: "bob", key: friend.publicKey)
        let node = try Node(identity: me, contacts: [bob], network: network, clock: FrozenClock())
        let message = try await node.send("hello", to: bob.key)
        if !isWaiting { #expect(try await node.cancel(message) == .cancelled) }
        let waiting = Task { try await node.delivered(message, timeout: .seconds(9)) }
        if isWaiting {
            await Task.yield()
            #expect(try await node.cancel(message) == .cancelled)
        }
        let error = await #expect(throws: PinholeError.self) { try await waiting.value }
        #expect(error?.message == "the message was cancelled")
        await node.stop()
    }
}
