import PinholeWire
import Testing

@testable import PinholeCrypto

/// The handshake and the session, byte by byte, against an independent computation.
struct HandshakeVectorTests {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let psk: Hex
        let ss: Hex
        let helloKeyLo: Hex
        let helloKeyHi: Hex
        let rendezvousKey: Hex
        let beaconKey: Hex
        let tags: [Tag]
        let cookieSecret: Hex
        let cookieSource: String
        let cookie: Hex
        let lo: Side
        let hi: Side
        let version: UInt8
        let transcriptHash: Hex
        let sessionId: Hex

        var testDescription: String { name }

        struct Tag: Decodable {
            let day: UInt64
            let tag: Hex
        }

        struct Identity: Decodable {
            let seed: Hex
            let `public`: Hex
        }

        struct Side: Decodable {
            let identity: Identity
            let ephemeralSecret: Hex
            let ephemeralPublic: Hex
            let timestamp: UInt64
            let versions: [UInt8]
            let introId: Hex
            let connectionId: Hex
            let plaintext: Hex
            let helloSalt: Hex
            let mac1: Hex
            let hello: Hex
            let helloWithCookie: Hex
            let cookieNonce: Hex
            let cookieDatagram: Hex
            let blobSalt: Hex
            let introduction: Hex
            let blob: Hex
            let signature: Hex
            let handshake: [Handshake]
            let data: [Packet]
        }

        struct Handshake: Decodable {
            let frames: Hex
            let size: Int
            let datagram: Hex
        }

