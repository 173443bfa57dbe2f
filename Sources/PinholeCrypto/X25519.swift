import CSodium

/// Diffie–Hellman on Curve25519 (RFC 7748).
package enum X25519 {
    package static let size = 32

    package static func publicKey(of scalar: Span<UInt8>) -> [UInt8] {
        Sodium.initialize()
        return [UInt8](unsafeUninitializedCapacity: size) { point, initialized in
            scalar.withUnsafeBufferPointer {
                _ = crypto_scalarmult_curve25519_base(point.baseAddress!, $0.baseAddress!)
            }
            initialized = size
        }
    }

    static func publicKey(of scalar: borrowing KeyMaterial) -> [UInt8] {
        publicKey(of: scalar.bytes)
    }

    /// `nil` for a point of small order, whose product would be the same for every scalar.
    package static func sharedSecret(_ scalar: Span<UInt8>, _ point: Span<UInt8>) -> KeyMaterial? {
        var status: Int32 = -1
        let product = KeyMaterial(count: size) { product in
            scalar.withUnsafeBufferPointer { scalar in
                point.withUnsafeBufferPointer { point in
                    guard scalar.count == size, point.count == size else { return }
                    status = crypto_scalarmult_curve25519(product.baseAddress!, scalar.baseAddress!, point.baseAddress!)
                }
            }
        }
        guard status == 0 else { return nil }
        return product
    }
}
