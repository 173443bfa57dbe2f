import ArgumentParser
import Pinhole
import PinholeControl
import Synchronization

/// `pinhole outbox`: what was accepted and has not arrived.
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox",
        abstract: "List, cancel and retry messages that have not arrived.",
        discussion: """
            A message that could not be delivered waits on this disk and goes out by itself, in order, when the contact \
            appears while pinhole runs: 'pinhole listen' or 'pinhole chat' will do. 'pinhole help outbox list' lists \
            its options.

            Example:
              $ pinhole outbox list
              5f1c09aa3b7d2e41-3  bob  queued  14:02  see you at eight
              $ pinhole outbox cancel 5f1c09aa3b7d2e41-3
            """,
        subcommands: [List.self, Cancel.self, Retry.self], defaultSubcommand: List.self)

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

extension OutboxCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what waits, in the order in which it will be sent.",
            discussion: """
                One message a line: its name, the contact, how far it has come, when it was accepted, and how it begins. \
                'queued' has certainly not been sent; 'sent' is on its way and not confirmed; 'failed' was given up.

                Example:
                  $ pinhole outbox list bob
                """,
            aliases: ["ls"])

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "Only what is for this contact.", completion: contactNames) var name: String?

        @Flag(help: "List also what was given up.")
        var failed = false

        @Flag(help: "Print JSON, one object a message.")
        var json = false

        func run() async throws {
            let (name, failed) = (name, failed)
            let messages = try await Session.withProfile(global) { try await $0.outbox(to: name, failed: failed) }
            if json {
                for message in messages { JSON.show(JSON(encoding: message).members ?? [:]) }
                return
            }
            if messages.isEmpty { Console.talk("Nothing waits.") }
            let names = messages.map { Width.of($0.contact) }.max() ?? 0
            for message in messages {
                let padding = String(repeating: " ", count: names - Width.of(message.contact))
                let state = message.reason.map { "\(message.state) (\($0))" } ?? message.state
                let time = Format.clock(Timestamp.milliseconds(message.queuedAt) ?? 0)
                Console.result(
                    "\(message.id)  \(message.contact)\(padding)  \(state)  \(time)  \(Self.beginning(of: message.text))"
                )
            }
        }

        /// One line that fits.
        private static func beginning(of text: String) -> String {
            let line = text.split(whereSeparator: \.isNewline).first ?? ""
            return line.count < text.count || line.count > 60 ? line.prefix(60) + "…" : String(line)
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give up on messages that have not arrived.",
            discussion: """
                Names are those of 'outbox list'; the first six characters or more will do where they mean one message. \
                A message that may already have been sent is not sent again, and you are told so.

                Example:
                  $ pinhole outbox cancel 5f1c09aa3b7d2e41-3
                  $ pinhole outbox cancel --all bob
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "The messages' names; with --all, contacts.") var names: [String] = []

        @Flag(help: "Everything that waits, for the contacts named or for all.")
        var all = false

        @Flag(help: "Print JSON, one object a message.")
        var json = false

        func validate() throws {
            guard all || !names.isEmpty else { throw ValidationError("name a message, or say --all") }
        }

        func run() async throws {
            let (names, all, json) = (names, all, json)
            let outcomes = try await Session.withProfile(global) { client in
                var ids = all ? [] : names
                if all {
                    for name in names.isEmpty ? [nil] : names.map(Optional.some) {
                        ids += try await client.outbox(to: name).map(\.id)
                    }
                }
                var outcomes: [OutboxCancel.Result] = []
                for id in ids { outcomes.append(try await client.call(OutboxCancel.self, OutboxCancel.Params(id: id))) }
                return outcomes
            }
            if outcomes.isEmpty { Console.talk("Nothing waits.") }
            for outcome in outcomes {
                if json {
                    JSON.show(JSON(encoding: outcome).members ?? [:])
                } else {
                    Console.talk(Self.words(outcome))
                }
            }
        }

        private static func words(_ result: OutboxCancel.Result) -> Phrase {
            let contact = result.contact
            switch result.outcome {
            case .cancelled: return "Cancelled: \(contact) will not get it."
            case .mayHaveArrived:
                return "Cancelled, but it may already have been sent: \(contact) may have it, or not."
            case .delivered: return "Too late: \(contact) has it."
            case .failedBefore: return "It had been given up before."
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try at once to deliver what waits.",
            discussion: """
                Pinhole tries by itself, with pauses of up to a minute. This tries now, and waits until all has arrived \
                or the time is over. What was given up goes out only with --failed, as a new message: where it may have \
                arrived before, it then arrives twice.

                Example:
                  $ pinhole outbox retry bob
                  $ pinhole outbox retry --failed bob
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions
        @OptionGroup(title: "Network options") var network: NodeOptions
        @OptionGroup var limit: TimeoutOption

        @Argument(help: "Only what is for this contact.", completion: contactNames) var name: String?

        @Flag(help: "Send also what was given up, once more.")
        var failed = false

        @Flag(
            help: "Print JSON, one object for each message that has arrived or was given up, and one with what is left."
        )
        var json = false

        func run() async throws {
            let (name, failed, json, timeout) = (name, failed, json, limit.duration)
            try await Session.run(network, global: global, as: "outbox", policy: .ask, tellsEvents: global.verbose) {
                session in
                let params = OutboxRetry.Params(to: name, failed: failed)
                if failed { _ = try await session.client.call(OutboxRetry.self, params) }
                let waiting = try await Self.waiting(session, name)
                guard !waiting.isEmpty else {
                    if json { JSON.show(["waiting": 0]) } else { Console.talk("Nothing waits.") }
                    return
                }
                if !failed { _ = try await session.client.call(OutboxRetry.self, params) }
                let given = Mutex<Set<String>>([])
                try? await race(
                    {
                        try await Self.watch(session, waiting, json: json) { id in given.withLock { _ = $0.insert(id) }
                        }
                    },
                    { try await Task.sleep(for: timeout) })
                let left = try await Self.waiting(session, name)
                let givenUp = given.withLock(\.count)
                if json {
                    JSON.show(["waiting": .integer(Int64(left.count)), "failed": .integer(Int64(givenUp))])
                }
                guard left.isEmpty else {
                    throw Failure(
                        .peerOffline, "\(plural: left.count, "message waits", "messages wait") still",
                        hint: "what waits goes out by itself while 'pinhole listen' or a chat runs")
                }
                guard givenUp == 0 else {
                    throw Failure(
                        .other, "\(plural: givenUp, "message was", "messages were") cancelled or given up meanwhile",
                        hint: "'pinhole outbox list --failed' shows what was given up")
                }
                if !json { Console.talk("Everything has arrived.") }
            }
        }

        private static func waiting(_ session: Session, _ name: String?) async throws -> Set<String> {
            Set(try await session.client.outbox(to: name).map(\.id))
        }

        /// Returns when none of these waits any more; tells of each that has not arrived.
        private static func watch(
            _ session: Session, _ waiting: Set<String>, json: Bool, _ giveUp: (String) -> Void
        ) async throws {
            var waiting = waiting
            for await happening in session.events {
                let (message, hasArrived): (MessageReference, Bool)
                switch happening.event {
                case .delivered(let reference): (message, hasArrived) = (reference, true)
                case .failed(let reference, _): (message, hasArrived) = (reference, false)
                default: continue
                }
                guard waiting.remove(message.id) != nil else { continue }
                if !hasArrived { giveUp(message.id) }
                if json {
                    JSON.show([
                        "contact": .string(happening.name), "message": .string(message.id),
                        "state": hasArrived ? "delivered" : "failed",
                    ])
                }
                if waiting.isEmpty { return }
            }
        }
    }
}
