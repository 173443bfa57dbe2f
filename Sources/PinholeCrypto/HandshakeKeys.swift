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
    /// Names the session on both sides and in no key: for logs and for comparing.
    package let sessionID: [UInt8]
    /// What AUTH says: that the holder of the own identity key made this attempt, towards this peer.
    package let signature: [UInt8]
    /// The highest version that both offer.
    package let version: UInt8
    let transcriptHash: [UInt8]
    private let pair: PairKeys
    private let attempt: HandshakeAttempt
    private let destination: ConnectionID
    private let keys: KeyMaterial
    private let root: KeyMaterial
    private let parties: SessionParties
    private var window = ReplayWindow()

    static let headerSize = 1 + ConnectionID.size + 4
    private static let keySize = AEAD.keySize + AEAD.ivSize

    /// `nil` where the peers have no version in common, the peer's E is one's own, or X25519 refuses it.
    package init?(pair: PairKeys, attempt: HandshakeAttempt, peer: PeerHello) {
        guard let version = HelloPlaintext.commonVersion(attempt.plaintext.versions, peer.plaintext.versions),
            attempt.plaintext.ephemeral != peer.plaintext.ephemeral,
            let ee = X25519.sharedSecret(attempt.ephemeralSecret, peer.plaintext.ephemeral.span)
        else { return nil }
        self.version = version
        self.pair = pair
        self.attempt = attempt
        destination = peer.connectionID
        let isLo = pair.role == .lo
        let lo = pair.key(of: .lo)
        let hi = pair.key(of: .hi)
        transcriptHash = Transcript.hash(
            lo: lo, hi: hi, loPlaintext: isLo ? attempt.encodedPlaintext : peer.encodedPlaintext,
            hiPlaintext: isLo ? peer.encodedPlaintext : attempt.encodedPlaintext, hasPSK: pair.psk != nil)
        signature = pair.own.sign(Transcript.signedMessage(role: pair.role, hash: transcriptHash))
        parties = SessionParties(
            lo: lo.raw + (isLo ? attempt.plaintext : peer.plaintext).ephemeral,
            hi: hi.raw + (isLo ? peer.plaintext : attempt.plaintext).ephemeral)
        let secret = KeyMaterial(ee.bytes, pair.sharedSecret)
        keys = concatKDF(
            secret.bytes, "hs", u: parties.lo, v: parties.hi, publicInfo: transcriptHash, privateInfo: pair.psk,
            count: 2 * Self.keySize)
        root = concatKDF(
            secret.bytes, "root", u: parties.lo, v: parties.hi, publicInfo: transcriptHash, privateInfo: pair.psk,
            count: 32)
        let sid = concatKDF(
            secret.bytes, "sid", u: parties.lo, v: parties.hi, publicInfo: transcriptHash, count: 16)
        sessionID = [UInt8](copying: sid.bytes)
    }

    /// An HS datagram for the peer with the next packet number, padded with PADDING to `size` bytes.
    package func seal(_ frames: [UInt8], size: Int) -> [UInt8] {
        let number = attempt.takePacketNumber()
        var header = ByteWriter(capacity: Self.headerSize)
        header.u8(DatagramKind.handshakeByte)
        header.u64(destination.rawValue)
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
            root: root.part(of: self), epoch: 0, transcriptHash: transcriptHash, pair: pair, parties: parties,
            destination: destination)
    }

    /// The session's first keys. Use one set of them to seal: packet numbers start at 0.
    package func makeSessionKeys() -> SessionKeys {
        makeKeySchedule().makeSessionKeys()
    }

    @_lifetime(borrow self)
    private func key(of role: Role) -> Span<UInt8> {
        keys.part(at: Int(role.rawValue) * Self.keySize, count: AEAD.keySize, of: self)
    }

    @_lifetime(borrow self)
    private func iv(of role: Role) -> Span<UInt8> {
        keys.part(at: Int(role.rawValue) * Self.keySize + AEAD.keySize, count: AEAD.ivSize, of: self)
    }
}

@available(*, unavailable)
extension HandshakeKeys: Sendable {}

/// U and V of the key derivations: IK ‖ E of Lo, and of Hi.
struct SessionParties: Sendable {
    let lo: [UInt8]
    let hi: [UInt8]
}
