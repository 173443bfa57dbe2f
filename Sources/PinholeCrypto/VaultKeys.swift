import CSodium

/// The keys under which a person's own machine keeps what it stores: derived from the identity, never sent anywhere.
///
/// sealing key[32] ‖ tag key[32] = ConcatKDF(seed, "vault")
package final class VaultKeys: Sendable {
    private let keys: SecretBytes

    /// The bytes by which what is sealed is longer than what it holds: a nonce of 24 and a tag of 16.
    package static let overhead = XAEAD.nonceSize + AEAD.tagSize

    package init(_ identity: IdentitySecret) {
        let derived = concatKDF(identity.seed, "vault", count: 64)
        keys = SecretBytes(copying: derived.bytes)
    }

    /// nonce[24] ‖ XChaCha20-Poly1305 under a random nonce.
    package func seal(_ plaintext: Span<UInt8>, additionalData: Span<UInt8>) -> [UInt8] {
        let key = keys.part(at: 0, of: self)
        let size = plaintext.count + Self.overhead
        return [UInt8](unsafeUninitializedCapacity: size) { output, initialized in
            randombytes_buf(output.baseAddress!, XAEAD.nonceSize)
            plaintext.withUnsafeBufferPointer { plaintext in
                additionalData.withUnsafeBufferPointer { data in
                    key.withUnsafeBufferPointer { key in
                        _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                            output.baseAddress! + XAEAD.nonceSize, nil, plaintext.baseAddress,
                            UInt64(plaintext.count), data.baseAddress, UInt64(data.count), nil, output.baseAddress!,
                            key.baseAddress!)
                    }
                }
            }
            initialized = size
        }
    }

    /// What was sealed with the same additional data under the same identity; `nil` where anything was changed.
    package func open(_ sealed: Span<UInt8>, additionalData: Span<UInt8>) -> [UInt8]? {
        guard sealed.count >= Self.overhead else { return nil }
        let key = keys.part(at: 0, of: self)
        let count = sealed.count - Self.overhead
        var isAuthentic = false
        let plaintext = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            isAuthentic = sealed.withUnsafeBufferPointer { sealed in
                additionalData.withUnsafeBufferPointer { data in
                    key.withUnsafeBufferPointer { key in
                        crypto_aead_xchacha20poly1305_ietf_decrypt(
                            output.baseAddress, nil, nil, sealed.baseAddress! + XAEAD.nonceSize,
                            UInt64(count + AEAD.tagSize), data.baseAddress, UInt64(data.count), sealed.baseAddress!,
                            key.baseAddress!) == 0
                    }
                }
            }
            initialized = isAuthentic ? count : 0
        }
        return isAuthentic ? plaintext : nil
    }

    /// BLAKE2b-128 under the tag key: the same for the same bytes, and tells nothing of them to who lacks the key.
    package func tag(_ bytes: Span<UInt8>) -> [UInt8] {
        Blake2b.mac(bytes, key: keys.part(at: 32, of: self))
    }
}
