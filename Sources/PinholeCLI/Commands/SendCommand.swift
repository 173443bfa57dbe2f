import ArgumentParser
import Glibc
import Pinhole
import PinholeControl
import Synchronization

/// `pinhole send`: messages and files, done when the contact has them on disk.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send messages and files; done when the contact has them on disk.",
        discussion: """
            Each WHAT is a file, or a folder with everything in it, if there is one of that name, '-' for standard input \
            as one message, and otherwise a message of its own: quote a message of several words. A single word with a \
            slash that names no file is an error (66); --text sends it as a message.

            Example:
              $ pinhole send bob "hi, are you there?"
              $ pinhole send bob report.pdf photos/
              $ df -h | pinhole send bob -

            Nothing is read before bob wants it, and each part is verified when it arrives. What was interrupted, here or \
            there, goes on where it stopped: the next time that you are both connected, or when it is sent again.

            Exits with 0 only when everything has arrived. What could not be delivered (75, 79) waits and goes out with \
            the next connection to bob: 'pinhole outbox' lists the messages, 'pinhole files' the files.
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions
    @OptionGroup var limit: TimeoutOption

    @Argument(help: "The contact's name.", completion: contactNames) var name: String

    @Argument(help: "Files, '-' for standard input, or messages.", completion: .file())
    var what: [String]

    @Flag(help: "Treat every WHAT as a message, also when a file of that name exists.")
    var text = false

    @Flag(help: "Print a JSON object for each thing delivered.")
    var json = false

    fileprivate enum Item: Sendable {
        case message(String)
        case file(String)
    }

    func run() async throws {
        let items = try what.map(item)
        let (name, json, timeout, verbose) = (name, json, limit.duration, global.verbose)
        try await Session.run(network, global: global, as: "send", policy: .ask, tellsEvents: global.verbose) {
            session in
            let contact = try await session.contact(named: name)
            try await Delivery(session: session, contact: contact, json: json, timeout: timeout, isVerbose: verbose)
                .run(items)
        }
    }

    private func item(_ word: String) throws -> Item {
        if word == "-" {
            guard !text else { return .message(word) }
            let body = try Files.read(STDIN_FILENO, named: "standard input", limit: Self.maxMessage)
            guard !body.isEmpty else { throw Failure(.badData, "standard input is empty") }
            return .message(body.last == "\n" ? String(body.dropLast()) : body)
        }
        guard !text, access(word, F_OK) == 0 else {
            // A word with a slash and no blank was meant as a path.
            if !text, word.contains("/"), !word.contains(where: \.isWhitespace), !word.contains("://") {
                throw Failure(.noSuchFile, "there is no file “\(word)”", hint: "--text sends it as a message")
            }
            guard !word.isEmpty else { throw Failure(.usage, "a message cannot be empty") }
            guard word.utf8.count <= Self.maxMessage else {
                throw Failure(.badData, "a message has at most \(Self.maxMessage) bytes", hint: "send it as a file")
            }
            return .message(word)
        }
        guard Paths.isFileOrFolder(word) else {
            throw Failure(.badData, "“\(word)” is neither a file nor a folder")
        }
        guard access(word, R_OK) == 0 else { throw Failure(.noSuchFile, "\(word): \(Files.reason(errno))") }
        return .file(word)
    }

    private static let maxMessage = 65_536
}

/// Everything of one `send`, on its way.
private struct Delivery: Sendable {
    let session: Session
    let contact: Contact
    let json: Bool
    let timeout: Duration
    /// Then the session tells about connections itself.
    let isVerbose: Bool

    func run(_ items: [SendCommand.Item]) async throws {
        let client = session.client
        let files = items.compactMap { item -> String? in
            if case .file(let path) = item { path } else { nil }
        }
        // Messages are on disk before anything can go wrong on the network.
        var messages: [MessageReference] = []
        for case .message(let text) in items { messages.append(try await client.send(text, to: contact.key)) }
        do throws(PinholeError) {
            // Notes to oneself are there already.
            if try await client.status().key != contact.key.text {
                let path = try await session.connect(to: contact, timeout: timeout)
                if !isVerbose {
                    Console.talk("Connected to \(contact.name) directly: \(Format.path(path)).", style: .dim)
                }
            }
            for message in messages {
                try await client.delivered(message, timeout: timeout)
                if json {
                    JSON.show([
                        "contact": .string(contact.name), "message": .string(message.id), "state": "delivered",
                    ])
                }
            }
        } catch {
            throw kept(error, messages: messages.count, files: await offer(files[...], after: error))
        }
        if !messages.isEmpty {
            Console.talk("\(plural: messages.count, "message", "messages") delivered to \(contact.name).")
        }
        var firstFailure: Failure?
        for (index, path) in files.enumerated() {
            do {
                try await send(file: path)
            } catch {
                guard let failure = Failure(error), Self.concernsOneFile(failure) else {
                    _ = await offer(files[(index + 1)...], after: error)
                    throw error
                }
                if firstFailure == nil { firstFailure = failure }
            }
        }
        if let firstFailure { throw firstFailure }
    }

    /// Whether what comes after this file can arrive all the same.
    private static func concernsOneFile(_ failure: Failure) -> Bool {
        [.other, .badData, .noSuchFile, .exhausted].contains(failure.status)
    }

    /// Whether waiting for the contact helps.
    private static func canWait(_ failure: Failure?) -> Bool {
        failure.map { [.peerOffline, .noDirectPath, .unreachableService].contains($0.status) } ?? false
    }

    /// Files whose turn did not come wait for the contact as messages do. Returns how many; none where waiting helps not.
    private func offer(_ files: ArraySlice<String>, after error: any Error) async -> Int {
        guard Self.canWait(Failure(error)) else { return 0 }
        var count = 0
        for path in files where (try? await session.client.sendFile(absolutePath(path), to: contact.key)) != nil {
            count += 1
        }
        return count
    }

    private func send(file path: String) async throws {
        let client = session.client
        let name = Paths.name(of: path)
        let events = client.events()
        var status = stat()
        let isFile = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        let transfer = try await client.sendFile(absolutePath(path), to: contact.key)
        let progress = Progress("\(name)", size: isFile ? UInt64(status.st_size) : nil)
        let course = Course()
        do {
            try await race(
                { try await client.finished(transfer, timeout: nil) },
                { try await watch(transfer, events, progress, course) })
        } catch {
            let failure = Failure(error)
            if let failure, Self.concernsOneFile(failure) {
                progress.finish("not delivered: \(failure.message)")
            } else {
                progress.finish("not delivered yet; it goes on where it stopped when you are both connected")
            }
            throw error
        }
        let (size, sent) = course.sizes ?? (UInt64(status.st_size), 0)
        progress.finish("\(progress.summary(size: size)), verified by \(contact.name)")
        if json {
            JSON.show([
                "contact": .string(contact.name), "file": .string(path), "name": .string(name),
                "size": .integer(Int64(clamping: size)), "sent": .integer(Int64(clamping: sent)),
                "state": "delivered",
            ])
        }
    }

    /// Shows progress, and ends the waiting when there has been none for the time limit.
    private func watch(
        _ transfer: TransferReference, _ events: AsyncStream<HostEvent>, _ progress: Progress, _ course: Course
    ) async throws {
        let lastMove = LastMove()
        try await race(
            {
                for await event in events {
                    switch event.event {
                    case .fileBegan(transfer, _, let done, let total):
                        lastMove.touch()
                        course.begin(at: done, of: total)
                        progress.begin(at: done, of: total)
                    case .fileProgress(transfer, let done, let total):
                        lastMove.touch()
                        course.move(to: done)
                        progress.update(done: done, total: total)
                    case .fileWaiting(transfer, let name, let reason):
                        Console.talk("\(name) waits: \(reason).")
                    // What of a folder was left out.
                    case .notice(let text) where !isVerbose: Console.talk(text)
                    default: break
                    }
                }
                try await Task.sleep(for: .seconds(86_400))
            },
            {
                while true {
                    let left = timeout - lastMove.age
                    guard left > .zero else { break }
                    try await Task.sleep(for: left)
                }
                throw Failure(
                    .peerOffline, "\(contact.name) has taken nothing for \(Format.duration(timeout))",
                    hint: "--timeout waits longer; \(contact.name) may have to accept the file")
            })
    }

    private func kept(_ error: PinholeError, messages: Int, files: Int) -> Failure {
        let failure = Failure(error)
        let outbox: Phrase? =
            messages == 0
            ? nil
            : "\(plural: messages, "message", "messages") kept in the outbox for the next connection to \(contact.name)"
        let offers: Phrase? =
            files == 0 ? nil : "\(plural: files, "file", "files") kept for the next connection to \(contact.name)"
        return Failure(failure.status, failure.message, hint: Phrase.joined(failure.hint, outbox, offers))
    }
}

/// What went over the network of one transfer, while this command watched.
private final class Course: Sendable {
    private let state = Mutex<(total: UInt64, sent: UInt64, position: UInt64)?>(nil)

    func begin(at done: UInt64, of total: UInt64) {
        state.withLock { $0 = (total, $0?.sent ?? 0, done) }
    }

    func move(to done: UInt64) {
        state.withLock { state in
            guard let (total, sent, position) = state, done > position else { return }
            state = (total, sent + done - position, done)
        }
    }

    /// The bytes that there are to send, and those that were sent: more where some were sent twice.
    var sizes: (size: UInt64, sent: UInt64)? {
        state.withLock { state in state.map { ($0.total, $0.sent) } }
    }
}
