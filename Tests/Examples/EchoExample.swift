import Pinhole
import Testing

@Suite("Example: messages", .timeLimit(.minutes(1)))
struct EchoExample {
    @Test("one peer calls, the other serves")
    func echo() async throws {
        // begin: echo
        let network = MemoryNetwork()
        let (alice, bob) = (Identity.generate(), Identity.generate())

        // Bob answers: one child task per peer, and only listed keys get an answer.
        let server = try Node(identity: bob, network: network)
        let serving = Task {
            try await server.serve(accepting: [alice.publicKey]) { connection in
                for try await message in connection.messages {
                    try await connection.send("echo: \(message.text)")
                }
            }
        }

        // Alice calls: the connection lives for the scope of the closure, and is closed on throw or cancellation.
        let client = try Node(identity: alice, network: network)
        let answer = try await client.withConnection(to: bob.publicKey) { connection in
            try await connection.send("hello")
            for try await message in connection.messages { return message.text }
            return "bob hung up"
        }
        serving.cancel()
        await client.stop()
        await server.stop()
        // end
        #expect(answer == "echo: hello")
        _ = await serving.result
    }

    /// Compiled, so that it stays true; it needs a service.
    func call(profileDirectory: String, serviceAddress: String) async throws {
        // begin: call
        let profile = try Profile.open(at: profileDirectory) { nil }
        let service = try ServiceAddress(serviceAddress)
        let node = try Node(
            profile: profile, configuration: NodeConfiguration(services: [service], downloadDirectory: "downloads"))
        let bob = try PublicKey("pin1nf7wfecaagdwx2gnvjuj8vqsqf307qcvp0j5szjnlk28lvjw9h5s0stndf")
        do {
            try await node.withConnection(to: bob, timeout: .seconds(15)) { connection in
                try await connection.send("hello")
                print(await connection.path?.remote ?? "")
            }
        } catch let error as PinholeError {
            print(error)
            if let nats = error.networks { print("my NAT: \(nats.own.mapping), bob's: \(nats.peer.mapping)") }
        }
        await node.stop()
        // end
    }
}
