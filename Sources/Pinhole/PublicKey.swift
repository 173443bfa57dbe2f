package import PinholeCrypto

/// A person's public key: who they are, as far as Pinhole is concerned.
public struct PublicKey: Hashable, Sendable {
    package let key: IdentityKey

    package init(_ key: IdentityKey) {
        self.key = key
    }

    /// Reads `pin1…`, or the line of an OpenSSH Ed25519 key.
    public init(_ text: String) throws(PinholeError) {
        do throws(KeyError) {
            key = try IdentityKey(text: text)
        } catch {
            throw PinholeError(error)
        }
    }

    /// Takes the 32 raw bytes of a key.
    public init(raw: [UInt8]) throws(PinholeError) {
        do throws(KeyError) {
            key = try IdentityKey(raw: raw)
        } catch {
            throw PinholeError(error)
        }
    }

    /// `pin1…`
    public var text: String { key.text }

    /// The 32 bytes of the Ed25519 key.
    public var raw: [UInt8] { key.raw }
}

extension PublicKey: CustomStringConvertible {
    /// The text form.
    public var description: String { text }
}

extension PinholeError {
    init(_ error: KeyError) {
        self.init(
            .badKey, Phrase(key: error.message), hint: "a public key reads pin1…; ask for it again, or copy it whole")
    }
}
