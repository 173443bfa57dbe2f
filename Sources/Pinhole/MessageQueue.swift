import PinholeWire
import Synchronization

/// The messages of a ``Connection`` on their way to who reads them.
final class MessageQueue: Sendable {
    /// What a reader gets.
    enum Taken: Sendable {
        case message(IncomingMessage)
        /// No more come.
        case end
        case cancelled
        /// The store, where the next one is, cannot be read.
        case failed(PinholeError)
    }

    /// So many wait here at most.
    static let capacity = 256

    private let contact: PublicKey
    private let store: Store
    private let state = Mutex(State())

    fileprivate struct State {
        var waiting: ArraySlice<IncomingMessage> = []
        /// What came behind these while nobody had begun to read: the store has it.
        var inStore: Set<MessageID> = []
        var readers: [(number: UInt64, continuation: CheckedContinuation<Taken, Never>)] = []
        var lastReader: UInt64 = 0
        /// Whether somebody has begun to read.
        var isRead = false
        /// Whether no more are to be taken from the network.
        var isHeld = false
        var isOver = false

        var count: Int { waiting.count + inStore.count }
    }

    init(of contact: PublicKey, in store: Store) {
        self.contact = contact
        self.store = store
    }

    var isHeld: Bool { state.withLock { $0.isHeld } }

    /// Somebody begins to read. Returns whether ``isHeld`` has changed.
    func open() -> Bool {
        state.withLock { state in
            state.isRead = true
            return state.holdIfFull()
        }
    }

    /// Returns whether ``isHeld`` has changed.
    func add(_ message: IncomingMessage) -> Bool {
        let (reader, isFull): (CheckedContinuation<Taken, Never>?, Bool) = state.withLock { state in
            guard !state.isOver else { return (nil, false) }
            if !state.readers.isEmpty { return (state.readers.removeFirst().continuation, false) }
            // Nobody keeps a session waiting for a reader that there never was, nor its messages in memory.
            if !state.inStore.isEmpty || !state.isRead && state.waiting.count >= Self.capacity {
                state.inStore.insert(MessageReference(message).messageID)
            } else {
                state.waiting.append(message)
            }
            return (nil, state.holdIfFull())
        }
        reader?.resume(returning: .message(message))
        return isFull
    }

    /// Waits for the next message, or the end. Of several who wait the first gets the first; who is cancelled takes
    /// nothing.
    func take() async -> Taken {
        let number = state.withLock { state in
            state.lastReader += 1
            return state.lastReader
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Taken, Never>) in
                let taken: Taken? = state.withLock { state in
                    // Cancellation that came before found nobody waiting.
                    guard !Task.isCancelled else { return Taken.cancelled }
                    if let taken = state.take(of: contact, from: store) { return taken }
                    state.readers.append((number, continuation))
                    return nil
                }
                if let taken { continuation.resume(returning: taken) }
            }
        } onCancel: {
            let reader: CheckedContinuation<Taken, Never>? = state.withLock { state in
                guard let index = state.readers.firstIndex(where: { $0.number == number }) else { return nil }
                return state.readers.remove(at: index).continuation
            }
            reader?.resume(returning: .cancelled)
        }
    }

    /// Whether messages were held and few enough are left: ``isHeld`` has changed then.
    func relieve() -> Bool {
        state.withLock { state in
            guard state.isHeld, state.count <= Self.capacity / 4 else { return false }
            state.isHeld = false
            return true
        }
    }

    /// No more come; what is here can still be taken. Returns whether ``isHeld`` has changed.
    func finish() -> Bool {
        let (readers, wasHeld): ([CheckedContinuation<Taken, Never>], Bool) = state.withLock { state in
            let result = (state.readers.map { $0.continuation }, state.isHeld)
            state.readers = []
            state.isHeld = false
            state.isOver = true
            return result
        }
        for reader in readers { reader.resume(returning: .end) }
        return wasHeld
    }
}

extension MessageQueue.State {
    /// Only those who read hold back who writes. Returns whether they do from now on.
    fileprivate mutating func holdIfFull() -> Bool {
        guard isRead, !isOver, !isHeld, count >= MessageQueue.capacity else { return false }
        isHeld = true
        return true
    }

    /// The next message, or the end; nil where there is neither yet.
    fileprivate mutating func take(of contact: PublicKey, from store: Store) -> MessageQueue.Taken? {
        if waiting.isEmpty, !inStore.isEmpty {
            do throws(PinholeError) {
                let unread = try store.unread(from: contact).map(\.message)
                waiting = ArraySlice(unread.filter { inStore.contains($0.messageID) }.map { IncomingMessage($0) })
                inStore = []
            } catch {
                return .failed(error)
            }
        }
        if let next = waiting.popFirst() { return .message(next) }
        return isOver ? .end : nil
    }
}

extension IncomingMessage {
    /// A message as the history has it.
    fileprivate init(_ message: Message) {
        self.init(
            contact: message.contact, epoch: message.epoch, counter: message.counter, text: message.text,
            sentAt: message.sentAt, receivedAt: message.receivedAt ?? 0)
    }
}
