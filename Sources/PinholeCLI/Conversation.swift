import Glibc
import Pinhole

/// One chat: lines of the person and events of the node come in through one queue and are handled in turn.
final class Conversation {
    enum Mode: Sendable {
        case screen(Screen)
        case lines
        case json(showsProgress: Bool)
    }

    private enum Input: Sendable {
        case line(String)
        case endOfInput
        case event(NodeEvent)
        case transferStarted(TransferReference, name: String, size: UInt64)
        case transferEnded(TransferReference?, name: String, size: UInt64, Failure?)
        case pong(Result<PingReport, Failure>)
        case stillUnreachable(PinholeError)
        case timeIsUp
    }

    private let session: Session
    private let contact: Contact
    private let mode: Mode
    private let asksForFiles: Bool
    private let isVerbose: Bool
    private let inputs: AsyncStream<Input>
    private let input: AsyncStream<Input>.Continuation
    private var printer: EventPrinter

    private var undelivered: [MessageReference: Screen.LineMark?] = [:]
    private var transfers = 0
    private var outgoing: [TransferReference: (name: String, size: UInt64)] = [:]
    private var offers: [(transfer: TransferReference, name: String)] = []
    private var incoming: [TransferReference: String] = [:]
    private var lastProblem: PinholeError?
    private var lastProgress: ContinuousClock.Instant?
    private var firstFailure: Failure?
    private var hasSaidConnecting = false
    private var waits: Set<Waiting> = []

    private enum Waiting { case patience, lingering }

    init(session: Session, contact: Contact, mode: Mode, asksForFiles: Bool, isVerbose: Bool) {
        self.session = session
        self.contact = contact
        self.mode = mode
        self.asksForFiles = asksForFiles
        self.isVerbose = isVerbose
        (inputs, input) = AsyncStream.makeStream()
        var showsProgress = false
        if case .json(let shows) = mode { showsProgress = shows }
        printer = EventPrinter(session: session, showsProgress: showsProgress)
    }

    /// Runs until the person leaves. In a pipe, everything accepted is then given `patience` to arrive, and answers are
    /// waited for as long as `lingering` says.
    func run(patience: Duration, lingering: Duration = .zero) async throws {
        let input = input
        let session = session
        let contact = contact
        let keyboard = open()
        let feeders = [
            Task { for await event in session.events { input.yield(.event(event)) } },
            Task {
                for await line in keyboard { input.yield(.line(line)) }
                input.yield(.endOfInput)
            },
            // Only to begin; success and failure come as events.
            Task { _ = try? await session.node.connect(to: contact.key, timeout: .seconds(30)) },
        ]
        defer { feeders.forEach { $0.cancel() } }

        var isLeaving = false
        for await next in inputs {
            switch next {
            case .line(let line):
                guard !isLeaving, await handle(line: line) == .leave else { break }
                isLeaving = true
            case .endOfInput: isLeaving = true
            case .event(let event): handle(event)
            case .transferStarted(let transfer, let name, let size): handleStart(of: transfer, name, size)
            case .transferEnded(let transfer, let name, let size, let failure):
                handleEnd(of: transfer, name, size, failure)
            case .pong(let result): handle(result)
            case .stillUnreachable(let error):
                guard lastProblem?.message == error.message else { break }
                tell("Not connected: \(error.message)" + (error.hint.map { "\n\($0)" } ?? ""))
                tell("Pinhole keeps trying, and what you write waits.")
            case .timeIsUp: return try leave()
            }
            guard isLeaving else { continue }
            if !undelivered.isEmpty || transfers > 0 {
                leave(after: patience, for: .patience)
            } else if lingering == .zero {
                return try leave()
            } else {
                leave(after: lingering, for: .lingering)
            }
        }
    }

    // MARK: The person's side

    private enum Outcome { case stay, leave }

