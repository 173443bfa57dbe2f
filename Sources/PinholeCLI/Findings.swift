import Pinhole
import PinholeControl

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
        let client = session.client
        // What the NAT does is measured meanwhile.
        async let measured = client.networkReport(timeout: min(timeout, .seconds(5)))
        do throws(PinholeError) {
            _ = try await session.connect(to: contact, timeout: timeout)
            answer = .success(try await client.ping(contact.key, timeout: timeout))
        } catch {
            answer = .failure(error)
        }
        // Who hears from no service has nothing to measure with.
        let isDeaf = Outcome(answer) == .noService
        network = isDeaf ? try await client.networkReport(timeout: .zero) : try await measured
        report = try await client.report(of: contact.key)
    }
}

// MARK: For people

extension Findings {
    func lines(_ redaction: Redaction) -> [String] {
        var lines = ["\("Your network" as Phrase)"]
        lines += (NetworkWords(network).first + NetworkWords(network).rest).map { "  " + redaction.text($0) }
        lines += peerLines
        if let report {
            let story = story(of: report)
            if !story.isEmpty { lines += ["\("What happened" as Phrase)"] + story.map(redaction.text) }
            if !report.addresses.isEmpty {
                lines += ["\("Addresses of \(name)" as Phrase)"] + table(report.addresses, redaction)
            }
            lines += report.guesses.map { "  " + redaction.text("\(Self.words($0))") }
        }
        return lines + result.map(redaction.text)
    }

    private var peerLines: [String] {
        guard let peer = report?.peer else { return [] }
        return [
            "\("\(name)'s network" as Phrase)", Self.field("  NAT", NetworkWords.words(peer.mapping)),
            Self.field("  Filter", NetworkWords.words(peer.filtering)),
        ]
    }

    private func story(of report: ConnectionReport) -> [String] {
        var events: [(time: Duration, words: Phrase)] = []
        for inquiry in report.inquiries {
            let place = inquiry.service.place
            let times: Phrase = inquiry.timesAsked > 1 ? ", \(plural: inquiry.timesAsked, "time", "times") in all" : ""
            if inquiry.timesAsked > 0 { events.append((.zero, "asked \(place) for \(name)\(times)")) }
            guard let answered = inquiry.answered else {
                events.append((.zero, "\(place) has not answered"))
                continue
            }
            let isKnown = inquiry.answer == .present
            events.append((answered, isKnown ? "\(place) knows \(name)" : "\(place) does not know \(name)"))
        }
        if let introduced = report.peer?.introduced {
            events.append(
                (
                    introduced,
                    "\(name) said where to reach them: \(plural: report.addresses.count, "address", "addresses")"
                ))
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
            let time = "\(Format.duration(events[index].time))"
            let padding = String(repeating: " ", count: max(0, 10 - time.count))
            return "  \(padding)\(time)  \(events[index].words)"
        }
    }

    private func table(_ addresses: [ConnectionReport.Address], _ redaction: Redaction) -> [String] {
        let rows = addresses.map { (redaction.text($0.address), $0.kind.rawValue, "\(words($0))") }
        let width = rows.map(\.0.count).max() ?? 0
        let kindWidth = rows.map(\.1.count).max() ?? 0
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        return rows.map { "  \(padded($0.0, width))  \(padded($0.1, kindWidth))  \($0.2)" }
    }

    func isInUse(_ address: ConnectionReport.Address) -> Bool { address.address == ping?.path.remote }

    private func words(_ address: ConnectionReport.Address) -> Phrase {
        let use: Phrase = isInUse(address) ? ", in use" : ""
        if let answered = address.answered {
            return "\(address.datagramsSent) sent, answered after \(Format.duration(answered))\(use)"
        }
        // The search went on after the session had begun.
        if isInUse(address) { return "answered later, in use" }
        if let skip = address.skip { return "not tried: \(Self.words(skip))" }
        return address.datagramsSent == 0
            ? "not tried: nothing was left to try by then" : "\(address.datagramsSent) sent, no answer"
    }

    private static func words(_ skip: ConnectionReport.Address.Skip) -> Phrase {
        switch skip {
        case .unusable: "nobody can be there"
        case .broadcast: "it means everybody on your network"
        case .noFamily: "this machine has no address of that family"
        case .service: "it is a signaling service's"
        case .own: "it is your own"
        case .otherNetwork: "a private address of another network"
        }
    }

    private static func words(_ guess: ConnectionReport.Guess) -> Phrase {
        let ports: Phrase = "\(plural: guess.ports, "guessed port", "guessed ports") of \(guess.ip)"
        let sockets: Phrase = "from \(plural: guess.sockets, "socket", "sockets")"
        let end: Phrase = guess.answered.map { "answered after \(Format.duration($0))" } ?? "no answer"
        return "\(ports) \(sockets): \(guess.datagramsSent) sent, \(end)"
    }

    private var result: [String] {
        if let ping { return [Self.field("Result", "a direct path: \(PingCommand.words(ping, report))")] }
        guard let failure else { return [] }
        return [Self.field("Result", failure.message)] + (failure.hint.map { [Self.field("What helps", $0)] } ?? [])
    }

    /// What to do when the time ran out before anything was decided.
    private var patience: Phrase {
        let longer: Phrase = "give it longer with --timeout"
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

    private static func field(_ label: Phrase, _ words: Phrase) -> String {
        Format.field(label, words, width: 14)
    }
}
