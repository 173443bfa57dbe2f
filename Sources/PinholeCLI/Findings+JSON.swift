import Pinhole
import PinholeControl

// For programs.

extension Findings {
    func json(_ redaction: Redaction) -> [String: JSON] {
        var members: [String: JSON] = [
            "contact": .string(name),
            "outcome": .string(outcome.rawValue), "exitCode": .integer(Int64(failure?.exitCode ?? 0)),
            "message": .string(failure?.message), "hint": .string(failure?.hint),
            "network": JSON(encoding: NetworkShape(network)), "rttMs": .milliseconds(ping?.rtt),
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

    enum Outcome: String {
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
                    .configuration, .portInUse, .identityInUse, .exhausted, .other:
                    self = .failed
                }
            }
        }
    }

    private var outcome: Outcome { Outcome(answer) }
}
