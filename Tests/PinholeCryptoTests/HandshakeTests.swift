import PinholeWire
import Testing

@testable import PinholeCrypto

/// What the handshake promises, and what it refuses.
struct HandshakeTests {
    private let alice: IdentitySecret
    private let bob: IdentitySecret

    init() throws {
        alice = try .fixed(1)
        bob = try .fixed(2)
    }

    @Test("two sides that start at once agree, verify each other and talk", arguments: [nil, [UInt8](0..<32)])
    func agreement(psk: [UInt8]?) throws {
        let run = try Run(alice, bob, psk: psk)
        #expect(run.lo.keys.sessionID == run.hi.keys.sessionID)
        #expect(run.lo.keys.verify(run.hi.keys.signature))
        #expect(run.hi.keys.verify(run.lo.keys.signature))
        let frames: [UInt8] = [1, 2, 3]
        let probe = run.lo.keys.seal(frames, size: Limits.pathProbeSize)
        #expect(probe.count == Limits.pathProbeSize)
        #expect(run.hi.keys.open(probe)?.starts(with: frames) == true)
        #expect(run.hi.session.open(run.lo.session.seal(frames, packetNumber: 0))?.plaintext == frames)
        #expect(run.lo.session.open(run.hi.session.seal(frames, packetNumber: 0))?.plaintext == frames)
    }

    @Test("a session's keys depend on the ephemeral keys alone when nothing else changes")
    func ephemeralsMatter() throws {
        let one = try Run(alice, bob)
        let other = try Run(alice, bob)
        #expect(one.lo.keys.sessionID != other.lo.keys.sessionID)
        #expect(other.hi.session.open(one.lo.session.seal([1], packetNumber: 0)) == nil)
    }

    @Test("each HELLO and each blob of an attempt looks different and says the same")  // [HS-11] [HS-13]
    func freshSalts() throws {
        let run = try Run(alice, bob)
        let again = run.lo.attempt.hello(.direct(cookie: nil))
        #expect(zip(again[10...], run.lo.hello[10...]).filter { $0 == $1 }.count < 40)
        let first = PeerHello.open(run.lo.hello, pair: run.hi.pair)
        #expect(PeerHello.open(again, pair: run.hi.pair) == first)
        #expect(PeerHello.open(blob: run.lo.blob, pair: run.hi.pair)?.hello == first)
    }

    @Test("two pairings of the same HELLOs never seal two packets under one nonce")  // [HS-26]
    func packetNumbersAreShared() throws {
        let run = try Run(alice, bob)
        let peer = try #require(PeerHello.open(run.hi.hello, pair: run.lo.pair))
        let twin = try #require(HandshakeKeys(pair: run.lo.pair, attempt: run.lo.attempt, peer: peer))
        let first = run.lo.keys.seal([1], size: 64)
        let second = twin.seal([2], size: 64)
        #expect(first[9..<13] != second[9..<13])
        #expect(run.hi.keys.open(first) != nil)
        #expect(run.hi.keys.open(second) != nil)
    }

    // MARK: Reflection and roles

    @Test("nothing that one says can be played back to oneself")
    func reflection() throws {
        let run = try Run(alice, bob)
        for side in [run.lo, run.hi] {
            #expect(PeerHello.open(side.hello, pair: side.pair) == nil)
            #expect(PeerHello.open(blob: side.blob, pair: side.pair) == nil)
            #expect(side.keys.open(side.keys.seal([1], size: 256)) == nil)
            #expect(side.session.open(side.session.seal([1], packetNumber: 0)) == nil)
            #expect(!side.keys.verify(side.keys.signature))
        }
    }

    @Test("a signature made in the other role does not verify")
    func roleSwap() throws {
        let run = try Run(alice, bob)
        for (side, peer) in [(run.lo, run.hi), (run.hi, run.lo)] {
            let swapped = peer.pair.own.sign(
                Transcript.signedMessage(role: side.pair.role, hash: peer.keys.transcriptHash))
            #expect(!side.keys.verify(swapped))
            #expect(side.keys.verify(peer.keys.signature))
        }
    }

