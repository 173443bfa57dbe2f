import Dispatch
import PinholeCrypto
import PinholeWire
import Synchronization

/// Reads what goes out ahead of the network loop, so that the loop waits for no disk: ``depth`` groups, each with its hash
/// behind it, and what is behind the last. They are handed on in the memory that they were read into.
final class FileReader: Sendable {
    enum Answer {
        case given([UInt8], isLast: Bool)
        /// The loop is told when it can be asked again.
        case later
        case failed(PinholeError)
    }

    private struct State {
        /// One after another, without a gap.
        var ready: [(bytes: [UInt8], isLast: Bool)] = []
        var tree: FileTree
        var isRunning = false
        var isAwaited = false
        /// Whether there is nothing more to read, or nobody who wants it.
        var isOver = false
        var failure: PinholeError?

        var wantsMore: Bool { ready.count < FileReader.depth && !isOver && failure == nil }
    }

    private let source: FileSource
    private let offer: FileOffer
    private let key: FileKey
    private let sent: SentGroups
    private let state: Mutex<State>
    private let queue: DispatchQueue
    private let tell: @Sendable () -> Void

    static let depth = 4

    /// Begins behind the groups of `tree`. `tell` is called on `queue`, which is serial, when what was not there is, or
    /// never will be.
    init(
        _ source: FileSource, _ offer: FileOffer, _ key: FileKey, after tree: FileTree, sent: SentGroups,
        on queue: DispatchQueue, tell: @escaping @Sendable () -> Void
    ) {
        self.source = source
        self.offer = offer
        self.key = key
        self.sent = sent
        self.queue = queue
        self.tell = tell
        state = Mutex(State(tree: tree))
    }

    /// What comes next, if it is here. To be called by one thread.
    func next() -> Answer {
        let answer = state.withLock { state -> Answer in
            if !state.ready.isEmpty {
                let (bytes, isLast) = state.ready.removeFirst()
                return .given(bytes, isLast: isLast)
            }
            if let failure = state.failure { return .failed(failure) }
            state.isAwaited = true
            return .later
        }
        start()
        return answer
    }

    func cancel() {
        state.withLock { state in
            state.isOver = true
            state.ready = []
        }
    }

    /// Reads again what could not be read.
    func retry() {
        state.withLock { ($0.failure, $0.isAwaited) = (nil, true) }
        start()
    }

    private func start() {
        let mustStart = state.withLock { state in
            guard !state.isRunning, state.wantsMore else { return false }
            state.isRunning = true
            return true
        }
        if mustStart { queue.async { self.run() } }
    }

    private func run() {
        while let tree = state.withLock({ state in
            state.isRunning = state.wantsMore
            return state.isRunning ? state.tree : nil
        }) {
            let result = Result { () throws(PinholeError) in try read(after: tree) }
            let isAwaited = state.withLock { state in
                switch result {
                case .success(let (bytes, tree)):
                    guard !state.isOver else { return false }
                    state.isOver = tree == state.tree
                    state.ready.append((bytes, isLast: state.isOver))
                    state.tree = tree
                case .failure(let error): state.failure = error
                }
                defer { state.isAwaited = false }
                return state.isAwaited
            }
            if isAwaited { tell() }
        }
    }

    /// The next group and the tree with it; behind the last what closes the transfer, and the same tree.
    private func read(after tree: FileTree) throws(PinholeError) -> (bytes: [UInt8], tree: FileTree) {
        var tree = tree
        guard tree.groups < offer.groups else {
            return (FileTrailer(leftOut: source.leftOut.map(\.entry)).closing(tree, key), tree)
        }
        let range = offer.range(of: tree.groups)
        var bytes = try source.read(range, extra: 32)
        let leaf = key.leaf(bytes.span.extracting(0..<range.count), group: tree.groups)
        bytes.replaceSubrange(range.count..., with: leaf)
        source.note(leaf, group: tree.groups, in: sent)
        tree.append(leaf, key)
        return (bytes, tree)
    }
}

// MARK: For tests

extension FileReader {
    /// The pieces that are held at the moment.
    var pieceCount: Int { state.withLock { $0.ready.count } }
}

/// What follows the last group: `count:u32 ‖ index:u32 × count ‖ root[32]`. The files of these places in the manifest
/// changed while they were being sent, or could not be read, and what came of them counts for nothing.
struct FileTrailer: Equatable {
    var leftOut: [Int]

    private var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 36 + 4 * leftOut.count)
        writer.u32(UInt32(leftOut.count))
        for index in leftOut { writer.u32(UInt32(index)) }
        return writer.bytes
    }

    func closing(_ tree: FileTree, _ key: FileKey) -> [UInt8] {
        encoded + tree.root(key, trailer: encoded)
    }

    init(leftOut: [Int]) {
        self.leftOut = leftOut
    }

    /// Reads what came behind the last group; nil if it is not what belongs there.
    init?(_ bytes: [UInt8], closing tree: FileTree, _ key: FileKey, entries: Int) {
        var reader = ByteReader(bytes.span)
        guard let count = try? reader.u32(), count <= entries, reader.remaining == Int(count) * 4 + 32 else {
            return nil
        }
        var leftOut: [Int] = []
        for _ in 0..<count {
            guard let index = (try? reader.u32()).map({ Int($0) }), index < entries, index > leftOut.last ?? 0 else {
                return nil
            }
            leftOut.append(index)
        }
        self.leftOut = leftOut
        guard closing(tree, key) == bytes else { return nil }
    }
}
