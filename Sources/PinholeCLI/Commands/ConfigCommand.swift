import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole config`: what the settings are, and where each comes from.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the settings and where they come from.",
        discussion: """
            'pinhole help config show' lists its options.

            Example:
              $ pinhole config
              $ pinhole config --origin
            """,
        subcommands: [Show.self], defaultSubcommand: Show.self)

    @OptionGroup(title: "Global options") var global: GlobalOptions

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every setting as it is in force.",
            discussion: """
                A flag comes before a PINHOLE_* variable, that before the profile's own file (config.toml in the \
                profile directory), that before the configuration file, and that before the default. --origin names \
                the place that decided.

                Example:
                  $ pinhole config show --origin
                  port = 7000                environment PINHOLE_PORT
                  lan = true                 default
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions
        @OptionGroup(title: "Network options") var network: NodeOptions

        @Flag(help: "Show where each setting comes from.")
        var origin = false

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let rows = try Settings(network, global: global).rows
            if json {
                JSON.show([
                    "settings": .array(
                        rows.map { row in
                            [
                                "key": .string(row.key), "value": row.json, "origin": .string(row.origin.kind),
                                "place": .string(row.origin.place),
                            ]
                        })
                ])
                return
            }
            let width = rows.map { Width.of($0.line) }.max() ?? 0
            for row in rows {
                guard origin else {
                    Console.result(verbatim: row.line)
                    continue
                }
                let padding = String(repeating: " ", count: width - Width.of(row.line) + 2)
                Console.result(verbatim: row.line + padding + "\(row.origin.words)")
            }
        }
    }
}

/// `pinhole paths`: where everything is.
struct PathsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paths",
        abstract: "Show where the key, the settings and the rest are.",
        discussion: """
            One place a line: its name, then the path. Nothing is made by asking.

            Example:
              $ pinhole paths
              profile        /home/bob/.local/share/pinhole/default
              configuration  /home/bob/.config/pinhole/config.toml
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let downloads = try Settings(try NodeOptions.parse([]), global: global).downloads
        let places = [
            ("profile", global.profileDirectory), ("key", Profile.keyFile(global.profileDirectory)),
            ("configuration", global.configurationPath), ("profile-configuration", global.profileConfigurationPath),
            ("downloads", downloads), ("control-socket", global.controlSocket),
        ]
        if json {
            JSON.show(Dictionary(uniqueKeysWithValues: places.map { ($0.0, JSON.string($0.1)) }))
            return
        }
        let width = places.map(\.0.count).max() ?? 0
        for (name, path) in places {
            let padding = String(repeating: " ", count: width - name.count + 2)
            Console.result(verbatim: name + padding + path)
        }
    }
}

/// `pinhole completions`: what a shell needs to complete commands, options and names of contacts.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completions for a shell.",
        discussion: """
            They complete commands, options, files, and the names of your contacts if your key has no passphrase.

            Example:
              $ pinhole completions bash > ~/.local/share/bash-completion/completions/pinhole
              $ pinhole completions zsh > ~/.zfunc/_pinhole
              $ pinhole completions fish > ~/.config/fish/completions/pinhole.fish
            """)

    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"])) var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw Failure(
                .usage, "there are no completions for “\(shell)”", hint: "there are some for bash, zsh and fish")
        }
        Console.write(PinholeCommand.completionScript(for: shell) + "\n", to: 1)
    }
}
