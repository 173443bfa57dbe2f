import Synchronization

/// When something last moved.
final class LastMove: Sendable {
    private let time = Mutex(ContinuousClock.now)

    func touch() { time.withLock { $0 = .now } }

    var age: Duration { time.withLock { ContinuousClock.now - $0 } }
}
