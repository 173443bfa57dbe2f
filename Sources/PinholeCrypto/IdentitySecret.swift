import CSodium

/// A person's Ed25519 secret key. Its seed is in memory that is locked, and wiped at the end.
package struct IdentitySecret: Sendable {
    package let publicKey: IdentityKey
    /// libsodium's form: seed[32] ‖ public key[32].
    private let signingKey: SecretBytes

    static let prefix = "pin-secret-"
    package static let seedSize = 32

    package static func generate() -> IdentitySecret {
        let seed = KeyMaterial.random(seedSize)
        return IdentitySecret(seed: seed.bytes)
    }

    package init(seed: [UInt8]) throws(KeyError) {
        guard seed.count == Self.seedSize else { throw .wrongLength(seed.count) }
        self.init(seed: seed.span)
    }

    /// Reads `PIN-SECRET-1…`, with white space around it.
    package init(text: String) throws(KeyError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1 else { throw .badCharacter }
        var seed = try Bech32m.decode(words[0], prefix: Self.prefix, count: Self.seedSize)
        defer { wipe(&seed) }
        self.init(seed: seed.span)
    }

    /// `seed` has 32 bytes.
    init(derivedSeed seed: Span<UInt8>) {
        self.init(seed: seed)
    }

    private init(seed: Span<UInt8>) {
        var publicKey = [UInt8](repeating: 0, count: IdentityKey.size)
        signingKey = SecretBytes(count: Int(crypto_sign_ed25519_SECRETKEYBYTES)) { secret in
            seed.withUnsafeBufferPointer {
                _ = crypto_sign_ed25519_seed_keypair(&publicKey, secret.baseAddress!, $0.baseAddress!)
            }
        }
        self.publicKey = IdentityKey(derived: publicKey)
    }

    package var text: String {
        Bech32m.encode(seed, prefix: Self.prefix).uppercased()
    }

    package var seed: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            signingKey.bytes.extracting(0..<Self.seedSize)
        }
    }
}

extension IdentitySecret {
    /// Ed25519 (RFC 8032): 64 bytes.
    func sign(_ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(crypto_sign_ed25519_BYTES)) { signature, initialized in
            signingKey.withUnsafeBytes { key in
                _ = crypto_sign_ed25519_detached(
                    signature.baseAddress!, nil, message, UInt64(message.count),
                    key.baseAddress!.assumingMemoryBound(to: UInt8.self))
            }
            initialized = Int(crypto_sign_ed25519_BYTES)
        }
    }

    /// X25519 of both keys' Curve25519 forms, or `nil` where that fails.
    func sharedSecret(with peer: IdentityKey) -> KeyMaterial? {
        var point = [UInt8](repeating: 0, count: X25519.size)
        guard crypto_sign_ed25519_pk_to_curve25519(&point, peer.raw) == 0 else { return nil }
        let scalar = KeyMaterial(count: X25519.size) { scalar in
            signingKey.withUnsafeBytes { key in
                _ = crypto_sign_ed25519_sk_to_curve25519(
                    scalar.baseAddress!, key.baseAddress!.assumingMemoryBound(to: UInt8.self))
            }
        }
        return X25519.sharedSecret(scalar.bytes, point.span)
    }
}

extension IdentitySecret: CustomStringConvertible {
    /// Never the secret.
    package var description: String { "the secret key of \(publicKey)" }
}

extension IdentityKey {
    /// Whether `signature` is this key's over `message` (RFC 8032, canonical encodings only).
    func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == Int(crypto_sign_ed25519_BYTES) else { return false }
        return crypto_sign_ed25519_verify_detached(signature, message, UInt64(message.count), raw) == 0
    }
}
