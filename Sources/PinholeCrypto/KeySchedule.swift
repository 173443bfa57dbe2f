internal import PinholeWire

/// What the keys of one epoch follow from, and the way to the next epoch: a ratchet that both sides sign.
///
/// ```
/// TH_{i+1} = SHA-256("pinhole/1 rekey" ‖ TH_i ‖ be32(i+1) ‖ E'_Lo ‖ E'_Hi)
/// RK_{i+1} = ConcatKDF(X25519(e', E'_peer) ‖ RK_i, "rekey", U, V, TH_{i+1}, "", 32)
/// sig_R    = Ed25519(sk_R, 0x20 × 64 ‖ "pinhole/1 rekey " ‖ ("Lo" | "Hi") ‖ 00 ‖ TH_{i+1})
/// ```
/// `U`, `V`, `TH_0` and `RK_0` are those of the handshake. The fresh ephemeral keys heal a session whose state was stolen, against
/// whoever only listens; the signatures, against whoever also speaks. RK_i in the hash ties each epoch to all before
/// it. Confined to the loop; wiped with its last reference.
package final class KeySchedule {
    package let epoch: UInt32
    let transcriptHash: [UInt8]
    private let root: KeyMaterial
    private let pair: PairKeys
    private let parties: SessionParties
    private let destination: ConnectionID

    init(
        root: Span<UInt8>, epoch: UInt32, transcriptHash: [UInt8], pair: PairKeys, parties: SessionParties,
        destination: ConnectionID
    ) {
        self.root = KeyMaterial(copying: root)
        self.epoch = epoch
        self.transcriptHash = transcriptHash
        self.pair = pair
        self.parties = parties
        self.destination = destination
    }

    /// The next epoch, by the ephemeral keys of both; `nil` where X25519 refuses the peer's, it is one's own, or epochs
    /// have come to their end.
    package func next(_ own: RekeyOffer, peer: [UInt8]) -> KeySchedule? {
        guard epoch < .max, peer.count == X25519.size, peer != own.key,
            let ee = X25519.sharedSecret(own.secretBytes, peer.span)
        else { return nil }
        let isLo = pair.role == .lo
        let hash = Transcript.rekeyHash(
            after: transcriptHash, epoch: epoch + 1, lo: isLo ? own.key : peer, hi: isLo ? peer : own.key)
        let secret = KeyMaterial(ee.bytes, root.part(of: self))
        let nextRoot = concatKDF(
            secret.bytes, "rekey", u: parties.lo, v: parties.hi, publicInfo: hash, count: 32)
        return KeySchedule(
            root: nextRoot.bytes, epoch: epoch + 1, transcriptHash: hash, pair: pair, parties: parties,
            destination: destination)
    }

    /// The traffic keys of this epoch. Packet numbers go on from the epoch before: `expected` is the peer's next one.
    package func makeSessionKeys(expected: UInt64 = 0) -> SessionKeys {
        SessionKeys(
            root: root.part(of: self), epoch: epoch, parties: parties, transcriptHash: transcriptHash, role: pair.role,
            destination: destination, expected: expected)
    }

    /// What REAUTH says of this epoch: that the holder of the own identity key made this E', in this session.
    package func sign() -> [UInt8] {
        pair.own.sign(Transcript.signedRekey(role: pair.role, hash: transcriptHash))
    }

    /// Whether the peer's REAUTH carries the peer's signature of this very epoch.
    package func verify(_ signature: [UInt8]) -> Bool {
        pair.peerKey.verify(signature, of: Transcript.signedRekey(role: pair.role.other, hash: transcriptHash))
    }
}

@available(*, unavailable)
extension KeySchedule: Sendable {}

/// This side's ephemeral X25519 key for one rekey; the secret is wiped with the last reference.
package final class RekeyOffer: Sendable {
    /// E', 32 bytes.
    package let key: [UInt8]
    private let secret: KeyMaterial

    /// `secret`, 32 bytes, is given only where the result must be reproducible.
    package init(secret: [UInt8]? = nil) {
        let material = secret.map { KeyMaterial(copying: $0.span) } ?? KeyMaterial.random(X25519.size)
        key = X25519.publicKey(of: material)
        self.secret = material
    }

    var secretBytes: Span<UInt8> {
        @_lifetime(borrow self) get { secret.part(of: self) }
    }
}
