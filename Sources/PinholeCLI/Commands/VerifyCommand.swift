import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole contact verify`: is a contact's key really theirs?
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare safety numbers with a contact.",
        discussion: """
            Prints sixty digits, and eighteen words that say the same, which are equal on both sides if, and only if, each \
            has the other's real key. Compare the digits or the words in person or on the phone, then answer the question. \
            Scripts give what they got from the other side with --number or --words, or say --yes after a comparison of \
            their own. Where the two differ the exit code is 76.

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

    @Option(help: ArgumentHelp("The words that the contact sees; four letters of each suffice.", valueName: "words"))
    var words: String?

    @Flag(help: "They were compared and are the same.")
    var yes = false

    @Flag(help: "Take the mark away: the contact is not verified any more.")
    var unverify = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard [number != nil, words != nil, yes, unverify].filter(\.self).count <= 1 else {
            throw ValidationError("give one of --number, --words, --yes and --unverify")
        }
    }

    func run() async throws {
        let command = self
        try await Session.withProfile(global) { client in try await command.run(client) }
    }

    private func run(_ client: Client) async throws {
        let known = try await client.call(ContactShow.self, ContactParams(contact: name))
        let contact = known.contact.name
        if unverify {
            try await mark(contact, false, client)
            return Console.talk("\(contact) is not verified any more.")
        }
        if let number {
            let digits = number.filter { !$0.isWhitespace }
            guard digits.count == 60, digits.allSatisfy(\.isNumber) else {
                throw Failure(.usage, "a safety number has 60 digits", hint: "copy what the contact's side prints")
            }
            return try await conclude(contact, digits == known.safetyNumber.joined(), known, client)
        }
        if let words {
            guard let read = Identity.readSafetyWords(words) else {
                throw Failure(
                    .usage, "these are not eighteen safety words: one was misheard, mistyped or left out",
                    hint: "ask for them again; their checksum tells")
            }
            return try await conclude(contact, read == known.safetyWords, known, client)
        }
        if yes { return try await conclude(contact, true, known, client) }
        if json { return JSON.show(JSON(encoding: known).members ?? [:]) }
        Console.result(verbatim: known.safetyNumber[..<6].joined(separator: " "))
        Console.result(verbatim: known.safetyNumber[6...].joined(separator: " "))
        for start in stride(from: 0, to: known.safetyWords.count, by: 6) {
            let row = known.safetyWords[start..<min(start + 6, known.safetyWords.count)]
            Console.talk(verbatim: row.joined(separator: " "))
        }
        guard Console.isTerminal(STDIN_FILENO) else {
            return Console.talk("Nothing is marked without a terminal to answer on, --number, --words or --yes.")
        }
        guard let isEqual = Console.confirms("The same on \(contact)'s side?") else {
            return Console.talk("Nothing changed.")
        }
        try await conclude(contact, isEqual, known, client)
    }

    private func conclude(_ contact: String, _ isEqual: Bool, _ known: ContactShow.Result, _ client: Client)
        async throws
    {
        try await mark(contact, isEqual, client)
        guard isEqual else {
            throw Failure(
                .keyChanged,
                "the safety numbers differ: one was misread, or the key you have for \(contact) is not theirs",
                hint: "get the key again over something you trust, then 'pinhole contact replace-key \(contact) KEY'")
        }
        if json {
            let now = try await client.call(ContactShow.self, ContactParams(contact: contact))
            return JSON.show(JSON(encoding: now).members ?? [:])
        }
        Console.talk("\(contact) is verified.", style: .good)
    }

    private func mark(_ contact: String, _ isVerified: Bool, _ client: Client) async throws {
        _ = try await client.call(ContactVerify.self, ContactVerify.Params(contact: contact, verified: isVerified))
    }
}
