/// A signaling service's X25519 public key, pinned by its clients: `pinsrv1…`.
package struct ServiceKey: Hashable, Sendable {
    package let raw: [UInt8]

    static let prefix = "pinsrv"

    package init(raw: [UInt8]) throws(KeyError) {
        guard raw.count == X25519.size else { throw .wrongLength(raw.count) }
        // Any scalar tells whether the point is of small order.
        guard X25519.sharedSecret(raw.span, raw.span) != nil else { throw .unusablePoint }
        self.raw = raw
    }

    init(derived raw: [UInt8]) {
        self.raw = raw
    }

    package init(text: String) throws(KeyError) {
        do throws(KeyError) {
            try self.init(raw: try Bech32m.decode(text, prefix: Self.prefix, count: X25519.size))
        } catch .wrongPrefix(_, ServiceSecret.prefix + "1") {
            throw .secretKey
        }
    }

    package var text: String {
        Bech32m.encode(raw.span, prefix: Self.prefix)
    }
}

extension ServiceKey: CustomStringConvertible {
    package var description: String { text }
}

/// A signaling service's X25519 secret key: `PINSRV-SECRET-1…`.
package struct ServiceSecret: Sendable {
    package let publicKey: ServiceKey
    private let scalar: SecretBytes

    static let prefix = "pinsrv-secret-"

    package static func generate() -> ServiceSecret {
        let scalar = KeyMaterial.random(X25519.size)
        return ServiceSecret(scalar: scalar.bytes)
    }

    /// `raw` has 32 bytes.
    package init(raw: [UInt8]) throws(KeyError) {
        guard raw.count == X25519.size else { throw .wrongLength(raw.count) }
        self.init(scalar: raw.span)
    }

    /// Reads `PINSRV-SECRET-1…`, with white space around it.
    package init(text: String) throws(KeyError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1 else { throw .badCharacter }
        var scalar = try Bech32m.decode(words[0], prefix: Self.prefix, count: X25519.size)
        defer { wipe(&scalar) }
        self.init(scalar: scalar.span)
    }

    private init(scalar: Span<UInt8>) {
        self.scalar = SecretBytes(copying: scalar)
        publicKey = ServiceKey(derived: X25519.publicKey(of: scalar))
    }

    package var text: String {
        Bech32m.encode(scalar.bytes, prefix: Self.prefix).uppercased()
    }

    /// `nil` for a point of small order.
    func sharedSecret(with point: Span<UInt8>) -> KeyMaterial? {
        X25519.sharedSecret(scalar.bytes, point)
    }
}

extension ServiceSecret: CustomStringConvertible {
    /// Never the secret.
    package var description: String { "the secret key of \(publicKey)" }
}
