import Glibc
import Pinhole
import PinholeControl

/// Runs a command for each message that arrives: the event as JSON on its standard input, its standard output the reply.
///
/// It follows the event log, so that a message that came while nobody looked is not forgotten. The messages of a contact
/// are handled one after the other, those of several contacts side by side. A command is no person: what it was given
/// counts as unread. Where there is none, nothing is followed.
actor Hooks {
    static let consumer = "hooks.message"
    static let timeLimit = Duration.seconds(30)
    private static let atATime = 4
    /// As many messages as are read ahead.
    private static let readAhead = 64

    private let client: Client
    private let profile: String
    private var command: [String]
    private var waiting: [String: [EventShape]] = [:]
    private var order: [String] = []
    private var running: Set<String> = []
    private var handlers: [String: Task<Void, Never>] = [:]
    /// The events that were read and are not dealt with.
    private var open: Set<Int64> = []
    private var lastRead: Int64?
    private var acknowledged: Int64 = 0
    private var reader: CheckedContinuation<Void, Never>?
    private var hasTurn = false
    private var isLeaving = false
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// `profile` is its directory.
    init(_ client: Client, of profile: String, command: [String]) {
        self.client = client
        self.profile = profile
        self.command = command
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Another command from the next message on; without one what waits is dropped.
    func change(to command: [String]) async {
        self.command = command
        changed.yield()
        guard command.isEmpty else { return }
        open.subtract(waiting.values.joined().compactMap(\.cursor))
        (waiting, order) = ([:], [])
        reader?.resume()
        reader = nil
        if hasTurn { try? await forget() }
    }

    /// Runs until the task is cancelled; while another process runs the hooks of the profile, it waits.
    func run() async {
        guard let lock = await takeTurn() else { return }
        hasTurn = true
        await withTaskCancellationHandler {
            await follow()
        } onCancel: {
            Task { await self.leave() }
        }
        isLeaving = true
        // Programs end with this one, and the next process begins only then.
        let last = Array(handlers.values)
        last.forEach { $0.cancel() }
        for handler in last { await handler.value }
        withExtendedLifetime(lock) {}
    }

    /// Nothing more is begun, and nobody waits for room.
    private func leave() {
        isLeaving = true
        reader?.resume()
        reader = nil
    }

    private func follow() async {
        while !Task.isCancelled {
            do throws(PinholeError) {
                guard !command.isEmpty else {
                    try await forget()
                    for await _ in changes { break }
                    continue
                }
                let batch = try await client.call(
                    EventsNext.self,
                    EventsNext.Params(
                        consumer: Self.consumer, after: lastRead, limit: Self.readAhead, wait: .seconds(60)))
                for event in batch.events { await add(event) }
                lastRead = batch.cursor
                await acknowledge()
            } catch {
                guard !Task.isCancelled else { return }
                Console.talk("Hooks: the events cannot be read: \(error)", style: .error)
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// nil when the task was cancelled.
    private func takeTurn() async -> ProfileLock? {
        var hasTold = false
        while !Task.isCancelled {
            do throws(PinholeError) {
                if let lock = try ProfileLock(hooksOf: profile) { return lock }
                if !hasTold, !command.isEmpty {
                    Console.talk("Another process runs the hooks; this one does when it ends.", style: .dim)
                    hasTold = true
                }
            } catch {
                if !hasTold { complain("Hooks: \(error)") }
                hasTold = true
            }
            try? await Task.sleep(for: .seconds(1))
        }
        return nil
    }

    /// Events are kept for nobody, and the next command begins with what happens from then on.
    private func forget() async throws(PinholeError) {
        lastRead = nil
        _ = try await client.call(EventsForget.self, EventsForget.Params(consumer: Self.consumer))
    }

    private func add(_ event: EventShape) async {
        guard let cursor = event.cursor, event.json["event"] == "message", let key = event.json["key"]?.text,
            !command.isEmpty
        else { return }
        open.insert(cursor)
        waiting[key, default: []].append(event)
        if !order.contains(key) { order.append(key) }
        begin()
        if !isLeaving, open.count >= Self.readAhead { await withCheckedContinuation { reader = $0 } }
    }

    private func begin() {
        while !isLeaving, running.count < Self.atATime, let key = order.first(where: { !running.contains($0) }) {
            order.removeAll { $0 == key }
            guard let event = waiting[key]?.first else { continue }
            waiting[key]?.removeFirst()
            running.insert(key)
            handlers[key] = Task { await handle(event, from: key) }
        }
    }

    private func handle(_ event: EventShape, from key: String) async {
        // It may be another one by now, or none.
        if let program = command.first, let reply = await answer(to: event, by: command) {
            await send(reply, of: program, to: key, after: event)
        }
        handlers[key] = nil
        // What was broken off comes again.
        guard !Task.isCancelled else { return }
        running.remove(key)
        if waiting[key]?.isEmpty == false { order.append(key) } else { waiting[key] = nil }
        if let cursor = event.cursor { open.remove(cursor) }
        reader?.resume()
        reader = nil
        await acknowledge()
        begin()
    }

    /// What every message before was dealt with counts as done; after a crash the others come again.
    private func acknowledge() async {
        guard let cursor = open.min().map({ $0 - 1 }) ?? lastRead, cursor > acknowledged else { return }
        acknowledged = cursor
        _ = try? await client.call(
            EventsAcknowledge.self, EventsAcknowledge.Params(consumer: Self.consumer, cursor: cursor, read: false))
    }

    // MARK: One message

    /// nil where the command says nothing, or fails, which is said.
    private func answer(to event: EventShape, by command: [String]) async -> String? {
        let name = event.json["from"]?.text ?? ""
        let child = ChildProcess(
            arguments: command, environment: Self.environment, directory: Paths.home, timeLimit: Self.timeLimit,
            outputLimit: Self.longestReply)
        let outcome = await child.run(input: Array((event.json.line + "\n").utf8))
        guard !Task.isCancelled else { return nil }
        let program = command[0]
        switch outcome.end {
        case .exited(0): break
        case .exited(let code):
            complain("The hook \(program) failed with exit code \(Int(code)) for a message of \(name).")
            return nil
        case .killed(let signal):
            complain("The hook \(program) was killed by signal \(Int(signal)) for a message of \(name).")
            return nil
        case .tookTooLong:
            complain(
                "The hook \(program) took longer than \(Format.seconds(Self.timeLimit)) for a message of \(name), and "
                    + "was ended.")
            return nil
        case .saidTooMuch:
            complain("The hook \(program) wrote a reply of more than \(Self.longestReply) bytes to \(name).")
            return nil
        case .notStarted(let code):
            complain("The hook \(program) cannot be started: \(Files.reason(code))")
            return nil
        }
        guard var reply = String(validating: outcome.output, as: UTF8.self) else {
            complain("The hook \(program) wrote a reply to \(name) that is not UTF-8 text.")
            return nil
        }
        while reply.last?.isNewline == true { reply.removeLast() }
        return reply.isEmpty ? nil : reply
    }

    private func send(_ reply: String, of program: String, to key: String, after event: EventShape) async {
        do throws(PinholeError) {
            // Named after the message: a hook that is run again after a crash does not answer twice.
            let token = (event.json["id"]?.text).map { "hook:\(key):\($0)" }
            _ = try await client.call(MessageSend.self, MessageSend.Params(to: key, text: reply, token: token))
        } catch {
            complain("The reply of the hook \(program) cannot be sent: \(error)")
        }
    }

    private func complain(_ words: Phrase) { Console.talk(words, style: .error) }

    private static let longestReply = 65_536

    /// What a program needs to find its way, and nothing that may hold a secret.
    private static let environment: [String] = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "TMPDIR",
        "XDG_RUNTIME_DIR",
    ].compactMap { name in Console.environment(name).map { "\(name)=\($0)" } }
}
