import Foundation
import Pinhole
import Testing

@Suite("Example: messages", .timeLimit(.minutes(10)))
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

    private static func folder() -> String {
        FileManager.default.temporaryDirectory.path + "/pinhole-example-\(UInt64.random(in: 0 ... .max))"
    }

    @Test("a profile is made once, with its contacts")
    func first() throws {
        let profileDirectory = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: profileDirectory) }
        // begin: first
        let profile = try Profile.create(at: profileDirectory, passphrase: nil)
        print(profile.identity.publicKey)  // what Bob adds as a contact
        let bob = try PublicKey("pin1nf7wfecaagdwx2gnvjuj8vqsqf307qcvp0j5szjnlk28lvjw9h5s0stndf")
        try profile.add(Contact(name: "bob", key: bob))
        // end
        #expect(try Profile.open(at: profileDirectory) { nil }.contacts().map(\.key) == [bob])
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

    @Test("a bot answers everybody who is a contact, and forgets nobody when it dies")
    func bot() async throws {
        let folder = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (network, alice) = (MemoryNetwork(), Identity.generate())
        let profile = try Profile.create(at: folder, passphrase: nil)
        let bot = profile.identity.publicKey
        try profile.add(Contact(name: "alice", key: alice.publicKey))
        let configuration = NodeConfiguration(downloadDirectory: folder + "/downloads", mapsPorts: false)
        let node = try Node(profile: profile, configuration: configuration, network: network)
        // begin: bot
        let serving = Task {
            try await node.serve { connection in
                @Sendable func answer(_ text: String, _ message: MessageReference) async throws {
                    try await connection.send("echo: \(text)")
                    try await node.markRead(message)
                }
                // What was stored before the bot ended, and not marked.
                var old = Set<MessageReference>()
                for message in try profile.unread(from: connection.contact) {
                    old.insert(MessageReference(message))
                    try await answer(message.text, MessageReference(message))
                }
                for try await message in connection.messages where !old.contains(MessageReference(message)) {
                    try await answer(message.text, MessageReference(message))
                }
            }
        }
        // end
        let client = try Node(identity: alice, network: network)
        let answer = try await client.withConnection(to: bot) { connection in
            try await connection.send("hello")
            for try await message in connection.messages { return message.text }
            return "the bot hung up"
        }
        #expect(answer == "echo: hello")
        serving.cancel()
        _ = await serving.result
        await client.stop()
        await node.stop()
    }

    /// Compiled, so that it stays true.
    func meet(_ profile: Profile, _ service: ServiceAddress, _ line: String) async throws {
        // begin: invite
        let week = UInt64(Date().timeIntervalSince1970 * 1000) + 7 * 86_400_000
        let invite = try profile.invite(as: "echo", services: [service], expiresAt: week)
        print(invite.link.text)  // for whoever is to become a contact; good for one
        // end
        // begin: accept
        for request in try profile.requests() { _ = try profile.accept(request) }
        // end
        // begin: use
        _ = try profile.use(InviteLink(line))
        // end
    }
}