    @Test("the peer's E may not be one's own")  // [HS-23]
    func ownEphemeral() throws {
        let ephemeral = [UInt8](repeating: 5, count: 32)
        let ours = try PairKeys(own: alice, peer: bob.publicKey)
        let theirs = try PairKeys(own: bob, peer: alice.publicKey)
        let attempts = [ours, theirs].map {
            HandshakeAttempt(
                pair: $0, connectionID: ConnectionID(rawValue: 1), timestamp: 1, introID: .none, ephemeral: ephemeral)
        }
        let peer = try #require(PeerHello.open(attempts[1].hello(.introduced), pair: ours))
        #expect(HandshakeKeys(pair: ours, attempt: attempts[0], peer: peer) == nil)
    }

    @Test("an E of small order gives no keys", arguments: lowOrderPoints)  // [CNV-2] [HS-22]
    func lowOrderEphemeral(point: [UInt8]) throws {
        let ours = try PairKeys(own: alice, peer: bob.publicKey)
        let theirs = try PairKeys(own: bob, peer: alice.publicKey)
        // The top bit of a u-coordinate is ignored, so each point has two encodings.
        for encoding in [point, point.flipped(at: 31, mask: 0x80)] {
            let plaintext = HelloPlaintext(
                ephemeral: encoding, timestamp: 1, versions: 1...1, flags: 0, capabilities: 0, introID: .none)
            let hello = sealedHello(plaintext: plaintext.encoded, by: theirs)
            let peer = try #require(PeerHello.open(hello, pair: ours))
            let attempt = HandshakeAttempt(
                pair: ours, connectionID: ConnectionID(rawValue: 1), timestamp: 1, introID: .none)
            #expect(HandshakeKeys(pair: ours, attempt: attempt, peer: peer) == nil)
        }
    }

    // MARK: Identities and transcript

    /// The attack of Diffie, van Oorschot and Wiener: Mallory, a contact of Bob's, passes Alice's own plaintext off as
    /// hers. Everything but the identities is then the same in both of Bob's sessions; if the transcript did not name
    /// them, what Bob signed for Mallory would convince Alice that Bob speaks with her.
    @Test("what Bob signs for Mallory does not convince Alice")
    func misbinding() throws {
        let identities = try (1...UInt8.max).lazy.map { try IdentitySecret.fixed($0) }.prefix(12)
            .sorted { $0.publicKey < $1.publicKey }
        let (alice, mallory, bob) = (identities[0], identities[1], identities[11])
        let toAlice = try PairKeys(own: bob, peer: alice.publicKey)
        let toMallory = try PairKeys(own: bob, peer: mallory.publicKey)
        #expect(toAlice.role == toMallory.role)
        func attempt(_ pair: PairKeys, ephemeral: UInt8) -> HandshakeAttempt {
            HandshakeAttempt(
                pair: pair, connectionID: ConnectionID(rawValue: 9), timestamp: 5, introID: .none,
                ephemeral: [UInt8](repeating: ephemeral, count: 32))
        }
        let alicePair = try PairKeys(own: alice, peer: bob.publicKey)
        let malloryPair = try PairKeys(own: mallory, peer: bob.publicKey)
        let alices = attempt(alicePair, ephemeral: 1)
        let mallorys = attempt(malloryPair, ephemeral: 1)
        let bobsForAlice = attempt(toAlice, ephemeral: 2)
        let bobsForMallory = attempt(toMallory, ephemeral: 2)
        #expect(alices.encodedPlaintext == mallorys.encodedPlaintext)
        #expect(bobsForAlice.encodedPlaintext == bobsForMallory.encodedPlaintext)

        let aliceSide = try keys(alicePair, alices, hello: bobsForAlice)
        let bobForAlice = try keys(toAlice, bobsForAlice, hello: alices)
        let bobForMallory = try keys(toMallory, bobsForMallory, hello: mallorys)
        #expect(aliceSide.verify(bobForAlice.signature))
        #expect(!aliceSide.verify(bobForMallory.signature))
        #expect(bobForAlice.transcriptHash != bobForMallory.transcriptHash)
    }

