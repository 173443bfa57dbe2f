import Testing

@testable import Pinhole

@Suite("nodes in memory", .timeLimit(.minutes(1)))
struct MemoryNetworkTests {
    @Test("who is not there yet is waited for, and found when he comes")
    func lateComer() async throws {
        let network = MemoryNetwork()
        let (me, friend) = (Identity.generate(), Identity.generate())
        let alice = try Node(identity: me, contacts: [Contact(name: "bob", key: friend.publicKey)], network: network)
        let events = alice.events()
        alice.start()
        let connecting = Task { try await alice.connect(to: friend.publicKey, timeout: .seconds(30)) }
        // No service could tell of him: this attempt has failed.
        for await case .unreachable(friend.publicKey, let error) in events {
            #expect(error.code == .unreachableService)
            break
        }
        let bob = try Node(identity: friend, contacts: [Contact(name: "alice", key: me.publicKey)], network: network)
        bob.start()
        _ = try await connecting.value
        await alice.stop()
        await bob.stop()
    }
}
