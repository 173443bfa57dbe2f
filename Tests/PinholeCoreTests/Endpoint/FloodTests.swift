import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("floods")
struct FloodTests {
    // [HS-16] [HS-66]
    @Test("10,000 HELLOs a second of strangers do not keep a contact out, and buy nothing but cookies")
    func cookiesUnderLoad() throws {
        let world = World(seed: 41)
        let (alice, bob) = world.makeDirectPair()
        let flood = try (0..<250).map { number in
            let pair = try PairKeys(own: .generate(), peer: bob.key)
            return HandshakeAttempt(
                pair: pair, connectionID: ConnectionID(rawValue: UInt64(number)), timestamp: World.unixMilliseconds,
                introID: .random()
            ).hello(.direct(cookie: nil))
        }
        world.recording = []
        var count = 0
        func pour() {
            for _ in 0..<100 {
                bob.receive(flood[count % flood.count], from: strangerAddress(count))
                count += 1
            }
        }
        // 100 in each 10 ms; the contact comes when it has gone on for a while.
        for _ in 0..<20 {
            pour()
            world.run(for: .milliseconds(10))
        }
        let start = world.now
        alice.connect(to: bob)
        while world.now - start < .seconds(1), !world.shareOneSession(alice, bob) {
            pour()
            world.run(for: .milliseconds(10))
        }
        #expect(world.shareOneSession(alice, bob))
        #expect(world.now - start < .milliseconds(500))
        Figure.note("A11", world.now - start)
        let answers = (world.recording ?? []).filter { $0.source == bob.address && $0.destination != alice.address }
        #expect(answers.count > count / 2)
        #expect(answers.allSatisfy { $0.kind == .cookie && $0.bytes.count == Limits.cookieDatagramSize })
        #expect(bob.connection(to: alice)?.pairings.count ?? 9 <= Limits.maxPeerHellos)
    }

    @Test("a flood does not keep a peer from calling others", arguments: [false, true])  // [HS-68]
    func callUnderLoad(isIntroduced: Bool) {
        let world = World(seed: 46)
        let (bob, alice) = isIntroduced ? world.makePair() : world.makeDirectPair()
        var random = SeededRandom(seed: 46)
        var noise = (0..<Limits.helloSize).map { _ in UInt8.random(in: 0...255, using: &random) }
        noise[0] = DatagramKind.helloByte
        func pour() {
            for number in 0..<100 { bob.receive(noise, from: strangerAddress(number)) }
        }
        for _ in 0..<20 {
            pour()
            world.run(for: .milliseconds(10))
        }
        bob.connect(to: alice)
        let start = world.now
        while world.now - start < .seconds(1), !world.shareOneSession(alice, bob) {
            pour()
            world.run(for: .milliseconds(10))
        }
        #expect(world.shareOneSession(alice, bob))
    }

    @Test("a thousand HELLOs of a contact leave two half-open handshakes")  // [HS-5] [HS-38] [HS-57]
    func halfOpen() throws {
        let world = World(seed: 42)
        let (alice, bob) = world.makeDirectPair()
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        for number in 0..<1000 {
            let attempt = HandshakeAttempt(
                pair: pair, connectionID: ConnectionID(rawValue: UInt64(number)),
                timestamp: World.unixMilliseconds + 10_000 + UInt64(number), introID: .random(),
                flags: number.isMultiple(of: 2) ? HelloFlags.needsEcho : 0)
            bob.receive(attempt.hello(.direct(cookie: nil)), from: strangerAddress(number))
            world.run(for: .milliseconds(60))
            #expect(bob.connection(to: alice)?.pairings.count ?? 9 <= Limits.maxPeerHellos)
            #expect(bob.endpoint.routes.count <= Limits.maxPeerHellos + 1)
            #expect(bob.connection(to: alice)?.checklist.candidates.count ?? 99 <= 2 * Limits.maxCandidates)
        }
        world.run(for: .seconds(70))
        #expect(bob.connection(to: alice)?.pairings.isEmpty ?? false)
        #expect(bob.endpoint.routes.isEmpty)
        alice.restart(with: bob, direct: [bob.address], usesService: false, clockError: .seconds(60))
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(1)) { world.shareOneSession(alice, bob) })
    }

    // [HS-39] [HS-69]
    @Test("a contact's HELLO replayed from a forged address earns that address at most twice its bytes")
    func amplification() throws {
        let world = World(seed: 43)
        let (alice, bob) = world.makeDirectPair()
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        let victim = strangerAddress(5)
        world.recording = []
        var received = 0
        for number in 0..<10 {
            let hello = HandshakeAttempt(
                pair: pair, connectionID: ConnectionID(rawValue: UInt64(number)),
                timestamp: World.unixMilliseconds + 10_000 + UInt64(number), introID: .random()
            ).hello(.direct(cookie: nil))
            for _ in 0...number % 3 {
                bob.receive(hello, from: victim)
                received += hello.count
            }
            world.run(for: .seconds(12))
        }
        let sent = (world.recording ?? []).filter { $0.destination == victim }.reduce(0) { $0 + $1.bytes.count }
        #expect(sent > 0)
        #expect(sent <= 2 * received, "\(sent) bytes for \(received)")
        Figure.note("A10", "\(sent) bytes for \(received)")
    }

    // [HS-34] [HS-35]
    @Test("session packets that overtake the AUTH wait, at most 32 of them, and are delivered after it")
    func earlyPackets() {
        let world = World(seed: 44)
        let (alice, bob) = world.makeDirectPair()
        var held: [World.Flight] = []
        var isHolding = true
        world.tap = { flight in
            guard isHolding, flight.kind == .handshake, flight.source == alice.address else { return flight }
            held.append(flight)
            return nil
        }
        for number in 0..<40 { alice.send("line \(number)", to: bob) }
        alice.connect(to: bob)
        world.run(for: .seconds(3))
        #expect(alice.sessionID(with: bob) != nil)
        #expect(bob.connection(to: alice)?.session == nil && bob.texts.isEmpty)
        let waiting = bob.connection(to: alice)?.early.count ?? 0
        #expect(waiting > 0 && waiting <= Limits.maxEarlyPackets)
        isHolding = false
        if let auth = held.last { bob.receive(auth.bytes, from: alice.address) }
        #expect(!bob.texts.isEmpty)
        #expect(bob.connection(to: alice)?.early.isEmpty ?? false)
        #expect(world.run(for: .seconds(5)) { bob.texts.count == 40 })
        #expect(bob.texts == (0..<40).map { "line \($0)" })
    }

    @Test("no more than 32 packets wait, whatever is poured in for a connection id that was seen")  // [HS-35]
    func earlyPacketsAreBounded() throws {
        let world = World(seed: 45)
        let (alice, bob) = world.makeDirectPair()
        world.tap = { flight in flight.source == alice.address && flight.kind == .handshake ? nil : flight }
        alice.connect(to: bob)
        world.run(for: .milliseconds(100))
        let id = try #require(bob.connection(to: alice)?.ownHello?.connectionID)
        let sent = bob.sentCount
        for number in 0..<1000 {
            var writer = ByteWriter(capacity: 1200)
            writer.u8(0x40)
            writer.u64(id.rawValue)
            writer.append([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1100))
            bob.receive(writer.bytes, from: strangerAddress(number))
        }
        #expect(bob.sentCount == sent)
        #expect(bob.connection(to: alice)?.early.count == Limits.maxEarlyPackets)
        world.tap = nil
        #expect(world.run(for: .seconds(3)) { world.shareOneSession(alice, bob) })
    }
}
