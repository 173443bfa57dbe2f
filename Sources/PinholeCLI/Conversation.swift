import Glibc
import Pinhole
import PinholeControl
import Synchronization

/// One chat: lines of the person and events of the node come in through one queue and are handled in turn.
final class Conversation {
    enum Mode: Sendable {
        case screen(Screen)
        case lines
        /// A person at a terminal that cannot move its cursor, or who has every line read out.
        case plain
        case json(showsProgress: Bool)

        static var atTerminal: Mode { Console.isCapable ? .screen(Screen(prompt: "> ")) : .plain }
    }

    enum Input: Sendable {
        case line(String)
        case endOfInput
        case event(HostEvent)
        case transferStarted(TransferReference, name: String, size: UInt64)
        case transferEnded(TransferReference?, name: String, size: UInt64, Failure?)
        case pong(Result<PingReport, Failure>)
        case stillUnreachable(PinholeError)
        case timeIsUp
    }

    enum Outcome {
        case stay
        case leave
    }

    let session: Session
    let contact: Contact
    let mode: Mode
    let accept: AcceptPolicy
    let isVerbose: Bool
    private let inputs: AsyncStream<Input>
    let input: AsyncStream<Input>.Continuation
    var printer: EventPrinter

    let left: Leftovers
    var undelivered: [MessageReference: Screen.LineMark?] = [:] { didSet { tellLeftovers() } }
    /// What begins the messages of a ``Mode/plain`` chat, until they are seen.
    var openings: [MessageReference: String] = [:]
    /// The lines of messages that have arrived and were not seen.
    var unseen: [MessageReference: Screen.LineMark] = [:]
    /// Messages that were shown at the beginning, or when they were typed, in case they come as events too.
    var shownEarlier: Set<MessageReference> = []
    /// Those whose unseen messages were shown.
    var caughtUp: Set<PublicKey> = []
    var isPeerTyping = false
    let seen: Seen
    let typing: TypingNotice
    var transfers = 0 { didSet { tellLeftovers() } }
    var outgoing: [TransferReference: (name: String, size: UInt64)] = [:]
    var offers: [(transfer: TransferReference, name: String)] = []
    var incoming: [TransferReference: String] = [:]
    var lastProblem: PinholeError?
    var lastProgress: ContinuousClock.Instant?
    var firstFailure: Failure?
    var hasSaidConnecting = false
    var background: [Task<Void, Never>] = []
    private var waits: Set<Waiting> = []

    private enum Waiting { case patience, lingering }

    init(session: Session, contact: Contact, mode: Mode, accept: AcceptPolicy, isVerbose: Bool, left: Leftovers) {
        self.session = session
        self.contact = contact
        self.mode = mode
        self.accept = accept
        self.isVerbose = isVerbose
        self.left = left
        (inputs, input) = AsyncStream.makeStream()
        var showsProgress = false
        if case .json(let shows) = mode { showsProgress = shows }
        printer = EventPrinter(showsProgress: showsProgress)
        seen = Seen(session.client)
        typing = TypingNotice(session.client, to: contact.key)
    }

    /// Runs until the person leaves. In a pipe, everything accepted is then given `patience` to arrive, and answers are
    /// waited for as long as `lingering` says.
    func run(patience: Duration, lingering: Duration = .zero) async throws {
        let input = input
        let session = session
        let contact = contact
        let keyboard = await open()
        let feeders = [
            Task { for await event in session.events { input.yield(.event(event)) } },
            Task {
                for await line in keyboard { input.yield(.line(line)) }
                input.yield(.endOfInput)
            },
            // Only to begin; success and failure come as events.
            Task { _ = try? await session.client.connect(to: contact.key, timeout: .seconds(30)) },
        ]
        background += feeders
        defer { background.forEach { $0.cancel() } }

        var isLeaving = false
        for await next in inputs {
            switch next {
            case .line(let line):
                guard !isLeaving, await handle(line: line) == .leave else { break }
                isLeaving = true
            case .endOfInput: isLeaving = true
            case .event(let event): await handle(event)
            case .transferStarted(let transfer, let name, let size): handleStart(of: transfer, name, size)
            case .transferEnded(let transfer, let name, let size, let failure):
                handleEnd(of: transfer, name, size, failure)
            case .pong(let result): handle(result)
            case .stillUnreachable(let error):
                guard lastProblem?.message == error.message else { break }
                let hint: Phrase = error.hint.map { "\n\($0)" } ?? ""
                tell("Not connected: \(error.message)\(hint)")
                tell("Pinhole keeps trying, and what you write waits.")
            case .timeIsUp:
                await seen.settle()
                return try leave()
            }
            guard isLeaving else { continue }
            if !undelivered.isEmpty || transfers > 0 {
                leave(after: patience, for: .patience)
            } else if lingering == .zero {
                await seen.settle()
                return try leave()
            } else {
                leave(after: lingering, for: .lingering)
            }
        }
    }

