import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// Nobody is the initiator: whoever calls, and whenever, there is one session in the end.
@Suite("two peers call each other at once")
struct CrossedTests {
    private static let skews = Array(stride(from: 0, through: 150, by: 5))

    /// Lets what has begun end, and looks for one session on both sides.
    private func expectOneSession(_ world: World, _ alice: Peer, _ bob: Peer, _ what: String) {
        #expect(world.run(for: .seconds(3)) { !alice.connections.isEmpty && !bob.connections.isEmpty }, "\(what)")
        world.run(for: .seconds(3))
        #expect(world.shareOneSession(alice, bob), "\(what)")
        for peer in [alice, bob] {
            #expect(peer.connections.count == 1, "announced once: \(what)")
            #expect(peer.failures.isEmpty, "\(what)")
            let connection = peer.connection(to: peer === alice ? bob : alice)
            #expect(connection?.pairings.isEmpty ?? false, "no handshake is left over: \(what)")
            #expect(connection?.attempt == nil, "\(what)")
        }
        #expect(world.canTalk(alice, bob), "\(what)")
    }

    // [SIG-32] [SRV-3]
    @Test("through the service: one session, with the same id on both sides", arguments: skews)  // [HS-53]
    func introduced(skew: Int) {
        let world = World(seed: UInt64(skew))
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.connect(to: bob)
        world.run(for: .milliseconds(skew))
        bob.connect(to: alice)
        expectOneSession(world, alice, bob, "\(skew) ms apart")
    }

    @Test("directly: one session, with the same id on both sides", arguments: skews)  // [HS-58]
    func direct(skew: Int) {
        let world = World(seed: UInt64(skew))
        let (alice, bob) = world.makeDirectPair(bothKnow: true)
        alice.connect(to: bob)
        world.run(for: .milliseconds(skew))
        bob.connect(to: alice)
        expectOneSession(world, alice, bob, "\(skew) ms apart")
    }

    @Test("with losses, reordering and doubles: one session in the end", arguments: UInt64(1)...40)  // [HS-59]
    func badNetwork(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, bob) =
            seed.isMultiple(of: 2)
            ? world.makeDirectPair(bothKnow: true) : world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        world.loss = 0.2
        world.duplication = 0.2
        world.jitter = .milliseconds(80)
        alice.connect(to: bob)
        world.run(for: .milliseconds(Int(seed) * 3))
        bob.connect(to: alice)
        world.run(for: .seconds(10))
        world.loss = 0
        world.run(for: .seconds(5))
        #expect(world.shareOneSession(alice, bob), "seed \(seed)")
        #expect(world.canTalk(alice, bob), "seed \(seed)")
    }

    @Test("one through the service and one directly")
    func mixed() {
        let world = World(seed: 7)
        let (alice, bob) = world.makePair()
        alice.endpoint.setDirect([bob.address], of: bob.key, at: world.now)
        alice.connect(to: bob)
        bob.connect(to: alice)
        expectOneSession(world, alice, bob, "mixed")
    }
}
