package import PinholeWire

/// What two people share before any handshake: everything that follows from their identities alone.
///
/// ```
/// ss = X25519(curve(sk_self), curve(pk_peer))        PK = ConcatKDF(ss, "pair", IK_Lo, IK_Hi, "", "", 32)
/// K_hello[Lo], K_hello[Hi], K_rdv, K_lan = ConcatKDF(PK, "hello Lo" | "hello Hi" | "rdv" | "lan", "", "", "", "", 32)
/// ```
package final class PairKeys: Sendable {
    package let role: Role
    package let peerKey: IdentityKey
    let own: IdentitySecret
    /// Out-of-band, optional, 32 bytes.
    let psk: SecretBytes?
    /// ss ‖ K_hello[Lo] ‖ K_hello[Hi] ‖ K_rdv ‖ K_lan, 32 bytes each, and the hash of a key of the peer's HELLOs as far
    /// as it is the same for all of them.
    private let secrets: SecretBytes

    private static let labels = ["hello Lo", "hello Hi", "rdv", "lan"]

    private static let helloStateOffset = 32 * (1 + labels.count)

    package init(own: IdentitySecret, peer: IdentityKey, psk: [UInt8]? = nil) throws(KeyError) {
        guard own.publicKey != peer else { throw .ownKey }
        if let psk, psk.count != 32 { throw .wrongLength(psk.count) }
        guard let ss = own.sharedSecret(with: peer) else { throw .unusablePoint }
        let lo = min(own.publicKey, peer)
        let hi = max(own.publicKey, peer)
        let pair = concatKDF(ss.bytes, "pair", u: lo.raw, v: hi.raw, count: 32)
        let role: Role = lo == own.publicKey ? .lo : .hi
        self.role = role
        peerKey = peer
        self.own = own
        self.psk = psk.map { psk in
            SecretBytes(count: psk.count, in: .pairs) { _ = $0.update(fromContentsOf: psk) }
        }
        let stateOffset = Self.helloStateOffset
        secrets = SecretBytes(count: stateOffset + SHA256.stateSize, in: .pairs) { secrets in
            for index in 0..<32 { secrets[index] = ss.bytes[index] }
            for (slot, label) in Self.labels.enumerated() {
                let key = concatKDF(pair.bytes, label, count: 32)
                for index in 0..<32 { secrets[32 * (slot + 1) + index] = key.bytes[index] }
                guard slot == Int(role.other.rawValue) else { continue }
                var hash = HelloEnvelope.keyHash("hello", key.bytes)
                hash.save(to: secrets.baseAddress! + stateOffset)
            }
        }
    }

    package var ownKey: IdentityKey { own.publicKey }

    /// The key of whoever has that role.
    package func key(of role: Role) -> IdentityKey {
        role == self.role ? ownKey : peerKey
    }

    /// `ConcatKDF(K_rdv, "tag", "", "", be32(day), "", 16)`; `day` is the service's: unix seconds / 86400.
    package func tag(day: UInt64) -> RendezvousTag {
        var number = ByteWriter(capacity: 4)
        number.u32(UInt32(truncatingIfNeeded: day))
        let tag = concatKDF(rendezvousKey, "tag", publicInfo: number.bytes, count: Limits.tagSize)
        return RendezvousTag([UInt8](copying: tag.bytes))
    }

    var sharedSecret: Span<UInt8> {
        @_lifetime(borrow self) get { secret(0) }
    }

    /// Seals what `role` says before a handshake.
    @_lifetime(borrow self)
    func helloKey(of role: Role) -> Span<UInt8> {
        secret(1 + Int(role.rawValue))
    }

    /// ``HelloEnvelope/keyHash(_:_:)`` of what the peer says before a handshake, for ``HelloTrial``.
    var helloState: Span<UInt8> {
        @_lifetime(borrow self)
        get { secrets.part(at: Self.helloStateOffset, count: SHA256.stateSize, of: self) }
    }

    package var rendezvousKey: Span<UInt8> {
        @_lifetime(borrow self) get { secret(3) }
    }

    /// For beacons on the local network.
    package var beaconKey: Span<UInt8> {
        @_lifetime(borrow self) get { secret(4) }
    }

    @_lifetime(borrow self)
    private func secret(_ slot: Int) -> Span<UInt8> {
        secrets.part(at: 32 * slot, of: self)
    }
}
