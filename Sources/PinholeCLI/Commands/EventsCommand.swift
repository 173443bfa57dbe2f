import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole events`: what happened, for programs that must miss nothing.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print what happens; with a cursor also what happened meanwhile.",
        discussion: """
            With --cursor NAME the events are those of a log on the disk: what happens while your program is down is \
            kept for that name, and printed the next time. An event counts as dealt with once it is printed, or with \
            --ack-stdin when your program writes its cursor, a number on a line, to standard input; a message then \
            counts as seen, and its sender is told unless that is turned off. Without --follow the command ends when \
            all is printed. The first time a name begins with what happens from then on.

            Without --cursor, --follow prints what happens from now on, what is not stored included.

            Example:
              $ pinhole events --follow --json --cursor bot | jq -rc 'select(.event == "message") | [.from, .text]'
              ["bob","status?"]
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Flag(help: "Go on with what happens from now on.")
    var follow = false

    @Flag(help: "Print JSON, one object an event.")
    var json = false

    @Option(help: ArgumentHelp("The name under which events are kept for you.", valueName: "name"))
    var cursor: String?

    @Flag(help: "Read the cursors of events that are dealt with from standard input.")
    var ackStdin = false

    @Flag(help: "Forget the name: events are no longer kept for it.")
    var forget = false

    func validate() throws {
        guard follow || cursor != nil else {
            throw ValidationError("give --cursor NAME for what happened, --follow for what happens, or both")
        }
        guard !ackStdin || (cursor != nil && follow) else {
            throw ValidationError("--ack-stdin needs --cursor and --follow")
        }
        guard !forget || (cursor != nil && !follow) else { throw ValidationError("--forget needs --cursor alone") }
    }

    func run() async throws {
        guard follow else {
            return try await Session.withProfile(global) { client in
                guard let cursor else { return }
                if forget {
                    _ = try await client.call(EventsForget.self, EventsForget.Params(consumer: cursor))
                } else {
                    try await printStored(cursor, of: client, forever: false)
                }
            }
        }
        let policy = (try Settings(network, global: global).accept ?? .all).filePolicy
        do {
            try await Session.run(network, global: global, as: "events", policy: policy, hears: cursor == nil) {
                session in
                guard let cursor else { return await printLive(session) }
                let acknowledging = ackStdin ? Task { try await acknowledge(cursor, of: session.client) } : nil
                defer { acknowledging?.cancel() }
                try await printStored(cursor, of: session.client, forever: true)
            }
        } catch let failure as Failure where [.interrupted, .terminated].contains(failure.status) {
            // A signal is how following ends.
        }
    }

    private func printStored(_ name: String, of client: Client, forever: Bool) async throws {
        var after: Int64?
        while true {
            let batch = try await client.call(
                EventsNext.self,
                EventsNext.Params(
                    consumer: name, after: after, limit: 100, wait: forever ? .seconds(60) : .zero))
            for event in batch.events {
                show(event.json)
                if let failure = Console.outputFailure { throw failure }
                guard !ackStdin, let cursor = event.cursor else { continue }
                _ = try await client.call(
                    EventsAcknowledge.self, EventsAcknowledge.Params(consumer: name, cursor: cursor))
            }
            if batch.events.isEmpty, !forever { return }
            after = batch.cursor
        }
    }

    private func acknowledge(_ name: String, of client: Client) async throws {
        for await line in Keyboard.lines() {
            guard let cursor = Int64(line.filter { !$0.isWhitespace }) else {
                Console.talk("“\(line)” is not a cursor.", style: .error)
                continue
            }
            _ = try await client.call(
                EventsAcknowledge.self, EventsAcknowledge.Params(consumer: name, cursor: cursor))
        }
    }

    private func printLive(_ session: Session) async {
        var printer = EventPrinter(showsProgress: true)
        for await event in session.events {
            if json { printer.show(event) } else { show(event.json) }
        }
    }

    private func show(_ event: JSON) {
        guard !json else { return Console.json(event.line) }
        let words = ["from", "contact", "text", "name", "path", "reason", "service"].compactMap { event[$0]?.text }
        let clock = (event["time"] ?? event["receivedAt"])?.text.flatMap(Timestamp.milliseconds) ?? Format.now
        var unique: [String] = []
        for word in words where !unique.contains(word) { unique.append(word) }
        let kind = event["event"]?.text ?? ""
        Console.result("\(Format.clock(clock)) \(kind) \(unique.joined(separator: ": "))")
    }
}