    // MARK: Words

    func result(_ text: String) {
        if case .screen(let screen) = mode {
            screen.print(Screen.padded("") + text, style: .plain)
        } else {
            Console.result(verbatim: text)
        }
    }

    func tell(_ phrase: Phrase) {
        Console.talk(phrase, style: .dim)
    }

    /// Each of its lines is one of ours.
    func tellLines(_ phrase: Phrase) {
        for line in "\(phrase)".split(separator: "\n") { Console.talk(verbatim: String(line), style: .dim) }
    }

    func complain(_ failure: Failure) {
        if firstFailure == nil { firstFailure = failure }
        if case .json = mode {
            JSON.show([
                "event": "error", "reason": .string(failure.message), "exitCode": .integer(Int64(failure.exitCode)),
            ])
        } else {
            let hint: Phrase = failure.hint.map { "\n\($0)" } ?? ""
            Console.talk("\(failure.message)\(hint)", style: .error)
        }
    }

    // MARK: Leaving

    /// A person who leaves does not wait long for what the outbox keeps anyway.
    private func leave(after wait: Duration, for reason: Waiting) {
        guard waits.insert(reason).inserted else { return }
        var limit = wait
        if isPerson, transfers == 0 { limit = min(wait, .seconds(2)) }
        if isPerson, transfers > 0 {
            tell(
                "Waiting for \(plural: transfers, "file", "files") on the way. "
                    + "Ctrl-C leaves; then the rest follows later.")
        }
        let (input, wait) = (input, limit)
        Task {
            try? await Task.sleep(for: wait)
            input.yield(.timeIsUp)
        }
    }

    private func leave() throws {
        guard !undelivered.isEmpty || transfers > 0 else {
            // What went wrong on the way has been said; a script also needs the code.
            if isPerson { return }
            if let firstFailure { throw Failure(firstFailure.status, "") }
            return
        }
        if isPerson {
            if let words = left.words { tell(words) }
            return
        }
        let (what, kept) = Leftovers.words(messages: undelivered.count, files: transfers, for: contact.name)
        if let problem = lastProblem.map({ Failure($0) }) {
            throw Failure(
                problem.status, "\(what) not delivered: \(problem.message)",
                hint: Phrase.joined(problem.hint, kept))
        }
        throw Failure(.peerOffline, "\(what) not delivered", hint: kept)
    }

    /// Whether somebody sits at a terminal, and no script waits for an exit code.
    var isPerson: Bool {
        switch mode {
        case .screen, .plain: true
        case .lines, .json: false
        }
    }

    private func tellLeftovers() {
        left.set(messages: undelivered.count, files: transfers, for: contact.name)
    }
}

/// What a chat has not delivered, also when a signal ends it.
final class Leftovers: Sendable {
    private let state = Mutex<(messages: Int, files: Int, name: String)>((0, 0, ""))

    func set(messages: Int, files: Int, for name: String) {
        state.withLock { $0 = (messages, files, name) }
    }

    /// nil where nothing is left.
    var words: Phrase? {
        let (messages, files, name) = state.withLock { $0 }
        guard messages > 0 || files > 0 else { return nil }
        let (what, kept) = Self.words(messages: messages, files: files, for: name)
        return "\(what) not delivered. \(kept)"
    }

    /// What it is, and what becomes of it.
    static func words(messages: Int, files: Int, for name: String) -> (what: Phrase, kept: Phrase) {
        let texts: Phrase = "\(plural: messages, "message", "messages")"
        let others: Phrase = "\(plural: files, "file", "files")"
        return (
            messages == 0 ? others : files == 0 ? texts : "\(texts) and \(others)",
            messages == 0
                ? "what is left follows with the next connection to \(name)"
                : "messages stay in the outbox for the next connection to \(name)"
        )
    }
}
