import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole invite`: one line by which somebody meets you.
struct InviteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Make a line by which somebody becomes your contact.",
        discussion: """
            Prints one line with your key, your services, your name and a secret, signed by you. Give it to one person by \
            a way that only that person can read. Whoever opens it ('pinhole add') can ask to be your contact, once; you \
            accept with 'pinhole contact accept', or 'pinhole listen --accept-invited' does. A node of yours must run to \
            be found: 'pinhole chat', 'listen' or 'daemon'. 'pinhole help invite create' lists its options.

            Example:
              $ pinhole invite
              pinhole://add/1…
              $ pinhole invite --qr --for pin1… --expires 2h
              $ pinhole invite list
            """,
        subcommands: [Create.self, List.self, Revoke.self], defaultSubcommand: Create.self)

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

extension InviteCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an invite (what 'pinhole invite' does).", aliases: ["new"])

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Flag(help: "Show it as a QR code too, on stderr.")
        var qr = false

        @Option(help: ArgumentHelp("Write it as a QR code to a PNG file.", valueName: "file"), completion: .file())
        var png: String?

        @Option(help: ArgumentHelp("How long it is valid: 90s, 30m, 12h, 7d, 2w.", valueName: "time"))
        var expires = "7d"

        @Option(name: .customLong("for"), help: ArgumentHelp("The only key that may use it.", valueName: "key"))
        var key: String?

        @Option(
            help: "What you call yourself (PINHOLE_NAME, or 'name' in the configuration; else your login name).")
        var name: String?

        @Option(help: ArgumentHelp("Where you are reached without a service; may be repeated.", valueName: "host:port"))
        var address: [String] = []

        @Option(
            help: ArgumentHelp(
                "A service where you are found, instead of the configured ones; may be repeated.",
                valueName: "address"))
        var service: [String] = []

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let settings = try Settings(try NodeOptions.parse([]), global: global)
            let services =
                service.isEmpty
                ? settings.services : try service.map { text throws(Failure) in try ServiceText(text).address }
            guard let duration = Self.duration(expires) else {
                throw Failure(.usage, "“\(expires)” is not a time", hint: "--expires 30m, 12h or 7d")
            }
            let key = try key.map { text throws(Failure) in try KeyText.read([text]) }
            let ownName = name ?? settings.name
            let params = InviteCreate.Params(
                name: ownName, services: services, addresses: address, for: key, expires: duration)
            let invite = try await Session.withProfile(global) { client in
                try await client.call(InviteCreate.self, params)
            }
            if services.isEmpty, address.isEmpty {
                Console.talk(
                    "The invite names no service and no address: it works on this local network alone.", style: .dim)
            }
            let code = qr || png != nil ? try QRCode(invite.link.uppercased()) : nil
            if qr, let code {
                for line in code.lines(colored: Console.usesColor(STDERR_FILENO)) {
                    Console.write(line + "\n", to: STDERR_FILENO)
                }
            }
            // The invite is good from now on, whatever becomes of the picture.
            if json { JSON.show(JSON(encoding: invite).members ?? [:]) } else { Console.result(verbatim: invite.link) }
            if let png, let code { try Files.replace(Paths.expand(png), with: PNG.bytes(code)) }
            if json { return }
            if name == nil, !ownName.isEmpty {
                Console.talk(
                    "It says that your name is \(ownName): --name, or 'name' in the configuration, says another.",
                    style: .dim)
            }
            let whom: Phrase = key == nil ? "the first one who opens it" : "that key alone"
            Console.talk(
                "Good for \(whom), for \(Format.age(duration)). Stay reachable, then: pinhole contact requests",
                style: .dim)
        }

        /// `90s`, `30m`, `12h`, `7d`.
        static func duration(_ text: String) -> Duration? {
            let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
            guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()),
                (1...31_622_400 / unit).contains(number)
            else { return nil }
            return .seconds(number * unit)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the invites that you made.",
            discussion: """
                Example:
                  $ pinhole invite list
                  7k2m9x  open      6 days left
                  c0ffee  accepted  by bob
                """,
            aliases: ["ls"])

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let json = json
            try await Session.withProfile(global) { client in
                let list = try await client.call(InviteList.self, Nothing())
                if json { return JSON.show(JSON(encoding: list).members ?? [:]) }
                if list.invites.isEmpty { Console.talk("No invites: 'pinhole invite' makes one.") }
                let contacts = try await client.call(ContactList.self, Nothing()).contacts
                for invite in list.invites {
                    let name = contacts.first { $0.key == invite.key }?.name ?? invite.key
                    let rest = Int64(Timestamp.milliseconds(invite.expiresAt) ?? 0) - Int64(Format.now)
                    let remark: Phrase? =
                        switch invite.state {
                        case .open: "\(Format.age(.milliseconds(rest))) left"
                        case .requested, .accepted, .declined: name.map { "by \($0)" }
                        case .revoked, .expired: nil
                        }
                    let bound: Phrase? = invite.boundTo.map { key in
                        "for \(contacts.first { $0.key == key }?.name ?? key)"
                    }
                    let state: Phrase =
                        switch invite.state {
                        case .open: "open"
                        case .requested: "requested"
                        case .accepted: "accepted"
                        case .declined: "declined"
                        case .revoked: "revoked"
                        case .expired: "expired"
                        }
                    let padded = Format.field(state, "", width: 9)
                    let remarks = [remark, bound].compactMap(\.self).map(\.description)
                    Console.result(verbatim: ([invite.id, padded] + remarks).joined(separator: "  "))
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back invites that nobody has used.",
            discussion: """
                Whoever opens one later is told.

                Example:
                  $ pinhole invite revoke 7k2m9x
                  $ pinhole invite revoke --all
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "What 'pinhole invite list' calls them.") var ids: [String] = []

        @Flag(help: "All that are open.")
        var all = false

        func validate() throws {
            guard all != !ids.isEmpty else { throw ValidationError("name the invites to revoke, or say --all") }
        }

        func run() async throws {
            let (all, ids) = (all, ids)
            try await Session.withProfile(global) { client in
                let open = try await client.call(InviteList.self, Nothing()).invites.filter { $0.state == .open }
                for id in all ? open.map(\.id) : ids {
                    _ = try await client.call(InviteRevoke.self, InviteRevoke.Params(id: id))
                    Console.talk("\(id) is revoked.")
                }
            }
        }
    }
}

/// `pinhole add`: open an invite.
struct AddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Open an invite: meet whoever made it.",
        discussion: """
            Checks the line, makes its maker a contact, and introduces you: your key, which is proved, your name and your \
            services. The maker decides; what you write meanwhile waits. Where the maker is not online now, the request \
            goes out as soon as both of you are (exit code 75). An invite that has expired, is damaged, forged, for \
            somebody else or was used ends with exit code 65.

            Example:
              $ pinhole add 'pinhole://add/1…'
              $ pinhole add 'pinhole://add/1…' --as alice
              $ pinhole add - < invite.txt
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Argument(help: "The line; - reads it from stdin.") var invite: String

    @Option(name: .customLong("as"), help: ArgumentHelp("What you call its maker.", valueName: "name"))
    var alias: String?

    @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
    var timeout = 15.0

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be more than 0 and at most 86400 seconds")
        }
    }

    func run() async throws {
        let text = invite == "-" ? try Files.read(STDIN_FILENO, named: "the input", limit: 1 << 16) : invite
        let link: InviteLink
        do throws(PinholeError) {
            link = try InviteLink(text)
        } catch {
            guard (try? PublicKey(text)) == nil else {
                throw Failure(
                    .usage, "this is a key, not an invite", hint: "pinhole contact add \(alias ?? "NAME") \(text)")
            }
            throw Failure(error)
        }
        let (alias, json, timeout) = (alias, json, Duration.milliseconds(Int64(timeout * 1000)))
        try await Session.run(network, global: global, as: "add", policy: .ask) { session in
            let used = try await session.client.call(
                InviteUse.self, InviteUse.Params(link: link, as: alias, timeout: timeout))
            let name = used.contact.name
            if json {
                JSON.show(JSON(encoding: used).members ?? [:])
                if case .pending = used.answer { throw Failure(.peerOffline, "") }
                return
            }
            Console.talk("\(name): key \(used.contact.key); the invite is good and signed by it.")
            switch used.answer {
            case .accepted:
                Console.talk("\(name) has accepted you: pinhole chat \(name)", style: .good)
            case .waiting:
                Console.talk("\(name) was told, and must accept you. What you write meanwhile waits.", style: .good)
            case .pending:
                throw Failure(
                    .peerOffline, "\(name) is not reached now",
                    hint: "your request goes out as soon as both of you are online: keep 'pinhole listen' running, "
                        + "or open the invite again later")
            }
        }
    }
}
