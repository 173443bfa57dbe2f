import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// What is authentic and looks old is a replay, or comes from somebody whose clock is wrong.
@Suite("HELLOs that look old")
struct StaleHelloTests {
    /// What Bob sends to whom when an introduction of Alice's comes so often.
    private func introduce(
        _ times: Int, isOld: Bool, seed: UInt64
    ) throws -> (connection: Connection, sent: [TransportAddress: Int]) {
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        world.remove(alice)
        let connection = try #require(bob.connection(to: alice))
        if isOld { connection.authenticatedTimestamp = World.unixMilliseconds + 1_000_000 }
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 60_000,
            introID: .random(), flags: HelloFlags.needsEcho)
        // Behind such a NAT ports have to be guessed.
        let behavior = NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)
        let introduction = Introduction(
            behavior: behavior, candidates: [Candidate(.host, Self.named), Candidate(.serverReflexive, Self.observed)])
        world.recording = []
        for _ in 0..<times {
            bob.introduce(alice, observed: [Self.observed], blob: attempt.blob(introduction.encoded), at: world.now)
            world.run(for: .seconds(2))
        }
        var sent: [TransportAddress: Int] = [:]
        for flight in world.recording ?? [] where flight.isDirect { sent[flight.destination, default: 0] += 1 }
        return (connection, sent)
    }

    private static let named = TransportAddress("198.51.100.99:5000")!
    private static let observed = TransportAddress("198.51.100.1:4000")!

    // [HS-51]
    @Test("lead to no address that they name, to no port that is guessed, and not when they come again either")
    func candidates() throws {
        let (fresh, toAll) = try introduce(1, isOld: false, seed: 71)
        #expect(toAll[Self.named] ?? 0 > 0 && fresh.peerCandidates.count == 2)
        let (connection, sent) = try introduce(4, isOld: true, seed: 72)
        #expect(!connection.pairings.isEmpty, "Bob answers")
        #expect(sent.keys.allSatisfy { $0 == Self.observed }, "\(sent)")
        // An HS and a HELLO for each probe of an address that only a service named.
        #expect(sent[Self.observed] ?? 0 <= 2 * Limits.unconfirmedProbes)
        #expect(connection.punch.peer == nil && connection.attempt?.peerIntroduction == nil)
        #expect(connection.peerCandidates.isEmpty)
    }

    // [HS-46]
    @Test("and are sent again and again keep another from its COOKIE no longer than a second")
    func oneRecording() throws {
        let contact = try HandmadeContact(seed: 73)
        contact.sendHello()
        contact.send([contact.auth])
        contact.world.run(for: .seconds(20))
        let (recorded, genuine) = (old(of: contact), old(of: contact))
        var cookies = 0
        for _ in 0..<12 {
            contact.sendHello(of: recorded, from: strangerAddress(1))
            contact.world.run(for: .milliseconds(100))
            cookies += contact.answers().count { $0.kind == .cookie }
        }
        #expect(cookies == 1)
        contact.sendHello(of: genuine)
        #expect(contact.answers().contains { $0.kind == .cookie })
    }

    private func old(of contact: HandmadeContact) -> HandshakeAttempt {
        HandshakeAttempt(
            pair: contact.pair, connectionID: ConnectionID(rawValue: 2), timestamp: World.unixMilliseconds,
            introID: .random())
    }

    // [HS-49] [HS-73]
    @Test("whose handshake ended half way when the process died are answered by the next one")
    func restarted() throws {
        let world = World(seed: 74)
        let (alice, bob) = world.makeDirectPair(bothKnow: true)
        let pair = try PairKeys(own: bob.identity, peer: alice.key)
        world.remove(bob)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 3), timestamp: World.unixMilliseconds + 5000,
            introID: .random())
        world.recording = []
        alice.receive(attempt.hello(.direct(cookie: nil)), from: bob.address)
        let answers = (world.recording ?? []).map(\.bytes)
        let answer = try #require(answers.lazy.compactMap { PeerHello.open($0.span, pair: pair) }.first)
        let keys = try #require(HandshakeKeys(pair: pair, attempt: attempt, peer: answer))
        var writer = ByteWriter()
        writer.frame(.auth(signature: keys.signature, parameters: []))
        alice.receive(keys.seal(writer.bytes, size: Limits.handshakeSize), from: bob.address)
        #expect(alice.disk.state.authenticatedTimestamp == attempt.plaintext.timestamp)
        // While she has that session, the same HELLO says nothing new.
        world.recording = []
        world.run(for: .seconds(16))
        #expect(alice.connection(to: bob)?.pairings.isEmpty ?? false)
        world.recording = []
        alice.receive(attempt.hello(.direct(cookie: nil)), from: bob.address)
        #expect(world.recording?.contains { $0.kind == .cookie } == false)
        // Her AUTH never arrived, and Bob goes on calling.
        alice.restart(with: bob, direct: [bob.address], usesService: false)
        world.recording = []
        let hello = attempt.hello(.direct(cookie: nil))
        alice.receive(hello, from: bob.address)
        let reply = try #require(world.recording?.first { $0.kind == .cookie }).bytes
        let opened = CookieGate.open(reply.span, peer: alice.key, sentMAC1: CookieGate.mac1(of: hello))
        let cookie = try #require(opened)
        alice.receive(attempt.hello(.direct(cookie: cookie)), from: bob.address)
        #expect(alice.connection(to: bob)?.pairings.count == 1)
    }
}
