import PinholeWire
import TestSupport
import Testing

@testable import PinholeCrypto

/// Recordings of one run, played into a later one of the same two people.
struct ReplayTests {
    @Test("no recorded datagram means anything in a later run")
    func laterRun() throws {
        let alice = try IdentitySecret.fixed(1)
        let bob = try IdentitySecret.fixed(2)
        let first = try Run(alice, bob, timestamp: 1000)
        let second = try Run(alice, bob, timestamp: 2000)
        for (old, oldPeer, new) in [(first.lo, first.hi, second.hi), (first.hi, first.lo, second.lo)] {
            let handshake = old.keys.seal([1], size: 256)
            let data = old.session.seal([1], packetNumber: 0)
            #expect(new.keys.open(handshake) == nil)
            #expect(new.session.open(data) == nil)
            #expect(!new.keys.verify(old.keys.signature))

            // A HELLO is what it was: authentic, and told by its timestamp and introduction to be old.
            let hello = try #require(PeerHello.open(old.hello, pair: new.pair))
            #expect(hello.plaintext.timestamp == 1000)
            // Whoever takes it all the same gets a pairing in which the rest of the recording does not open either.
            let shadow = try #require(HandshakeKeys(pair: new.pair, attempt: new.attempt, peer: hello))
            #expect(shadow.open(handshake) == nil)
            #expect(!shadow.verify(old.keys.signature))
            #expect(shadow.makeSessionKeys().open(data) == nil)

            // A COOKIE answers one HELLO only.
            var gate = CookieGate(own: new.pair.ownKey)
            let source = TransportAddress(IPAddress(v4: 0xc000_0201), port: 9)
            let cookie = gate.cookieReply(to: old.hello.span, from: source, at: Instant(nanoseconds: 0))
            let newHello = old.attempt.hello(.direct(cookie: nil))
            #expect(
                CookieGate.open(cookie, peer: new.pair.ownKey, sentMAC1: CookieGate.mac1(of: newHello)) == nil)
            #expect(
                CookieGate.open(cookie, peer: new.pair.ownKey, sentMAC1: CookieGate.mac1(of: old.hello)) != nil)
            #expect(
                CookieGate.open(cookie, peer: oldPeer.pair.peerKey, sentMAC1: CookieGate.mac1(of: old.hello))
                    == nil)
        }
    }

    @Test("a packet opens once, in whatever order packets come")  // [PKT-7]
    func withinRun() throws {
        let run = try Run(try .fixed(1), try .fixed(2))
        var generator = SeededRandom(seed: 11)
        let numbers = (0..<500).map { UInt64($0) }.shuffled(using: &generator)
        let datagrams = numbers.map { run.lo.session.seal([UInt8($0 & 0xff)], packetNumber: $0) }
        for (number, datagram) in zip(numbers, datagrams) {
            #expect(run.hi.session.open(datagram)?.packetNumber == number)
        }
        for datagram in datagrams { #expect(run.hi.session.open(datagram) == nil) }
    }

    @Test("packet numbers beyond 32 bits are recovered")  // [PKT-4]
    func longNumbers() throws {
        let run = try Run(try .fixed(1), try .fixed(2))
        var number: UInt64 = 0
        for step: UInt64 in [1, 5000, 1 << 30, 1 << 31, 1 << 31 - 1, 1 << 31, 1 << 31, 3] {
            number += step
            #expect(run.hi.session.open(run.lo.session.seal([7], packetNumber: number))?.packetNumber == number)
            let late = number - 1
            #expect(run.hi.session.open(run.lo.session.seal([7], packetNumber: late))?.packetNumber == late)
        }
    }

    @Test("a packet number that no ACK can say is dropped, and moves nothing")  // [PKT-9]
    func greatestNumber() throws {
        let run = try Run(try .fixed(1), try .fixed(2))
        let end = Limits.packetNumberEnd
        let keys = run.hi.keys.makeKeySchedule().makeSessionKeys(expected: end - 2)
        for number in [end, end + 1, end + 1 << 31] {
            #expect(keys.open(run.lo.session.seal([1], packetNumber: number)) == nil)
            #expect(keys.expected == end - 2)
        }
        for number in [end - 1, end - 2] {
            #expect(keys.open(run.lo.session.seal([1], packetNumber: number))?.packetNumber == number)
        }
        #expect(keys.expected == end)
        #expect(keys.open(run.lo.session.seal([1], packetNumber: end)) == nil)
    }

    @Test("forged packets do not move the window")  // [PKT-3] [PKT-8]
    func forgeries() throws {
        let run = try Run(try .fixed(1), try .fixed(2))
        #expect(run.hi.session.open(run.lo.session.seal([1], packetNumber: 3)) != nil)
        for number: UInt64 in [20_000, 1 << 30] {
            let packet = run.lo.session.seal([1], packetNumber: number)
            #expect(run.hi.session.open(packet.flipped(at: packet.count - 1, mask: 1)) == nil)
        }
        #expect(run.hi.session.open(run.lo.session.seal([1], packetNumber: 2)) != nil)
    }
}
