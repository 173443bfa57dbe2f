import Pinhole
import Testing

@Suite("Example: requests and streams", .timeLimit(.minutes(10)))
struct RequestExample {
    @Test("a request has a reply")  // [BYT-6]
    func request() async throws {
        let network = MemoryNetwork()
        let (alice, bob) = (Identity.generate(), Identity.generate())
        let server = try Node(identity: bob, network: network)
        let client = try Node(identity: alice, network: network)
        // begin: request
        let serving = Task {
            try await server.serve(accepting: [alice.publicKey]) { connection in
                for await request in await connection.requests() {
                    try await request.reply(request.body.reversed())
                }
            }
        }
        let reply = try await client.withConnection(to: bob.publicKey) { connection in
            try await connection.request(Array("stressed".utf8), timeout: .seconds(30))
        }
        print(String(decoding: reply, as: UTF8.self))  // desserts
        // end
        #expect(String(decoding: reply, as: UTF8.self) == "desserts")
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }

    @Test("a stream carries bytes both ways, each with its own end")
    func stream() async throws {
        let network = MemoryNetwork()
        let (alice, bob) = (Identity.generate(), Identity.generate())
        let server = try Node(identity: bob, network: network)
        let client = try Node(identity: alice, network: network)
        // begin: stream
        let serving = Task {
            try await server.serve(accepting: [alice.publicKey]) { connection in
                for await stream in await connection.streams(named: "upper-case") {
                    for try await bytes in stream {
                        let text = String(decoding: bytes, as: UTF8.self)
                        try await stream.write(Array(text.uppercased().utf8))
                    }
                    try await stream.finish()
                }
            }
        }
        let text = try await client.withConnection(to: bob.publicKey) { connection in
            let stream = try await connection.openStream("upper-case")
            try await stream.write(Array("slow reader, slow writer".utf8))
            try await stream.finish()
            var bytes: [UInt8] = []
            for try await piece in stream { bytes += piece }
            return String(decoding: bytes, as: UTF8.self)
        }
        // end
        #expect(text == "SLOW READER, SLOW WRITER")
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await server.stop()
    }
}
