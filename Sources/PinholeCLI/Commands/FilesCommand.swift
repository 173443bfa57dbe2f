import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole files`: what is on its way, what waits for an answer, and from whom files are taken.
struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "List files on their way; accept, refuse or cancel them; decide from whom to take them.",
        discussion: """
            'pinhole help files list' lists its options.

            Example:
              $ pinhole files
              5f2a91c3d7e80b46  from bob  photos/  1.2 GB  accepted
              $ pinhole files accept 5f2a
              $ pinhole files policy bob all
            """,
        subcommands: [List.self, Accept.self, Refuse.self, Cancel.self, Policy.self],
        defaultSubcommand: List.self)

    @OptionGroup(title: "Global options") var global: GlobalOptions

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the files on their way.",
            discussion: """
                Each line has the transfer's number, which way it goes, what it is called, its size, how far it has come \
                and where it is. With --all those too that are done or given up, and why.

                Example:
                  $ pinhole files list --all
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "Only those of this contact.", completion: contactNames) var name: String?

        @Flag(help: "Those too that are done or given up.")
        var all = false

        @Flag(help: "Print JSON, one transfer a line.")
        var json = false

        func run() async throws {
            let (name, all, json) = (name, all, json)
            try await Session.withProfile(global) { client in
                let transfers = try await client.transfers(with: name, all: all)
                if json {
                    for transfer in transfers { JSON.show(JSON(encoding: transfer).members ?? [:]) }
                    return
                }
                if transfers.isEmpty { Console.talk("No files are on their way.") }
                for transfer in transfers { Console.result(Self.words(transfer)) }
            }
        }

        private static func words(_ transfer: TransferRecord) -> Phrase {
            let way: Phrase =
                transfer.direction == .incoming ? "from \(transfer.contact)" : "to \(transfer.contact)"
            let name = transfer.name + (transfer.folder ? "/" : "")
            let size = Format.size(UInt64(clamping: transfer.size))
            let state: Phrase =
                switch Transfer.State(rawValue: transfer.state) {
                case .offered: "offered"
                case .accepted: "accepted"
                case .done: "done"
                case .refused: "refused"
                case .failed: "failed"
                case nil: "\(transfer.state)"
                }
            let reason = transfer.reason.map { " (\(Phrase(stringLiteral: $0)))" } ?? ""
            let place = transfer.path.map { "  \($0)" } ?? ""
            return "\(transfer.digits)  \(way)  \(name)  \(size)  \(state)\(reason)\(place)"
        }
    }

    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an offered file.",
            discussion: """
                Needs a command that has the profile open, 'pinhole daemon' or 'pinhole listen' for instance: that one \
                receives it. The beginning of the number is enough.

                Example:
                  $ pinhole files accept 5f2a
                """)

        @OptionGroup var transfer: OpenTransfer

        func run() async throws {
            try await transfer.change { client, transfer in try await client.accept(transfer) }
        }
    }

    struct Refuse: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decline an offered file.",
            discussion: """
                Needs a command that has the profile open, as 'files accept' does. The beginning of the number is \
                enough.

                Example:
                  $ pinhole files refuse 5f2a
                """)

        @OptionGroup var transfer: OpenTransfer

        func run() async throws {
            try await transfer.change { client, transfer in try await client.refuse(transfer) }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give up a transfer in either direction.",
            discussion: """
                What has come of it is removed. The beginning of the number is enough.

                Example:
                  $ pinhole files cancel 5f2a
                """)

        @OptionGroup var transfer: OpenTransfer

        func run() async throws {
            try await transfer.change { client, transfer in try await client.cancel(transfer) }
        }
    }

    struct Policy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide whether files of a contact are taken.",
            discussion: """
                All, ask or none; default goes back to what is configured.

                Example:
                  $ pinhole files policy bob all
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions
        @Argument(help: "The contact's name.", completion: contactNames) var name: String
        @Argument(help: "all, ask, none or default.", completion: .list(["all", "ask", "none", "default"]))
        var policy: String

        func validate() throws {
            guard policy == "default" || AcceptPolicy(rawValue: policy) != nil else {
                throw ValidationError("the policy is all, ask, none or default")
            }
        }

        func run() async throws {
            let params = FilePolicySet.Params(contact: name, accept: policy == "default" ? nil : policy)
            try await Session.withProfile(global) { client in
                _ = try await client.call(FilePolicySet.self, params)
            }
        }
    }
}

/// A transfer that is not over, by the beginning of its number.
struct OpenTransfer: ParsableArguments {
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The transfer's number, or its beginning.") var number: String

    /// Finds it, and does something to it.
    func change(_ body: @escaping @Sendable (Client, TransferReference) async throws -> Void) async throws {
        let number = number
        try await Session.withProfile(global) { client in
            let transfers = try await client.transfers(with: nil, all: false)
            let matching = transfers.filter { $0.digits.hasPrefix(number.lowercased()) }
            guard matching.count < 2 else {
                throw Failure(
                    .usage, "more than one transfer begins with “\(number)”", hint: "give more of its digits")
            }
            guard let transfer = matching.first?.reference else {
                throw Failure(.usage, "no open transfer begins with “\(number)”", hint: "'pinhole files' lists them")
            }
            try await body(client, transfer)
        }
    }
}

extension TransferRecord {
    /// Its number, all sixteen digits of it.
    fileprivate var digits: String { String(repeating: "0", count: max(0, 16 - transfer.count)) + transfer }
}
