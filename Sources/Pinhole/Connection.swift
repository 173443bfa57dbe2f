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
    private let incoming: MessageQueue
    private let state = Mutex(State())

    private struct State {
        var undelivered: Set<MessageReference> = []
        /// Whether streams were opened or taken through this connection.
        var hasStreams = false
        /// Whether the contact may still have to acknowledge what was written to them.
        var hasUnacknowledged = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Streams that others fill, and that end with the session.
        var dependents: [@Sendable () -> Void] = []
        var end: PinholeError?

        var isSettled: Bool { undelivered.isEmpty && !hasUnacknowledged }
    }

    init(to contact: PublicKey, of node: Node) {
        self.contact = contact
        self.node = node
        incoming = MessageQueue(of: contact, in: node.profile)
    }

    /// The path that the session uses now; nil when it is over.
    public var path: PathReport? {
        get async { await node.ask { [contact] in $0.path(to: contact) } ?? nil }
    }

    // MARK: Messages

    /// Accepts a message: when this returns it is on disk, and it will be delivered, by a later session if need be.
    @discardableResult
    public func send(_ text: String) async throws(PinholeError) -> MessageReference {
        try await node.accept(text, to: contact) { [self] message in
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
    /// more are taken from the network. Where nobody reads, 256 wait; of those that came later a reader gets what
    /// ``Profile/unread(from:limit:)`` has when it is their turn.
    ///
    /// Several may read: each message goes to one of them, and who is cancelled takes none.
    public var messages: Messages { Messages(connection: self) }

    /// The messages of a ``Connection``.
    public struct Messages: AsyncSequence, Sendable {
        fileprivate let connection: Connection

        /// Takes the messages one by one.
        public struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let connection: Connection

            /// The next message; nil when the session has ended as one of the two wanted.
            ///
            /// Throws ``PinholeError/Code/peerOffline`` when it was lost, and ``PinholeError/Code/other`` when the task
            /// was cancelled.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(PinholeError) -> IncomingMessage? {
                try await connection.nextMessage()
            }

            /// The next message.
            public mutating func next() async throws(PinholeError) -> IncomingMessage? {
                try await connection.nextMessage()
            }
        }

        /// The messages from the first that was not taken.
        public func makeAsyncIterator() -> AsyncIterator {
            if connection.incoming.open() { connection.tellHeld() }
            return AsyncIterator(connection: connection)
        }
    }

    private func nextMessage() async throws(PinholeError) -> IncomingMessage? {
        let taken = await incoming.take()
        if incoming.relieve() { tellHeld() }
        switch taken {
        case .message(let message): return message
        case .end:
            if let lostReason { throw lostReason }
            return nil
        case .cancelled: throw Node.cancelled
        case .failed(let error): throw error
        }
    }

    private var lostReason: PinholeError? {
        state.withLock { state in state.end.flatMap { $0.code == .other ? nil : $0 } }
    }

    /// Has the loop look whether messages are held. Of two calls the later one may come to the loop first.
    private func tellHeld() {
        node.perform { [self] core, now in
            core.hold(incoming.isHeld, by: ObjectIdentifier(self), from: contact, at: now)
        }
    }

    // MARK: Events

    /// Takes an event of the contact's, in order.
    func receive(_ event: NodeEvent) {
        switch event {
        case .message(let message): if incoming.add(message) { tellHeld() }
        case .delivered(let message), .failed(let message, _):
            settle { state in state.undelivered.remove(message) }
        case .disconnected(_, let reason):
            // When this is heard the next session may be up: it is not for who used this one to close it.
            node.perform { [user = ObjectIdentifier(self), contact] core, _ in
                _ = core.users.leave(user, with: contact)
            }
            // That one of the two ended the session is not an error.
            let isWanted = reason == .closedHere || reason == .contactLeft
            end(PinholeError(isWanted ? .other : .peerOffline, "the session has ended: \(reason)"))
        default: break
        }
    }

    /// No more comes.
    func end(_ error: PinholeError) {
        var dependents: [@Sendable () -> Void] = []
        settle { state in
            if state.end == nil { state.end = error }
            state.undelivered = []
            state.hasUnacknowledged = false
            (dependents, state.dependents) = (state.dependents, [])
        }
        if incoming.finish() { tellHeld() }
        for finish in dependents { finish() }
    }

    /// Calls `finish` at the session's end, or now if that has come.
    func atEnd(_ finish: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.end == nil { state.dependents.append(finish) }
            return state.end != nil
        }
        if isOver { finish() }
    }

    // MARK: The last of it

    /// Returns when the contact has everything that was sent here, or the session is over, or the caller is cancelled.
    func settled() async {
        await withTaskCancellationHandler {
            let mayLack = state.withLock { state in
                state.hasUnacknowledged = state.hasStreams && state.end == nil
                return state.hasUnacknowledged
            }
            if mayLack {
                let isRunning = node.perform { [self] core, _ in lookAtStreams(of: core) }
                if !isRunning { settle { $0.hasUnacknowledged = false } }
            }
            await undisturbedSettled()
        } onCancel: {
            end(Node.cancelled)
        }
    }

    private func undisturbedSettled() async {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                guard !state.isSettled else { return true }
                state.waiters.append(continuation)
                return false
            }
            if isSettled { continuation.resume() }
        }
    }

    /// A stream was opened or taken through this connection: its bytes are waited for at the end.
    func noteStream() {
        state.withLock { $0.hasStreams = true }
    }

    /// Looks from time to time whether the contact has acknowledged what was written to streams. Others who use the
    /// session are not relied upon: they may leave it at any moment, and without waiting for anything. On the loop.
    private func lookAtStreams(of core: NodeLoop) {
        guard state.withLock({ $0.hasUnacknowledged }) else { return }
        guard core.endpoint.hasUnacknowledgedStreams(of: contact.key) else {
            return settle { $0.hasUnacknowledged = false }
        }
        core.perform(after: .milliseconds(10)) { [weak self] core, _ in self?.lookAtStreams(of: core) }
    }

    private func settle(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            guard state.isSettled else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