    private func open() -> AsyncStream<String> {
        let verified = contact.isVerified ? "verified" : "not verified yet"
        switch mode {
        case .screen(let screen):
            screen.open()
            showHistory(on: screen)
            tell("Chat with \(contact.name) (\(verified)). /help shows what you can type.")
            return Keyboard.lines(on: screen)
        case .lines, .json: return Keyboard.lines()
        }
    }

    /// The end of the conversation so far, as it was left.
    private func showHistory(on screen: Screen) {
        for message in (try? session.profile.messages(with: contact.key, limit: 10)) ?? [] {
            let time = Format.clock(message.receivedAt ?? message.sentAt)
            switch (message.direction, message.state) {
            case (.incoming, _):
                screen.print("  \(time) \(contact.name)\(contact.isVerified ? "✓" : ""): \(message.text)", style: .dim)
            case (.outgoing, .delivered), (.outgoing, .read):
                screen.print("✓ \(Format.clock(message.sentAt)) you: \(message.text)", style: .dim)
            case (.outgoing, .failed):
                screen.print("✗ \(Format.clock(message.sentAt)) you: \(message.text)", style: .dim)
            case (.outgoing, .queued), (.outgoing, .sent):
                let mark = screen.print("\(Format.clock(message.sentAt)) you: \(message.text)", mark: "·")
                let reference = MessageReference(
                    contact: message.contact, epoch: message.epoch, counter: message.counter)
                undelivered.updateValue(mark, forKey: reference)
            }
        }
    }

    private func handle(line: String) async -> Outcome {
        guard line.hasPrefix("/"), !line.hasPrefix("//") else {
            await send(line.hasPrefix("//") ? String(line.dropFirst()) : line)
            return .stay
        }
        let words = line.dropFirst().split(separator: " ", maxSplits: 1)
        let argument = words.count > 1 ? words[1].drop { $0 == " " } : ""
        switch words.first ?? "" {
        case "send" where !argument.isEmpty: sendFile(Paths.expand(String(argument)))
        case "send": complain(Failure(.usage, "/send needs the path of a file"))
        case "accept": answerOffer(accepting: true)
        case "refuse": answerOffer(accepting: false)
        case "ping": ping()
        case "quit", "q": return .leave
        case "help":
            tell(
                "/send PATH  send a file\n/accept, /refuse  answer an offered file\n"
                    + "/ping  show the path and its round trip time\n/quit  leave (Ctrl-D)\n"
                    + "//text  a message that begins with a slash\nAlt+Enter  a line break inside a message")
        case let command: complain(Failure(.usage, "there is no command /\(command); /help lists them"))
        }
        return .stay
    }

    private func send(_ line: String) async {
        var text = line
        while text.last?.isNewline == true { text.removeLast() }
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        do throws(PinholeError) {
            let message = try await session.node.send(text, to: contact.key)
            switch mode {
            case .screen(let screen):
                let mark = screen.print("\(Format.clock(Format.now)) you: \(text)", mark: "·")
                undelivered.updateValue(mark, forKey: message)
            case .lines: undelivered.updateValue(nil, forKey: message)
            case .json:
                undelivered.updateValue(nil, forKey: message)
                printer.showQueued(message, text)
            }
        } catch {
            complain(Failure(error))
        }
    }

    private func sendFile(_ path: String) {
        guard Paths.isRegularFile(path) else {
            let isThere = access(path, F_OK) == 0
            return complain(
                isThere
                    ? Failure(.badData, "\(path) is not a regular file")
                    : Failure(.noSuchFile, "there is no file \(path)")
            )
        }
        let name = Paths.name(of: path)
        var status = stat()
        let size = stat(path, &status) == 0 ? UInt64(clamping: status.st_size) : 0
        let (node, key, input) = (session.node, contact.key, input)
        transfers += 1
        Task {
            var transfer: TransferReference?
            do throws(PinholeError) {
                let started = try await node.sendFile(path, to: key)
                transfer = started
                input.yield(.transferStarted(started, name: name, size: size))
                try await node.finished(started, timeout: nil)
                input.yield(.transferEnded(started, name: name, size: size, nil))
            } catch {
                input.yield(.transferEnded(transfer, name: name, size: size, Failure(error)))
            }
        }
    }

