import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// What the executable is: all else of it lies in this library, where the fuzzer reaches it too.
package enum Program {
    /// Reads the command line, does what it says, and ends the process with the status of it where that is not 0.
    package static func main() async { await PinholeCommand.main() }
}

/// The root of all commands, and the program's one way in and out.
struct PinholeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pinhole",
        abstract: "Talk to people directly, from behind any NAT, with nobody in between.",
        discussion: """
            Two people exchange keys once, or one gives the other an invite, each tells pinhole the same signaling \
            service, and from then on their machines talk directly over UDP, end-to-end encrypted. The service only \
            introduces them: it sees addresses, never a message.

            A first session:
              pinhole init --service pinhole-signal://pinsrv1…@signal.example.org:41414
              pinhole invite                       (bob opens the line: pinhole add 'pinhole://add/1…')
              pinhole contact accept bob
              pinhole chat bob

            To look around without configuring anything:
              pinhole demo

            Results go to stdout, everything else to stderr. Exit codes: 0 done, 64 usage, 65 bad key or data, \
            66 no such file, 69 service unreachable, 70 a bug in Pinhole, 71 out of memory or open files, \
            73 cannot write, 75 peer offline, 76 key changed, 77 wrong passphrase, 78 bad configuration, \
            79 no direct path, 130 Ctrl-C, 143 SIGTERM or hang-up, 1 anything else.
            """,
        version: "pinhole \(ControlVersion.program)",
        groupedSubcommands: [
            CommandGroup(
                name: "Set up",
                subcommands: [
                    InitCommand.self, IDCommand.self, KeyCommand.self, InviteCommand.self, AddCommand.self,
                    ContactCommand.self,
                ]),
            CommandGroup(
                name: "Talk",
                subcommands: [
                    ChatCommand.self, SendCommand.self, PipeCommand.self, ListenCommand.self, FilesCommand.self,
                    HistoryCommand.self, OutboxCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, PingCommand.self, DoctorCommand.self, NetcheckCommand.self, DemoCommand.self,
                ]),
            CommandGroup(
                name: "Automate", subcommands: [DaemonCommand.self, EventsCommand.self, RpcCommand.self]),
            CommandGroup(
                name: "Settings", subcommands: [ConfigCommand.self, PathsCommand.self, CompletionsCommand.self]),
        ]
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    static func main() async {
        // Memory holds keys and messages: none of it may end in a core file.
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            TerminalMode.restore()
            // That a reader has had enough needs no words.
            if let failure = Console.outputFailure {
                throw Console.hasReader ? failure : Failure(failure.status, "")
            }
        } catch {
            TerminalMode.restore()
            leave(with: error, arguments: arguments)
        }
    }

    private static func isHelp(_ arguments: [String]) -> Bool {
        arguments.isEmpty || arguments.first == "help" || arguments.contains { $0 == "--help" || $0 == "-h" }
    }

    private static func leave(with error: any Error, arguments: [String]) -> Never {
        if let failure = Failure(error) {
            failure.report()
            Glibc.exit(failure.exitCode)
        }
        let status = exitCode(for: error)
        guard status == .validationFailure else {
            // Completions and the like are programs' to read.
            guard Language.current != .english, status == .success, error is CleanExit || isHelp(arguments) else {
                exit(withError: error)
            }
            let columns = Console.isTerminal(STDOUT_FILENO) ? TerminalMode.size.columns : 80
            let screen = HelpScreen(.current, columns: columns)
            Console.write(screen.translated(fullMessage(for: error, columns: 100_000)) + "\n", to: STDOUT_FILENO)
            Glibc.exit(status.rawValue)
        }
        Failure(usage: message(for: error), arguments: arguments).report()
        Glibc.exit(status.rawValue)
    }
}
