import CSodium

/// Poly1305 (RFC 8439 §2.5) of what comes piece by piece, under a key that is for this message alone.
final class Poly1305: Sendable {
    static let keySize = 32
    static let tagSize = 16

    private nonisolated(unsafe) let state = UnsafeMutablePointer<crypto_onetimeauth_poly1305_state>.allocate(
        capacity: 1)

    /// `key` has 32 bytes.
    init(key: [UInt8]) {
        precondition(key.count == Self.keySize)
        Sodium.initialize()
        crypto_onetimeauth_poly1305_init(state, key)
    }

    deinit {
        sodium_memzero(state, crypto_onetimeauth_poly1305_statebytes())
        state.deallocate()
    }

    func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer {
            _ = crypto_onetimeauth_poly1305_update(state, $0.baseAddress, UInt64($0.count))
        }
    }

    /// 16 bytes; nothing may be added afterwards.
    func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.tagSize) { output, initialized in
            crypto_onetimeauth_poly1305_final(state, output.baseAddress!)
            initialized = Self.tagSize
        }
    }
}
