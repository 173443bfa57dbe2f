import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// An answer that comes too late is a call to whoever has forgotten his own. It must lead to an end, too.
@Suite("answers to calls that are forgotten")
struct ForgottenCallTests {
    /// Nothing but the service can be reached, so that no session ends what goes on there.
    private func makeWorld() -> (World, Peer, Peer) {
        let world = World(seed: 214)
        let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
        world.tap = { $0.isDirect ? nil : $0 }
        alice.connect(to: bob)
        return (world, alice, bob)
    }

    private func expectSilence(_ world: World, _ alice: Peer, _ bob: Peer) {
        world.run(for: .seconds(60))
        for (peer, other) in [(alice, bob), (bob, alice)] {
            #expect(peer.connection(to: other)?.attempt == nil)
        }
        let before = alice.sentCount + bob.sentCount
        world.run(for: .seconds(300))
        #expect(alice.sentCount + bob.sentCount - before < 200, "what each says to the service")
    }

    // [HS-77]
    @Test("one who took his call back, while it was answered", arguments: [20, 60, 100, 500, 2000])
    func takenBack(after milliseconds: Int) {
        let (world, alice, bob) = makeWorld()
        world.run(for: .milliseconds(milliseconds))
        alice.endpoint.disconnect(from: bob.key, at: world.now)
        alice.drain()
        expectSilence(world, alice, bob)
    }

    // [SIG-46]
    @Test(
        "one who started again while it was answered, and knows nothing of his call",
        arguments: [20, 60, 100, 500, 2000])
    func restarted(after milliseconds: Int) {
        let (world, alice, bob) = makeWorld()
        world.run(for: .milliseconds(milliseconds))
        alice.restart(with: bob)
        expectSilence(world, alice, bob)
    }
}
