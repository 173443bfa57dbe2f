import CSodium
import PinholeWire

/// Twelve bytes that never repeat under one key.
package struct Nonce: Sendable {
    private(set) var bytes: InlineArray<12, UInt8>

    /// All zero: for keys that seal one plaintext.
    static let zero = Nonce()

    private init() {
        bytes = InlineArray(repeating: 0)
    }

    /// `iv xor be64(number)`, the number in the last eight bytes (RFC 9001 §5.3).
    package init(iv: Span<UInt8>, number: UInt64) {
        self.init()
        for index in 0..<4 { bytes[index] = iv[index] }
        for index in 4..<12 { bytes[index] = iv[index] ^ UInt8(truncatingIfNeeded: number >> UInt64(8 * (11 - index))) }
    }

    static func random() -> Nonce {
        var nonce = Nonce()
        var span = nonce.bytes.mutableSpan
        span.withUnsafeMutableBufferPointer { randombytes_buf($0.baseAddress!, $0.count) }
        return nonce
    }

    /// `bytes` holds 12.
    init(copying source: Span<UInt8>) {
        self.init()
        for index in 0..<12 { bytes[index] = source[index] }
    }
}

/// ChaCha20-Poly1305 (RFC 8439) over datagrams: a header, which is the additional data, and a sealed part after it.
package enum AEAD {
    package static let keySize = 32
    package static let ivSize = 12
    package static let tagSize = 16

    /// Seals `plaintext` behind the header that is already in `datagram`, which has room for plaintext and tag.
    static func seal(
        _ plaintext: Span<UInt8>, in datagram: UnsafeMutableBufferPointer<UInt8>, after headerSize: Int, nonce: Nonce,
        key: Span<UInt8>
    ) {
        Sodium.initialize()
        precondition(datagram.count >= headerSize + plaintext.count + tagSize, "no room for the sealed part")
        let nonceBytes = nonce.bytes.span
        plaintext.withUnsafeBufferPointer { plaintext in
            key.withUnsafeBufferPointer { key in
                nonceBytes.withUnsafeBufferPointer { nonce in
                    _ = crypto_aead_chacha20poly1305_ietf_encrypt(
                        datagram.baseAddress! + headerSize, nil, plaintext.baseAddress, UInt64(plaintext.count),
                        datagram.baseAddress!, UInt64(headerSize), nil, nonce.baseAddress!, key.baseAddress!)
                }
            }
        }
    }

    /// Seals what stands between the header, which is the additional data, and the last 16 bytes, which become the tag.
    static func seal(
        inPlace datagram: UnsafeMutableBufferPointer<UInt8>, after headerSize: Int, nonce: Nonce, key: Span<UInt8>
    ) {
        let count = datagram.count - headerSize - tagSize
        precondition(count >= 0, "no room for the tag")
        let plaintext = UnsafeBufferPointer(start: UnsafePointer(datagram.baseAddress! + headerSize), count: count)
        seal(Span(_unsafeElements: plaintext), in: datagram, after: headerSize, nonce: nonce, key: key)
    }

    /// header ‖ sealed plaintext.
    package static func seal(_ plaintext: Span<UInt8>, after header: [UInt8], nonce: Nonce, key: Span<UInt8>) -> [UInt8]
    {
        let size = header.count + plaintext.count + tagSize
        return [UInt8](unsafeUninitializedCapacity: size) { datagram, initialized in
            for index in header.indices { datagram.initializeElement(at: index, to: header[index]) }
            seal(plaintext, in: datagram, after: header.count, nonce: nonce, key: key)
            initialized = size
        }
    }

    /// The plaintext of what stands behind `header`, or `nil` where anything was changed.
    package static func open(_ sealed: Span<UInt8>, after header: Span<UInt8>, nonce: Nonce, key: Span<UInt8>)
        -> [UInt8]?
    {
        guard sealed.count >= tagSize else { return nil }
        var isAuthentic = false
        let plaintext = [UInt8](unsafeUninitializedCapacity: sealed.count - tagSize) { plaintext, initialized in
            isAuthentic = open(sealed, after: header, nonce: nonce, key: key, into: plaintext)
            initialized = isAuthentic ? sealed.count - tagSize : 0
        }
        return isAuthentic ? plaintext : nil
    }

    /// Whether what stands behind `header` is authentic, without decrypting it.
    static func verify(_ sealed: Span<UInt8>, after header: Span<UInt8>, nonce: Nonce, key: Span<UInt8>) -> Bool {
        decrypt(sealed, after: header, nonce: nonce, key: key, to: nil)
    }

    /// Writes the plaintext, `sealed.count - 16` bytes, to `output`, and says whether it is authentic.
    static func open(
        _ sealed: Span<UInt8>, after header: Span<UInt8>, nonce: Nonce, key: Span<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        guard sealed.count >= tagSize, output.count >= sealed.count - tagSize else { return false }
        return decrypt(sealed, after: header, nonce: nonce, key: key, to: output.baseAddress)
    }

    /// Whether it is authentic. With no `output` libsodium checks the tag and decrypts nothing.
    private static func decrypt(
        _ sealed: Span<UInt8>, after header: Span<UInt8>, nonce: Nonce, key: Span<UInt8>,
        to output: UnsafeMutablePointer<UInt8>?
    ) -> Bool {
        Sodium.initialize()
        guard sealed.count >= tagSize else { return false }
        let nonceBytes = nonce.bytes.span
        return sealed.withUnsafeBufferPointer { sealed in
            header.withUnsafeBufferPointer { header in
                key.withUnsafeBufferPointer { key in
                    nonceBytes.withUnsafeBufferPointer { nonce in
                        crypto_aead_chacha20poly1305_ietf_decrypt(
                            output, nil, nil, sealed.baseAddress!, UInt64(sealed.count),
                            header.baseAddress, UInt64(header.count), nonce.baseAddress!, key.baseAddress!) == 0
                    }
                }
            }
        }
    }
}

/// XChaCha20-Poly1305, whose 24-byte nonces may be random.
enum XAEAD {
    static let nonceSize = 24

    static func seal(_ plaintext: Span<UInt8>, additionalData: [UInt8], nonce: [UInt8], key: Span<UInt8>) -> [UInt8] {
        Sodium.initialize()
        let size = plaintext.count + AEAD.tagSize
        return [UInt8](unsafeUninitializedCapacity: size) { output, initialized in
            plaintext.withUnsafeBufferPointer { plaintext in
                key.withUnsafeBufferPointer { key in
                    _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                        output.baseAddress!, nil, plaintext.baseAddress, UInt64(plaintext.count), additionalData,
                        UInt64(additionalData.count), nil, nonce, key.baseAddress!)
                }
            }
            initialized = size
        }
    }

    static func open(_ sealed: [UInt8], additionalData: [UInt8], nonce: [UInt8], key: Span<UInt8>) -> [UInt8]? {
        Sodium.initialize()
        guard sealed.count >= AEAD.tagSize, nonce.count == nonceSize else { return nil }
        var isAuthentic = false
        let plaintext = [UInt8](unsafeUninitializedCapacity: sealed.count - AEAD.tagSize) { output, initialized in
            isAuthentic = key.withUnsafeBufferPointer { key in
                crypto_aead_xchacha20poly1305_ietf_decrypt(
                    output.baseAddress, nil, nil, sealed, UInt64(sealed.count), additionalData,
                    UInt64(additionalData.count), nonce, key.baseAddress!) == 0
            }
            initialized = isAuthentic ? sealed.count - AEAD.tagSize : 0
        }
        return isAuthentic ? plaintext : nil
    }
}