    private func answerOffer(accepting: Bool) {
        guard !offers.isEmpty else { return complain(Failure(.usage, "no file waits for an answer")) }
        let offer = offers.removeFirst()
        if accepting {
            session.node.accept(offer.transfer)
        } else {
            session.node.refuse(offer.transfer)
            incoming[offer.transfer] = nil
        }
        tell("\(offer.name) \(accepting ? "accepted" : "refused").")
    }

    private func ping() {
        let (node, key, input) = (session.node, contact.key, input)
        Task {
            do throws(PinholeError) {
                input.yield(.pong(.success(try await node.ping(key, timeout: .seconds(15)))))
            } catch {
                input.yield(.pong(.failure(Failure(error))))
            }
        }
    }

    // MARK: The node's side

    private func handle(_ event: NodeEvent) {
        if case .unreachable(contact.key, let error) = event {
            guard lastProblem?.message != error.message else { return }
            lastProblem = error
        }
        if case .connected(contact.key, _) = event { lastProblem = nil }
        if case .json = mode {
            if case .delivered(let message) = event { undelivered[message] = nil }
            switch event {
            // Transfers that this chat began are reported by ``handleEnd(of:_:_:_:)``, with their names.
            case .fileSent(let transfer), .fileFailed(let transfer, _):
                if transfer.direction == .incoming { printer.show(event) }
            default: printer.show(event)
            }
            if case .fileOffered(let transfer, _, let name, _) = event, asksForFiles { offers.append((transfer, name)) }
            return
        }
        switch event {
        case .message(let message):
            let name = session.name(of: message.contact)
            result(Format.message(message, from: name, isVerified: session.isVerified(message.contact)))
        case .delivered(let message):
            guard let mark = undelivered.removeValue(forKey: message) else { break }
            if case .screen(let screen) = mode, let mark, !screen.change(mark, to: "✓") {
                tell("Delivered: an earlier message.")
            }
        case .fileOffered(let transfer, let key, let name, let size):
            incoming[transfer] = name
            let who = session.name(of: key)
            if asksForFiles { offers.append((transfer, name)) }
            let action =
                asksForFiles
                ? " offers \(name) (\(Format.size(size))): /accept or /refuse"
                : " sends \(name) (\(Format.size(size))) …"
            tell(who + action)
        case .fileProgress(let transfer, let done, let total): showProgress(of: transfer, done, total)
        case .fileReceived(let transfer, let path):
            let name = incoming.removeValue(forKey: transfer) ?? Paths.name(of: path)
            settlePrompt()
            result("\(Format.clock(Format.now)) \(session.name(of: transfer.contact)) sent \(name): \(path)")
        case .fileFailed(let transfer, let reason):
            guard transfer.direction == .incoming else { break }
            offers.removeAll { $0.transfer == transfer }
            settlePrompt()
            tell("\(incoming.removeValue(forKey: transfer) ?? "A file") is not complete: \(reason)")
        case .fileSent: break
        case .serviceUp where !isVerbose, .pathChanged where !isVerbose: break
        case .connecting where !isVerbose:
            // The node goes on trying; a person needs to hear it once.
            if !hasSaidConnecting { tell("Connecting to \(contact.name) …") }
            hasSaidConnecting = true
        case .unreachable(contact.key, let error):
            // Two people who start at the same moment connect within a second.
            let input = input
            Task {
                try? await Task.sleep(for: .seconds(2))
                input.yield(.stillUnreachable(error))
            }
        default: if let words = EventWords(event, in: session).talk { tell(words) }
        }
    }

    private func handleStart(of transfer: TransferReference, _ name: String, _ size: UInt64) {
        outgoing[transfer] = (name, size)
        printer.name(transfer, name, size: size)
        if case .json = mode { return }
        tell("Sending \(name) (\(Format.size(size))) …")
    }

