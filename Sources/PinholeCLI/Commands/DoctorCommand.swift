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

            Exits as 'ping' does: 0 if there is a path, 69 if no service can be asked, 75 if bob is offline or the \
            time was too short, 79 if he is online and no direct path exists.
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
        guard !hideAddresses || !global.verbose else {
            throw ValidationError("--verbose shows addresses: it does not go together with --hide-addresses")
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
    /// The session's round trip, or why there is none.
    let answer: Result<PingReport, PinholeError>

    var ping: PingReport? { try? answer.get() }

    var failure: Failure? {
        guard case .failure(let error) = answer else { return nil }
        var failure = Failure(error)
        if error.code == .timedOut { failure.hint = failure.hint ?? patience }
        return failure
    }

    init(of contact: Contact, in session: Session, timeout: Duration) async throws {
        name = contact.name
        let node = session.node
        // What the NAT does is measured meanwhile.
        async let measured = node.networkReport(timeout: min(timeout, .seconds(5)))
        do throws(PinholeError) {
            _ = try await session.connect(to: contact, timeout: timeout)
            answer = .success(try await node.ping(contact.key, timeout: timeout))
        } catch {
            answer = .failure(error)
        }
        // Who hears from no service has nothing to measure with.
        let isDeaf = Outcome(answer) == .noService
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
            if !report.addresses.isEmpty { lines += ["Addresses of \(name)"] + table(report.addresses, redaction) }
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
        case .connected(let path): events.append((path.connectTime, "connected"))
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

    private func table(_ addresses: [ConnectionReport.Address], _ redaction: Redaction) -> [String] {
        let rows = addresses.map { (redaction.text($0.address), $0.kind.rawValue, words($0)) }
        let width = rows.map(\.0.count).max() ?? 0
        let kindWidth = rows.map(\.1.count).max() ?? 0
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        return rows.map { "  \(padded($0.0, width))  \(padded($0.1, kindWidth))  \($0.2)" }
    }

    private func isInUse(_ address: ConnectionReport.Address) -> Bool { address.address == ping?.path.remote }

    private func words(_ address: ConnectionReport.Address) -> String {
        let use = isInUse(address) ? ", in use" : ""
        if let answered = address.answered {
            return "\(address.datagramsSent) sent, answered after \(Format.duration(answered))\(use)"
        }
        // The search went on after the session had begun.
        if isInUse(address) { return "answered later, in use" }
        if let skip = address.skip { return "not tried: \(Self.words(skip))" }
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
        let ports = guess.ports == 1 ? "1 guessed port" : "\(guess.ports) guessed ports"
        return "\(ports) of \(guess.ip) from \(sockets): \(guess.datagramsSent) sent, \(end)"
    }

    private var result: [String] {
        if let ping { return [Self.field("Result", "a direct path: \(PingCommand.words(ping, report))")] }
        guard let failure else { return [] }
        return [Self.field("Result", failure.message)] + (failure.hint.map { [Self.field("What helps", $0)] } ?? [])
    }

    /// What to do when the time ran out before anything was decided.
    private var patience: String {
        let longer = "give it longer with --timeout"
        guard let report else { return longer }
        if case .connected = report.outcome { return "\(name) may have just left, or the network between you is slow" }
        if report.peer != nil { return "\(name) is there, and you were still looking for a path: \(longer)" }
        if report.inquiries.contains(where: { $0.answer == .present }) {
            return "\(name) is known to a service, and has not answered yet: \(longer)"
        }
        if report.inquiries.contains(where: { $0.answer == .absent }) {
            return "not every service has answered yet, and those that did do not know \(name): \(longer)"
        }
        if !report.inquiries.isEmpty { return "no service has answered yet: \(longer), or try 'pinhole netcheck'" }
        return report.addresses.isEmpty
            ? "no service was reached yet: \(longer), or try 'pinhole netcheck'"
            : "\(name) has not answered at the address you have yet: \(longer)"
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
            "outcome": .string(outcome.rawValue), "exitCode": .integer(Int64(failure?.exitCode ?? 0)),
            "message": .string(failure?.message), "hint": .string(failure?.hint),
            "network": .object(NetcheckCommand.members(of: network)), "rttMs": .milliseconds(ping?.rtt),
            "path": ping.map { JSON.path($0.path) } ?? .null,
        ]
        report.map { members.merge(self.members(of: $0)) { $1 } }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.key, redaction.json($0.value, of: $0.key)) })
    }

    private func members(of report: ConnectionReport) -> [String: JSON] {
        var members: [String: JSON] = [:]
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
                    "address": .string("\(inquiry.service)"),
                    "timesAsked": .integer(Int64(inquiry.timesAsked)), "answer": .string(inquiry.answer.rawValue),
                    "answeredMs": .milliseconds(inquiry.answered),
                ]
            })
        members["addresses"] = .array(
            report.addresses.map { address in
                [
                    "address": .string(address.address), "kind": .string(address.kind.rawValue),
                    "datagramsSent": .integer(Int64(address.datagramsSent)),
                    "firstSentMs": .milliseconds(address.firstSent), "answeredMs": .milliseconds(address.answered),
                    "skipped": .string(address.skip?.rawValue), "inUse": .bool(isInUse(address)),
                ]
            })
        members["guesses"] = .array(
            report.guesses.map { guess in
                [
                    "ip": .string(guess.ip), "ports": .integer(Int64(guess.ports)),
                    "sockets": .integer(Int64(guess.sockets)), "datagramsSent": .integer(Int64(guess.datagramsSent)),
                    "firstSentMs": .milliseconds(guess.firstSent), "answeredMs": .milliseconds(guess.answered),
                ]
            })
        return members
    }

    private enum Outcome: String {
        case connected
        case noService = "no-service"
        case offline
        case noDirectPath = "no-direct-path"
        case timeout
        case failed

        init(_ answer: Result<PingReport, PinholeError>) {
            switch answer {
            case .success: self = .connected
            case .failure(let error):
                switch error.code {
                case .unreachableService: self = .noService
                case .peerOffline: self = .offline
                case .noDirectPath: self = .noDirectPath
                case .timedOut: self = .timeout
                case .usage, .badKey, .badData, .noSuchFile, .bug, .cannotWrite, .keyChanged, .wrongPassphrase,
                    .configuration, .portInUse, .identityInUse, .other:
                    self = .failed
                }
            }
        }
    }

    private var outcome: Outcome { Outcome(answer) }
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
        guard !names.isEmpty else { return text }
        var (result, rest, isInside) = ("", text[...], false)
        while let first = rest.first {
            let entry = isInside ? nil : names.first { Self.begins(rest, with: $0.original) }
            guard let entry else {
                result.append(first)
                rest = rest.dropFirst()
                isInside = Self.isOfWord(first)
                continue
            }
            result += entry.name
            rest = rest.dropFirst(entry.original.count)
        }
        return result
    }

    private static func begins(_ text: Substring, with word: String) -> Bool {
        guard text.hasPrefix(word) else { return false }
        return text.dropFirst(word.count).first.map { !isOfWord($0) } ?? true
    }

    /// What a host name or a number goes on with; a dot or a colon may end a sentence.
    private static func isOfWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "-" || character == "_"
    }

    /// An object with the members hidden that hold addresses or sentences; others have words of their own.
    func json(_ value: JSON, of member: String) -> JSON {
        switch value {
        case .string(let text): Self.telling.contains(member) ? .string(self.text(text)) : value
        case .array(let values): .array(values.map { json($0, of: member) })
        case .object(let members):
            .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key, json($0.value, of: $0.key)) }))
        case .integer, .number, .bool, .null, .unknown: value
        }
    }

    private static let telling: Set = [
        "address", "remote", "ip", "ipv4", "ipv6", "message", "hint", "failure", "verdict",
    ]
}