    private func keys(_ pair: PairKeys, _ attempt: HandshakeAttempt, hello: HandshakeAttempt) throws -> HandshakeKeys {
        let peer = try #require(PeerHello.open(hello.hello(.introduced), pair: pair))
        return try #require(HandshakeKeys(pair: pair, attempt: attempt, peer: peer))
    }

    @Test("every field of the transcript changes its hash")  // [HS-21]
    func transcript() throws {
        let third = try IdentitySecret.fixed(3)
        let lo = alice.publicKey
        let hi = bob.publicKey
        let hash = Transcript.hash(lo: lo, hi: hi, loPlaintext: [1, 2], hiPlaintext: [3], hasPSK: false)
        let others = [
            Transcript.hash(lo: third.publicKey, hi: hi, loPlaintext: [1, 2], hiPlaintext: [3], hasPSK: false),
            Transcript.hash(lo: lo, hi: third.publicKey, loPlaintext: [1, 2], hiPlaintext: [3], hasPSK: false),
            Transcript.hash(lo: hi, hi: lo, loPlaintext: [1, 2], hiPlaintext: [3], hasPSK: false),
            Transcript.hash(lo: lo, hi: hi, loPlaintext: [1], hiPlaintext: [2, 3], hasPSK: false),
            Transcript.hash(lo: lo, hi: hi, loPlaintext: [3], hiPlaintext: [1, 2], hasPSK: false),
            Transcript.hash(lo: lo, hi: hi, loPlaintext: [1, 2], hiPlaintext: [4], hasPSK: false),
            Transcript.hash(lo: lo, hi: hi, loPlaintext: [1, 2], hiPlaintext: [3], hasPSK: true),
        ]
        #expect(Set([hash] + others).count == others.count + 1)
    }

