import Synchronization

/// Something that happens once, and can be waited for.
final class Latch<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: [AsyncStream<Value>.Continuation] = []
    }

    private let state = Mutex(State())

    var value: Value? { state.withLock(\.value) }

    /// Returns false when it had happened before, which counts.
    @discardableResult
    func set(_ value: Value) -> Bool {
        state.withLock { state in
            guard state.value == nil else { return false }
            state.value = value
            state.waiting.forEach { $0.yield(value) }
            state.waiting = []
            return true
        }
    }

    /// nil when the wait was cancelled.
    func wait() async -> Value? {
        let (values, continuation) = AsyncStream.makeStream(of: Value.self)
        state.withLock { state in
            if let value = state.value { continuation.yield(value) } else { state.waiting.append(continuation) }
        }
        for await value in values { return value }
        return nil
    }
}
