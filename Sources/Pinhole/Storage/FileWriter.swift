import Dispatch
import Synchronization

/// Writes a file on its way in behind the network loop, in the order in which it came: a slow disk slows the transfer, by
/// the credit that its bytes are not given back before they are written, and nothing else.
final class FileWriter: Sendable {
    private struct State {
        var pieces: [(offset: UInt64, bytes: [UInt8])] = []
        /// Whether `queue` was asked to write, and has not found everything written yet.
        var isRunning = false
        /// After a failure, and when nobody wants the file any more, nothing is written.
        var isOver = false
        var failure: PinholeError?
    }

    let file: ReceivedFile
    private let state = Mutex(State())
    private let queue: DispatchQueue
    private let tell: @Sendable (Result<Int, PinholeError>) -> Void

    /// `tell` is called on `queue`, which is serial: with how many bytes more were written, and at most once with why no
    /// more will be.
    init(_ file: ReceivedFile, on queue: DispatchQueue, tell: @escaping @Sendable (Result<Int, PinholeError>) -> Void) {
        self.file = file
        self.queue = queue
        self.tell = tell
    }

    /// Appends bytes that lie at `offset`, where those before end. What is asked of the queue afterwards finds them written.
    func write(_ bytes: [UInt8], at offset: UInt64) {
        let mustStart = state.withLock { state in
            guard !state.isOver else { return false }
            state.pieces.append((offset, bytes))
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { queue.async { self.run() } }
    }

    /// On `queue`, when all has been given: as ``ReceivedFile/finish()``, unless something could not be written.
    func finish() throws(PinholeError) -> String {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return try file.finish()
    }

    func cancel() {
        state.withLock { state in
            state.isOver = true
            state.pieces = []
        }
    }

    private func run() {
        while true {
            let pieces = state.withLock { state in
                defer { state.pieces = [] }
                state.isRunning = !state.pieces.isEmpty
                return state.pieces
            }
            guard !pieces.isEmpty else { return }
            var untold = 0
            do throws(PinholeError) {
                for (offset, bytes) in pieces {
                    try file.append(bytes, at: offset)
                    untold += bytes.count
                    guard untold >= Self.tellingStep else { continue }
                    tell(.success(untold))
                    untold = 0
                }
                if untold > 0 { tell(.success(untold)) }
            } catch {
                cancel()
                state.withLock { $0.failure = error }
                tell(.failure(error))
            }
        }
    }

    /// How many bytes are written before the loop hears of it, if there are more.
    private static let tellingStep = 256 * 1024
}
