import CSodium
import PinholeWire

/// Sixty digits that two people compare by voice: equal on both sides exactly when both hold the right keys.
///
/// `h = SHA-512("pinhole/1 safety number" ‖ 00 ‖ LP(IK_Lo) ‖ LP(IK_Hi))`; group i is the 40-bit number in bytes
/// 5i … 5i+4 of h modulo 100 000, written with five digits.
package enum SafetyNumber {
    /// Twelve groups of five digits.
    package static func digits(_ one: IdentityKey, _ other: IdentityKey) -> [String] {
        Sodium.initialize()
        var input = ByteWriter(capacity: 128)
        input.append([UInt8]("pinhole/1 safety number".utf8))
        input.u8(0)
        input.prefixed(min(one, other).raw)
        input.prefixed(max(one, other).raw)
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha512_BYTES))
        crypto_hash_sha512(&digest, input.bytes, UInt64(input.count))
        return (0..<12).map { group in
            let value = digest[5 * group..<5 * group + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000
            let text = String(value)
            return String(repeating: "0", count: 5 - text.count) + text
        }
    }
}
