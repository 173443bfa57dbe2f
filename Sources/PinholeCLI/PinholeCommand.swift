import ArgumentParser
import Glibc
import Pinhole

/// The root of all commands, and the program's one way in and out.
@main
struct PinholeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pinhole",
        abstract: "Talk to people directly, from behind any NAT, with nobody in between.",
        discussion: """
            Two people exchange keys once, each tells pinhole the same signaling service, and from then on their \
            machines talk directly over UDP, end-to-end encrypted. The service only introduces them: it sees \
            addresses, never a message.

            A first session:
              pinhole init --service pinhole-signal://pinsrv1…@signal.example.org:41414
              pinhole contact add bob pin1…        (bob adds you the same way)
              pinhole chat bob

            To look around without configuring anything:
              pinhole demo

            Results go to stdout, everything else to stderr. Exit codes: 0 done, 64 usage, 65 bad key or data, \
            66 no such file, 69 service unreachable, 73 cannot write, 75 peer offline, 76 key changed, \
            77 wrong passphrase, 78 bad configuration, 79 no direct path, 1 anything else.
            """,
        version: "pinhole 0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Set up", subcommands: [InitCommand.self, IDCommand.self, ContactCommand.self]),
            CommandGroup(name: "Talk", subcommands: [ChatCommand.self, SendCommand.self, ListenCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [PingCommand.self, DoctorCommand.self, NetcheckCommand.self, DemoCommand.self]),
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
        } catch {
            TerminalMode.restore()
            leave(with: error, arguments: arguments)
        }
    }

    private static func leave(with error: any Error, arguments: [String]) -> Never {
        if let failure = Failure(error) {
            failure.report()
            Glibc.exit(failure.exitCode)
        }
        let status = exitCode(for: error)
        guard status == .validationFailure else { exit(withError: error) }
        Failure(usage: message(for: error), arguments: arguments).report()
        Glibc.exit(status.rawValue)
    }
}
