import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// Before each datagram arrives, it arrives once for each of its bytes with a bit of that byte flipped.
@Suite("one flipped byte in any position of any datagram")
struct FlipTests {
    /// Delivers the flipped copies of what passes, and sees that nobody answers or takes note.
    private func flipEverything(_ world: World, seed: UInt64) -> () -> [DatagramKind: Int] {
        var random = SeededRandom(seed: seed)
        var counts: [DatagramKind: Int] = [:]
        world.beforeDelivery = { flight, source, peer in
            guard let kind = flight.kind, kind != .stun else { return }
            counts[kind, default: 0] += 1
            // Of a HELLO the second MAC is read only under load, and the first only by who is not calling.
            let isCalling = peer.endpoint.connections.values.contains { $0.attempt != nil }
            let end = kind == .hello ? (isCalling ? 224 : 240) : flight.bytes.count
            for position in 0..<end {
                let sent = peer.sentCount
                let events = peer.events.count
                peer.receive(
                    flipped(flight.bytes, at: position, by: 1 << UInt8.random(in: 0...7, using: &random)), from: source)
                #expect(
                    peer.sentCount == sent && peer.events.count == events,
                    "byte \(position) of a \(kind) datagram, seed \(seed)")
            }
        }
        return { counts }
    }

    @Test("introduced: no answer, no event, and the right session all the same")  // [HS-65]
    func introduced() {
        let world = World(seed: 21)
        let counts = flipEverything(world, seed: 21)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) })
        #expect(world.canTalk(alice, bob))
        for kind in [DatagramKind.challenge, .server, .handshake, .data] { #expect(counts()[kind] ?? 0 > 0) }
    }

    @Test("directly: no answer, no event, and the right session all the same")
    func direct() {
        let world = World(seed: 22)
        let counts = flipEverything(world, seed: 22)
        let (alice, bob) = world.makeDirectPair()
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) })
        #expect(world.canTalk(alice, bob))
        for kind in [DatagramKind.hello, .handshake, .data] { #expect(counts()[kind] ?? 0 > 0) }
    }

    @Test("in a COOKIE: nothing is sent until the right one comes")  // [HS-18]
    func cookie() {
        let world = World(seed: 23)
        let (alice, bob) = world.makeDirectPair()
        alice.connect(to: bob)
        world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) }
        // Bob remembers Alice's newest HELLO, and Alice's clock is set back.
        bob.restart(with: alice, usesService: false)
        alice.restart(
            with: bob, direct: [bob.address], usesService: false, remembers: false,
            clockError: .zero - ClockTests.year)
        let counts = flipEverything(world, seed: 23)
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) })
        #expect(counts()[.cookie] ?? 0 > 0)
    }

    @Test("in a blob that a service carries: no handshake begins")
    func blob() throws {
        let world = World(seed: 24)
        let (alice, bob) = world.makePair()
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 60_000,
            introID: .random())
        let introduction = Introduction(behavior: NATBehavior(), candidates: [Candidate(.host, alice.address)])
        let blob = attempt.blob(introduction.encoded)
        for position in blob.indices {
            bob.introduce(alice, observed: [alice.address], blob: flipped(blob, at: position, by: 0x10), at: world.now)
        }
        #expect(bob.connection(to: alice)?.pairings.isEmpty ?? false)
        #expect(bob.connection(to: alice)?.attempt == nil)
        bob.introduce(alice, observed: [alice.address], blob: blob, at: world.now)
        #expect(bob.connection(to: alice)?.pairings.count == 1)
        #expect(world.run(for: .seconds(1)) { bob.sentCount > 5 })
    }
}
