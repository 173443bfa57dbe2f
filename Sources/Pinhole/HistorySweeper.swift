import Dispatch
import Glibc
import PinholeCrypto
import PinholeWire

/// Removes from time to time what the ``HistoryPolicy`` does not keep.
final class HistorySweeper: Sendable {
    private let store: Store
    private let policy: HistoryPolicy
    private let queue = DispatchQueue(label: "pinhole.history", qos: .utility)

    init(_ store: Store, _ policy: HistoryPolicy) {
        self.store = store
        self.policy = policy
    }

    /// Until it is cancelled. `tell` hears what went wrong, once.
    func run(tell: @Sendable (PinholeError) -> Void) async {
        guard policy != .keep else { return }
        var hasTold = false
        while !Task.isCancelled {
            do throws(PinholeError) {
                try await sweep()
            } catch {
                if !hasTold { tell(error) }
                hasTold = true
            }
            guard (try? await Task.sleep(for: policy == .off ? .seconds(10) : .seconds(600))) != nil else { return }
        }
    }

    /// At the end: nobody waits for a delivery any more.
    func finish() async {
        if policy == .off { try? await sweep(ahead: 60_000) }
    }

    private func sweep(ahead: UInt64 = 0) async throws(PinholeError) {
        let (store, policy) = (store, policy)
        let result: Result<Void, PinholeError> = await withCheckedContinuation { continuation in
            queue.async {
                let result = Result { () throws(PinholeError) in
                    _ = try store.sweep(policy, .now(ahead: ahead))
                }
                continuation.resume(returning: result)
            }
        }
        try result.get()
    }
}

extension Store.Sighting {
    fileprivate static func now(ahead: UInt64) -> Self {
        Self(
            time: WallClock.unixMilliseconds + ahead, uptime: MonotonicClock.now.nanoseconds / 1_000_000, boot: bootID)
    }

    /// 0 where the system does not tell one start from another: then all are taken for one.
    private static let bootID: Int64 = {
        guard let file = try? File(opening: "/proc/sys/kernel/random/boot_id", flags: O_RDONLY),
            let text = try? file.read(at: 0, count: 36)
        else { return 0 }
        return Blake2b.hash(text).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }()
}
