import CSodium

/// The one place where libsodium is started.
package enum Sodium {
    private static let isReady: Bool = {
        guard sodium_init() >= 0 else {
            fatalError("libsodium cannot start: the system gives it no source of randomness")
        }
        return true
    }()

    /// Starts libsodium once. Every type whose work needs it calls this first, so callers need not.
    package static func initialize() {
        _ = isReady
    }
}

/// `count` bytes from the system's generator.
package func randomBytes(_ count: Int) -> [UInt8] {
    Sodium.initialize()
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        randombytes_buf(buffer.baseAddress!, count)
        initialized = count
    }
}

/// Whether both hold the same bytes, in a time that depends only on their lengths.
package func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
            left.isEmpty || sodium_memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
        }
    }
}

/// Whether both hold the same bytes, in a time that depends only on their lengths.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    constantTimeEquals(left.span, right.span)
}

/// Overwrites an array that held a secret; it is empty afterwards.
func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { sodium_memzero(base, buffer.count) }
    }
    bytes = []
}
