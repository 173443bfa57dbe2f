import NIOCore
import Synchronization

/// Lines on their way to a reader that may be slow, at most `limit` bytes of them.
final class LineQueue: Sendable {
    let lines: AsyncStream<ByteBuffer>
    private let limit: Int
    private let continuation: AsyncStream<ByteBuffer>.Continuation
    private let state = Mutex(State())

    private struct State {
        var bytes = 0
        var isOpen = true
        var waiting: [AsyncStream<Never>.Continuation] = []
    }

    init(limit: Int) {
        self.limit = limit
        (lines, continuation) = AsyncStream.makeStream()
    }

    /// Adds a line; false when there is no room for it, or nobody takes lines any more.
    @discardableResult
    func add(_ line: ByteBuffer) -> Bool {
        state.withLock { state in
            guard state.isOpen, state.bytes + line.readableBytes <= limit else { return false }
            state.bytes += line.readableBytes
            continuation.yield(line)
            return true
        }
    }

    /// How many bytes were not yet given to the system.
    var unwritten: Int { state.withLock(\.bytes) }

    /// A line was given to the system.
    func wrote(_ line: ByteBuffer) {
        let waiting = state.withLock { state in
            state.bytes -= line.readableBytes
            guard state.bytes <= limit / 4 else { return [AsyncStream<Never>.Continuation]() }
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        waiting.forEach { $0.finish() }
    }

    /// Waits while more than a quarter of the room is taken: who does not read answers is not asked for more questions.
    func room() async {
        let (signal, waiting) = AsyncStream.makeStream(of: Never.self)
        let mustWait = state.withLock { state in
            guard state.isOpen, state.bytes > limit / 4 else { return false }
            state.waiting.append(waiting)
            return true
        }
        if mustWait { for await _ in signal {} }
    }

    /// Nothing is taken any more, except perhaps a last line.
    func finish(_ last: ByteBuffer? = nil) {
        let waiting = state.withLock { state in
            guard state.isOpen else { return [AsyncStream<Never>.Continuation]() }
            state.isOpen = false
            if let last {
                state.bytes += last.readableBytes
                continuation.yield(last)
            }
            continuation.finish()
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        waiting.forEach { $0.finish() }
    }
}
