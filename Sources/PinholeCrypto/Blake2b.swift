import CSodium
import PinholeWire

/// BLAKE2b (RFC 7693) of whole messages.
package enum Blake2b {
    package static let size = 32

    /// 32 bytes.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hasher = Blake2bHasher()
        hasher.update(bytes.span)
        return hasher.finalize()
    }

    /// BLAKE2b-128 with a key of 16 to 64 bytes: 16 bytes.
    static func mac(_ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
        Sodium.initialize()
        return [UInt8](unsafeUninitializedCapacity: 16) { output, initialized in
            message.withUnsafeBufferPointer { message in
                key.withUnsafeBufferPointer { key in
                    _ = crypto_generichash_blake2b(
                        output.baseAddress!, 16, message.baseAddress, UInt64(message.count), key.baseAddress, key.count)
                }
            }
            initialized = 16
        }
    }
}

/// BLAKE2b-256 of what comes piece by piece, for files.
package struct Blake2bHasher: Sendable {
    /// libsodium's state wants an alignment of 64 bytes, which neither arrays nor fields promise.
    private final class State: Sendable {
        nonisolated(unsafe) let pointer = UnsafeMutableRawPointer.allocate(
            byteCount: crypto_generichash_blake2b_statebytes(), alignment: 64)

        init() {
            Sodium.initialize()
            crypto_generichash_blake2b_init(OpaquePointer(pointer), nil, 0, Blake2b.size)
        }

        init(copying other: State) {
            pointer.copyMemory(from: other.pointer, byteCount: crypto_generichash_blake2b_statebytes())
        }

        deinit {
            pointer.deallocate()
        }
    }

    private var state = State()

    package init() {}

    package mutating func update(_ bytes: Span<UInt8>) {
        makeUnique()
        bytes.withUnsafeBufferPointer {
            _ = crypto_generichash_blake2b_update(OpaquePointer(state.pointer), $0.baseAddress, UInt64($0.count))
        }
    }

    package mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// The digest of everything so far, 32 bytes; updating may go on.
    package func finalize() -> [UInt8] {
        let last = State(copying: state)
        return [UInt8](unsafeUninitializedCapacity: Blake2b.size) { output, initialized in
            crypto_generichash_blake2b_final(OpaquePointer(last.pointer), output.baseAddress!, Blake2b.size)
            initialized = Blake2b.size
        }
    }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&state) { state = State(copying: state) }
    }
}
