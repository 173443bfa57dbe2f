import PinholeWire
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
        let events = server.events()
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
        for await case .disconnected in events { break }
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

    @Test(
        "and what two wrote who use one session, whether both leave it or one of them in anger",
        arguments: [false, true])
    func twoWriters(isAngry: Bool) async throws {
        let (client, server) = (try node(me), try node(friend))
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (steps, step) = AsyncStream.makeStream(of: Void.self)
        let (joined, joining) = AsyncStream.makeStream(of: Void.self)
        let (results, result) = AsyncStream.makeStream(of: [UInt8].self)
        let opening = Task { for await _ in gate {} }
        let serving = Task {
            try await server.serve(accepting: [me.publicKey]) { connection in
                await withDiscardingTaskGroup { group in
                    for await stream in await connection.streams(named: "much") {
                        group.addTask {
                            await opening.value
                            var bytes: [UInt8] = []
                            while let piece = try? await stream.read() { bytes += piece }
                            result.yield(bytes)
                        }
                    }
                }
            }
        }
        // More than a stream's credit, by less than may wait here: the writing ends though nobody reads.
        let content = (0..<Int(Limits.maxStreamData) + 100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let first = Task {
            try await client.withConnection(to: friend.publicKey) { connection in
                let stream = try await connection.openStream("much")
                try await stream.write(content)
                try await stream.finish()
                step.yield()
                for await _ in joined { break }
            }
        }
        for await _ in steps { break }
        let second = Task {
            try await client.withConnection(to: friend.publicKey) { connection in
                if isAngry {
                    joining.yield()
                    throw CancellationError()
                }
                let stream = try await connection.openStream("much")
                try await stream.write(content)
                try await stream.finish()
                joining.yield()
                step.yield()
            }
        }
        // Nothing is read before the second has left, or is about to.
        if isAngry { _ = await second.result } else { for await _ in steps { break } }
        for _ in 0..<100 { await client.ask { _ in } }
        opener.finish()
        var left = isAngry ? 1 : 2
        for await bytes in results {
            #expect(bytes == content)
            left -= 1
            if left == 0 { break }
        }
        try await first.value
        _ = await second.result
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }
}
