import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole contact`: whom you know.
struct ContactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contact",
        abstract: "Add, list, verify, block and remove the people you talk to.",
        discussion: """
            Only contacts can reach you: to everybody else your machine does not answer. Keys are pinned; a service \
            can neither introduce nor change one. Whoever opens an invite of yours ('pinhole invite') is listed as a \
            request until you accept it. 'pinhole help contact list' lists its options.

            Example:
              $ pinhole contact add bob pin1…
              $ pinhole contact verify bob
            """,
        subcommands: [
            Add.self, List.self, Show.self, Requests.self, Accept.self, Decline.self, VerifyCommand.self, Rename.self,
            Block.self, Unblock.self, ReplaceKey.self, Remove.self, Export.self, Import.self,
        ],
        defaultSubcommand: List.self)

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

extension ContactCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a contact by name and public key.",
            discussion: """
                The key is what 'pinhole id' prints on the contact's machine, an Ed25519 key of OpenSSH (the line, or the \
                file), or its 32 bytes in hexadecimal or Base64. Exchange keys over something you trust, and compare with \
                'pinhole contact verify' afterwards. The contact must add you too. With --address the contact is also \
                reached without any service. With --service the contact is also found through that service, which is \
                asked about nobody else: for people who use other services than you. For a contact that you have, both \
                are added to what is known. Another key for a name that you have stops all sending to it, with exit code \
                76, until 'pinhole contact replace-key' decides.

                Example:
                  $ pinhole contact add bob pin1…
                  $ pinhole contact add carol ~/carol.pub
                  $ pinhole contact add server pin1… --address 203.0.113.7:41000
                  $ pinhole contact add dave pin1… --service pinhole-signal://pinsrv1…@signal.example.net:41414
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "What you call the contact.") var name: String
        @Argument(help: "The contact's public key (pin1…), an OpenSSH key, or a file with one; - reads it from stdin.")
        var key: [String]

        @Option(help: ArgumentHelp("Where the contact listens; may be repeated.", valueName: "host:port"))
        var address: [String] = []

        @Option(
            help: ArgumentHelp(
                "A signaling service where the contact is, besides yours; may be repeated.",
                valueName: "service-address"))
        var service: [String] = []

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let key: PublicKey
            do throws(Failure) {
                key = try KeyText.read(self.key)
            } catch {
                let isSwapped = (try? PublicKey(name)) != nil
                throw Failure(
                    error.status, error.message,
                    hint: isSwapped ? "the name comes first: pinhole contact add NAME KEY" : error.hint)
            }
            let services = try service.map { text throws(Failure) in try ServiceText(text).address }
            let (name, address, json) = (name, address, json)
            try await Session.withProfile(global) { client in
                let added = try await client.call(
                    ContactAdd.self, ContactAdd.Params(name: name, key: key, addresses: address, services: services))
                if json { return JSON.show(added) }
                guard added.isNew else {
                    return Console.talk("\(name) is known already; what is new was added.", style: .good)
                }
                Console.talk("\(name) added: \(key.text)", style: .good)
                guard key.text != added.ownKey else {
                    return Console.talk("\(name) is you: what you send to \(name) stays here, as notes.")
                }
                Console.talk("\(name) must add you too. Your key: \(added.ownKey)")
                Console.talk(
                    "When you connect, \(name) and the signaling service see your network address. "
                        + "'pinhole contact verify \(name)' makes sure that the key is really theirs.",
                    style: .dim)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List your contacts.",
            discussion: """
                One contact a line: name, key, whether you verified it, what keeps you from talking, known addresses, \
                services of its own.

                Example:
                  $ pinhole contact list
                  bob    pin1…  verified
                  carol  pin1…  not verified  via signal.example.net:41414
                  $ pinhole contact list --online
                  bob    online
                  carol  offline, last seen 20 Nov 14:02
                """,
            aliases: ["ls"])

        @OptionGroup(title: "Global options") var global: GlobalOptions
        @OptionGroup(title: "Network options") var network: NodeOptions

        @Flag(help: "Print JSON.")
        var json = false

        @Flag(help: "Ask the services who is there now, and tell when the others were last connected.")
        var online = false

        func run() async throws {
            if online { return try await PresenceList.show(network, global: global, json: json) }
            let json = json
            try await Session.withProfile(global) { client in
                let list = try await client.call(ContactList.self, Nothing())
                if json { return JSON.show(list) }
                let contacts = list.contacts
                if contacts.isEmpty {
                    Console.talk("No contacts yet: pinhole contact add NAME KEY, or pinhole invite")
                }
                let width = contacts.map { Width.of($0.name) }.max() ?? 0
                for contact in contacts {
                    let padding = String(repeating: " ", count: width - Width.of(contact.name))
                    let fields = [contact.name + padding, contact.key] + contact.remarks.map(\.description)
                    Console.result(verbatim: fields.joined(separator: "  "))
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all that is known of a contact.",
            discussion: """
                Example:
                  $ pinhole contact show bob
                """)

        @OptionGroup var contact: OneContact

        func run() async throws {
            try await contact.call(ContactShow.self, contact.params) { known in
                let contact = known.contact
                let (digits, words) = (known.safetyNumber, known.safetyWords)
                let rows: [(label: Phrase, lines: [String])] = [
                    ("Name", [contact.name]), ("Key", [contact.key]),
                    ("State", [contact.remarks.map(\.description).joined(separator: ", ")]),
                    ("Safety number", [digits[..<6], digits[6...]].map { $0.joined(separator: " ") }),
                    (
                        "Safety words",
                        stride(from: 0, to: words.count, by: 6).map { start in
                            words[start..<min(start + 6, words.count)].joined(separator: " ")
                        }
                    ),
                ]
                let width = (rows.map { Width.of("\($0.label)") }.max() ?? 0) + 2
                for row in rows {
                    for (index, line) in row.lines.enumerated() {
                        let label: Phrase = index == 0 ? row.label : ""
                        Console.result(verbatim: Format.field(label, Phrase(verbatim: line), width: width))
                    }
                }
            }
        }
    }
}

extension ContactShape {
    /// What a list says of a contact beside its name and key.
    var remarks: [Phrase] {
        let state: [Phrase] =
            switch state {
            case .known: []
            case .invited: ["has not accepted you yet"]
            case .blocked: ["blocked"]
            case .keyChanged: ["KEY CHANGED: \(newKey ?? "?") was given too"]
            }
        return [verified ? "verified" : "not verified"] + state + addresses.map { Phrase(verbatim: $0) }
            + services.map { (try? ServiceAddress($0)).map { "via \($0.place)" } ?? Phrase(verbatim: $0) }
    }
}

/// Completes contact names of a profile whose key is not sealed.
let contactNames = CompletionKind.custom { words, _, _ in
    let flag = words.lastIndex(of: "--profile").map { $0 + 1 }
    let named = flag.flatMap { words.indices.contains($0) ? Paths.expand(words[$0]) : nil }
    let directory = named ?? Console.environment("PINHOLE_PROFILE") ?? Paths.defaultProfile
    let profile = try? Profile.open(at: directory, passphrase: { nil })
    return (try? profile?.contacts().map(\.name)) ?? []
}
