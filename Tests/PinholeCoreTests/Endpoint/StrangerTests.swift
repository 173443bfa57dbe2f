import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore
@testable import PinholeCrypto

/// Who is no contact gets nothing: not an answer, not a byte of state.
@Suite("strangers")
struct StrangerTests {
    private func listener(seed: UInt64) -> (World, Peer, Peer) {
        let world = World(seed: seed)
        let (alice, bob) = world.makeDirectPair()
        return (world, alice, bob)
    }

    /// A HELLO to `listener` from somebody it does not know.
    private func strangerHello(to listener: Peer, _ number: UInt64) throws -> [UInt8] {
        let pair = try PairKeys(own: .generate(), peer: listener.key)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: number), timestamp: World.unixMilliseconds + 1000 + number,
            introID: .random())
        return attempt.hello(.direct(cookie: nil))
    }

    @Test("a hundred thousand random datagrams get no byte back, before, during and after a handshake")  // [HS-1]
    func randomDatagrams() {
        let seed: UInt64 = 31
        let (world, alice, bob) = listener(seed: seed)
        var random = SeededRandom(seed: seed)
        let noise = (0..<65_536).map { _ in UInt8.random(in: 0...255, using: &random) }
        let kinds: [UInt8] = [0x00, 0x01, 0x40, 0x5f, 0xc1, 0xc2, 0xc3, 0xd1, 0xd2, 0xd3, 0xd4]
        func attack(_ count: Int) {
            let sent = bob.sentCount
            let events = bob.events.count
            for number in 0..<count {
                let length =
                    number % 4 == 0
                    ? [0, 1, 9, 64, 65, 256].randomElement(using: &random)! : Int.random(in: 0...1500, using: &random)
                let start = Int.random(in: 0..<noise.count - 1500, using: &random)
                var bytes = Array(noise[start..<start + length])
                if length > 0, number % 2 == 0 { bytes[0] = kinds.randomElement(using: &random)! }
                bob.receive(bytes, from: strangerAddress(number))
            }
            #expect(bob.sentCount == sent && bob.events.count == events, "seed \(seed)")
        }
        attack(40_000)
        alice.connect(to: bob)
        world.run(for: .milliseconds(70))
        #expect(bob.connection(to: alice)?.session != nil || bob.connection(to: alice)?.pairings.isEmpty == false)
        attack(20_000)
        #expect(world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) })
        attack(40_000)
        #expect(world.canTalk(alice, bob))
        #expect(bob.endpoint.drops.total >= 90_000)
    }

    @Test("datagrams for a known connection id that are noise get no byte back and change nothing")
    func knownConnectionID() throws {
        let seed: UInt64 = 32
        let (world, alice, bob) = listener(seed: seed)
        var random = SeededRandom(seed: seed)
        alice.connect(to: bob)
        world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) }
        let id = try #require(bob.connection(to: alice)?.session?.connectionID)
        let sent = bob.sentCount
        for _ in 0..<2000 {
            var bytes = (0..<Int.random(in: 9...1200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            bytes[0] = [0x40, 0x7f, 0xc2, 0xc3].randomElement(using: &random)!
            for index in 0..<8 { bytes[1 + index] = UInt8(truncatingIfNeeded: id.rawValue >> UInt64(56 - 8 * index)) }
            bob.receive(bytes, from: alice.address)
        }
        #expect(bob.sentCount == sent)
        #expect(world.canTalk(alice, bob))
    }

    @Test("a HELLO of somebody who knows the key and is no contact gets no byte back")  // [HS-63]
    func unknownKey() throws {
        let (world, _, bob) = listener(seed: 33)
        for number in 0..<20 {
            bob.receive(try strangerHello(to: bob, UInt64(number)), from: strangerAddress(number))
            world.run(for: .milliseconds(100))
        }
        #expect(bob.sentCount == 0 && bob.events.isEmpty)
        #expect(bob.endpoint.drops[.notForUs] == 20)
    }

    @Test("noise of a HELLO's shape with a right first MAC gets no byte back")  // [HS-63]
    func noiseWithMAC() {
        let seed: UInt64 = 34
        let (world, _, bob) = listener(seed: seed)
        var random = SeededRandom(seed: seed)
        let key = SHA256.hash([UInt8]("pinhole/1 gate".utf8) + bob.key.raw)
        for number in 0..<1000 {
            var hello = (0..<224).map { _ in UInt8.random(in: 0...255, using: &random) }
            hello[0] = DatagramKind.helloByte
            hello[1] = Limits.version
            hello += Blake2b.mac(hello.span, key: key.span)
            hello += [UInt8](repeating: 0, count: 16)
            bob.receive(hello, from: strangerAddress(number))
            if number % 20 == 19 { world.run(for: .seconds(1)) }
        }
        #expect(bob.sentCount == 0, "seed \(seed)")
        #expect(bob.endpoint.drops[.notForUs] == 1000)
    }

    @Test("a contact's HELLO with a point of small order gets no byte back")
    func lowOrder() throws {
        let (world, alice, bob) = listener(seed: 38)
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        // The generators of the small subgroups, and encodings that are not canonical.
        let points: [[UInt8]] = [
            [UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31),
            [0xec] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
            [0xed] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
            [0xee] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        ]
        for (number, point) in points.enumerated() {
            let plaintext = HelloPlaintext(
                ephemeral: point, timestamp: World.unixMilliseconds + 9000 + UInt64(number), versions: 1...1, flags: 0,
                capabilities: 0, introID: .random())
            let salt = [UInt8](repeating: 5, count: HelloEnvelope.saltSize)
            var header = ByteWriter()
            header.u8(DatagramKind.helloByte)
            header.u8(Limits.version)
            header.u64(UInt64(number))
            header.append(salt)
            let key = HelloEnvelope.key("hello", of: pair.role, pair: pair, salt: salt)
            var hello = AEAD.seal(plaintext.encoded.span, after: header.bytes, nonce: .zero, key: key.bytes)
            hello += Blake2b.mac(hello.span, key: SHA256.hash([UInt8]("pinhole/1 gate".utf8) + bob.key.raw).span)
            hello += [UInt8](repeating: 0, count: 16)
            #expect(PeerHello.open(hello.span, pair: try PairKeys(own: bob.identity, peer: alice.key)) != nil)
            bob.receive(hello, from: alice.address)
            world.run(for: .seconds(1))
        }
        #expect(bob.sentCount == 0 && bob.events.isEmpty)
    }

    @Test("everything that a peer sends, sent back to it, gets no byte back", arguments: [false, true])  // [HS-67]
    func reflection(isIntroduced: Bool) {
        let world = World(seed: 35)
        var sent: [(bytes: [UInt8], to: TransportAddress, by: TransportAddress)] = []
        world.tap = { flight in
            if flight.kind != .stun { sent.append((flight.bytes, flight.destination, flight.source)) }
            return flight
        }
        let (alice, bob) =
            isIntroduced ? world.makePair(.home("198.51.100.1"), .home("198.51.100.2")) : world.makeDirectPair()
        var count = 0
        func reflect() {
            for datagram in sent {
                for peer in [alice, bob] where datagram.by.ip == peer.nat?.external ?? peer.address.ip {
                    let before = (peer.sentCount, peer.events.count)
                    peer.receive(datagram.bytes, from: datagram.to)
                    #expect((peer.sentCount, peer.events.count) == before)
                    count += 1
                }
            }
            sent.removeAll()
        }
        alice.connect(to: bob)
        for _ in 0..<60 {
            world.run(for: .milliseconds(10))
            reflect()
        }
        #expect(world.shareOneSession(alice, bob))
        #expect(world.canTalk(alice, bob))
        reflect()
        #expect(count > 10)
    }

    @Test(  // [HS-34]
        "who knows a pair's secret and not the contact's key gets no session: an AUTH with another signature is nothing"
    )
    func wrongSignature() throws {
        let (world, alice, bob) = listener(seed: 37)
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 5000,
            introID: .random())
        world.remove(alice)
        world.recording = []
        bob.receive(attempt.hello(.direct(cookie: nil)), from: alice.address)
        let answers = world.recording ?? []
        let hello = try #require(answers.lazy.compactMap { PeerHello.open($0.bytes.span, pair: pair) }.first)
        let keys = try #require(HandshakeKeys(pair: pair, attempt: attempt, peer: hello))
        let other = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 6000,
            introID: .random())
        let ofAnotherRun = try #require(HandshakeKeys(pair: pair, attempt: other, peer: hello)).signature
        let ofBob = try #require(bob.connection(to: alice)?.pairings.first).keys.signature
        for signature in [ofBob, ofAnotherRun, [UInt8](repeating: 7, count: 64)] {
            var writer = ByteWriter(capacity: 256)
            writer.frame(.auth(signature: signature, parameters: []))
            bob.receive(keys.seal(writer.bytes, size: Limits.handshakeSize), from: alice.address)
        }
        world.run(for: .seconds(1))
        #expect(bob.events.isEmpty)
        #expect(bob.connection(to: alice)?.session == nil)
        #expect(bob.connection(to: alice)?.authenticatedTimestamp == 0)
        var writer = ByteWriter(capacity: 256)
        writer.frame(.auth(signature: keys.signature, parameters: []))
        bob.receive(keys.seal(writer.bytes, size: Limits.handshakeSize), from: alice.address)
        #expect(bob.connection(to: alice)?.session?.id == keys.sessionID)
    }

    @Test("a peer's own HELLO with the gate's MAC made anew for it is not the other side's")  // [HS-67]
    func roleSwap() throws {
        let (world, alice, bob) = listener(seed: 36)
        let pair = try PairKeys(own: bob.identity, peer: alice.key)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 5000,
            introID: .random())
        var hello = Array(attempt.hello(.direct(cookie: nil))[..<224])
        hello += Blake2b.mac(hello.span, key: SHA256.hash([UInt8]("pinhole/1 gate".utf8) + bob.key.raw).span)
        hello += [UInt8](repeating: 0, count: 16)
        bob.receive(hello, from: alice.address)
        world.run(for: .seconds(1))
        #expect(bob.sentCount == 0 && bob.endpoint.drops[.notForUs] == 1)
    }
}
