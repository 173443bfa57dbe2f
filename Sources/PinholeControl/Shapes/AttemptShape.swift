package import Pinhole

extension ConnectionReport.Inquiry.Answer: Codable {}
extension ConnectionReport.Address.Skip: Codable {}

/// The last attempt to reach a contact, with the member names of `doctor --json`.
package struct AttemptShape: Codable, Sendable {
    enum Outcome: String, Codable, CaseIterable, Sendable { case searching, connected, failed }

    let outcome: Outcome
    let path: PathShape?
    let error: ErrorShape?
    let durationMs: Double
    let peer: Peer?
    let services: [Inquiry]
    let addresses: [Address]
    let guesses: [Guess]

    struct Peer: Codable, Sendable {
        let mapping: NetworkReport.Mapping
        let filtering: NetworkReport.Filtering
        let sentence: String
        let introducedMs: Double
    }

    struct Inquiry: Codable, Sendable {
        let address: String
        let timesAsked: Int
        let answer: ConnectionReport.Inquiry.Answer
        let answeredMs: Double?
    }

    struct Address: Codable, Sendable {
        let address: String
        let kind: PathReport.Kind
        let datagramsSent: Int
        let firstSentMs: Double?
        let answeredMs: Double?
        let skipped: ConnectionReport.Address.Skip?
    }

    struct Guess: Codable, Sendable {
        let ip: String
        let ports: Int
        let sockets: Int
        let datagramsSent: Int
        let firstSentMs: Double?
        let answeredMs: Double?
    }
}

extension AttemptShape {
    package init(_ report: ConnectionReport) {
        switch report.outcome {
        case .searching: (outcome, path, error) = (.searching, nil, nil)
        case .connected(let path): (outcome, self.path, error) = (.connected, PathShape(path), nil)
        case .failed(let error): (outcome, path, self.error) = (.failed, nil, ErrorShape(error))
        }
        durationMs = report.duration.milliseconds
        peer = report.peer.map {
            Peer(
                mapping: $0.mapping, filtering: $0.filtering, sentence: $0.sentence.spoken,
                introducedMs: $0.introduced.milliseconds)
        }
        services = report.inquiries.map {
            Inquiry(
                address: "\($0.service)", timesAsked: $0.timesAsked, answer: $0.answer,
                answeredMs: $0.answered?.milliseconds)
        }
        addresses = report.addresses.map {
            Address(
                address: $0.address, kind: $0.kind, datagramsSent: $0.datagramsSent,
                firstSentMs: $0.firstSent?.milliseconds, answeredMs: $0.answered?.milliseconds, skipped: $0.skip)
        }
        guesses = report.guesses.map {
            Guess(
                ip: $0.ip, ports: $0.ports, sockets: $0.sockets, datagramsSent: $0.datagramsSent,
                firstSentMs: $0.firstSent?.milliseconds, answeredMs: $0.answered?.milliseconds)
        }
    }

    package var report: ConnectionReport {
        func duration(_ milliseconds: Double?) -> Duration? { milliseconds.map { Duration(milliseconds: $0) } }
        let outcome: ConnectionReport.Outcome =
            if let path {
                .connected(path.report)
            } else if let error {
                .failed(error.error)
            } else {
                .searching
            }
        return ConnectionReport(
            outcome: outcome, duration: Duration(milliseconds: durationMs),
            inquiries: services.compactMap { inquiry in
                (try? ServiceAddress(inquiry.address)).map {
                    ConnectionReport.Inquiry(
                        service: $0, timesAsked: inquiry.timesAsked, answer: inquiry.answer,
                        answered: duration(inquiry.answeredMs))
                }
            },
            peer: peer.map {
                ConnectionReport.PeerNAT(
                    mapping: $0.mapping, filtering: $0.filtering, sentence: Phrase(verbatim: $0.sentence),
                    introduced: Duration(milliseconds: $0.introducedMs))
            },
            addresses: addresses.map {
                ConnectionReport.Address(
                    address: $0.address, kind: $0.kind, datagramsSent: $0.datagramsSent,
                    firstSent: duration($0.firstSentMs), answered: duration($0.answeredMs), skip: $0.skipped)
            },
            guesses: guesses.map {
                ConnectionReport.Guess(
                    ip: $0.ip, ports: $0.ports, sockets: $0.sockets, datagramsSent: $0.datagramsSent,
                    firstSent: duration($0.firstSentMs), answered: duration($0.answeredMs))
            })
    }
}
