import Dispatch
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
    /// Where the store is read.
    private let reads: DispatchQueue
    private let state = Mutex(State())

    /// What came while nobody had begun to read, and does not wait here: the store has it.
    fileprivate struct Rest {
        let first: MessageID
        var last: MessageID
        /// Where what was taken of it ends; nil before any was.
        var place: Int64?
    }

    /// What the store gave of the rest.
    fileprivate struct Part {
        let rest: Rest
        let messages: [IncomingMessage]
        let place: Int64?
        /// Whether nothing was left when it was read.
        let isWhole: Bool
    }

    /// Whom to tell what, and what to read next.
    fileprivate struct Outcome {
        var answers: [(reader: CheckedContinuation<Taken, Never>, taken: Taken)] = []
        var next: Rest?
    }

    fileprivate struct State {
        var waiting: ArraySlice<IncomingMessage> = []
        /// What is behind these.
        var rest: Rest?
        /// Whether some of that is being read.
        var isFetching = false
        var readers: [(number: UInt64, continuation: CheckedContinuation<Taken, Never>)] = []
        var lastReader: UInt64 = 0
        /// Whether somebody has begun to read.
        var isRead = false
        /// Whether no more are to be taken from the network.
        var isHeld = false
        var isOver = false
    }

    init(of contact: PublicKey, in profile: Profile) {
        self.contact = contact
        store = profile.store
        reads = profile.reads
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
            let id = MessageReference(message).messageID
            // Nobody keeps a session waiting for a reader that there never was, nor its messages in memory.
            if state.rest != nil {
                state.rest?.last = id
            } else if !state.readers.isEmpty {
                return (state.readers.removeFirst().continuation, false)
            } else if !state.isRead, state.waiting.count >= Self.capacity {
                state.rest = Rest(first: id, last: id)
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
                let (taken, wanted): (Taken?, Rest?) = state.withLock { state in
                    // Cancellation that came before found nobody waiting.
                    guard !Task.isCancelled else { return (Taken.cancelled, nil) }
                    if let taken = state.take() { return (taken, nil) }
                    state.readers.append((number, continuation))
                    return (nil, state.claim())
                }
                if let taken { continuation.resume(returning: taken) }
                if let wanted { fetch(wanted) }
            }
        } onCancel: {
            let reader: CheckedContinuation<Taken, Never>? = state.withLock { state in
                guard let index = state.readers.firstIndex(where: { $0.number == number }) else { return nil }
                return state.readers.remove(at: index).continuation
            }
            reader?.resume(returning: .cancelled)
        }
    }

    /// Reads what the store has next, as much as may wait here, without the lock. Whoever calls this has claimed it.
    private func fetch(_ rest: Rest) {
        reads.async { [self] in
            let part = Result { () throws(PinholeError) in try read(rest) }
            let outcome: Outcome = state.withLock { $0.fetched(part) }
            for (reader, taken) in outcome.answers { reader.resume(returning: taken) }
            if let next = outcome.next { fetch(next) }
        }
    }

    private func read(_ rest: Rest) throws(PinholeError) -> Part {
        // What was removed since took with it what was before.
        guard let end = try store.place(of: rest.last, from: contact) else {
            return Part(rest: rest, messages: [], place: rest.place, isWhole: true)
        }
        let begin: Int64 =
            if let place = rest.place { place } else { (try store.place(of: rest.first, from: contact) ?? 1) - 1 }
        let found = try store.unread(from: contact, after: begin, limit: Self.capacity)
        // What is behind the last one is still to be added.
        let messages = found.filter { $0.place <= end }.map { IncomingMessage($0.message) }
        let isWhole = found.count < Self.capacity || messages.count < found.count
        return Part(rest: rest, messages: messages, place: isWhole ? end : found.last?.place, isWhole: isWhole)
    }

    /// Whether messages were held and few enough are left: ``isHeld`` has changed then.
    func relieve() -> Bool {
        state.withLock { state in
            guard state.isHeld, state.rest == nil, state.waiting.count <= Self.capacity / 4 else { return false }
            state.isHeld = false
            return true
        }
    }

    /// No more come; what is here or in the store can still be taken. Returns whether ``isHeld`` has changed.
    func finish() -> Bool {
        let (readers, wasHeld): ([CheckedContinuation<Taken, Never>], Bool) = state.withLock { state in
            let wasHeld = state.isHeld
            state.isHeld = false
            state.isOver = true
            // For those who wait the next ones are being read.
            guard state.rest == nil else { return ([], wasHeld) }
            let readers = state.readers.map { $0.continuation }
            state.readers = []
            return (readers, wasHeld)
        }
        for reader in readers { reader.resume(returning: .end) }
        return wasHeld
    }
}

extension MessageQueue.State {
    /// Only those who read hold back who writes. Returns whether they do from now on.
    fileprivate mutating func holdIfFull() -> Bool {
        guard isRead, !isOver, !isHeld, rest != nil || waiting.count >= MessageQueue.capacity else { return false }
        isHeld = true
        return true
    }

    /// The next message, or the end; nil where there is neither yet.
    fileprivate mutating func take() -> MessageQueue.Taken? {
        if let next = waiting.popFirst() { return .message(next) }
        return isOver && rest == nil ? .end : nil
    }

    /// What is to be read for those who wait; nil where there is nothing, or it is being read.
    fileprivate mutating func claim() -> MessageQueue.Rest? {
        guard let rest, !readers.isEmpty, !isFetching else { return nil }
        isFetching = true
        return rest
    }

    /// Takes what was read of the rest.
    fileprivate mutating func fetched(_ result: Result<MessageQueue.Part, PinholeError>) -> MessageQueue.Outcome {
        isFetching = false
        var outcome = MessageQueue.Outcome()
        switch result {
        case .success(let part):
            waiting.append(contentsOf: part.messages)
            // More may have come meanwhile.
            if part.isWhole, rest?.last == part.rest.last { rest = nil } else { rest?.place = part.place }
            while !readers.isEmpty, let taken = take() {
                outcome.answers.append((reader: readers.removeFirst().continuation, taken: taken))
            }
            outcome.next = claim()
        case .failure(let error):
            outcome.answers = readers.map { (reader: $0.continuation, taken: .failed(error)) }
            readers = []
        }
        return outcome
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
