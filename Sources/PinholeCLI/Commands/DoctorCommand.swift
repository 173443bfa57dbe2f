import ArgumentParser
import Pinhole

/// `pinhole doctor`: why a contact can be reached, or not, and what can be done.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try to reach a contact, and explain what was tried, what came of it and what can be done.",
        discussion: """
            Looks at this network, asks the services for the contact and tries every way there is. What it prints is \
            meant for asking others for help: --hide-addresses takes IP addresses and host names out of it.

            Example:
              $ pinhole doctor bob
              Your network
                UDP         works
                IPv4        198.51.100.23:50412
                …
              bob's network
                NAT         another port for each address and port (hard)
                Filter      lets in only ports you wrote to
              What happened
                   0.00 ms  asked signal.example.org:41414 for bob
                   23.1 ms  signal.example.org:41414 knows bob
                   61.9 ms  bob said where to reach them: 2 addresses
                    9.50 s  gave up
              Addresses of bob
                203.0.113.7:41207   server-reflexive  17 sent, no answer
                192.168.2.10:50496  host              not tried: a private address of another network
              Result        no direct path to bob: your network …, and bob's network …
              What helps    use IPv6, a port mapping on bob's router, or another network there

            Exits as 'ping' does: 0 if there is a path, 69 if no service answers, 75 if bob is offline, 79 if he is \
            online and no direct path exists.
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Argument(help: "The contact's name.", completion: contactNames) var name: String

    @Option(help: ArgumentHelp("How long to wait for the contact.", valueName: "seconds"))
    var timeout = 15.0

    @Flag(help: "Write ipv4-1, ipv6-1, host-1 and so on instead of addresses and host names.")
    var hideAddresses = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 3600 else {
            throw ValidationError("--timeout must be more than 0 and at most 3600 seconds")
        }
    }

    func run() async throws {
        let limit = Duration.milliseconds(Int64(timeout * 1000))
        let name = name
        let findings = try await Session.run(network, global: global, policy: .ask, tellsEvents: global.verbose) {
            session in
            let contact = try Session.contact(named: name, in: session.profile)
            return try await Findings(of: contact, in: session, timeout: limit)
        }
        let redaction = hideAddresses ? Redaction(hiding: findings) : Redaction()
        if json {
            JSON.show(findings.json(redaction))
        } else {
            Console.results(findings.lines(redaction))
        }
        if let failure = findings.failure { throw ExitCode(failure.exitCode) }
    }
}

/// What the doctor found out.
struct Findings: Sendable {
    let name: String
    let network: NetworkReport
    let report: ConnectionReport?
    /// The session's round trip, if there is one.
    let ping: PingReport?
    let failure: Failure?

    init(of contact: Contact, in session: Session, timeout: Duration) async throws {
        name = contact.name
        let node = session.node
        // What the NAT does is measured meanwhile.
        async let measured = node.networkReport(timeout: min(timeout, .seconds(5)))
        do throws(PinholeError) {
            _ = try await session.connect(to: contact, timeout: timeout)
            ping = try? await node.ping(contact.key, timeout: timeout)
            failure = nil
        } catch {
            ping = nil
            failure = Failure(error)
        }
        // Who hears from no service has nothing to measure with.
        let isDeaf = failure?.status == .unreachableService
        network = isDeaf ? try await node.networkReport(timeout: .zero) : try await measured
        report = await node.report(of: contact.key)
    }
}

// MARK: For people

extension Findings {
    func lines(_ redaction: Redaction) -> [String] {
        var lines = ["Your network"]
        lines += (NetworkWords(network).first + NetworkWords(network).rest).map { "  " + redaction.text($0) }
        lines += peerLines
        if let report {
            let story = story(of: report)
            if !story.isEmpty { lines += ["What happened"] + story.map(redaction.text) }
            if !report.addresses.isEmpty { lines += ["Addresses of \(name)"] + Self.table(report.addresses, redaction) }
            lines += report.guesses.map { "  " + redaction.text(Self.words($0)) }
        }
        return lines + result.map(redaction.text)
    }

    private var peerLines: [String] {
        guard let peer = report?.peer else { return [] }
        return [
            "\(name)'s network", Self.field("  NAT", NetworkWords.words(peer.mapping)),
            Self.field("  Filter", NetworkWords.words(peer.filtering)),
        ]
    }

    private func story(of report: ConnectionReport) -> [String] {
        var events: [(time: Duration, words: String)] = []
        for inquiry in report.inquiries {
            let place = inquiry.service.place
            let times = inquiry.timesAsked > 1 ? ", \(inquiry.timesAsked) times in all" : ""
            if inquiry.timesAsked > 0 { events.append((.zero, "asked \(place) for \(name)\(times)")) }
            guard let answered = inquiry.answered else {
                events.append((.zero, "\(place) has not answered"))
                continue
            }
            let isKnown = inquiry.answer == .present
            events.append((answered, "\(place) \(isKnown ? "knows" : "does not know") \(name)"))
        }
        if let introduced = report.peer?.introduced {
            events.append((introduced, "\(name) said where to reach them: \(Self.counted(report.addresses.count))"))
        }
        if let sent = report.addresses.compactMap(\.firstSent).min() {
            events.append((sent, "first datagram to \(name)"))
        }
        if let sent = report.guesses.compactMap(\.firstSent).min() {
            events.append((sent, "began to guess ports of \(name)'s NAT"))
        }
        let heard = report.addresses.compactMap { address in address.answered.map { ($0, address.address) } }
        if let (answered, address) = heard.min(by: { $0.0 < $1.0 }) {
            events.append((answered, "first datagram of \(name), from \(address)"))
        }
        switch report.outcome {
        case .searching: break
        case .connected: events.append((report.duration, "connected"))
        case .failed: events.append((report.duration, "gave up"))
        }
        // Events of one moment stay in the order in which they lead to each other.
        let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
        return order.map { index in
            let time = Format.duration(events[index].time)
            return "  " + String(repeating: " ", count: max(0, 10 - time.count)) + time + "  " + events[index].words
        }
    }

    private static func counted(_ addresses: Int) -> String { addresses == 1 ? "1 address" : "\(addresses) addresses" }

    private static func table(_ addresses: [ConnectionReport.Address], _ redaction: Redaction) -> [String] {
        let rows = addresses.map { (redaction.text($0.address), $0.kind.rawValue, words($0)) }
        let width = rows.map(\.0.count).max() ?? 0
        let kindWidth = rows.map(\.1.count).max() ?? 0
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        return rows.map { "  \(padded($0.0, width))  \(padded($0.1, kindWidth))  \($0.2)" }
    }

    private static func words(_ address: ConnectionReport.Address) -> String {
        if let answered = address.answered {
            return "\(address.datagramsSent) sent, answered after \(Format.duration(answered))"
        }
        if let skip = address.skip { return "not tried: \(words(skip))" }
        return address.datagramsSent == 0
            ? "not tried: nothing was left to try by then" : "\(address.datagramsSent) sent, no answer"
    }

    private static func words(_ skip: ConnectionReport.Address.Skip) -> String {
        switch skip {
        case .unusable: "nobody can be there"
        case .broadcast: "it means everybody on your network"
        case .noFamily: "this machine has no address of that family"
        case .service: "it is a signaling service's"
        case .own: "it is your own"
        case .otherNetwork: "a private address of another network"
        }
    }

    private static func words(_ guess: ConnectionReport.Guess) -> String {
        let sockets = guess.sockets == 1 ? "one socket" : "\(guess.sockets) sockets"
        let end = guess.answered.map { "answered after \(Format.duration($0))" } ?? "no answer"
        return "\(guess.ports) guessed ports of \(guess.ip) from \(sockets): \(guess.datagramsSent) sent, \(end)"
    }

    private var result: [String] {
        if let failure {
            let result = Self.field("Result", failure.message)
            return [result] + (failure.hint.map { [Self.field("What helps", $0)] } ?? [])
        }
        guard let ping else { return [Self.field("Result", "connected, and lost again at once")] }
        return [Self.field("Result", "a direct path: \(PingCommand.words(ping, report))")]
    }

    private static func field(_ label: String, _ words: String) -> String {
        label + String(repeating: " ", count: max(14 - label.count, 1)) + words
    }
}

// MARK: For programs

extension Findings {
    func json(_ redaction: Redaction) -> [String: JSON] {
        var members: [String: JSON] = [
            "contact": .string(name),
            "outcome": .string(outcome), "exitCode": .integer(Int64(failure?.exitCode ?? 0)),
            "message": .string(failure.map { redaction.text($0.message) }),
            "hint": .string(failure?.hint.map(redaction.text)),
            "network": .object(NetcheckCommand.members(of: network)).mapStrings(redaction.text),
            "rttMs": .milliseconds(ping?.rtt),
            "path": ping.map { JSON.path($0.path).mapStrings(redaction.text) } ?? .null,
        ]
        guard let report else { return members }
        members["durationMs"] = .milliseconds(report.duration)
        members["peer"] =
            report.peer.map { peer in
                [
                    "mapping": .string(peer.mapping.rawValue), "filtering": .string(peer.filtering.rawValue),
                    "introducedMs": .milliseconds(peer.introduced),
                ]
            } ?? .null
        members["services"] = .array(
            report.inquiries.map { inquiry in
                [
                    "address": .string(redaction.text("\(inquiry.service)")),
                    "timesAsked": .integer(Int64(inquiry.timesAsked)), "answer": .string(inquiry.answer.rawValue),
                    "answeredMs": .milliseconds(inquiry.answered),
                ]
            })
        members["addresses"] = .array(
            report.addresses.map { address in
                [
                    "address": .string(redaction.text(address.address)), "kind": .string(address.kind.rawValue),
                    "datagramsSent": .integer(Int64(address.datagramsSent)),
                    "firstSentMs": .milliseconds(address.firstSent), "answeredMs": .milliseconds(address.answered),
                    "skipped": .string(address.skip?.rawValue),
                ]
            })
        members["guesses"] = .array(
            report.guesses.map { guess in
                [
                    "ip": .string(redaction.text(guess.ip)), "ports": .integer(Int64(guess.ports)),
                    "sockets": .integer(Int64(guess.sockets)), "datagramsSent": .integer(Int64(guess.datagramsSent)),
                    "firstSentMs": .milliseconds(guess.firstSent), "answeredMs": .milliseconds(guess.answered),
                ]
            })
        return members
    }

    private var outcome: String {
        switch failure?.status {
        case nil: "connected"
        case .unreachableService: "no-service"
        case .peerOffline: "offline"
        case .noDirectPath: "no-direct-path"
        default: "failed"
        }
    }
}

// MARK: Hiding addresses

/// Puts stable names in the place of IP addresses and host names.
struct Redaction: Sendable {
    private var names: [(original: String, name: String)] = []

    /// Hides nothing.
    init() {}

    init(hiding findings: Findings) {
        var addresses = [findings.network.ipv4, findings.network.ipv6].compactMap { $0.map { Self.host($0.address) } }
        addresses += findings.ping.map { [Self.host($0.path.remote)] } ?? []
        addresses += findings.report?.addresses.map { Self.host($0.address) } ?? []
        addresses += findings.report?.guesses.map(\.ip) ?? []
        let services = findings.network.services.map(\.address) + (findings.report?.inquiries.map(\.service) ?? [])
        // A service is known by its key too.
        for (number, service) in Array(Set(services.map { "\($0)" })).sorted().enumerated() {
            names.append((service, "service-\(number + 1)"))
        }
        var counts: [String: Int] = [:]
        for original in addresses + services.map(\.host) where !names.contains(where: { $0.original == original }) {
            let isAddress = original.utf8.allSatisfy { $0 == 0x2e || (0x30...0x39).contains($0) }
            let kind = original.contains(":") ? "ipv6" : isAddress ? "ipv4" : "host"
            counts[kind, default: 0] += 1
            names.append((original, "\(kind)-\(counts[kind, default: 0])"))
        }
        // A longer one may begin like a shorter one.
        names.sort { $0.original.count > $1.original.count }
    }

    /// The part of `host:port` or `[ipv6]:port` that is the host.
    private static func host(_ address: String) -> String {
        guard let colon = address.lastIndex(of: ":") else { return address }
        let host = address[..<colon]
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
    }

    func text(_ text: String) -> String {
        names.reduce(text) { text, entry in
            text.split(separator: entry.original, omittingEmptySubsequences: false)
                .joined(separator: entry.name)
        }
    }
}
