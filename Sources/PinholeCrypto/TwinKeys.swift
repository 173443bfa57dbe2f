package import PinholeWire

/// What nodes with one identity share, and nobody else: by it they notice each other.
///
/// ```
/// K_twin = ConcatKDF(seed, "twin", IK, "", "", "", 32)        seed: the 32 bytes of the Ed25519 secret key
/// tag(day) = ConcatKDF(K_twin, "twin tag", "", "", be32(day), "", 16)
/// K_blob = ConcatKDF(K_twin, "twin blob", "", "", "", "", 32)
/// blob = nonce[12] ‖ AEAD(K_blob, nonce, "", TwinBlob)
/// ```
package final class TwinKeys: Sendable {
    /// K_twin ‖ K_blob, 32 bytes each.
    private let secrets: SecretBytes

    package init(_ own: IdentitySecret) {
        let twin = concatKDF(own.seed, "twin", u: own.publicKey.raw, count: 32)
        let blob = concatKDF(twin.bytes, "twin blob", count: 32)
        secrets = SecretBytes(count: 64) { secrets in
            for index in 0..<32 {
                secrets[index] = twin.bytes[index]
                secrets[32 + index] = blob.bytes[index]
            }
        }
    }

    /// The tag under which nodes of this identity are found by each other.
    package func tag(day: UInt64) -> RendezvousTag {
        var number = ByteWriter(capacity: 4)
        number.u32(UInt32(truncatingIfNeeded: day))
        let tag = concatKDF(
            secrets.part(at: 0, of: self), "twin tag", publicInfo: number.bytes, count: Limits.tagSize)
        return RendezvousTag([UInt8](copying: tag.bytes))
    }

    package func seal(_ blob: TwinBlob) -> [UInt8] {
        let nonce = Nonce.random()
        let bytes = (0..<12).map { nonce.bytes[$0] }
        return bytes + AEAD.seal(blob.encoded.span, after: [], nonce: nonce, key: secrets.part(at: 32, of: self))
    }

    /// What another node of this identity said; nil for anything else.
    package func open(_ sealed: [UInt8]) -> TwinBlob? {
        guard sealed.count == 12 + TwinBlob.size + AEAD.tagSize else { return nil }
        let empty: [UInt8] = []
        let plaintext = AEAD.open(
            sealed.span.extracting(12..<sealed.count), after: empty.span,
            nonce: Nonce(copying: sealed.span.extracting(0..<12)), key: secrets.part(at: 32, of: self))
        return plaintext.flatMap { try? TwinBlob($0.span) }
    }

    /// For entries of beacons on the local network.
    var beaconSecret: Span<UInt8> {
        @_lifetime(borrow self) get { secrets.part(at: 0, of: self) }
    }
}
