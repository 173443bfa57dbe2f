import Testing

@testable import Pinhole

@Suite("what is written right before the end of a scope", .timeLimit(.minutes(10)))
struct LastBytesTests {
    let network = MemoryNetwork()
    let me = Identity.generate()
    let friend = Identity.generate()

    private func node(_ identity: Identity) throws -> Node {
        try Node(identity: identity, network: network, clock: FrozenClock())
    }

    @Test("a reply arrives that is the last thing its program does")
    func lastReply() async throws {
        let (client, server) = (try node(me), try node(friend))
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                for await request in await connection.requests() {
                    try await request.reply(request.body)
                    return
                }
            }
        }
        for number in 1...5 as ClosedRange<UInt8> {
            let body = [UInt8](repeating: number, count: 100_000)
            let reply = try await client.withConnection(to: friend.publicKey) { try await $0.request(body) }
            #expect(reply == body)
        }
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }

    @Test("so do the last bytes of a stream, whose reader begins when the session is over")
    func lateReader() async throws {
        let (client, server) = (try node(me), try node(friend))
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (results, result) = AsyncStream.makeStream(of: [UInt8].self)
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                for await stream in await connection.streams(named: "last") {
                    for await _ in gate {}
                    var bytes: [UInt8] = []
                    for try await piece in stream { bytes += piece }
                    result.yield(bytes)
                }
            }
        }
        // Less than a stream's credit: all of it arrives unread.
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await client.withConnection(to: friend.publicKey) { connection in
            let stream = try await connection.openStream("last")
            try await stream.write(content)
            try await stream.finish()
        }
        await client.stop()
        opener.finish()
        for await bytes in results {
            #expect(bytes == content)
            break
        }
        serving.cancel()
        _ = await serving.result
        await server.stop()
    }

    @Test("and all of a stream that is larger than what the contact takes unread")
    func muchAtTheEnd() async throws {
        let (client, server) = (try node(me), try node(friend))
        let (results, result) = AsyncStream.makeStream(of: [UInt8].self)
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                for await stream in await connection.streams(named: "much") {
                    var bytes: [UInt8] = []
                    for try await piece in stream { bytes += piece }
                    result.yield(bytes)
                }
            }
        }
        let content = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await client.withConnection(to: friend.publicKey) { connection in
            let stream = try await connection.openStream("much")
            try await stream.write(content)
            try await stream.finish()
        }
        for await bytes in results {
            #expect(bytes == content)
            break
        }
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }
}
