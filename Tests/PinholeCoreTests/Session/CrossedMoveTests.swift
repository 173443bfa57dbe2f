import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("moves and words that cross or are lost")
struct CrossedMoveTests {
    // [PTH-27]
    @Test(
        "two that follow each other at the same time end on one path, and are quiet", arguments: 0..<8 as Range<UInt64>)
    func swap(seed: UInt64) throws {
        let world = World(seed: 900 + seed)
        let (alice, bob) = world.makePair(.open, .open)
        alice.connect(to: bob)
        try #require(world.run(for: .seconds(5)) { !alice.connections.isEmpty && !bob.connections.isEmpty })
        // Both paths are known to both, and nobody is settling any more.
        world.run(for: .seconds(10))
        let families: [(Peer, IPAddress.Family)] = [(alice, .v4), (bob, .v6)]
        for (peer, family) in families {
            let connection = try #require(peer.endpoint.connections.values.first)
            let other = try #require(connection.paths.all.first { $0.route.remote.family == family })
            connection.move(to: other.route, isOwnChoice: false, at: world.now)
            connection.session?.transport.ping()
            peer.wakeNow()
        }
        world.run(for: .seconds(5))
        let before = alice.sentCount + bob.sentCount
        world.run(for: .seconds(60))
        #expect(alice.sentCount + bob.sentCount - before < 120)
        let ends = [alice, bob].map { $0.endpoint.connections.values.first?.paths.active?.remote.family }
        #expect(ends[0] != nil && ends[0] == ends[1])
    }

    @Test("what waits goes though the service's word that the other one is there was lost")  // [SIG-44]
    func lostWord() {
        let world = World(seed: 910)
        let (alice, bob) = world.makePair(.open, .open)
        // Who watches all contacts already is told nothing new when he begins to wait for one.
        bob.endpoint.watchContacts(true, at: world.now)
        bob.connect(to: alice)
        world.run(for: .seconds(30))
        // Bob hangs up on one who is gone already.
        alice.kill()
        bob.send("see you", to: alice)
        bob.endpoint.disconnect(from: alice.key, at: world.now)
        bob.drain()
        // Alice registers, but nothing of what the service says reaches bob.
        world.tap = { flight in bob.interfaces.contains { $0.address == flight.destination } ? nil : flight }
        alice.recover(with: bob)
        world.run(for: .seconds(5))
        world.tap = nil
        #expect(world.run(for: .seconds(120)) { alice.texts == ["see you"] })
    }
}