    @Test("the bytes that a HELLO leaves unused are signed too")  // [HS-8] [HS-10] [VER-1]
    func unusedBytesAreSigned() throws {
        let ours = try PairKeys(own: alice, peer: bob.publicKey)
        let theirs = try PairKeys(own: bob, peer: alice.publicKey)
        let attempt = HandshakeAttempt(
            pair: ours, connectionID: ConnectionID(rawValue: 1), timestamp: 1, introID: .none)
        let plaintext = HandshakeAttempt(
            pair: theirs, connectionID: ConnectionID(rawValue: 2), timestamp: 1, introID: .none
        ).encodedPlaintext
        var hashes: Set<[UInt8]> = []
        for content in [plaintext] + (64..<174).map({ plaintext.flipped(at: $0, mask: 1) }) {
            let peer = try #require(PeerHello.open(sealedHello(plaintext: content, by: theirs), pair: ours))
            hashes.insert(try #require(HandshakeKeys(pair: ours, attempt: attempt, peer: peer)).transcriptHash)
        }
        #expect(hashes.count == 111)
    }

    // MARK: Pre-shared key and versions

    @Test("with unlike pre-shared keys nothing opens and nothing verifies")  // [KEY-15]
    func wrongPSK() throws {
        let psks: [[UInt8]?] = [nil, [UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)]
        for (one, other) in [(0, 1), (1, 0), (1, 2)] {
            let ours = try PairKeys(own: alice, peer: bob.publicKey, psk: psks[one])
            let theirs = try PairKeys(own: bob, peer: alice.publicKey, psk: psks[other])
            let attempts = [ours, theirs].map {
                HandshakeAttempt(pair: $0, connectionID: ConnectionID(rawValue: 1), timestamp: 1, introID: .none)
            }
            let left = try keys(ours, attempts[0], hello: attempts[1])
            let right = try keys(theirs, attempts[1], hello: attempts[0])
            #expect(left.open(right.seal([1], size: 256)) == nil)
            #expect(right.open(left.seal([1], size: 256)) == nil)
            #expect(left.makeSessionKeys().open(right.makeSessionKeys().seal([1], packetNumber: 0)) == nil)
            // Which key it is enters the keys; whether there is one is signed as well.
            let bothHaveOne = psks[one] != nil && psks[other] != nil
            #expect(left.verify(right.signature) == bothHaveOne)
        }
    }

    @Test("both sides choose the highest version that both offer")  // [HS-25]
    func versions() throws {
        #expect(HelloPlaintext.commonVersion(1...1, 1...1) == 1)
        #expect(HelloPlaintext.commonVersion(1...3, 2...5) == 3)
        #expect(HelloPlaintext.commonVersion(2...5, 1...3) == 3)
        #expect(HelloPlaintext.commonVersion(1...2, 3...4) == nil)
        #expect(HelloPlaintext.commonVersion(0...255, 255...255) == 255)
        #expect(HelloPlaintext.commonVersion(0...0, 0...255) == 0)
    }

    /// Whoever knows the secret of a pair can write HELLOs in the name of both, and sign for neither.
    @Test("an offer of versions that somebody lowered on the way convinces nobody")
    func downgrade() throws {
        let ours = try PairKeys(own: alice, peer: bob.publicKey)
        let theirs = try PairKeys(own: bob, peer: alice.publicKey)
        func attempt(_ pair: PairKeys) -> HandshakeAttempt {
            HandshakeAttempt(
                pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: 1, introID: .none, versions: 1...3)
        }
        let (first, second) = (attempt(ours), attempt(theirs))
        let honest = try keys(theirs, second, hello: first)
        #expect(honest.version == 3)
        var lowered = first.encodedPlaintext
        #expect(lowered[41] == 3)
        lowered[41] = 1
        let forged = try #require(PeerHello.open(sealedHello(plaintext: lowered, by: ours), pair: theirs))
        let deceived = try #require(HandshakeKeys(pair: theirs, attempt: second, peer: forged))
        #expect(deceived.version == 1)
        let alices = try keys(ours, first, hello: second)
        #expect(!deceived.verify(alices.signature) && !alices.verify(deceived.signature))
        #expect(deceived.open(alices.seal([1], size: 64)) == nil)
        #expect(honest.verify(alices.signature))
    }

    @Test("without a common version there are no keys, and an empty range opens nothing")  // [HS-7] [HS-24]
    func noCommonVersion() throws {
        let ours = try PairKeys(own: alice, peer: bob.publicKey)
        let theirs = try PairKeys(own: bob, peer: alice.publicKey)
        let attempt = HandshakeAttempt(
            pair: ours, connectionID: ConnectionID(rawValue: 1), timestamp: 1, introID: .none)
        let newer = HandshakeAttempt(
            pair: theirs, connectionID: ConnectionID(rawValue: 2), timestamp: 1, introID: .none, versions: 2...3)
        let peer = try #require(PeerHello.open(newer.hello(.introduced), pair: ours))
        #expect(peer.plaintext.versions == 2...3)
        #expect(HandshakeKeys(pair: ours, attempt: attempt, peer: peer) == nil)
        var empty = newer.encodedPlaintext
        empty.swapAt(40, 41)
        #expect(PeerHello.open(sealedHello(plaintext: empty, by: theirs), pair: ours) == nil)
    }

    @Test("a stranger's HELLO does not open, even with the right mac1")
    func stranger() throws {
        let carol = try IdentitySecret.fixed(3)
        let carols = HandshakeAttempt(
            pair: try PairKeys(own: carol, peer: bob.publicKey), connectionID: ConnectionID(rawValue: 1), timestamp: 1,
            introID: .none)
        let hello = carols.hello(.direct(cookie: nil))
        #expect(CookieGate(own: bob.publicKey).hasValidMAC1(hello))
        #expect(PeerHello.open(hello, pair: try PairKeys(own: bob, peer: alice.publicKey)) == nil)
    }
}
