import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole key`: your own key.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Show your key, back it up, change its passphrase.",
        discussion: """
            Whoever has your secret key is you, and whoever loses it is nobody's contact any more: keep a backup where \
            only you can read it. 'pinhole help key show' lists its options.

            Example:
              $ pinhole key export /media/stick/pinhole.key
              $ pinhole init --key /media/stick/pinhole.key      # on another machine
            """,
        subcommands: [Show.self, Export.self, ChangePassphrase.self], defaultSubcommand: Show.self)

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

extension KeyCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show your public key (as 'pinhole id' does).",
            discussion: """
                Example:
                  $ pinhole key show --openssh
                  ssh-ed25519 AAAA…
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Flag(help: "As OpenSSH writes it.")
        var openssh = false

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let identity = try global.openProfile().identity
            if json {
                return JSON.show([
                    "key": .string(identity.publicKey.text), "openssh": .string(identity.openSSHLine),
                    "profile": .string(global.profileDirectory),
                ])
            }
            Console.result(verbatim: openssh ? identity.openSSHLine : identity.publicKey.text)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a backup of your secret key.",
            discussion: """
                Makes a new file, mode 0600, sealed with a passphrase if you give one: asked for on a terminal, or in \
                --new-passphrase-file. Where there is no terminal, a key that has a passphrase is not written without one \
                unless --no-passphrase says so. Contacts and messages are not in it.

                Example:
                  $ pinhole key export /media/stick/pinhole.key
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "The file to make.", completion: .file()) var file: String

        @Option(
            help: ArgumentHelp("A file with the passphrase of the backup.", valueName: "file"), completion: .file())
        var newPassphraseFile: String?

        @Flag(help: "Write it without a passphrase.")
        var noPassphrase = false

        func validate() throws {
            guard !noPassphrase || newPassphraseFile == nil else {
                throw ValidationError("give --no-passphrase or --new-passphrase-file, not both")
            }
        }

        func run() async throws {
            let identity = try global.openProfile().identity
            let passphrase = noPassphrase ? nil : try Passphrase.another(file: newPassphraseFile)
            let isSealed = try Identity.isSealed(at: Profile.keyFile(global.profileDirectory))
            guard noPassphrase || passphrase != nil || Passphrase.canAsk || !isSealed else {
                throw Failure(
                    .usage, "the key is sealed, and there is no terminal to ask for the passphrase of the backup on",
                    hint: "give --new-passphrase-file FILE, or --no-passphrase")
            }
            try identity.save(to: Paths.expand(file), passphrase: passphrase)
            Console.talk(
                passphrase == nil
                    ? "Your secret key is in \(file), without a passphrase: whoever reads it is you."
                    : "Your secret key is in \(file), sealed.")
        }
    }

    struct ChangePassphrase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "passphrase",
            abstract: "Change the passphrase of your key.",
            discussion: """
                An empty one, or --remove, leaves the key without a passphrase. The old one is asked for as by every \
                command; the new one on a terminal, or in --new-passphrase-file.

                Example:
                  $ pinhole key passphrase
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Option(help: ArgumentHelp("A file with the new passphrase.", valueName: "file"), completion: .file())
        var newPassphraseFile: String?

        @Flag(help: "Leave the key without a passphrase.")
        var remove = false

        func validate() throws {
            guard !remove || newPassphraseFile == nil else {
                throw ValidationError("give --remove or --new-passphrase-file, not both")
            }
        }

        func run() async throws {
            let profile = try global.openProfile()
            let passphrase = remove ? nil : try Passphrase.another(file: newPassphraseFile)
            guard remove || passphrase != nil || Passphrase.canAsk else {
                throw Failure(
                    .usage, "there is no terminal to ask for the new passphrase on",
                    hint: "give --new-passphrase-file FILE, or --remove")
            }
            try profile.changePassphrase(to: passphrase)
            Console.talk(
                passphrase == nil ? "Your key has no passphrase any more." : "Your key has the new passphrase.",
                style: .good)
        }
    }
}
