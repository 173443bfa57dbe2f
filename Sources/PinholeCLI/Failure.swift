import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// What a command ends with when it cannot do its work: one sentence, often a hint, always a telling exit code.
struct Failure: Error {
    /// sysexits(3) where it has a word for it; 76, 77 and 79 are ours.
    enum Status: Int32 {
        case other = 1
        case usage = 64
        case badData = 65
        case noSuchFile = 66
        case unreachableService = 69
        case bug = 70
        case exhausted = 71
        case cannotWrite = 73
        case peerOffline = 75
        case keyChanged = 76
        case wrongPassphrase = 77
        case configuration = 78
        case noDirectPath = 79
        case interrupted = 130
        case terminated = 143
    }

    let status: Status
    let message: Phrase
    var hint: Phrase?

    init(_ status: Status, _ message: Phrase, hint: Phrase? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    var exitCode: Int32 { status.rawValue }

    /// The failure behind any error of ours; nil for those of the argument parser, which words them itself.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as PinholeError: self.init(error)
        case is CleanExit, is ExitCode, is ValidationError: return nil
        default:
            guard PinholeCommand.exitCode(for: error) == .failure else { return nil }
            self.init(.other, "\(error)")
        }
    }

    init(_ error: PinholeError) {
        let status = Status(rawValue: error.code.exitCode) ?? .other
        self.init(status, error.message, hint: error.hint)
    }

    /// A command line that cannot be understood. What people paste most often is recognised and answered.
    init(usage message: String, arguments: [String]) {
        let words = Self.words(of: arguments)
        let command = words.first { word in
            PinholeCommand.configuration.groupedSubcommands.contains { group in
                group.subcommands.contains { $0._commandName == word }
            }
        }
        if let first = words.first, first != command {
            if first.hasPrefix("pin1") || first.hasPrefix("ssh-ed25519") {
                self.init(
                    .usage, "“\(first.count > 24 ? first.prefix(23) + "…" : first)” is a key, not a command",
                    hint: "pinhole contact add NAME \(first == "ssh-ed25519" ? "'ssh-ed25519 …'" : first)")
                return
            }
            if InviteLink.isInvite(first) {
                self.init(.usage, "this is an invite, not a command", hint: "pinhole add '\(first)'")
                return
            }
            if first.hasPrefix("pinhole-signal://") {
                self.init(
                    .usage, "this is the address of a signaling service, not a command",
                    hint: "pinhole init --service \(first)")
                return
            }
            if access(first, F_OK) == 0 {
                self.init(.usage, "“\(first)” is a file, not a command", hint: "pinhole send NAME \(first)")
                return
            }
            self.init(.usage, "there is no command “\(first)”", hint: "'pinhole --help' lists the commands")
            return
        }
        let help = command.map { "pinhole \($0) --help" } ?? "pinhole --help"
        self.init(
            .usage, ParserWords.sentence(message),
            hint: ParserWords.hint(message, arguments) ?? "'\(help)' explains, with an example")
    }

    /// What of a command line is neither an option nor the value of a global one, which comes before the command.
    private static func words(of arguments: [String]) -> [String] {
        var words: [String] = []
        var isValue = false
        for argument in arguments {
            if !isValue, !argument.hasPrefix("-") { words.append(argument) }
            isValue = !isValue && GlobalOptions.withValues.contains(argument)
        }
        return words
    }

    func report() {
        guard !message.key.isEmpty else { return }
        let sentence: Phrase = "pinhole: error: \(message)"
        Console.talk(sentence, style: .error)
        if let hint { Console.talk("pinhole: hint: \(hint)") }
    }
}
