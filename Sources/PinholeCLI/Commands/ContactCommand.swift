import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole contact`: whom you know.
struct ContactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contact",
        abstract: "Add, list, verify and remove the people you talk to.",
        discussion: """
            Only contacts can reach you: to everybody else your machine does not answer. Keys are pinned; a service \
            can neither introduce nor change one.

            Example:
              $ pinhole contact add bob pin1…
              $ pinhole contact verify bob
            """,
        subcommands: [Add.self, List.self, Remove.self, Verify.self])

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

extension ContactCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a contact by name and public key.",
            discussion: """
                The key is what 'pinhole id' prints on the contact's machine, or the line of an Ed25519 OpenSSH public \
                key. Exchange keys over something you trust, and compare with 'pinhole contact verify' afterwards. The \
                contact must add you too. With --address the contact is also reached without any service. With \
                --service the contact is also found through that service, which is asked about nobody else: for \
                people who use other services than you. For a contact that you have, both are added to what is known.

                Example:
                  $ pinhole contact add bob pin1…
                  $ pinhole contact add server pin1… --address 203.0.113.7:41000
                  $ pinhole contact add carol pin1… --service pinhole-signal://pinsrv1…@signal.example.net:41414
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "What you call the contact.") var name: String
        @Argument(help: "The contact's public key (pin1…).") var key: String

        @Option(help: ArgumentHelp("Where the contact listens; may be repeated.", valueName: "host:port"))
        var address: [String] = []

        @Option(
            help: ArgumentHelp(
                "A signaling service where the contact is, besides yours; may be repeated.",
                valueName: "service-address"))
        var service: [String] = []

        func run() async throws {
            let profile = try global.openProfile()
            let key: PublicKey
            do throws(PinholeError) {
                key = try PublicKey(self.key)
            } catch {
                let failure = Failure(error)
                let isSwapped = (try? PublicKey(name)) != nil
                throw Failure(
                    failure.status, failure.message,
                    hint: isSwapped ? "the name comes first: pinhole contact add NAME KEY" : failure.hint)
            }
            let services = try service.map { text throws(Failure) in try ServiceText(text).address }
            guard try profile.add(Contact(name: name, key: key, addresses: address, services: services)) else {
                Console.talk("\(name) is known already; what is new was added.", style: .good)
                return
            }
            Console.talk("\(name) added: \(key.text)", style: .good)
            Console.talk("\(name) must add you too. Your key: \(profile.identity.publicKey.text)")
            Console.talk(
                "When you connect, \(name) and the signaling service see your network address. "
                    + "'pinhole contact verify \(name)' makes sure that the key is really theirs.",
                style: .dim)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List your contacts.",
            discussion: """
                One contact a line: name, key, whether you verified it, known addresses, services of its own.

                Example:
                  $ pinhole contact list
                  bob    pin1…  verified
                  carol  pin1…  not verified  via signal.example.net:41414
                """,
            aliases: ["ls"])

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let contacts = try global.openProfile().contacts().sorted { $0.name < $1.name }
            if json {
                JSON.show([
                    "contacts": .array(
                        contacts.map { contact in
                            [
                                "name": .string(contact.name), "key": .string(contact.key.text),
                                "verified": .bool(contact.isVerified),
                                "addresses": .array(contact.addresses.map { .string($0) }),
                                "services": .array(contact.services.map { .string("\($0)") }),
                            ]
                        })
                ])
                return
            }
            if contacts.isEmpty { Console.talk("No contacts yet: pinhole contact add NAME KEY") }
            let width = contacts.map { Width.of($0.name) }.max() ?? 0
            for contact in contacts {
                let padding = String(repeating: " ", count: width - Width.of(contact.name))
                let fields = [
                    contact.name + padding, contact.key.text, contact.isVerified ? "verified" : "not verified",
                ]
                let services = contact.services.map { "via \($0.place)" }
                Console.result((fields + contact.addresses + services).joined(separator: "  "))
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a contact.",
            discussion: """
                The contact can no longer reach you, and the messages that you exchanged are deleted here. Asks \
                before it does so; scripts say --yes.

                Example:
                  $ pinhole contact remove bob
                """,
            aliases: ["rm"])

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "The contact's name.", completion: contactNames) var name: String

        @Flag(help: "Do not ask.")
        var yes = false

        func run() async throws {
            let profile = try global.openProfile()
            let contact = try Session.contact(named: name, in: profile)
            if !yes {
                guard Console.isTerminal(STDIN_FILENO) else {
                    throw Failure(
                        .usage, "removing \(contact.name) deletes the messages too, and there is no terminal to ask on",
                        hint: "pinhole contact remove \(contact.name) --yes")
                }
                Console.write("Remove \(contact.name) and the messages you exchanged? [y/N] ", to: STDERR_FILENO)
                guard ["y", "yes"].contains(readLine()?.lowercased()) else {
                    Console.talk("Nothing changed.")
                    return
                }
            }
            try profile.remove(contact.name)
            Console.talk("\(contact.name) removed.")
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare safety numbers with a contact.",
            discussion: """
                Prints sixty digits that are the same on both sides if, and only if, each has the other's real key. \
                Compare them in person or on the phone, then answer the question. Scripts give the digits they got \
                from the other side with --number.

                Example:
                  $ pinhole contact verify bob
                  31904 77120 58216 03942 66173 20485
                  91750 44018 12967 85530 09264 73381
                  The same on bob's side? [y/N] y
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "The contact's name.", completion: contactNames) var name: String

        @Option(help: ArgumentHelp("The number that the contact sees; blanks do not matter.", valueName: "digits"))
        var number: String?

        func run() async throws {
            let profile = try global.openProfile()
            let contact = try Session.contact(named: name, in: profile)
            let groups = profile.identity.safetyNumber(with: contact.key)
            if let number {
                let digits = number.filter { !$0.isWhitespace }
                guard digits.count == 60, digits.allSatisfy(\.isNumber) else {
                    throw Failure(.usage, "a safety number has 60 digits", hint: "copy what the contact's side prints")
                }
                guard digits == groups.joined() else {
                    throw try mismatch(contact, profile)
                }
                return try confirm(contact, profile)
            }
            Console.result(groups[..<6].joined(separator: " "))
            Console.result(groups[6...].joined(separator: " "))
            guard Console.isTerminal(STDIN_FILENO) else {
                Console.talk("Nothing is marked without a terminal to answer on, or --number.")
                return
            }
            Console.write("The same on \(contact.name.escapedForTerminal)'s side? [y/N] ", to: STDERR_FILENO)
            switch readLine()?.lowercased() {
            case "y", "yes": try confirm(contact, profile)
            case "n", "no": throw try mismatch(contact, profile)
            default: Console.talk("Nothing changed.")
            }
        }

        private func confirm(_ contact: Contact, _ profile: Profile) throws {
            try profile.setVerified(contact.name, true)
            Console.talk("\(contact.name) is verified.", style: .good)
        }

        private func mismatch(_ contact: Contact, _ profile: Profile) throws -> Failure {
            try profile.setVerified(contact.name, false)
            return Failure(
                .keyChanged,
                "the safety numbers differ: one was misread, or the key you have for \(contact.name) is not theirs",
                hint: "get the key again over something you trust, then 'pinhole contact remove \(contact.name)' "
                    + "and add it anew")
        }
    }
}

/// Completes contact names of a profile whose key is not sealed.
let contactNames = CompletionKind.custom { _, _, _ in
    let directory = Console.environment("PINHOLE_PROFILE") ?? Paths.defaultProfile
    let profile = try? Profile.open(at: directory, passphrase: { nil })
    return (try? profile?.contacts().map(\.name)) ?? []
}
