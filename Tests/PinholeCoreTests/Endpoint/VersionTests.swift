import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("versions")
struct VersionTests {
    /// Bob calls alice, of whom only a HELLO is left that speaks other versions: its bytes.
    private func call(_ alice: Peer, by bob: Peer, in world: World) throws -> [UInt8] {
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        world.remove(alice)
        bob.connect(to: alice)
        world.run(for: .milliseconds(50))
        return HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 5000,
            introID: .random(), versions: 2...3
        ).hello(.direct(cookie: nil))
    }

    @Test("a peer that speaks none of ours is answered with silence; the application is told both ranges")  // [HS-24]
    func noCommonVersion() throws {
        let world = World(seed: 51)
        let (alice, bob) = world.makeDirectPair(bothKnow: true)
        let newer = try call(alice, by: bob, in: world)
        let sent = bob.sentCount
        bob.receive(newer, from: alice.address)
        #expect(bob.sentCount == sent)
        world.run(for: .seconds(10))
        #expect(bob.failures == [.noCommonVersion(own: 1...1, peer: 2...3)])
    }

    @Test("what another version said before the attempt was taken back is not told of the next")
    func nextAttempt() throws {
        let world = World(seed: 53)
        let (alice, bob) = world.makeDirectPair(bothKnow: true)
        let newer = try call(alice, by: bob, in: world)
        bob.receive(newer, from: alice.address)
        bob.endpoint.disconnect(from: alice.key, at: world.now)
        bob.drain()
        world.run(for: .seconds(60))
        bob.connect(to: alice)
        world.run(for: .seconds(11))
        #expect(bob.failures == [.directTimeout])
    }

    @Test("of several versions in common none but ours is needed")  // [VER-2]
    func newerPeer() throws {
        let world = World(seed: 52)
        let (alice, bob) = world.makeDirectPair()
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        let newer = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 5000,
            introID: .random(), versions: 1...9)
        bob.receive(newer.hello(.direct(cookie: nil)), from: alice.address)
        #expect(bob.connection(to: alice)?.pairings.count == 1)
        #expect(bob.sentCount == 2)
    }
}
