import Dispatch
import PinholeWire
import Synchronization

/// Reads a file on its way out ahead of the network loop, so that the loop waits for no disk: ``depth`` pieces, which are
/// handed on in the memory that they were read into.
final class FileReader: Sendable {
    enum Answer {
        case given([UInt8])
        /// The loop is told when it can be asked again.
        case later
        case failed(PinholeError)
    }

    fileprivate struct Piece {
        let offset: UInt64
        let bytes: [UInt8]
    }

    fileprivate struct State {
        /// One after another, without a gap.
        var ready: [Piece] = []
        /// Where reading goes on.
        var next: UInt64 = 0
        /// Counts the jumps: what is being read while there is one is not wanted.
        var jumps = 0
        var isRunning = false
        var isAwaited = false
        var failure: PinholeError?
    }

    private let file: OutgoingFile
    private let state = Mutex(State())
    private let queue: DispatchQueue
    private let tell: @Sendable () -> Void

    static let depth = 8

    /// `tell` is called on `queue`, which is serial, when what was not there is, or never will be.
    init(_ file: OutgoingFile, on queue: DispatchQueue, tell: @escaping @Sendable () -> Void) {
        self.file = file
        self.queue = queue
        self.tell = tell
    }

    /// At most `count` of the bytes at `offset`, if they are here. To be called by one thread.
    func read(at offset: UInt64, upTo count: Int) -> Answer {
        let answer = state.withLock { $0.take(at: offset, upTo: count) }
        start()
        return answer
    }

    /// The pieces that are held at the moment.
    var pieceCount: Int { state.withLock { $0.ready.count } }

    private func start() {
        let mustStart = state.withLock { state in
            guard !state.isRunning, state.hasMore(of: file) else { return false }
            state.isRunning = true
            return true
        }
        if mustStart { queue.async { self.run() } }
    }

    private func run() {
        while let (offset, jumps) = state.withLock({ $0.begin(of: file) }) {
            let result = Result { () throws(PinholeError) in try file.read(at: offset, count: Limits.filePiece) }
            let isAwaited = state.withLock { state in
                if jumps == state.jumps { state.end(at: offset, result) }
                guard !state.ready.isEmpty || state.failure != nil else { return false }
                defer { state.isAwaited = false }
                return state.isAwaited
            }
            if isAwaited { tell() }
        }
    }
}

extension FileReader.State {
    fileprivate mutating func take(at offset: UInt64, upTo count: Int) -> FileReader.Answer {
        if (ready.first?.offset ?? next) != offset {
            // A session that took the transfer up again wants what the receiver has not.
            ready.removeAll()
            next = offset
            jumps += 1
        }
        if let first = ready.first {
            ready.removeFirst()
            guard first.bytes.count > count else { return .given(first.bytes) }
            let rest = FileReader.Piece(offset: offset + UInt64(count), bytes: Array(first.bytes[count...]))
            ready.insert(rest, at: 0)
            return .given(Array(first.bytes[..<count]))
        }
        if let failure { return .failed(failure) }
        isAwaited = true
        return .later
    }

    fileprivate func hasMore(of file: OutgoingFile) -> Bool {
        ready.count < FileReader.depth && next < file.size && failure == nil
    }

    fileprivate mutating func begin(of file: OutgoingFile) -> (offset: UInt64, jumps: Int)? {
        isRunning = hasMore(of: file)
        return isRunning ? (next, jumps) : nil
    }

    fileprivate mutating func end(at offset: UInt64, _ result: Result<[UInt8], PinholeError>) {
        switch result {
        case .success(let bytes):
            ready.append(FileReader.Piece(offset: offset, bytes: bytes))
            next = offset + UInt64(bytes.count)
        case .failure(let error):
            failure = error
        }
    }
}
