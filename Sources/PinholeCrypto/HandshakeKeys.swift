import PinholeWire

/// One pairing of an own attempt with a peer's HELLO: the keys of HS, the signatures, and the session that follows.
///
/// ```
/// Z  = X25519(e, E_peer) ‖ ss       U = IK_Lo ‖ E_Lo       V = IK_Hi ‖ E_Hi
/// K_hs[Lo] ‖ IV_hs[Lo] ‖ K_hs[Hi] ‖ IV_hs[Hi] = ConcatKDF(Z, "hs", U, V, TH, psk, 88)         [R]: what R sends
/// RK_0 = ConcatKDF(Z, "root", U, V, TH, psk, 32)       SID = ConcatKDF(Z, "sid", U, V, TH, "", 16)
/// HS   0xC3 | dcid[8] | pn:u32 | AEAD(K_hs[R], IV_hs[R] xor be64(pn), aad = the 13 bytes before, frames)
/// ```
/// An attempt's packet numbers begin at 0 and are counted over all its pairings. Confined to the loop that made it.
package final class HandshakeKeys {
    /// The peer's half.
    package let peer: PeerHello
    /// What AUTH says: that the holder of the own identity key made this attempt, towards this peer.
    package let signature: [UInt8]
    private let pair: PairKeys
    private let attempt: HandshakeAttempt
    /// The keys of HS, RK_0 and SID; what else can be had from the two HELLOs again is not kept.
    private let secrets: KeyMaterial
    private var window = ReplayWindow()

    static let headerSize = 1 + ConnectionID.size + 4
    private static let keySize = AEAD.keySize + AEAD.ivSize

    /// `nil` where the peers have no version in common, the peer's E is one's own, or X25519 refuses it.
    package init?(pair: PairKeys, attempt: HandshakeAttempt, peer: PeerHello) {
        let ephemeral = peer.plaintext.ephemeral
        guard HelloPlaintext.commonVersion(attempt.plaintext.versions, peer.plaintext.versions) != nil,
            attempt.plaintext.ephemeral != ephemeral,
            let ee = X25519.sharedSecret(attempt.ephemeralSecret, ephemeral.span)
        else { return nil }
        self.pair = pair
        self.attempt = attempt
        self.peer = peer
        let hash = Self.transcriptHash(pair, attempt, peer)
        signature = pair.own.sign(Transcript.signedMessage(role: pair.role, hash: hash))
        let parties = SessionParties(pair, attempt, peer)
        let secret = KeyMaterial(ee.bytes, pair.sharedSecret)
        let keys = concatKDF(
            secret.bytes, "hs", u: parties.lo, v: parties.hi, publicInfo: hash, privateInfo: pair.psk,
            count: 2 * Self.keySize)
        let root = concatKDF(
            secret.bytes, "root", u: parties.lo, v: parties.hi, publicInfo: hash, privateInfo: pair.psk, count: 32)
        let sid = concatKDF(secret.bytes, "sid", u: parties.lo, v: parties.hi, publicInfo: hash, count: 16)
        secrets = KeyMaterial(KeyMaterial(keys.bytes, root.bytes).bytes, sid.bytes)
    }

    /// The highest version that both offer.
    package var version: UInt8 {
        HelloPlaintext.commonVersion(attempt.plaintext.versions, peer.plaintext.versions) ?? Limits.version
    }

    /// Names the session on both sides and in no key: for logs and for comparing.
    package var sessionID: [UInt8] {
        [UInt8](copying: secrets.part(at: 2 * Self.keySize + 32, count: 16, of: self))
    }

    var transcriptHash: [UInt8] { Self.transcriptHash(pair, attempt, peer) }

    private static func transcriptHash(_ pair: PairKeys, _ attempt: HandshakeAttempt, _ peer: PeerHello) -> [UInt8] {
        let isLo = pair.role == .lo
        return Transcript.hash(
            lo: pair.key(of: .lo), hi: pair.key(of: .hi),
            loPlaintext: isLo ? attempt.encodedPlaintext : peer.encodedPlaintext,
            hiPlaintext: isLo ? peer.encodedPlaintext : attempt.encodedPlaintext, hasPSK: pair.psk != nil)
    }

    /// An HS datagram for the peer with the next packet number, padded with PADDING to `size` bytes.
    package func seal(_ frames: [UInt8], size: Int) -> [UInt8] {
        let number = attempt.takePacketNumber()
        var header = ByteWriter(capacity: Self.headerSize)
        header.u8(DatagramKind.handshakeByte)
        header.u64(peer.connectionID.rawValue)
        header.u32(number)
        let padding = max(size - Self.headerSize - AEAD.tagSize - frames.count, 0)
        let plaintext = frames + repeatElement(0, count: padding)
        return AEAD.seal(
            plaintext.span, after: header.bytes, nonce: Nonce(iv: iv(of: pair.role), number: UInt64(number)),
            key: key(of: pair.role))
    }

    /// The frames of the peer's HS datagram; `nil` for a forgery, and for one that was opened before.
    package func open(_ datagram: Span<UInt8>) -> [UInt8]? {
        guard datagram.count >= Self.headerSize + AEAD.tagSize, datagram[0] == DatagramKind.handshakeByte else {
            return nil
        }
        var reader = ByteReader(datagram.extracting(Self.headerSize - 4..<Self.headerSize))
        guard let number = try? reader.u32(),
            let frames = AEAD.open(
                datagram.extracting(Self.headerSize..<datagram.count), after: datagram.extracting(0..<Self.headerSize),
                nonce: Nonce(iv: iv(of: pair.role.other), number: UInt64(number)), key: key(of: pair.role.other)),
            window.insert(UInt64(number))
        else { return nil }
        return frames
    }

    /// Whether the peer's AUTH carries the peer's signature of this very handshake.
    package func verify(_ signature: [UInt8]) -> Bool {
        pair.peerKey.verify(
            signature, of: Transcript.signedMessage(role: pair.role.other, hash: transcriptHash))
    }

    /// Epoch 0 of the session. Call it only after the peer's AUTH verified.
    package func makeKeySchedule() -> KeySchedule {
        KeySchedule(
            root: secrets.part(at: 2 * Self.keySize, of: self), epoch: 0, transcriptHash: transcriptHash, pair: pair,
            parties: SessionParties(pair, attempt, peer), destination: peer.connectionID)
    }

    /// The session's first keys. Use one set of them to seal: packet numbers start at 0.
    package func makeSessionKeys() -> SessionKeys {
        makeKeySchedule().makeSessionKeys()
    }

    @_lifetime(borrow self)
    private func key(of role: Role) -> Span<UInt8> {
        secrets.part(at: Int(role.rawValue) * Self.keySize, count: AEAD.keySize, of: self)
    }

    @_lifetime(borrow self)
    private func iv(of role: Role) -> Span<UInt8> {
        secrets.part(at: Int(role.rawValue) * Self.keySize + AEAD.keySize, count: AEAD.ivSize, of: self)
    }
}

@available(*, unavailable)
extension HandshakeKeys: Sendable {}

/// U and V of the key derivations: IK ‖ E of Lo, and of Hi.
struct SessionParties: Sendable {
    let lo: [UInt8]
    let hi: [UInt8]

    init(_ pair: PairKeys, _ attempt: HandshakeAttempt, _ peer: PeerHello) {
        let isLo = pair.role == .lo
        lo = pair.key(of: .lo).raw + (isLo ? attempt.plaintext : peer.plaintext).ephemeral
        hi = pair.key(of: .hi).raw + (isLo ? peer.plaintext : attempt.plaintext).ephemeral
    }
}
