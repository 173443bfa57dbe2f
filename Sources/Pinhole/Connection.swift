import PinholeCore
import Synchronization

/// A session with a contact, for as long as ``Node/withConnection(to:timeout:_:)`` or ``Node/serve(accepting:_:)`` runs its
/// body.
///
/// ```swift
/// try await node.withConnection(to: friend) { connection in
///     try await connection.send("hello")
///     for try await message in connection.messages { print(message.text) }
/// }
/// ```
public final class Connection: Sendable {
    /// Who is on the other side: proved by the session.
    public let contact: PublicKey
    /// The node that has the session.
    public let node: Node
    private let state: Mutex<State>
    private let incoming: AsyncStream<IncomingMessage>

    private struct State {
        var continuation: AsyncStream<IncomingMessage>.Continuation?
        /// Messages that were given to the sequence and not taken from it.
        var untaken = 0
        var isHeld = false
        var undelivered: Set<MessageReference> = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Streams that others fill, and that end with the session.
        var dependents: [@Sendable () -> Void] = []
        var end: PinholeError?
        /// Whether it was the session itself that ended.
        var isSessionOver = false
    }

    init(to contact: PublicKey, of node: Node) {
        self.contact = contact
        self.node = node
        let (stream, continuation) = AsyncStream.makeStream(of: IncomingMessage.self)
        incoming = stream
        state = Mutex(State(continuation: continuation))
    }

    /// The path that the session uses now; nil when it is over.
    public var path: PathReport? {
        get async { await node.ask { [contact] in $0.path(to: contact) } ?? nil }
    }

    // MARK: Messages

    /// Accepts a message: when this returns it is on disk, and it will be delivered, by a later session if need be.
    @discardableResult
    public func send(_ text: String) async throws(PinholeError) -> MessageReference {
        try await node.send(text, to: contact) { message in
            state.withLock { if $0.end == nil { _ = $0.undelivered.insert(message) } }
        }
    }

    /// Waits until the contact has a message on disk.
    public func delivered(_ message: MessageReference, timeout: Duration = .seconds(30)) async throws(PinholeError) {
        try await node.delivered(message, timeout: timeout)
    }

    /// The contact's messages, in order, each once; they end with the session.
    ///
    /// Each is on this disk already. Of a reader who does not keep up the contact hears nothing: when 256 wait here, no
    /// more are taken from the network.
    public var messages: Messages { Messages(connection: self) }

    /// The messages of a ``Connection``.
    public struct Messages: AsyncSequence, Sendable {
        fileprivate let connection: Connection

        /// Takes the messages one by one.
        public struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let connection: Connection
            fileprivate var iterator: AsyncStream<IncomingMessage>.Iterator

            /// The next message; nil when the session has ended as one of the two wanted.
            ///
            /// Throws ``PinholeError/Code/peerOffline`` when it was lost.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(PinholeError) -> IncomingMessage? {
                guard let message = await iterator.next(isolation: actor) else {
                    if let end = connection.lostReason { throw end }
                    return nil
                }
                connection.took()
                return message
            }

            /// The next message.
            public mutating func next() async throws(PinholeError) -> IncomingMessage? {
                try await next(isolation: nil)
            }
        }

        /// The messages from the first that was not taken.
        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(connection: connection, iterator: connection.incoming.makeAsyncIterator())
        }
    }

    private var lostReason: PinholeError? {
        state.withLock { state in state.end.flatMap { $0.code == .other ? nil : $0 } }
    }

    private func took() {
        let isLess = state.withLock { state in
            state.untaken -= 1
            guard state.isHeld, state.untaken <= Self.capacity / 4 else { return false }
            state.isHeld = false
            return true
        }
        if isLess { tellHeld() }
    }

    /// Has the loop look whether messages are held. Of two calls the later one may come to the loop first.
    private func tellHeld() {
        node.perform { [self] core, now in
            let isHeld = state.withLock { $0.isHeld }
            core.endpoint.holdMessages(isHeld, from: contact.key, at: now)
        }
    }

    private static let capacity = 256

    // MARK: Events

    /// Takes an event of the contact's, in order.
    func receive(_ event: NodeEvent) {
        switch event {
        case .message(let message):
            let isMuch = state.withLock { state in
                guard let continuation = state.continuation else { return false }
                state.untaken += 1
                continuation.yield(message)
                guard state.untaken >= Self.capacity, !state.isHeld else { return false }
                state.isHeld = true
                return true
            }
            if isMuch { tellHeld() }
        case .delivered(let message), .failed(let message, _):
            settle { state in state.undelivered.remove(message) }
        case .disconnected(_, let reason):
            state.withLock { $0.isSessionOver = true }
            // That one of the two ended the session is not an error.
            let isWanted = reason == .closedHere || reason == .contactLeft
            end(PinholeError(isWanted ? .other : .peerOffline, "the session has ended: \(reason)"))
        default: break
        }
    }

    /// No more comes.
    func end(_ error: PinholeError) {
        var wasHeld = false
        var dependents: [@Sendable () -> Void] = []
        settle { state in
            if state.end == nil { state.end = error }
            state.undelivered = []
            state.continuation?.finish()
            state.continuation = nil
            (wasHeld, state.isHeld) = (state.isHeld, false)
            (dependents, state.dependents) = (state.dependents, [])
        }
        for finish in dependents { finish() }
        if wasHeld { tellHeld() }
    }

    /// Calls `finish` at the session's end, or now if that has come.
    func atEnd(_ finish: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.end == nil { state.dependents.append(finish) }
            return state.end != nil
        }
        if isOver { finish() }
    }

    /// Whether the session itself has ended, and not only who used it.
    var isSessionOver: Bool { state.withLock { $0.isSessionOver } }

    private func settle(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            guard state.undelivered.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the contact has everything that was sent here, or the session is over, or the caller is cancelled.
    func settled() async {
        await withTaskCancellationHandler {
            await undisturbedSettled()
        } onCancel: {
            end(Node.cancelled)
        }
    }

    private func undisturbedSettled() async {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                guard !state.undelivered.isEmpty else { return true }
                state.waiters.append(continuation)
                return false
            }
            if isSettled { continuation.resume() }
        }
    }
}
