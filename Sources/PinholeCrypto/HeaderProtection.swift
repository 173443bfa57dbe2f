import CSodium

/// Hides packet number and phase of a session packet (RFC 9001 §5.4.4).
///
/// The sample is the 16 bytes that begin four bytes after the start of the packet number: the first 16 of the sealed
/// part. Its first four bytes, little-endian, are ChaCha20's block counter, the other twelve its nonce; five bytes of
/// key stream are the mask. The low four bits of byte 0 (phase and reserved bits) are xored with the low four bits of
/// mask[0], the four bytes of the packet number with mask[1] … mask[4]. The high four bits, 0100, stay in the clear.
package enum HeaderProtection {
    static let firstByteMask: UInt8 = 0x0f

    /// The five mask bytes, the first in the lowest bits. `key` has 32 bytes and `sample` has 16.
    package static func mask(sample: UnsafePointer<UInt8>, key: Span<UInt8>) -> UInt64 {
        var mask: UInt64 = 0
        let counter = UInt32(sample[0]) | UInt32(sample[1]) << 8 | UInt32(sample[2]) << 16 | UInt32(sample[3]) << 24
        withUnsafeMutableBytes(of: &mask) { mask in
            let bytes = mask.baseAddress!.assumingMemoryBound(to: UInt8.self)
            key.withUnsafeBufferPointer { key in
                _ = crypto_stream_chacha20_ietf_xor_ic(bytes, bytes, 5, sample + 4, counter, key.baseAddress!)
            }
        }
        return UInt64(littleEndian: mask)
    }
}
