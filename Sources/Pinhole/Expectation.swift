/// A value that the loop will give to a task that waits for it.
struct Expectation<Value: Sendable>: Sendable {
    private let continuation: AsyncStream<Value>.Continuation
    /// Ends with the value, or with a failure when the waiter gave up or the node stopped.
    let task: Task<Result<Value, PinholeError>, Never>

    init(orThrow late: @escaping @Sendable () -> PinholeError) {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self)
        self.continuation = continuation
        task = Task {
            for await value in stream { return .success(value) }
            return .failure(late())
        }
    }

    /// Nobody waits for it any more.
    var isGivenUp: Bool { task.isCancelled }

    func fulfil(_ value: Value) {
        continuation.yield(value)
        continuation.finish()
    }

    func abandon() {
        continuation.finish()
    }
}
