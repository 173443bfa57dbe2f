import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

// Contacts on their way from one machine to another.

extension ContactCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print your contacts, for another machine or a backup.",
            discussion: """
                One contact a line: name, key, addresses, services; what 'pinhole contact import' reads. The marks of \
                those that you verified stay here, and so do those whom you blocked: they are commented out.

                Example:
                  $ pinhole contact export > contacts.txt
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "Only these contacts.", completion: contactNames) var names: [String] = []

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let (names, json) = (names, json)
            try await Session.withProfile(global) { client in
                var shapes = try await client.call(ContactList.self, Nothing()).contacts
                if !names.isEmpty {
                    var chosen: [ContactShape] = []
                    for name in names {
                        chosen.append(try await client.call(ContactShow.self, ContactParams(contact: name)).contact)
                    }
                    shapes = chosen
                }
                if json { return JSON.show(["contacts": .array(shapes.map { JSON(encoding: $0) })]) }
                for shape in shapes {
                    let line = ([shape.name, shape.key] + shape.addresses + shape.services).joined(separator: " ")
                    Console.result(verbatim: shape.state == .blocked ? "# blocked: \(line)" : line)
                }
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add contacts from a file.",
            discussion: """
                Reads what 'pinhole contact export' prints, with and without --json, and files of OpenSSH public keys, \
                whose comment before the @ is the name. Contacts that you have keep their names and keys, and get what \
                is new of addresses and services; those that were blocked where they come from are left out. Where a \
                key is another than the one that you have, nothing is sent to that contact any more until you decide \
                ('pinhole contact replace-key'), and the exit code is 76.

                Example:
                  $ pinhole contact import contacts.txt
                  $ ssh old-laptop pinhole contact export | pinhole contact import -
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "The file; - reads from stdin.", completion: .file()) var file: String

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let isInput = file == "-"
            let text =
                isInput
                ? try Files.read(STDIN_FILENO, named: "the input", limit: 1 << 24)
                : try Files.read(Paths.expand(file), limit: 1 << 24)
            let entries = try ContactFile.entries(in: text, of: isInput ? "the input" : file)
            let json = json
            try await Session.withProfile(global) { client in
                var present = Set(try await client.call(ContactList.self, Nothing()).contacts.map(\.key))
                var (added, known, blocked, failures) = (0, 0, 0, [Failure]())
                for entry in entries {
                    do {
                        let contact = try entry.get()
                        guard !contact.isBlocked else {
                            blocked += 1
                            continue
                        }
                        if present.contains(contact.key.text) {
                            known += 1
                            // Only for what is new of it; that there is nothing is said by an error.
                            _ = try? await client.call(ContactAdd.self, contact.params)
                        } else {
                            _ = try await client.call(ContactAdd.self, contact.params)
                            added += 1
                            present.insert(contact.key.text)
                        }
                    } catch {
                        guard let failure = Failure(error) else { throw error }
                        failures.append(failure)
                    }
                }
                if json {
                    JSON.show([
                        "added": .integer(Int64(added)), "known": .integer(Int64(known)),
                        "blocked": .integer(Int64(blocked)),
                        "failed": .array(
                            failures.map { ["message": .string($0.message), "exitCode": .integer(Int64($0.exitCode))] }),
                    ])
                } else {
                    Console.talk("\(added) added, \(known) known before, \(failures.count) not taken.")
                    if blocked > 0 {
                        Console.talk("\(plural: blocked, "contact was", "contacts were") blocked there: left out.")
                    }
                }
                // What a person must decide comes before what was only misspelled.
                guard let worst = failures.first(where: { $0.status == .keyChanged }) ?? failures.first else { return }
                for failure in failures where failure.message != worst.message {
                    Console.talk("pinhole: \(failure.message)", style: .error)
                }
                throw worst
            }
        }
    }
}

/// The text of a file of contacts.
enum ContactFile {
    typealias Entry = Result<Contact, Failure>

    struct Contact: Sendable {
        let name: String
        let key: PublicKey
        let addresses: [String]
        let services: [ServiceAddress]
        var isBlocked = false

        var params: ContactAdd.Params {
            ContactAdd.Params(name: name, key: key, addresses: addresses, services: services)
        }
    }

    static func entries(in text: String, of file: String) throws -> [Entry] {
        if text.first(where: { !$0.isWhitespace }) == "{" {
            guard let list = try? JSON(parsing: text.utf8)["contacts"]?.elements else {
                throw Failure(.badData, "\(file) is not what 'pinhole contact export --json' prints")
            }
            return list.map(entry)
        }
        let lines = text.split(whereSeparator: \.isNewline).filter { line in
            !line.allSatisfy(\.isWhitespace) && line.first { !$0.isWhitespace } != "#"
        }
        return lines.map { entry($0.split(whereSeparator: \.isWhitespace).map(String.init), String($0)) }
    }

    private static func entry(_ json: JSON) -> Entry {
        make(
            json["name"]?.text ?? "", json["key"]?.text ?? "",
            json["addresses"]?.elements?.compactMap(\.text) ?? [],
            json["services"]?.elements?.compactMap(\.text) ?? []
        ).map { contact in
            var contact = contact
            contact.isBlocked = json["state"]?.text == ContactShape.State.blocked.rawValue
            return contact
        }
    }

    private static func entry(_ words: [String], _ line: String) -> Entry {
        if words[0].hasPrefix("ssh-") {
            let name = words.count > 2 ? words[2].prefix { $0 != "@" } : ""
            guard !name.isEmpty else {
                return .failure(Failure(.badData, "an OpenSSH key has no comment to be its name: \(words[0]) …"))
            }
            return make(String(name), line, [], [])
        }
        guard words.count > 1 else {
            return .failure(Failure(.badData, "“\(words[0].prefix(40))” is not a line of a name and a key"))
        }
        let services = words[2...].filter { $0.hasPrefix("pinhole-signal://") }
        return make(words[0], words[1], words[2...].filter { !services.contains($0) }, services)
    }

    private static func make(_ name: String, _ key: String, _ addresses: [String], _ services: [String]) -> Entry {
        do throws(PinholeError) {
            let services = try services.map { text throws(PinholeError) in try ServiceAddress(text) }
            return .success(
                Contact(name: name, key: try PublicKey(key), addresses: addresses, services: services))
        } catch {
            let failure = Failure(error)
            return .failure(Failure(failure.status, "\(name): \(failure.message)", hint: failure.hint))
        }
    }
}
