import PinholeWire
import Testing

@testable import Pinhole

@Suite("what is told of sessions", .timeLimit(.minutes(10)))
struct SessionNewsTests {
    let folder: TemporaryDirectory
    let profile: Profile
    let loop: DatagramLoop
    let hub = EventHub<NodeEvent>()
    let core: NodeLoop
    let bob = Contact(name: "bob", key: Identity.generate().publicKey)

    init() throws {
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        loop = try DatagramLoop(isLoopback: true)
        core = NodeLoop(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("downloads")),
            loop: loop, hub: hub)
    }

    /// What subscribers hear of a message, the end of its session, and the next.
    private func told() async throws -> [String] {
        let events = hub.subscribe()
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        loop.perform { [bob] in
            let message = ChatMessage(id: MessageID(epoch: 1, counter: 1), time: 1, body: [0x61])
            node.value.store(message, from: bob.key)
            node.value.publish(.disconnected(bob.key, reason: .closedHere), of: bob.key)
            node.value.publish(.connecting(bob.key), of: bob.key)
        }
        var told: [String] = []
        for await event in events {
            switch event {
            case .message: told.append("message")
            case .disconnected: told.append("end")
            case .connecting: return told + ["next"]
            default: break
            }
        }
        return told
    }

    @Test("a message is told of before the end of the session in which it came")
    func messageFirst() async throws {
        try profile.add(bob)
        #expect(try await told() == ["message", "end", "next"])
    }

    @Test("the end of a session is told of also where its messages could not be stored")
    func unstored() async throws {
        // The store does not know bob.
        #expect(try await told() == ["end", "next"])
    }

    @Test("what happens waits for the messages before it, and for no others")
    func order() {
        let key = bob.key
        var news = SessionNews()
        func add(_ event: NodeEvent) -> Bool { news.add(event) }
        func next() -> Int { news.messageStored().count }

        news.messageArrived()
        // A session that goes on waits for no disk.
        var waits = add(.connecting(key))
        #expect(!waits)
        waits = add(.disconnected(key, reason: .closedHere))
        #expect(waits)
        waits = add(.connecting(key))
        #expect(waits)
        news.messageArrived()
        waits = add(.disconnected(key, reason: .closedHere))
        #expect(waits)
        let counts = [next(), next()]
        #expect(counts == [2, 1] && news.isEmpty)
        waits = add(.disconnected(key, reason: .closedHere))
        #expect(!waits)
    }
}
