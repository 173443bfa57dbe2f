import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole ping`: is there a path, which one, how long.
struct PingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping",
        abstract: "Connect to a contact; show the path, how it was found, and the round trip time.",
        discussion: """
            Example:
              $ pinhole ping bob
              pong from bob: 31.2 ms via 203.0.113.7:41207 (IPv4, server-reflexive), connected in 92.4 ms, 1.1 round trips

            Exits with 75 if bob is offline, 79 if bob is online and no direct path exists.
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Argument(help: "The contact's name.", completion: contactNames) var name: String

    @Option(name: .shortAndLong, help: ArgumentHelp("How many pings, a second apart.", valueName: "n"))
    var count = 1

    @Option(help: ArgumentHelp("How long to wait for the contact.", valueName: "seconds"))
    var timeout = 15.0

    @Flag(help: "Print JSON, one object a ping.")
    var json = false

    func validate() throws {
        guard count > 0 else { throw ValidationError("--count must be at least 1") }
        guard timeout > 0, timeout <= 3600 else {
            throw ValidationError("--timeout must be more than 0 and at most 3600 seconds")
        }
    }

    func run() async throws {
        let (name, count, json) = (name, count, json)
        let limit = Duration.milliseconds(Int64(timeout * 1000))
        try await Session.run(network, global: global, as: "ping", policy: .ask, tellsEvents: global.verbose) {
            session in
            let contact = try await session.contact(named: name)
            let wasConnected = try await session.client.status().sessions.contains(contact.name)
            _ = try await session.connect(to: contact, timeout: limit)
            for number in 1...count {
                if number > 1 { try await Task.sleep(for: .seconds(1)) }
                let report = try await session.client.ping(contact.key, timeout: limit)
                if json {
                    JSON.show([
                        "contact": .string(contact.name), "rttMs": .milliseconds(report.rtt),
                        "path": .path(report.path),
                    ])
                } else {
                    if number == 1, !wasConnected {
                        let attempt = try await session.client.report(of: contact.key)
                        Console.result(Self.words(report, from: contact.name, attempt))
                    } else {
                        Console.result(Self.words(report, from: contact.name))
                    }
                    if global.verbose { Console.talk(Self.capacity(of: report.path), style: .dim) }
                }
            }
        }
    }

    /// `datagrams of 1472 bytes, with ECN`.
    static func capacity(of path: PathReport) -> Phrase {
        path.hasECN
            ? "datagrams of \(path.datagramSize) bytes, with ECN" : "datagrams of \(path.datagramSize) bytes"
    }

    /// The round trip and the path, of a connection that is no news.
    static func words(_ report: PingReport, from name: String) -> Phrase {
        "pong from \(name): \(Format.duration(report.rtt)) via \(Format.path(report.path))"
    }

    static func words(_ report: PingReport, from name: String, _ attempt: ConnectionReport?) -> Phrase {
        "pong from \(name): \(words(report, attempt))"
    }

    /// The round trip, the path, how it was won, and how long that took.
    static func words(_ report: PingReport, _ attempt: ConnectionReport?) -> Phrase {
        let path = report.path
        let trips: Phrase = path.roundTrips.map { ", \(Format.decimal($0, 1)) round trips" } ?? ""
        let guess = attempt?.guesses.first { $0.answered != nil }
        let guessed: Phrase? = guess.map { guess in
            let sockets: Phrase = "from \(plural: guess.sockets, "socket", "sockets")"
            return ", by trying \(plural: guess.ports, "port", "ports") of its NAT \(sockets)"
        }
        return "\(Format.duration(report.rtt)) via \(Format.path(path)), "
            + "connected in \(Format.duration(path.connectTime))\(trips)\(guessed ?? "")"
    }
}
