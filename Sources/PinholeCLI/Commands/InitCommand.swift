import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole init`: a key, and where to meet people.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make your key.",
        discussion: """
            Makes a key pair, keeps the secret half in the profile directory (mode 0600, sealed if you give a \
            passphrase) and prints the public half, which you give to your contacts. With --service the address of a \
            signaling service is written to the configuration file, so that no later command has to be told.

            Example:
              $ pinhole init --service pinhole-signal://pinsrv1…@signal.example.org:41414
              pin1…
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions

    @Option(help: ArgumentHelp("The signaling service that you and your contacts use.", valueName: "address"))
    var service: String?

    @Option(
        help: ArgumentHelp(
            "Take the key of a backup that 'pinhole key export' wrote, or an Ed25519 key of OpenSSH or in PEM without a "
                + "passphrase, instead of making one.", valueName: "file"),
        completion: .file())
    var key: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let directory = global.profileDirectory
        guard !Profile.exists(at: directory) else {
            throw Failure(
                .cannotWrite, "there is a profile at \(directory) already; a key is never overwritten",
                hint: "'pinhole id' shows its key, --profile makes another")
        }
        let wanted = try service.map { text throws(Failure) in try ServiceText(text).address }
        let needsConfiguration = try checkConfiguration(wanted)
        let source = Passphrase(file: global.passphraseFile)
        let identity = try key.map { path in
            try Identity(contentsOf: Paths.expand(path), passphrase: { try source.forExistingKey() })
        }
        let passphrase = try source.forNewKey()
        // The key comes last: where there is one, no second init can make up for what the first could not write.
        if needsConfiguration {
            try Files.create(
                global.configurationPath, containing: ConfigurationFile.text(service: wanted.map { "\($0)" }))
        }
        let profile: Profile
        do {
            profile = try Profile.create(at: directory, with: identity ?? .generate(), passphrase: passphrase)
        } catch {
            if needsConfiguration { unlink(global.configurationPath) }
            throw error
        }
        if needsConfiguration { Console.talk("Configuration written to \(global.configurationPath).") }
        Console.talk(
            passphrase == nil
                ? "Your key is in \(directory), without a passphrase." : "Your key is in \(directory), sealed.")
        Console.talk("Give this public key to your contacts, then: pinhole contact add NAME THEIR-KEY")
        show(profile.identity.publicKey, of: directory, asJSON: json)
    }

    /// Whether the file is to be made. One that exists is the person's: it is read, never rewritten.
    private func checkConfiguration(_ wanted: ServiceAddress?) throws -> Bool {
        guard access(global.configurationPath, F_OK) == 0 else { return true }
        let file = try global.configurationFile()
        let own = try global.profileConfigurationFile()
        guard let wanted else { return false }
        guard (own[SettingKeys.services] ?? file[SettingKeys.services])?.contains("\(wanted)") == true else {
            throw Failure(
                .configuration, "\(global.configurationPath) exists and does not name this service",
                hint:
                    "put services = [\"\(wanted)\"] into it, or for this profile alone into \(own.path), then run init "
                    + "without --service")
        }
        return false
    }
}

/// `pinhole id`: the own public key.
struct IDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "id",
        abstract: "Show your public key.",
        discussion: """
            Prints the key that your contacts need. It is no secret.

            Example:
              $ pinhole id
              pin1…
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let key = try global.openProfile().identity.publicKey
        show(key, of: global.profileDirectory, asJSON: json)
    }
}

/// Prints the key of a profile as the result of the command.
private func show(_ key: PublicKey, of profile: String, asJSON: Bool) {
    if asJSON {
        JSON.show(["key": .string(key.text), "profile": .string(profile)])
    } else {
        Console.result(verbatim: key.text)
    }
}
