import Dispatch
import PinholeWire
import Synchronization

/// Writes a transfer on its way in behind the network loop, in the order in which it came: a slow disk slows the transfer,
/// by the credit that its bytes are not given back before they are written, and nothing else.
final class FileWriter: Sendable {
    private struct State {
        var pieces: [[UInt8]] = []
        /// Pieces that are written, for what comes next to use their memory.
        var written: [[UInt8]] = []
        /// Whether `queue` was asked to write, and has not found everything written yet.
        var isRunning = false
        /// After a failure, and when nobody wants the transfer any more, nothing is written.
        var isOver = false
        var failure: PinholeError?
        var isSyncing = false
    }

    let transfer: PartialTransfer
    private let state = Mutex(State())
    private let queue: DispatchQueue
    private let syncQueue = DispatchQueue(label: "pinhole.files.sync")
    private let tell: @Sendable (Result<Int, PinholeError>) -> Void

    /// `tell` is called with how many bytes more were written, and at most once with why no more will be.
    init(
        _ transfer: PartialTransfer, on queue: DispatchQueue,
        tell: @escaping @Sendable (Result<Int, PinholeError>) -> Void
    ) {
        self.transfer = transfer
        self.queue = queue
        self.tell = tell
    }

    /// What comes next begins with this group.
    func begin(group: UInt64) {
        queue.async {
            self.attempt { () throws(PinholeError) in try self.transfer.begin(group: group) }
        }
    }

    /// Appends the next bytes. What is asked of the queue afterwards finds them written.
    func write(_ bytes: [UInt8]) {
        let mustStart = state.withLock { state in
            guard !state.isOver else { return false }
            state.pieces.append(bytes)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { queue.async { self.run() } }
    }

    /// The memory of what was written since the last time.
    func takeWritten() -> [[UInt8]] {
        state.withLock { state in
            defer { state.written = [] }
            return state.written
        }
    }

    /// On `queue`, when all has been given: brings everything to the disk and to its place. Returns the path, and what its
    /// sender could not send.
    func finish(
        _ existing: NodeConfiguration.ExistingFilePolicy
    ) throws(PinholeError) -> (path: String, missing: [String]) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        syncQueue.sync {}
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let (manifest, leftOut) = try transfer.verify()
        try transfer.synchronize()
        let placement = Placement(transfer: transfer, manifest: manifest, leftOut: leftOut, existing: existing)
        return (try placement.place(), leftOut.sorted().map { manifest.entries[$0].path })
    }

    /// On `queue`, when no more will be given: lets go of what came, and brings it to the disk if it is wanted again.
    func settle(isWanted: Bool) {
        syncQueue.sync {}
        if isWanted { try? transfer.synchronize() }
        transfer.release()
    }

    func cancel() {
        state.withLock { state in
            state.isOver = true
            (state.pieces, state.written) = ([], [])
        }
    }

    private func run() {
        while true {
            var pieces = state.withLock { state in
                defer { state.pieces = [] }
                state.isRunning = !state.pieces.isEmpty
                return state.pieces
            }
            guard !pieces.isEmpty else { return }
            var untold = 0
            attempt { () throws(PinholeError) in
                for index in pieces.indices {
                    // Who is told of it is to have it alone.
                    var bytes: [UInt8] = []
                    swap(&bytes, &pieces[index])
                    try transfer.append(bytes)
                    untold += bytes.count
                    state.withLock { $0.written.append(bytes) }
                    guard untold >= Self.tellingStep || index == pieces.count - 1 else { continue }
                    bytes = []
                    tell(.success(untold))
                    untold = 0
                }
            }
            if transfer.isSyncDue { synchronize() }
        }
    }

    /// Beside the writing, one at a time.
    private func synchronize() {
        let mustStart = state.withLock { state in
            defer { state.isSyncing = true }
            return !state.isSyncing && !state.isOver
        }
        guard mustStart else { return }
        syncQueue.async {
            self.attempt { () throws(PinholeError) in try self.transfer.synchronize() }
            self.state.withLock { $0.isSyncing = false }
        }
    }

    private func attempt(_ body: () throws(PinholeError) -> Void) {
        do throws(PinholeError) {
            try body()
        } catch {
            let isFirst = state.withLock { state in
                defer {
                    if state.failure == nil { state.failure = error }
                    state.isOver = true
                    state.pieces = []
                }
                return state.failure == nil && !state.isOver
            }
            if isFirst { tell(.failure(error)) }
        }
    }

    /// How many bytes are written before the loop hears of it, if there are more.
    private static let tellingStep = 256 * 1024
}
