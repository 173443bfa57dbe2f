import Glibc
import Testing

@testable import Pinhole

/// A network of one's own: empty, without a route to anywhere, gone with the last socket in it.
enum NetworkNamespace {
    /// What is missing here to make one, in words; nil when nothing is.
    static let missing: String? = {
        guard geteuid() == 0 else { return "root" }
        guard (try? PinholeTests.run("ip", "-V").status) == 0 else { return "`ip` (apt-get install iproute2)" }
        return (try? PinholeTests.run("unshare", "--net", "true").status) == 0
            ? nil : "a kernel that lets root make one"
    }()

    /// Runs `body` on a thread in a new namespace: sockets and programs that it opens, and loops that it starts, stay there.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            do {
                let thread = try startThread {
                    continuation.resume(
                        returning: Result {
                            guard unshareNetwork() else { throw PinholeError(.other, "no network namespace") }
                            return try body()
                        })
                }
                pthread_detach(thread)
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// unshare(2), which Swift's Glibc module does not show.
    private static func unshareNetwork() -> Bool {
        typealias Unshare = @convention(c) (Int32) -> Int32
        guard let symbol = dlsym(nil, "unshare") else { return false }
        let newNetwork: Int32 = 0x4000_0000
        return unsafeBitCast(symbol, to: Unshare.self)(newNetwork) == 0
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs the test where a namespace can be made, and says why not elsewhere.
    static var needsNetworkNamespace: Self {
        .enabled(
            if: NetworkNamespace.missing == nil || isContinuousIntegration,
            "a network namespace needs \(NetworkNamespace.missing ?? "nothing more")")
    }
}
