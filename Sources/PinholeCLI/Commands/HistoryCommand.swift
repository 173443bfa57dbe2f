import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole history`: what was said.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show, search, export and purge what was said.",
        discussion: """
            The history is kept on this machine only, sealed with your key. 'history = false' in the configuration \
            keeps none, 'history-retention' keeps it for a time. 'pinhole help history show' lists its options.

            Example:
              $ pinhole history bob
              $ pinhole history bob --search "the report"
              $ pinhole history export bob > bob.jsonl
              $ pinhole history purge bob --before 30d
            """,
        subcommands: [Show.self, Export.self, Purge.self], defaultSubcommand: Show.self)

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

extension HistoryCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the newest messages, or those that contain some words.",
            discussion: """
                Without a contact it shows the messages with everybody. A search finds messages that contain all words, \
                in any order; neither case nor accents make a difference, and words in double quotes are looked for \
                together.

                Example:
                  $ pinhole history bob --limit 100
                  $ pinhole history --search "train tomorrow" --before 2026-11-01
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "With whom; everybody without it.", completion: contactNames) var contact: String?

        @Option(help: ArgumentHelp("Only messages that contain these words.", valueName: "words"))
        var search: String?

        @Option(
            help: ArgumentHelp(
                "Only messages before this time: 2026-11-21, “2026-11-21 14:02”, or 12h, 30d, 8w, 1y ago.",
                valueName: "time"))
        var before: TimePoint?

        @Option(
            help: ArgumentHelp("Only messages before this place: the page before this one names it.", valueName: "n"))
        var page: Int64?

        @Option(help: ArgumentHelp("How many messages at the most.", valueName: "n"))
        var limit = 50

        @Flag(help: "Print JSON.")
        var json = false

        func validate() throws {
            guard limit > 0 else { throw ValidationError("--limit must be more than 0") }
        }

        func run() async throws {
            let (messages, before) = try await Session.withProfile(global) { try await pages($0) }
            guard !json else {
                return JSON.show([
                    "messages": .array(messages.map(\.json)), "before": before.map { .integer($0) } ?? .null,
                ])
            }
            for message in messages { message.show(namesContact: contact == nil) }
            if messages.isEmpty {
                let keepsNone = (try? Settings(try NodeOptions.parse([]), global: global).history) == .off
                Console.talk(
                    search != nil
                        ? "Nothing was found."
                        : keepsNone ? "No history is kept ('history = false')." : "Nothing was said yet.")
            }
            if let before { Console.talk("There is more before this: add --page \(String(before))", style: .dim) }
        }

        /// As many pages as it takes: the host answers with so much at a time.
        private func pages(_ client: Client) async throws -> ([PlacedMessage], Int64?) {
            var messages: [PlacedMessage] = []
            var place = page
            repeat {
                let page = try await client.history(
                    with: contact, search: search, before: place, until: before?.milliseconds,
                    limit: min(limit - messages.count, 400))
                messages = page.messages + messages
                place = page.before
            } while place != nil && messages.count < limit
            return (messages, place)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the history to stdout or to a file, the oldest message first.",
            discussion: """
                As JSON lines for programs, an object for each message, or as text for people. What is written is not \
                sealed any more: a file gets mode 0600, and what was there before stays.

                Example:
                  $ pinhole history export > everything.jsonl
                  $ pinhole history export bob --format text --output bob.txt
                """)

        enum Format: String, CaseIterable, ExpressibleByArgument { case jsonl, text }

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "With whom; everybody without it.", completion: contactNames) var contact: String?

        @Option(help: "jsonl: a JSON object a line; text: as people read it.")
        var format = Format.jsonl

        @Option(
            name: .shortAndLong, help: ArgumentHelp("Where to write it; stdout without it.", valueName: "file"),
            completion: .file())
        var output: String?

        func run() async throws {
            let count = try await Session.withProfile(global) { client in
                // What cannot be asked for must not leave an empty file.
                var messages = try await client.history(with: contact, after: 0)
                let sink = try output.map { try ExportFile($0) }
                var count = 0
                while let last = messages.last {
                    let text = messages.map { lines(of: $0) }.joined()
                    if let sink { try sink.write(text) } else { Console.write(text, to: STDOUT_FILENO) }
                    count += messages.count
                    messages = try await client.history(with: contact, after: last.place)
                }
                try sink?.finish()
                return count
            }
            if let output { Console.talk("\(plural: count, "message", "messages") written to \(output)", style: .good) }
        }

        private func lines(of message: PlacedMessage) -> String {
            switch format {
            case .jsonl: message.line
            case .text: message.text(namesContact: contact == nil) + "\n"
            }
        }
    }

    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove messages from this machine for good.",
            discussion: """
                Nothing brings them back: they are overwritten on the disk. Your contact keeps its copy. Messages that \
                are not delivered yet stay: 'pinhole outbox cancel' gives them up. Received files stay.

                Example:
                  $ pinhole history purge bob
                  $ pinhole history purge --before 365d --yes
                  $ pinhole history purge --all
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "With whom.", completion: contactNames) var contact: String?

        @Option(
            help: ArgumentHelp(
                "Only messages before this time: 2026-11-21, “2026-11-21 14:02”, or 12h, 30d, 8w, 1y ago.",
                valueName: "time"))
        var before: TimePoint?

        @Flag(help: "The messages with everybody.")
        var all = false

        @Flag(name: .shortAndLong, help: "Do not ask.")
        var yes = false

        @Flag(help: "Print JSON.")
        var json = false

        func validate() throws {
            guard contact != nil || before != nil || all else {
                throw ValidationError("say what to remove: a contact, --before or --all")
            }
            guard contact == nil || !all else { throw ValidationError("a contact and --all cannot go together") }
        }

        func run() async throws {
            let removed = try await Session.withProfile(global) { client in
                if !yes { try confirm() }
                return try await client.purgeHistory(with: contact, until: before?.milliseconds)
            }
            guard !json else { return JSON.show(["removed": .integer(Int64(removed))]) }
            Console.talk("\(plural: removed, "message", "messages") removed", style: .good)
        }

        private func confirm() throws(Failure) {
            guard Console.isTerminal(STDIN_FILENO), Console.isTerminal(STDERR_FILENO) else {
                throw Failure(.usage, "without a terminal nobody can confirm this", hint: "add --yes")
            }
            let whom: Phrase = contact.map { "Remove the messages with \($0)" } ?? "Remove the messages with everybody"
            let question: Phrase =
                before == nil
                ? "\(whom) from this machine for good?" : "\(whom) before that time from this machine for good?"
            guard Console.confirms(question) == true else { throw Failure(.other, "nothing was removed") }
        }
    }
}

// MARK: Rendering

extension PlacedMessage {
    /// The members of the message, and its place.
    var json: JSON {
        var members = JSON(encoding: message).members ?? [:]
        members["place"] = .integer(place)
        return .object(members)
    }

    /// A line of its own, with the version of its schema.
    var line: String {
        var members = json.members ?? [:]
        members["v"] = 1
        return JSON.object(members).line + "\n"
    }

    func show(namesContact: Bool) {
        for line in text(namesContact: namesContact).split(separator: "\n", omittingEmptySubsequences: false) {
            Console.result(verbatim: String(line))
        }
    }

    /// `✓✓ 2026-11-21 14:02 you: text`, with the marks of a chat, further lines of it indented. What was written can
    /// neither steer a terminal nor pass for another line, also in a file.
    func text(namesContact: Bool) -> String {
        guard let known = message.message else { return "" }
        let mark: String
        let writer: Phrase
        let time: UInt64
        switch known.direction {
        case .incoming: (mark, writer, time) = ("", "\(message.contact)", known.receivedAt ?? known.sentAt)
        case .outgoing:
            writer = namesContact ? "you to \(message.contact)" : "you"
            time = known.sentAt
            mark = Conversation.mark(known.state)
        }
        return "\(Screen.padded(mark))\(Format.moment(time)) \(writer): " + Console.lines(known.text)
    }
}

// MARK: Writing

/// A new file that only its owner can read.
private final class ExportFile {
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(Failure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw Failure(.cannotWrite, "\(path) exists already", hint: "name another file, or remove it")
            }
            throw Self.failure(path)
        }
    }

    deinit {
        close(descriptor)
    }

    func write(_ text: String) throws(Failure) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                throw Self.failure(path)
            }
        }
    }

    /// Brings it to the disk.
    func finish() throws(Failure) {
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> Failure {
        let reason = String(cString: strerror(errno))
        return Failure(.cannotWrite, "\(path) cannot be written: \(reason)")
    }
}