        struct Packet: Decodable {
            let packetNumber: UInt64
            let plaintext: Hex
            let datagram: Hex
        }
    }

    static let cases: [Case] = {
        do {
            return try Vectors.load("handshake.json", as: [Case].self)
        } catch {
            Issue.record(error, "the vectors cannot be read")
            return []
        }
    }()

    /// One side as the vectors describe it.
    struct Side {
        let vector: Case.Side
        let pair: PairKeys
        let attempt: HandshakeAttempt

        init(_ vector: Case.Side, peer: Case.Side, psk: [UInt8]) throws {
            self.vector = vector
            pair = try PairKeys(
                own: try IdentitySecret(seed: vector.identity.seed.bytes),
                peer: try IdentityKey(raw: peer.identity.public.bytes), psk: psk.isEmpty ? nil : psk)
            attempt = HandshakeAttempt(
                pair: pair, connectionID: ConnectionID(rawValue: vector.connectionId.bytes.span.bigEndian64(at: 0)),
                timestamp: vector.timestamp, introID: IntroID(vector.introId.bytes),
                versions: vector.versions[0]...vector.versions[1], ephemeral: vector.ephemeralSecret.bytes)
        }
    }

    private func sides(_ test: Case) throws -> [(own: Side, peer: Side)] {
        let lo = try Side(test.lo, peer: test.hi, psk: test.psk.bytes)
        let hi = try Side(test.hi, peer: test.lo, psk: test.psk.bytes)
        return [(lo, hi), (hi, lo)]
    }

    @Test("the vectors are there")
    func count() {
        #expect(Self.cases.count == 2)
    }

    @Test("both sides derive the pair's keys and tags", arguments: cases)  // [CNV-5] [KEY-4] [KEY-13]
    func pair(test: Case) throws {
        for (side, _) in try sides(test) {
            #expect(side.pair.role == (side.vector.identity.seed.bytes == test.lo.identity.seed.bytes ? .lo : .hi))
            #expect([UInt8](copying: side.pair.sharedSecret) == test.ss.bytes)
            #expect([UInt8](copying: side.pair.helloKey(of: .lo)) == test.helloKeyLo.bytes)
            #expect([UInt8](copying: side.pair.helloKey(of: .hi)) == test.helloKeyHi.bytes)
            #expect([UInt8](copying: side.pair.rendezvousKey) == test.rendezvousKey.bytes)
            #expect([UInt8](copying: side.pair.beaconKey) == test.beaconKey.bytes)
            for tag in test.tags {
                #expect(side.pair.tag(day: tag.day) == RendezvousTag(tag.tag.bytes))
            }
        }
    }

    @Test("HELLO is built and opened", arguments: cases)  // [HS-11] [HS-12]
    func hello(test: Case) throws {
        for (own, peer) in try sides(test) {
            let salt = own.vector.helloSalt.bytes
            #expect(own.attempt.plaintext.ephemeral == own.vector.ephemeralPublic.bytes)
            #expect(own.attempt.encodedPlaintext == own.vector.plaintext.bytes)
            #expect(own.attempt.hello(.direct(cookie: nil), salt: salt) == own.vector.hello.bytes)
            #expect(
                own.attempt.hello(.direct(cookie: test.cookie.bytes), salt: salt) == own.vector.helloWithCookie.bytes)
            let introduced = own.attempt.hello(.introduced, salt: salt)
            #expect(introduced.count == Limits.helloSize)
            #expect(introduced.prefix(224) == own.vector.hello.bytes.prefix(224))
            for datagram in [own.vector.hello.bytes, own.vector.helloWithCookie.bytes, introduced] {
                let opened = try #require(PeerHello.open(datagram, pair: peer.pair))
                #expect(opened.plaintext == own.attempt.plaintext)
                #expect(opened.connectionID == own.attempt.connectionID)
            }
        }
    }

    @Test("a blob is built and opened", arguments: cases)  // [HS-15]
    func blob(test: Case) throws {
        for (own, peer) in try sides(test) {
            let introduction = own.vector.introduction.bytes
            #expect(own.attempt.blob(introduction, salt: own.vector.blobSalt.bytes) == own.vector.blob.bytes)
            let opened = try #require(PeerHello.open(blob: own.vector.blob.bytes, pair: peer.pair))
            #expect(opened.hello.plaintext == own.attempt.plaintext)
            #expect(opened.hello.connectionID == own.attempt.connectionID)
            #expect(opened.introduction == introduction)
        }
    }

    // [HS-17]
    @Test("the gate answers with the vectors' COOKIE and takes the HELLO that brings it back", arguments: cases)
    func cookie(test: Case) throws {
        for (own, peer) in try sides(test) {
            var gate = CookieGate(own: peer.pair.ownKey)
            let now = Instant(nanoseconds: 0)
            gate.setSecret(test.cookieSecret.bytes, at: now)
            let source = try #require(TransportAddress(test.cookieSource))
            let hello = own.vector.hello.bytes
            #expect(gate.hasValidMAC1(hello))
            #expect(gate.hasValidCookie(hello, from: source, at: now) == false)
            let reply = gate.cookieReply(to: hello.span, from: source, at: now, nonce: own.vector.cookieNonce.bytes)
            #expect(reply == own.vector.cookieDatagram.bytes)
            #expect(CookieGate.mac1(of: hello) == own.vector.mac1.bytes)
            let opened = CookieGate.open(
                reply, peer: own.pair.peerKey, sentMAC1: CookieGate.mac1(of: hello))
            #expect(opened == test.cookie.bytes)
            #expect(gate.hasValidCookie(own.vector.helloWithCookie.bytes, from: source, at: now) == true)
        }
    }

    @Test("transcript, signatures, HS and DATA are those of the vectors", arguments: cases)  // [HS-21] [PKT-2]
    func session(test: Case) throws {
        for (own, peer) in try sides(test) {
            let hello = try #require(PeerHello.open(peer.vector.hello.bytes, pair: own.pair))
            let keys = try #require(HandshakeKeys(pair: own.pair, attempt: own.attempt, peer: hello))
            #expect(keys.version == test.version)
            #expect(keys.transcriptHash == test.transcriptHash.bytes)
            #expect(keys.sessionID == test.sessionId.bytes)
            #expect(keys.signature == own.vector.signature.bytes)
            #expect(keys.verify(peer.vector.signature.bytes))
            #expect(!keys.verify(own.vector.signature.bytes))
            for packet in own.vector.handshake {
                #expect(keys.seal(packet.frames.bytes, size: packet.size) == packet.datagram.bytes)
            }
            for packet in peer.vector.handshake {
                let frames = try #require(keys.open(packet.datagram.bytes))
                #expect(frames.starts(with: packet.frames.bytes))
                #expect(frames.dropFirst(packet.frames.bytes.count).allSatisfy { $0 == 0 })
                #expect(frames.count == packet.size - 29)
                #expect(keys.open(packet.datagram.bytes) == nil)
            }
            let session = keys.makeSessionKeys()
            #expect(session.destination == peer.attempt.connectionID)
            for packet in own.vector.data {
                let datagram = session.seal(packet.plaintext.bytes, packetNumber: packet.packetNumber)
                #expect(datagram == packet.datagram.bytes)
                #expect((0x40...0x7f).contains(datagram[0]))
            }
            // The last number of the vectors is too far ahead to be expanded from 32 bits.
            for packet in peer.vector.data.dropLast() {
                let opened = try #require(session.open(packet.datagram.bytes))
                #expect(opened.packetNumber == packet.packetNumber)
                #expect(opened.plaintext == packet.plaintext.bytes)
                #expect(session.open(packet.datagram.bytes) == nil)
            }
        }
    }
}
