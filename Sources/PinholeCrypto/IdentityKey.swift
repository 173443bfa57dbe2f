import CSodium

/// A person's Ed25519 public key. Every value is one that can be used: no other can be made.
///
/// Refused are other lengths than 32, encodings that are not canonical, points off the curve, outside the prime-order
/// subgroup or of small order, and thereby every key for which `crypto_sign_ed25519_pk_to_curve25519` fails.
/// The order is that of the bytes (`memcmp`); it decides the ``Role``.
package struct IdentityKey: Hashable, Sendable {
    package let raw: [UInt8]

    static let prefix = "pin"
    package static let size = 32

    package init(raw: [UInt8]) throws(KeyError) {
        Sodium.initialize()
        guard raw.count == Self.size else { throw .wrongLength(raw.count) }
        var converted = [UInt8](repeating: 0, count: Self.size)
        guard crypto_core_ed25519_is_valid_point(raw) == 1,
            crypto_sign_ed25519_pk_to_curve25519(&converted, raw) == 0
        else { throw .unusablePoint }
        self.raw = raw
    }

    /// The key that belongs to a secret one.
    init(derived raw: [UInt8]) {
        self.raw = raw
    }

    /// Takes the bytes of a key that was checked when it was made, and kept where nobody else can change it.
    package init(checked raw: [UInt8]) {
        precondition(raw.count == Self.size, "a key has 32 bytes")
        self.raw = raw
    }

    /// Reads `pin1…`, or what other programs write (``KeyFormats``), with white space around it.
    package init(text: String) throws(KeyError) {
        if let raw = try KeyFormats.raw(text) {
            try self.init(raw: raw)
            return
        }
        let words = text.split(maxSplits: 2, whereSeparator: \.isWhitespace)
        guard words.count == 1 else { throw .badCharacter }
        do throws(KeyError) {
            try self.init(raw: try Bech32m.decode(words[0], prefix: Self.prefix, count: Self.size))
        } catch .wrongPrefix(_, IdentitySecret.prefix + "1") {
            throw .secretKey
        }
    }

    /// `ssh-ed25519 AAAA…`
    package var openSSHLine: String { KeyFormats.openSSHLine(raw) }

    package var text: String {
        Bech32m.encode(raw.span, prefix: Self.prefix)
    }
}

extension IdentityKey: Comparable {
    package static func < (left: IdentityKey, right: IdentityKey) -> Bool {
        left.raw.lexicographicallyPrecedes(right.raw)
    }
}

extension IdentityKey: CustomStringConvertible {
    package var description: String { text }
}