    private func handleEnd(of transfer: TransferReference?, _ name: String, _ size: UInt64, _ failure: Failure?) {
        transfers -= 1
        if let transfer { outgoing[transfer] = nil }
        if case .json = mode {
            if let transfer {
                printer.show(failure.map { .fileFailed(transfer, reason: $0.message) } ?? .fileSent(transfer))
            } else {
                complain(failure ?? Failure(.other, "\(name) was not sent"))
            }
            if firstFailure == nil { firstFailure = failure }
            return
        }
        settlePrompt()
        if let failure {
            complain(Failure(failure.status, "\(name) was not delivered: \(failure.message)"))
        } else {
            tell("\(contact.name) has \(name) (\(Format.size(size))), verified.")
        }
    }

    private func handle(_ pong: Result<PingReport, Failure>) {
        switch (pong, mode) {
        case (.success(let report), .json):
            JSON.show([
                "event": "pong", "contact": .string(contact.name), "rttMs": .milliseconds(report.rtt),
                "path": .path(report.path),
            ])
        case (.success(let report), _): tell(PingCommand.words(report, from: contact.name))
        case (.failure(let failure), _): complain(failure)
        }
    }

    // MARK: Words

    /// The progress stands in the prompt, where it disturbs nobody.
    private func showProgress(of transfer: TransferReference, _ done: UInt64, _ total: UInt64) {
        guard case .screen(let screen) = mode, let name = outgoing[transfer]?.name ?? incoming[transfer] else { return }
        let now = ContinuousClock.now
        if let lastProgress, now - lastProgress < .milliseconds(250) { return }
        lastProgress = now
        let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
        let short = name.count > 24 ? name.prefix(23) + "…" : name
        screen.setPrompt("[\(short) \(percent) %] > ")
    }

    private func settlePrompt() {
        if case .screen(let screen) = mode { screen.setPrompt("> ") }
    }

    private func result(_ text: String) {
        if case .screen(let screen) = mode { screen.print("  " + text, style: .plain) } else { Console.result(text) }
    }

    private func tell(_ text: String) {
        Console.talk(text, style: .dim)
    }

    private func complain(_ failure: Failure) {
        if firstFailure == nil { firstFailure = failure }
        if case .json = mode {
            JSON.show([
                "event": "error", "reason": .string(failure.message), "exitCode": .integer(Int64(failure.exitCode)),
            ])
        } else {
            Console.talk(failure.message, style: .error)
        }
    }

    // MARK: Leaving

    /// A person who leaves does not wait long for what the outbox keeps anyway.
    private func leave(after wait: Duration, for reason: Waiting) {
        guard waits.insert(reason).inserted else { return }
        var limit = wait
        if case .screen = mode, transfers == 0 { limit = min(wait, .seconds(2)) }
        let (input, wait) = (input, limit)
        Task {
            try? await Task.sleep(for: wait)
            input.yield(.timeIsUp)
        }
    }

    private func leave() throws {
        guard !undelivered.isEmpty || transfers > 0 else {
            // What went wrong on the way has been said; a script also needs the code.
            if case .screen = mode { return }
            if let firstFailure { throw Failure(firstFailure.status, "") }
            return
        }
        var parts: [String] = []
        if !undelivered.isEmpty { parts.append("\(undelivered.count) message\(undelivered.count == 1 ? "" : "s")") }
        if transfers > 0 { parts.append("\(transfers) file\(transfers == 1 ? "" : "s")") }
        let what = parts.joined(separator: " and ")
        let kept = undelivered.isEmpty ? nil : "messages stay in the outbox for the next connection to \(contact.name)"
        if case .screen = mode {
            tell("\(what) not delivered. \(kept ?? "")")
            return
        }
        if let problem = lastProblem.map({ Failure($0) }) {
            throw Failure(
                problem.status, "\(what) not delivered: \(problem.message)",
                hint: [problem.hint, kept].compactMap(\.self).joined(separator: "; "))
        }
        throw Failure(.peerOffline, "\(what) not delivered", hint: kept)
    }
}
