import ArgumentParser
import Pinhole
import PinholeControl

/// Options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The directory of your key, contacts and history (PINHOLE_PROFILE; default $XDG_DATA_HOME/pinhole/default).",
            valueName: "dir"),
        completion: .directory)
    var profile: String?

    @Option(
        help: ArgumentHelp(
            "The configuration file (PINHOLE_CONFIG; default $XDG_CONFIG_HOME/pinhole/config.toml).",
            valueName: "file"),
        completion: .file())
    var config: String?

    @Option(
        help: ArgumentHelp(
            "A file (mode 0600) with the passphrase of your key. Otherwise PINHOLE_PASSPHRASE, then a question on the terminal.",
            valueName: "file"),
        completion: .file())
    var passphraseFile: String?

    @Flag(name: .shortAndLong, help: "Say more about what is going on.")
    var verbose = false

    @Flag(help: "Lines only: no colours, no cursor movements, no progress bars (PINHOLE_PLAIN).")
    var plain = false

    /// Those that a word follows.
    static let withValues: Set = ["--profile", "--config", "--passphrase-file"]

    func validate() { if plain { Console.setPlain() } }

    var profileDirectory: String { profile ?? Console.environment("PINHOLE_PROFILE") ?? Paths.defaultProfile }

    /// The file that is read and, by `init`, made.
    var configurationPath: String { namedConfiguration ?? Paths.defaultConfiguration }

    /// Where settings of this profile alone are, if there are any.
    var profileConfigurationPath: String { profileDirectory + "/config.toml" }

    func profileConfigurationFile() throws(Failure) -> ConfigurationFile {
        try ConfigurationFile(path: profileConfigurationPath, isRequired: false)
    }

    func configurationFile() throws(Failure) -> ConfigurationFile {
        try ConfigurationFile(path: configurationPath, isRequired: namedConfiguration != nil)
    }

    /// Where the process that hosts the profile is found.
    var controlSocket: String {
        ControlSocket.path(
            forProfile: profileDirectory, runtimeDirectory: Console.environment("XDG_RUNTIME_DIR"),
            usualDirectory: Paths.accountProfiles)
    }

    func requireProfile() throws(Failure) {
        guard Profile.exists(at: profileDirectory) else {
            throw Failure(
                .noSuchFile, "there is no profile at \(profileDirectory)",
                hint: "'pinhole init' makes one, --profile names another")
        }
    }

    /// The profile, unlocked.
    func openProfile(mayAsk: Bool = true) throws -> Profile {
        try requireProfile()
        let passphrase = Passphrase(file: passphraseFile)
        return try Profile.open(at: profileDirectory, passphrase: { try passphrase.forExistingKey(mayAsk: mayAsk) })
    }

    private var namedConfiguration: String? { config ?? Console.environment("PINHOLE_CONFIG") }
}

/// Options of the commands that go on the network.
struct NodeOptions: ParsableArguments {
    @Option(
        name: [.customLong("service"), .customLong("services")],
        help: ArgumentHelp(
            "A signaling service to use instead of the configured ones; may be repeated (PINHOLE_SERVICES).",
            valueName: "address"))
    var services: [String] = []

    @Option(help: ArgumentHelp("The UDP port to use; 0 lets the system choose (PINHOLE_PORT).", valueName: "n"))
    var port: UInt16?

    @Option(
        help: ArgumentHelp("Where received files go (PINHOLE_DOWNLOADS; default ~/Downloads).", valueName: "dir"),
        completion: .directory)
    var downloads: String?

    @Option(
        help:
            "Which offered files to take: all, ask (they wait for your answer) or none (PINHOLE_ACCEPT; default all, and ask in a chat on a terminal)."
    )
    var accept: AcceptPolicy?

    @Option(
        help: "What to do with a file whose name is taken: rename (default), skip or overwrite (PINHOLE_EXISTING).")
    var existing: ExistingPolicy?

    @Flag(help: "Accept whoever opens an invite of yours, without asking (PINHOLE_ACCEPT_INVITED).")
    var acceptInvited = false

    @Flag(help: "Use loopback addresses too: for trying things out on one machine.")
    var allowLoopback = false

    /// Says which of these options another process's node does not follow.
    func tellUnused(by client: Client) async {
        var unused: [String] = []
        if !services.isEmpty { unused.append("--service") }
        if port != nil { unused.append("--port") }
        if downloads != nil { unused.append("--downloads") }
        if existing != nil { unused.append("--existing") }
        if accept == AcceptPolicy.none { unused.append("--accept") }
        if allowLoopback { unused.append("--allow-loopback") }
        guard !unused.isEmpty, let host = try? await client.status() else { return }
        Console.talk(
            "\(unused.joined(separator: ", ")) not used: '\(host.role)' (pid \(host.pid)) runs the node of this "
                + "profile, with settings of its own.",
            style: .dim)
    }
}

/// A time limit in seconds.
struct TimeoutOption: ParsableArguments {
    @Option(help: ArgumentHelp("Give up when nothing has moved for so many seconds.", valueName: "seconds"))
    var timeout = 60.0

    var duration: Duration { .milliseconds(Int64(timeout * 1000)) }

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be more than 0 and at most 86400 seconds")
        }
    }
}
