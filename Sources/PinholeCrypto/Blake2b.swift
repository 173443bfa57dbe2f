import CSodium
import PinholeWire

/// BLAKE2b (RFC 7693) of whole messages.
package enum Blake2b {
    package static let size = 32

    /// 32 bytes.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let key: [UInt8] = []
        return digest(bytes.span, key: key.span, count: size)
    }

    /// BLAKE2b-128 with a key of 16 to 64 bytes: 16 bytes.
    static func mac(_ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
        digest(message, key: key, count: 16)
    }

    private static func digest(_ message: Span<UInt8>, key: Span<UInt8>, count: Int) -> [UInt8] {
        Sodium.initialize()
        return [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            message.withUnsafeBufferPointer { message in
                key.withUnsafeBufferPointer { key in
                    _ = crypto_generichash_blake2b(
                        output.baseAddress!, count, message.baseAddress, UInt64(message.count), key.baseAddress,
                        key.count)
                }
            }
            initialized = count
        }
    }
}
