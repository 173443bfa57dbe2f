import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("a service that says that a peer is absent")
struct AbsentPeerTests {
    @Test("ends no handshake that is under way")
    func handshake() throws {
        let world = World(seed: 91)
        let (alice, bob) = world.makePair()
        let pair = try PairKeys(own: bob.identity, peer: alice.key)
        world.tap = { _ in nil }
        world.remove(bob)
        alice.connect(to: bob)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 4), timestamp: World.unixMilliseconds + 60_000,
            introID: .random())
        alice.receive(attempt.hello(.direct(cookie: nil)), from: bob.address)
        let connection = try #require(alice.connection(to: bob))
        #expect(connection.pairings.count == 1)
        try #require(connection.attempt?.introduction != nil)
        for client in alice.endpoint.clients { connection.receiveAbsent(client: client.id, at: world.now) }
        alice.endpoint.settleLater(connection.slot)
        alice.drain()
        world.run(for: .seconds(2))
        #expect(connection.attempt != nil && connection.pairings.count == 1 && alice.failures.isEmpty)
    }

    @Test("is not believed any more when it said where the peer was, nor is one that is left")
    func places() throws {
        let world = World(seed: 92)
        let (alice, bob) = world.makePair()
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(5)) { world.shareOneSession(alice, bob) })
        let connection = try #require(alice.connection(to: bob))
        let client = try #require(connection.peerObserved.keys.first)
        alice.endpoint.note(connection.slot, isThere: true, by: client)
        #expect(connection.peerObserved[client] != nil)
        alice.endpoint.note(connection.slot, isThere: false, by: client)
        #expect(connection.peerObserved[client] == nil)
        connection.peerObserved[client] = [bob.address]
        alice.use([])
        #expect(connection.peerObserved.isEmpty && connection.seenBy.isEmpty)
    }
}
