/// Packet numbers are 64 bits wide and travel as their low 32 (RFC 9000 §17.1).
package enum PacketNumber {
    /// Recovers the full number that is nearest to `expected`, the largest received so far plus one (RFC 9000 A.3).
    package static func expand(_ truncated: UInt32, expected: UInt64) -> UInt64 {
        let window: UInt64 = 1 << 32
        let candidate = expected & ~(window - 1) | UInt64(truncated)
        if candidate <= expected, expected - candidate >= window / 2, candidate <= UInt64.max - window {
            return candidate + window
        }
        if candidate > expected, candidate - expected > window / 2, candidate >= window {
            return candidate - window
        }
        return candidate
    }
}
