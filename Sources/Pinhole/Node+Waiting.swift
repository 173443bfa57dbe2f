import PinholeCore
import PinholeWire

/// How callers wait for what happens, and for how long.
extension Node {
    static let stopped = PinholeError(.other, "the node is not running")
    static let cancelled = PinholeError(.other, "it was cancelled")

    /// The first event that `match` turns into a result, or the error of `orThrow` after `timeout`, if there is one.
    func first<Value: Sendable>(
        in events: AsyncStream<NodeEvent>, within timeout: Duration?,
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

    /// What the task brings, which is cancelled after `timeout`, or with the caller: then it throws that it was cancelled.
    func value<Value: Sendable>(
        of task: Task<Result<Value, PinholeError>, Never>, within timeout: Duration?
    ) async throws(PinholeError) -> Value {
        let timer = timeout.map { timeout in
            Task { [clock] in
                try? await Task.sleep(for: timeout, clock: clock)
                task.cancel()
            }
        }
        defer { timer?.cancel() }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        if case .failure = result, Task.isCancelled { throw Self.cancelled }
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
