import CSodium
internal import PinholeWire

/// A HELLO that is tried with the keys of many contacts, as it says to nobody but the one it is for who sent it.
///
/// What a trial costs counts, since strangers decide how many there are: one block of SHA-256 for the key, and the tag.
/// Nothing is decrypted, and no memory is taken, before the tag is right.
package struct HelloTrial {
    private let connectionID: ConnectionID
    /// LP(salt) ‖ LP(""), what follows ``HelloEnvelope/keyHash(_:_:)`` in the hash of a key.
    private let rest: [UInt8]

    /// `nil` for what is no HELLO of this version.
    package init?(_ datagram: Span<UInt8>) {
        guard datagram.count == Limits.helloSize, datagram[0] == DatagramKind.helloByte else { return nil }
        var reader = ByteReader(datagram.extracting(1..<HelloEnvelope.headerSize))
        guard let version = try? reader.u8(), version == Limits.version, let connectionID = try? reader.u64(),
            let salt = try? reader.array(HelloEnvelope.saltSize)
        else { return nil }
        self.connectionID = ConnectionID(rawValue: connectionID)
        var rest = ByteWriter(capacity: 4 + HelloEnvelope.saltSize + 4)
        rest.prefixed(salt)
        rest.u32(0)
        self.rest = rest.bytes
    }

    /// Opens the HELLO, which is `datagram` again, if the pair's other side sent it; one's own, reflected, does not open.
    package func open(_ datagram: Span<UInt8>, pair: PairKeys) -> PeerHello? {
        let isAuthentic = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SHA256.size) { key in
            var hash = SHA256(saved: pair.helloState)
            hash.update(rest)
            hash.finalize(into: key.baseAddress!)
            defer { sodium_memzero(key.baseAddress!, SHA256.size) }
            return AEAD.verify(
                datagram.extracting(HelloEnvelope.headerSize..<HelloEnvelope.mac1Offset),
                after: datagram.extracting(0..<HelloEnvelope.headerSize), nonce: .zero,
                key: Span(_unsafeElements: UnsafeBufferPointer(key)))
        }
        return isAuthentic ? PeerHello.open(datagram, pair: pair) : nil
    }
}
