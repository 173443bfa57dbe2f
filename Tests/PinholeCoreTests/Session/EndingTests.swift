import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("sessions and transfers that end in the middle of something")
struct EndingTests {
    @Test("an early CLOSE that two AUTHs let in ends the session, and nothing else")
    func closeAmongEarlyPackets() throws {
        let world = World(seed: 51)
        let (alice, bob) = world.makeDirectPair()
        world.remove(alice)
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 5000,
            introID: .random())
        world.recording = []
        bob.receive(attempt.hello(.direct(cookie: nil)), from: alice.address)
        let answers = world.recording ?? []
        let hello = try #require(answers.lazy.compactMap { PeerHello.open($0.bytes.span, pair: pair) }.first)
        let keys = try #require(HandshakeKeys(pair: pair, attempt: attempt, peer: hello))

        var close = ByteWriter(capacity: 64)
        close.frame(.close(errorCode: 0, reason: []))
        close.zeros(64 - close.count)
        bob.receive(keys.makeSessionKeys().seal(close.bytes, packetNumber: 0), from: alice.address)
        var twice = ByteWriter(capacity: 256)
        for _ in 0..<2 { twice.frame(.auth(signature: keys.signature, parameters: [])) }
        bob.receive(keys.seal(twice.bytes, size: Limits.handshakeSize), from: alice.address)
        world.run(for: .seconds(1))
        #expect(bob.closings == [.remoteRequest(code: 0)])
        #expect(bob.connection(to: alice)?.session == nil)
    }

    @Test("in direct mode a peer that left and came back is called again")  // [CLS-2]
    func politeRestart() {
        let world = World(seed: 52)
        let (alice, bob) = world.makeDirectPair()
        alice.send("one", to: bob)
        world.run(for: .seconds(1)) { alice.delivered.count == 1 }
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        world.run(for: .seconds(2))
        alice.send("two", to: bob)
        world.run(for: .seconds(40))
        bob.restart(with: alice)
        alice.send("three", to: bob)
        #expect(world.run(for: .seconds(5)) { bob.texts == ["one", "two", "three"] })
    }

    @Test("a file that cannot be received leaves the one in the other direction alone")  // [FIL-1]
    func oneOfTwoFiles() {
        let world = World(seed: 53)
        let (alice, bob) = world.makePair()
        let content = world.content(1_500_000)
        alice.sendFile(1, name: "there", content, to: bob)
        bob.sendFile(2, name: "back", content, to: alice)
        world.run(for: .seconds(20)) { bob.received[1, default: []].count > 200_000 }
        bob.endpoint.refuse(1, .storage, with: alice.key, at: world.now)
        bob.drain()
        #expect(world.run(for: .seconds(60)) { bob.sentFiles == [2] })
        #expect(alice.stored["back"] == content)
        #expect(alice.refusals == [.storage])
        #expect(bob.refusals.isEmpty)
    }

    @Test("a message that came right behind one that could not be stored is not confirmed before it")  // [MSG-8]
    func storingFailsBetweenTwo() {
        let world = World(seed: 54)
        let (alice, bob) = world.makePair()
        bob.hasRoom = false
        alice.send("first", to: bob)
        alice.send("second", to: bob)
        world.run(for: .seconds(1))
        bob.hasRoom = true
        #expect(world.run(for: .seconds(60)) { alice.delivered.count == 2 })
        #expect(bob.texts == ["first", "second"])
    }
}
