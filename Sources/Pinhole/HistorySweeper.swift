import Dispatch
import Glibc
import PinholeCrypto
import PinholeWire

/// Removes from time to time what the ``HistoryPolicy`` does not keep, invites whose time is long over, and what is left
/// of files that never came whole.
final class HistorySweeper: Sendable {
    private let store: Store
    private let policy: HistoryPolicy
    private let files: AbandonedTransfers?
    private let queue = DispatchQueue(label: "pinhole.history", qos: .utility)
    private let clock: any Clock<Duration>
    private let look: @Sendable () -> Store.Sighting

    /// `clock` is what it sleeps by, and `look` says when it is.
    init(
        _ store: Store, _ policy: HistoryPolicy, files: AbandonedTransfers? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        look: @escaping @Sendable () -> Store.Sighting = { .now }
    ) {
        self.store = store
        self.policy = policy
        self.files = files
        self.clock = clock
        self.look = look
    }

    /// Until it is cancelled. `tell` hears what went wrong, once; `gaveUp` which transfers are not waited for any more.
    func run(
        gaveUp: @escaping @Sendable (AbandonedTransfers.GivenUp) -> Void = { _ in },
        tell: @Sendable (PinholeError) -> Void
    ) async {
        var hasTold = false
        while !Task.isCancelled {
            do throws(PinholeError) {
                for transfer in try await sweep() { gaveUp(transfer) }
            } catch {
                if !hasTold { tell(error) }
                hasTold = true
            }
            let pause = policy == .off ? Self.offInterval : Self.retentionInterval
            guard (try? await clock.sleep(for: pause)) != nil else { return }
        }
    }

    /// At the end: nobody waits for a delivery any more.
    func finish() async {
        if policy == .off { _ = try? await sweep(ahead: 60_000) }
    }

    static let offInterval = Duration.seconds(10)
    static let retentionInterval = Duration.seconds(600)

    private func sweep(ahead: UInt64 = 0) async throws(PinholeError) -> [AbandonedTransfers.GivenUp] {
        let (store, policy, files) = (store, policy, files)
        var now = look()
        now.time += ahead
        let sighting = now
        let result: Result<[AbandonedTransfers.GivenUp], PinholeError> = await withCheckedContinuation { continuation in
            queue.async {
                let result = Result { () throws(PinholeError) -> [AbandonedTransfers.GivenUp] in
                    let time = try store.trustedTime(sighting)
                    _ = try store.sweep(policy, at: policy == .off ? sighting.time : time)
                    try store.forgetRemoved(before: sighting.time - min(sighting.time, Store.removedTime))
                    try files?.forgetGroups()
                    guard let time else { return [] }
                    try store.forgetInvites(at: time)
                    return try files?.giveUp(at: time) ?? []
                }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}

extension Store.Sighting {
    fileprivate static var now: Self {
        Self(time: WallClock.unixMilliseconds, uptime: MonotonicClock.now.nanoseconds / 1_000_000, boot: bootID)
    }

    /// 0 where the system does not tell one start from another: then all are taken for one.
    private static let bootID: Int64 = {
        guard let file = try? File(opening: "/proc/sys/kernel/random/boot_id", flags: O_RDONLY),
            let text = try? file.read(at: 0, count: 36)
        else { return 0 }
        return Blake2b.hash(text).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }()
}
