import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

// What changes a contact that there is.

/// What the commands take that look at one contact, or change it.
struct OneContact: ParsableArguments {
    @OptionGroup(title: "Global options") var global: GlobalOptions

    @Argument(help: "The contact's name.", completion: contactNames) var name: String

    @Flag(help: "Print JSON.")
    var json = false

    var params: ContactParams { ContactParams(contact: name) }

    /// Runs a method, and prints what came of it: in words, or as JSON where that is wanted.
    func call<M: Method>(
        _ method: M.Type, _ params: M.Params, words: @escaping @Sendable (M.Result) -> Void
    ) async throws {
        let json = json
        try await Session.withProfile(global) { client in
            let result = try await client.call(method, params)
            if json { JSON.show(result) } else { words(result) }
        }
    }
}

extension ContactCommand {
    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a contact another name.",
            discussion: """
                Nobody else learns of it.

                Example:
                  $ pinhole contact rename bob robert
                """)

        @OptionGroup var contact: OneContact
        @Argument(help: "What you call the contact from now on.") var to: String

        func run() async throws {
            let (name, to) = (contact.name, to)
            try await contact.call(ContactRename.self, ContactRename.Params(contact: name, to: to)) { _ in
                Console.talk("\(name) is called \(to) from now on.", style: .good)
            }
        }
    }

    struct Block: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop answering a contact.",
            discussion: """
                To a blocked contact your machine is not there, and nothing is sent to it. What you exchanged stays.

                Example:
                  $ pinhole contact block bob
                """)

        @OptionGroup var contact: OneContact

        func run() async throws {
            try await contact.call(ContactBlock.self, contact.params) { contact in
                Console.talk("\(contact.name) is blocked. 'pinhole contact unblock \(contact.name)' ends that.")
            }
        }
    }

    struct Unblock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answer a blocked contact again.",
            discussion: """
                Example:
                  $ pinhole contact unblock bob
                """)

        @OptionGroup var contact: OneContact

        func run() async throws {
            try await contact.call(ContactUnblock.self, contact.params) { contact in
                Console.talk("\(contact.name) can reach you again.", style: .good)
            }
        }
    }

    struct ReplaceKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "replace-key",
            abstract: "Decide which key a contact has.",
            discussion: """
                When another key was given for a contact, nothing is sent until you have asked that person, in a way in \
                which you recognise them, and given the right key here: the new one, or the old one again. Messages that \
                waited go out. A new key is not verified.

                Example:
                  $ pinhole contact replace-key bob pin1…
                """)

        @OptionGroup var contact: OneContact
        @Argument(help: "The key that is right (pin1…), an OpenSSH key, or a file with one.") var key: [String]

        func run() async throws {
            let key = try KeyText.read(self.key)
            let params = ContactReplaceKey.Params(contact: contact.name, key: key)
            try await contact.call(ContactReplaceKey.self, params) { contact in
                Console.talk("\(contact.name) has the key \(contact.key).", style: .good)
                if !contact.verified { Console.talk("Compare it: pinhole contact verify \(contact.name)") }
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

        @OptionGroup var contact: OneContact

        @Flag(help: "Do not ask.")
        var yes = false

        func run() async throws {
            let (params, yes, json) = (contact.params, yes, contact.json)
            try await Session.withProfile(contact.global) { client in
                let contact = try await client.call(ContactShow.self, params).contact
                if !yes {
                    guard Console.isTerminal(STDIN_FILENO) else {
                        throw Failure(
                            .usage,
                            "removing \(contact.name) deletes the messages too, and there is no terminal to ask on",
                            hint: "pinhole contact remove \(contact.name) --yes")
                    }
                    guard Console.confirms("Remove \(contact.name) and the messages you exchanged?") == true else {
                        return Console.talk("Nothing changed.")
                    }
                }
                _ = try await client.call(ContactRemove.self, ContactParams(contact: contact.name))
                if json { return JSON.show(contact) }
                Console.talk("\(contact.name) removed.")
            }
        }
    }
}
