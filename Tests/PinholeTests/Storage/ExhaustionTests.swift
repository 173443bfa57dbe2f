import Foundation
import Glibc
import Synchronization
import Testing

@testable import Pinhole

@Suite("a machine that has nothing more to give")
struct ExhaustionTests {
    @Test(
        "what cannot be opened for want of descriptors is not left out, but read later", .enabled(if: Self.canExhaust))
    func descriptors() throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: false)
        for name in ["a", "b"] { try folder.write(Array(name.utf8), to: "out/\(name)") }
        let path = folder.path("out")
        let source = try FileSource(path)
        let codes = Self.withoutDescriptors {
            [
                failure { _ = try source.read(0..<source.contentSize) }?.code,
                failure { _ = try FileSource(path) }?.code,
            ]
        }
        #expect(codes == [.exhausted, .exhausted])
        #expect(source.leftOut.isEmpty && source.missing.isEmpty)
        #expect(try source.read(0..<source.contentSize).suffix(2) == Array("ab".utf8))
    }

    /// Whether a thread may have descriptors of its own here, and can use up all of them in reasonable time.
    private static let canExhaust: Bool = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_max <= 1 << 20 else {
            return false
        }
        return onOwnDescriptors { true } ?? false
    }()

    /// Runs `body` on a thread that can open nothing more, unlike all others.
    private static func withoutDescriptors<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value? {
        onOwnDescriptors {
            let first = open("/dev/null", O_RDONLY)
            repeat { while dup(first) >= 0 {} } while DescriptorLimit.raise()
            return body()
        }
    }

    /// Runs `body` on a thread whose descriptors are a copy; nil where the system does not allow that.
    private static func onOwnDescriptors<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value? {
        // unshare(2), which Swift's Glibc module does not show.
        guard let symbol = dlsym(nil, "unshare") else { return nil }
        let unshare = unsafeBitCast(symbol, to: (@convention(c) (CInt) -> CInt).self)
        let cloneFiles: CInt = 0x400
        let result = Mutex<Value?>(nil)
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            if unshare(cloneFiles) == 0 {
                let value = body()
                result.withLock { $0 = value }
            }
            done.signal()
        }
        done.wait()
        return result.withLock { $0 }
    }
}
