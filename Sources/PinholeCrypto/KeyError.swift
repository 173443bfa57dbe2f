/// Why a key that a person gave is refused.
package enum KeyError: Error, Equatable, Sendable {
    /// The key has this many bytes instead of 32.
    case wrongLength(Int)
    /// The text is not Bech32m: an unexpected character, or upper and lower case mixed.
    case badCharacter
    /// The checksum does not match: the text has a typing error or is cut off.
    case badChecksum
    /// The text is a valid one of another kind.
    case wrongPrefix(expected: String, found: String)
    /// A secret key stands where a public one belongs.
    case secretKey
    /// The bytes are not a point that can be used safely: off the curve, of small order or not canonical.
    case unusablePoint
    /// The key is one's own.
    case ownKey
    /// The line is not `ssh-ed25519 AAAA… comment`.
    case notOpenSSH
    /// The PEM block holds a key of another kind.
    case notEd25519

    /// One sentence for the person who gave the key.
    package var message: String {
        switch self {
        case .wrongLength(let count):
            "the key has \(count) bytes, and an Ed25519 key has 32"
        case .badCharacter:
            "the key contains a character that no key has, or mixes upper and lower case"
        case .badChecksum:
            "the key's checksum is wrong: it has a typing error or is cut off"
        case .wrongPrefix(let expected, let found):
            "the key should begin with \(expected), and this one begins with \(found)"
        case .secretKey:
            "this is a secret key: never give it to anyone, and ask for the public one, which begins with pin1"
        case .unusablePoint:
            "the key is not a usable Ed25519 public key"
        case .ownKey:
            "the key is your own"
        case .notOpenSSH:
            "the line is not an OpenSSH Ed25519 public key (ssh-ed25519 AAAA… comment)"
        case .notEd25519:
            "the block holds no Ed25519 public key"
        }
    }
}
