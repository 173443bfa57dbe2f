import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole chat`: a conversation with one contact.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat with a contact.",
        discussion: """
            On a terminal you type at the bottom and messages appear above; ✓ before a line says that the contact has \
            it on disk. In a pipe each line of standard input is a message and each line of standard output one that \
            arrived; the end of input ends the chat once everything is delivered. What other contacts write meanwhile is \
            shown too, with their names, and counts as seen. On a terminal, and with --json, what you send to the contact \
            meanwhile in another way, by 'pinhole send' for instance, is shown too. With --json each event is an object \
            on a line of its own.

            Lines that begin with a slash are commands, here and in a pipe: /send PATH, /accept, /refuse, /ping, /help, \
            /quit. A message that begins with a slash is written with two.

            Example:
              $ pinhole chat bob
              Connected directly to bob at 203.0.113.7:41207 (IPv4).
              ✓ 14:02 you: hi, are you there?
                14:02 bob: yes
              > /send report.pdf
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Argument(help: "The contact's name.", completion: contactNames) var name: String

    @Flag(help: "Print every event as JSON, one a line.")
    var json = false

    @Flag(help: "With --json: print the progress of files too.")
    var progress = false

    @Option(
        help: ArgumentHelp("In a pipe: how long to wait at the end for what is not delivered.", valueName: "seconds"))
    var timeout = 60.0

    func validate() throws {
        guard timeout >= 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be from 0 to 86400 seconds")
        }
    }

    func run() async throws {
        let isInteractive =
            !json && Console.isTerminal(STDIN_FILENO) && Console.isTerminal(STDOUT_FILENO)
        let accept = try Settings(network, global: global).accept ?? (isInteractive ? .ask : .all)
        let mode: Conversation.Mode =
            json
            ? .json(showsProgress: progress)
            : isInteractive ? .atTerminal : .lines
        let limit = Duration.milliseconds(Int64(timeout * 1000))
        let (name, verbose) = (name, global.verbose)
        let left = Leftovers()
        defer { Console.screen?.close() }
        do {
            try await converse(name, mode, accept, verbose, limit, left)
        } catch let failure as Failure where [.interrupted, .terminated].contains(failure.status) {
            Console.screen?.close()
            if !json, let words = left.words { Console.talk(words, style: .dim) }
            throw failure
        }
    }

    private func converse(
        _ name: String, _ mode: Conversation.Mode, _ accept: AcceptPolicy, _ verbose: Bool, _ limit: Duration,
        _ left: Leftovers
    ) async throws {
        try await Session.run(network, global: global, as: "chat", policy: accept.filePolicy) { session in
            let contact = try await session.contact(named: name)
            let conversation = Conversation(
                session: session, contact: contact, mode: mode, accept: accept, isVerbose: verbose,
                left: left)
            try await conversation.run(patience: limit)
        }
    }
}
