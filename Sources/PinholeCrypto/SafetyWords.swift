import CSodium
import PinholeWire

/// The safety number's sister for people who would rather read words aloud: eighteen of them, as strong as the digits.
///
/// `h = SHA-512("pinhole/1 safety words" ‖ 00 ‖ LP(IK_Lo) ‖ LP(IK_Hi))`; the words are those of BIP 39 for the 192 bits
/// in bytes 0 … 23 of h, whose last six bits are a checksum: a word that was misheard is told from a wrong key.
package enum SafetyWords {
    package static let count = 18
    private static let entropySize = 24

    package static func words(_ one: IdentityKey, _ other: IdentityKey) -> [String] {
        Sodium.initialize()
        var input = ByteWriter(capacity: 128)
        input.append([UInt8]("pinhole/1 safety words".utf8))
        input.u8(0)
        input.prefixed(min(one, other).raw)
        input.prefixed(max(one, other).raw)
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha512_BYTES))
        crypto_hash_sha512(&digest, input.bytes, UInt64(input.count))
        return encode(Array(digest.prefix(entropySize)))
    }

    /// The words that a person typed, in full and in lower case; nil where one of them, or their checksum, shows that
    /// they were misheard or mistyped. Four letters of a word suffice.
    package static func read(_ text: String) -> [String]? {
        let typed = text.lowercased().split { !$0.isLetter }
        guard typed.count == count else { return nil }
        var indices: [Int] = []
        for word in typed {
            // Who types more than four letters must type them right.
            guard let index = WordList.indices[word.prefix(4)], WordList.words[index].hasPrefix(word) else {
                return nil
            }
            indices.append(index)
        }
        let words = indices.map { WordList.words[$0] }
        return encode(entropy(indices)) == words ? words : nil
    }

    /// BIP 39: the bytes, and as many bits of their SHA-256 as there are fours of bytes, in groups of eleven.
    static func encode(_ entropy: [UInt8]) -> [String] {
        var words: [String] = []
        var pending: UInt32 = 0
        var bits = 0
        for byte in entropy + SHA256.hash(entropy).prefix(1) {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            guard bits >= 11 else { continue }
            bits -= 11
            words.append(WordList.words[Int(pending >> UInt32(bits) & 2047)])
        }
        return words
    }

    private static func entropy(_ indices: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        var pending: UInt32 = 0
        var bits = 0
        for index in indices {
            pending = (pending << 11 | UInt32(index)) & 0xf_ffff
            bits += 11
            while bits >= 8, bytes.count < entropySize {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        return bytes
    }
}
