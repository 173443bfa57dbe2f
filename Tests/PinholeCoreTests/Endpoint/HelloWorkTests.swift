import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// A HELLO is tried with one contact's key after another: how often, strangers must not decide.
@Suite("HELLOs to somebody who has many contacts")
struct HelloWorkTests {
    private static let contacts = 2000

    private let world: World
    private let alice: Peer
    private let bob: Peer

    init() throws {
        world = World(seed: 47)
        (alice, bob) = world.makeDirectPair()
        for _ in 0..<Self.contacts { try bob.endpoint.add(IdentitySecret.generate().publicKey, at: world.now) }
    }

    private func makeStrangers(_ count: Int) throws -> [(pair: PairKeys, attempt: HandshakeAttempt)] {
        try (0..<count).map { number in
            let pair = try PairKeys(own: .generate(), peer: bob.key)
            let attempt = HandshakeAttempt(
                pair: pair, connectionID: ConnectionID(rawValue: UInt64(number)), timestamp: World.unixMilliseconds,
                introID: .random())
            return (pair, attempt)
        }
    }

    /// An address that no other number has.
    private func network(_ number: Int) -> TransportAddress {
        TransportAddress(IPAddress(v4: 0xc612_0000 + UInt32(number)), port: 4000)
    }

    /// What all HELLOs of a second may cost that bring no cookie; the last may be a whole search.
    private func bound(seconds: Int) -> Int { seconds * (Limits.trialsPerSecond + Self.contacts + 1) }

    // [HS-66] [HS-74]
    @Test("10,000 a second of strangers cost a bounded number of trials, and a contact connects meanwhile")
    func flood() throws {
        let flood = try makeStrangers(250).map { $0.attempt.hello(.direct(cookie: nil)) }
        var count = 0
        func pour() {
            for _ in 0..<100 {
                bob.receive(flood[count % flood.count], from: network(count))
                count += 1
            }
        }
        for _ in 0..<100 {
            pour()
            world.run(for: .milliseconds(10))
        }
        // A second by the clock may be part of two that are counted.
        #expect(bob.endpoint.helloTrials <= bound(seconds: 2))
        #expect(bob.endpoint.helloTrials > Self.contacts)
        let start = world.now
        alice.connect(to: bob)
        while world.now - start < .seconds(1), !world.shareOneSession(alice, bob) {
            pour()
            world.run(for: .milliseconds(10))
        }
        #expect(world.shareOneSession(alice, bob))
        #expect(world.now - start < .milliseconds(500))
        #expect(bob.endpoint.helloTrials <= bound(seconds: 4))
    }

    // [HS-75]
    @Test("who has a cookie is tried twenty times a second and no more, and keeps nobody else out")
    func cookies() throws {
        let (pair, attempt) = try #require(makeStrangers(1).first)
        let source = strangerAddress(1)
        world.recording = []
        var sent: [[UInt8]] = []
        for _ in 0...Limits.hellosPerSecondPerSource {
            sent.append(attempt.hello(.direct(cookie: nil)))
            bob.receive(sent[sent.count - 1], from: source)
        }
        let reply = try #require(world.recording?.last { $0.destination == source }?.bytes)
        let mac1 = CookieGate.mac1(of: sent[sent.count - 1])
        let opened = CookieGate.open(reply.span, peer: pair.peerKey, sentMAC1: mac1)
        let cookie = try #require(opened)
        world.run(for: .seconds(2))
        let before = bob.endpoint.helloTrials
        let hellos = (0..<50).map { _ in attempt.hello(.direct(cookie: cookie)) }
        func pour() {
            for number in 0..<1000 { bob.receive(hellos[number % hellos.count], from: source) }
        }
        pour()
        #expect(bob.endpoint.helloTrials - before == Limits.hellosPerSecondPerSource * (Self.contacts + 1))
        alice.connect(to: bob)
        #expect(world.run(for: .milliseconds(500)) { world.shareOneSession(alice, bob) })
    }

    /// Contacts of bob's behind one address, with a port each.
    private func makeHousehold(_ count: Int, knowsBobsAddress: Bool = true) -> [Peer] {
        (0..<count).map { number in
            let peer = world.addPeer("198.51.100.7:\(5000 + number)")
            peer.add(bob, direct: knowsBobsAddress ? [bob.address] : [])
            bob.add(peer, direct: [peer.address])
            return peer
        }
    }

    // [HS-76]
    @Test("who is called is let in by the answer, however many are behind one address", arguments: [false, true])
    func answers(knowsBobsAddress: Bool) {
        let household = makeHousehold(200, knowsBobsAddress: knowsBobsAddress)
        let before = bob.endpoint.helloTrials
        for peer in household { bob.connect(to: peer) }
        #expect(world.run(for: .seconds(1)) { household.allSatisfy { $0.isConnected(to: bob) } })
        #expect(bob.endpoint.helloTrials - before <= 2 * household.count, "each is known by where it is")
    }

    // [HS-75]
    @Test("contacts behind one address keep each other out no longer than cookies take")
    func household() {
        let household = makeHousehold(60)
        for peer in household { peer.connect(to: bob) }
        #expect(world.run(for: .seconds(2)) { household.allSatisfy { $0.isConnected(to: bob) } })
    }

    // [HS-74]
    @Test("who comes back from where he was is not looked for among all, even under load")
    func back() throws {
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(1)) { world.shareOneSession(alice, bob) })
        world.run(for: .seconds(3))
        // Once when the session is still there, and once when it is over.
        for isOver in [false, true] {
            if isOver {
                alice.endpoint.disconnect(from: bob.key, at: world.now)
                alice.drain()
                world.run(for: .seconds(1))
            }
            let flood = try makeStrangers(100)
            for number in 0..<200 {
                bob.receive(flood[number % 100].attempt.hello(.direct(cookie: nil)), from: network(number))
            }
            let before = bob.endpoint.helloTrials
            alice.restart(with: bob, direct: [bob.address], usesService: false)
            alice.connect(to: bob)
            #expect(world.run(for: .milliseconds(900)) { world.shareOneSession(alice, bob) })
            #expect(bob.endpoint.helloTrials - before <= 8)
        }
    }

    // [HS-65] [HS-68]
    @Test("without a MAC only those are tried who are being called, within limits")
    func introduced() throws {
        let called = try (0..<300).map { number in
            let key = IdentitySecret.generate().publicKey
            let address = TransportAddress(IPAddress(v4: 0xc633_0000 + UInt32(number)), port: 4000)
            try bob.endpoint.add(key, directAddresses: [address], at: world.now)
            return key
        }
        for key in called { bob.endpoint.connect(to: key, at: world.now) }
        bob.drain()
        let noise = try makeStrangers(50).map { $0.attempt.hello(.introduced) }
        for number in 0..<2000 { bob.receive(noise[number % noise.count], from: network(number)) }
        #expect(bob.endpoint.helloTrials == Limits.hellosPerSecond * called.count)
        for key in called { bob.endpoint.disconnect(from: key, at: world.now) }
        bob.drain()
        world.run(for: .seconds(2))
        let before = bob.endpoint.helloTrials
        for number in 0..<10 { bob.receive(noise[number], from: network(number)) }
        #expect(bob.endpoint.helloTrials == before, "nobody is called any more")
    }
}
