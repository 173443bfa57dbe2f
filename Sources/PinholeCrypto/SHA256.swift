import CSodium
import PinholeWire

/// SHA-256, fed piece by piece; its state is wiped when the digest is taken.
struct SHA256 {
    private var state = crypto_hash_sha256_state()

    static let size = 32

    init() {
        Sodium.initialize()
        crypto_hash_sha256_init(&state)
    }

    /// Bytes of a state that is kept, to go on from it again and again.
    static let stateSize = MemoryLayout<crypto_hash_sha256_state>.size

    /// Goes on from where ``save(to:)`` was called.
    init(saved: Span<UInt8>) {
        precondition(saved.count == Self.stateSize, "a state of another hash")
        withUnsafeMutableBytes(of: &state) { state in
            saved.withUnsafeBytes { state.copyMemory(from: $0) }
        }
    }

    /// Writes what was hashed so far to `memory`, which has room for it. It is as secret as what was hashed.
    mutating func save(to memory: UnsafeMutableRawPointer) {
        withUnsafeMutableBytes(of: &state) { state in
            memory.copyMemory(from: state.baseAddress!, byteCount: Self.stateSize)
            sodium_memzero(state.baseAddress!, Self.stateSize)
        }
    }

    mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { _ = crypto_hash_sha256_update(&state, $0.baseAddress, UInt64($0.count)) }
    }

    mutating func update(_ bytes: [UInt8]) {
        crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
    }

    mutating func update(bigEndian value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) {
            _ = crypto_hash_sha256_update(&state, $0.baseAddress!.assumingMemoryBound(to: UInt8.self), 4)
        }
    }

    mutating func finalize(into digest: UnsafeMutablePointer<UInt8>) {
        crypto_hash_sha256_final(&state, digest)
    }

    /// As much of the digest as fits behind `offset`.
    mutating func finalize(into output: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.size) { digest in
            finalize(into: digest.baseAddress!)
            for index in 0..<min(Self.size, output.count - offset) { output[offset + index] = digest[index] }
            sodium_memzero(digest.baseAddress!, Self.size)
        }
    }

    static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(bytes)
        return [UInt8](unsafeUninitializedCapacity: size) { digest, initialized in
            hasher.finalize(into: digest.baseAddress!)
            initialized = size
        }
    }
}

extension ByteWriter {
    /// `LP(x) = be32(len x) ‖ x`.
    mutating func prefixed(_ bytes: [UInt8]) {
        u32(UInt32(bytes.count))
        append(bytes)
    }
}
