import Testing

@testable import Pinhole

@Suite("the node")
struct NodeTests {
    let folder: TemporaryDirectory
    let profile: Profile
    let bob = Contact(name: "bob", key: Identity.generate().publicKey)

    init() throws {
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        try profile.add(bob)
    }

    private func node() throws -> Node {
        try Node(
            profile: profile,
            configuration: NodeConfiguration(
                services: [], downloadDirectory: folder.path("downloads"), mapsPorts: false))
    }

    @Test("a node that was never started answers that it is not running, and stops", .timeLimit(.minutes(10)))
    func neverStarted() async throws {
        let node = try node()
        await #expect(throws: PinholeError.self) { try await node.networkReport(timeout: .zero) }
        await #expect(throws: PinholeError.self) { try await node.connect(to: bob.key, timeout: .zero) }
        _ = try await node.send("kept", to: bob.key)
        await node.stop()
        node.start()
        await node.stop()
        // The lock and the outbox are there for the next one.
        _ = try profile.lock()
        #expect(try profile.messages(with: bob.key, limit: 1).map(\.state) == [.queued])
    }

    @Test("a node starts once, and stops once", .timeLimit(.minutes(10)))
    func startAndStop() async throws {
        let node = try node()
        node.start()
        node.start()
        await node.stop()
        await node.stop()
        _ = try profile.lock()
    }
}
