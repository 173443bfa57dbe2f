/// A person's public key: who they are, as far as Pinhole is concerned.
public struct PublicKey: Hashable, Sendable {
    /// The 32 bytes of the Ed25519 key.
    public let raw: [UInt8]

    /// Takes the 32 raw bytes of a key.
    public init(raw: [UInt8]) throws(PinholeError) {
        guard raw.count == 32 else { throw PinholeError(.badKey, "a public key has 32 bytes, not \(raw.count)") }
        self.raw = raw
    }
}
