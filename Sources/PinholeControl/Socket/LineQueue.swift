import NIOCore
import Synchronization

/// Lines on their way to a reader that may be slow, at most `limit` bytes of them.
final class LineQueue: Sendable {
    let lines: AsyncStream<ByteBuffer>
    private let limit: Int
    private let continuation: AsyncStream<ByteBuffer>.Continuation
    private let state = Mutex(State())

    private struct State {
        /// What waits, and what is being written.
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

    /// How many bytes the system has not taken yet.
    var unwritten: Int { state.withLock(\.bytes) }

    /// Writes the lines until they have ended, or the channel takes no more. What has returned from here is with the
    /// system, and reaches whoever reads on, though the channel is closed then.
    func write(to channel: any Channel) async {
        writing: for await line in lines {
            var rest = line
            // In pieces, so that a long line counts as it goes.
            while let piece = rest.readSlice(length: min(rest.readableBytes, Self.piece)), piece.readableBytes > 0 {
                guard (try? await channel.writeAndFlush(piece).get()) != nil else { break writing }
                wrote(piece.readableBytes)
            }
        }
        finish()
    }

    private static let piece = 64 * 1024

    private func wrote(_ count: Int) {
        let waiting = state.withLock { state in
            state.bytes -= count
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
