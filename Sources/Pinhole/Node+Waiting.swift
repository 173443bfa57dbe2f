import PinholeCore
import PinholeWire

/// How callers wait for what happens, and for how long.
extension Node {
    static let stopped = PinholeError(.other, "the node is not running")

    /// The first event that `match` turns into a result, or the error of `orThrow` after `timeout`.
    func first<Value: Sendable>(
        in events: AsyncStream<NodeEvent>, within timeout: Duration,
        _ match: @escaping @Sendable (NodeEvent) -> Result<Value, PinholeError>?,
        orThrow late: @escaping @Sendable () -> PinholeError
    ) async throws(PinholeError) -> Value {
        let search = Task { () -> Result<Value, PinholeError> in
            for await event in events {
                if let result = match(event) { return result }
            }
            return .failure(Task.isCancelled ? late() : Self.stopped)
        }
        return try await value(of: search, within: timeout)
    }

    func value<Value: Sendable>(
        of task: Task<Result<Value, PinholeError>, Never>, within timeout: Duration
    ) async throws(PinholeError) -> Value {
        let timer = Task { [clock] in
            try? await Task.sleep(for: timeout, clock: clock)
            task.cancel()
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return try result.get()
    }
}

extension Duration {
    /// For sentences: whole seconds, or tenths below 10 s.
    var seconds: String {
        let tenths = nanoseconds / 100_000_000
        return tenths % 10 == 0 || tenths >= 100 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
