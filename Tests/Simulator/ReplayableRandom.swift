import CSodium
import Glibc
import PinholeCrypto

/// Lets a seed repeat keys too: which of two peers is Lo, and all that follows from it, depends on them.
///
/// libsodium asks for random bytes through a table of functions, which is replaced once. On a thread within
/// ``run(seed:_:)`` they come from the seed, on all others from the system.
package enum ReplayableRandom {
    /// Runs `body` with all of its random bytes from `seed`; they are no secret.
    package static func run<Result>(seed: UInt64, _ body: () -> Result) -> Result {
        _ = isInstalled
        let state = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
        state.initialize(to: seed)
        pthread_setspecific(key, state)
        defer {
            pthread_setspecific(key, nil)
            state.deallocate()
        }
        return body()
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "the process has no thread key left")
        return key
    }()

    private static let isInstalled: Bool = {
        // Its start draws random bytes, and would do so in the middle of the first run.
        Sodium.initialize()
        let table = UnsafeMutablePointer<randombytes_implementation>.allocate(capacity: 1)
        table.initialize(to: randombytes_implementation())
        table.pointee.random = {
            var word: UInt32 = 0
            ReplayableRandom.fill(&word, MemoryLayout<UInt32>.size)
            return word
        }
        table.pointee.buf = { ReplayableRandom.fill($0!, $1) }
        return randombytes_set_implementation(table) == 0
    }()

    private static func fill(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
        guard let raw = pthread_getspecific(key) else {
            // Up to 256 bytes at once (getentropy(3)).
            for offset in stride(from: 0, to: count, by: 256) {
                let size = min(256, count - offset)
                precondition(getentropy(buffer + offset, size) == 0, "the system gives no random bytes")
            }
            return
        }
        let state = raw.assumingMemoryBound(to: UInt64.self)
        for offset in 0..<count {
            // SplitMix64's step; a byte of each number is enough.
            state.pointee &+= 0x9e37_79b9_7f4a_7c15
            var z = state.pointee
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            buffer.storeBytes(of: UInt8(truncatingIfNeeded: z >> 56), toByteOffset: offset, as: UInt8.self)
        }
    }
}
