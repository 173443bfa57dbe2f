import ArgumentParser
import Pinhole
import PinholeControl

// Who used an invite of yours, and waits.

extension ContactCommand {
    struct Requests: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List those who opened an invite of yours and wait for your answer.",
            discussion: """
                Each line has a name, the key, which was proved, when it came, and the services by which you would find \
                them. The name is what they call themselves: make sure that it is whom you invited.

                Example:
                  $ pinhole contact requests
                  bob  pin1…  12 min ago
                  $ pinhole contact accept bob
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let json = json
            try await Session.withProfile(global) { client in
                let list = try await client.call(ContactRequests.self, Nothing())
                if json { return JSON.show(JSON(encoding: list).members ?? [:]) }
                if list.requests.isEmpty { Console.talk("Nobody waits for an answer.") }
                for request in list.requests.compactMap(\.request) {
                    let age = Duration.milliseconds(Int64(Format.now) - Int64(request.receivedAt))
                    let services = request.services.map { ("via \($0.place)" as Phrase).description }
                    let fields = [request.name, request.key.text, ("\(Format.age(age)) ago" as Phrase).description]
                    Console.result(verbatim: (fields + services).joined(separator: "  "))
                }
            }
        }
    }

    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make somebody who opened your invite a contact.",
            discussion: """
                Example:
                  $ pinhole contact accept bob
                  $ pinhole contact accept pin1… --as robert
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "The name or the key, as 'pinhole contact requests' shows them.") var request: String

        @Option(name: .customLong("as"), help: ArgumentHelp("What you call them.", valueName: "name"))
        var alias: String?

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let (request, alias, json) = (request, alias, json)
            try await Session.withProfile(global) { client in
                let contact = try await client.call(
                    ContactAccept.self, ContactAccept.Params(request: request, as: alias))
                if json { return JSON.show(JSON(encoding: contact).members ?? [:]) }
                Console.talk("\(contact.name) is your contact: \(contact.key)", style: .good)
                Console.talk("'pinhole contact verify \(contact.name)' makes sure that it is really them.", style: .dim)
            }
        }
    }

    struct Decline: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn away somebody who opened your invite; they are told.",
            discussion: """
                Example:
                  $ pinhole contact decline mallory
                """)

        @OptionGroup(title: "Global options") var global: GlobalOptions

        @Argument(help: "The name or the key, as 'pinhole contact requests' shows them.") var request: String

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let (request, json) = (request, json)
            try await Session.withProfile(global) { client in
                let declined = try await client.call(ContactDecline.self, ContactDecline.Params(request: request))
                if json { return JSON.show(declined) }
                Console.talk("\(request) was declined.")
            }
        }
    }
}
