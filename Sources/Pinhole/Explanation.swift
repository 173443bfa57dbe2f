import PinholeCore
import PinholeWire

// What went wrong on the network, in sentences for people.

extension PinholeError {
    /// Why the contact called `name` could not be reached.
    init(_ reason: UnreachableReason, name: String) {
        switch reason {
        case .noService:
            self.init(
                .unreachableService, "no signaling service answers, so \(name) cannot be found",
                hint: "check the network and that UDP is not blocked; 'pinhole netcheck' tells more")
        case .offline:
            self.init(
                .peerOffline, "\(name) is not online",
                hint: "\(name) must be running pinhole with the same service, and have you as a contact")
        case .noAnswer:
            self.init(
                .peerOffline, "\(name) did not answer",
                hint: "\(name) may have just left, or does not have you as a contact")
        case .directTimeout:
            self.init(
                .peerOffline, "\(name) did not answer at the address that you gave",
                hint: "check the address, that \(name) is running pinhole there, and that a firewall lets UDP in")
        case .noCommonVersion(let own, let peer):
            self.init(
                .other,
                "\(name) speaks version \(peer.sentence) of the protocol, and this program version \(own.sentence)",
                hint: "whoever has the older program should install the newer one")
        case .noDirectPath(let own, let peer):
            self.init(
                .noDirectPath,
                "no direct path to \(name): your network \(own.sentence), and \(name)'s network \(peer.sentence)",
                hint: Self.remedy(own, peer, name: name),
                networks: Networks(own: Networks.NAT(own), peer: Networks.NAT(peer)))
        }
    }

    private static func remedy(_ own: NATBehavior, _ peer: NATBehavior, name: String) -> Phrase {
        switch (own.isHard, peer.isHard) {
        case (true, true): "use IPv6, a port mapping on one of the routers, or another network on either side"
        case (true, false): "use IPv6, a port mapping on your router, or another network here"
        case (false, true): "use IPv6, a port mapping on \(name)'s router, or another network there"
        case (false, false): "a firewall may block UDP between you; try another network on either side"
        }
    }
}

extension PinholeError.Networks.NAT {
    fileprivate init(_ behavior: NATBehavior) {
        self.init(
            mapping: NetworkReport.Mapping(behavior.mapping), filtering: NetworkReport.Filtering(behavior.filtering))
    }
}

extension ClosedRange<UInt8> {
    /// `1`, or `1 to 3`.
    fileprivate var sentence: Phrase {
        lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound) to \(upperBound)"
    }
}

extension NATBehavior {
    /// What the network does, as the end of a sentence that begins with "your network".
    var sentence: Phrase {
        switch mapping {
        case .unknown: "has a NAT of unknown kind"
        case .none:
            filtering == .endpointIndependent
                ? "has no NAT" : "has no NAT, but a firewall that lets in only answers"
        case .endpointIndependent: "has an easy NAT (one port for all destinations)"
        case .addressDependent, .addressAndPortDependent: "has a hard NAT (another port for every destination)"
        }
    }
}

extension NATProfile {
    /// Whom a network of this kind can reach, in one sentence. `isMapped`: the router forwards a port.
    func verdict(isMapped: Bool) -> Phrase {
        if isMapped {
            return "good: your router forwards a port, so everybody whose network lets UDP out can reach you"
        }
        switch behavior.mapping {
        case .unknown: return "unknown: the NAT could not be measured"
        case .none: return "good: direct connections work with everybody whose network lets UDP out"
        case .endpointIndependent:
            return "good: direct connections work with everybody whose network lets UDP out; "
                + "behind a hard NAT they may take a few seconds"
        case .addressDependent, .addressAndPortDependent:
            switch allocation.kind {
            case .sequential, .block:
                return "hard, but its ports can be foreseen: direct connections work, within seconds, "
                    + "with most people but those behind a NAT with random ports"
            case .unknown, .preserving, .random:
                return "hard: direct connections work, within seconds, with people who are not behind a hard NAT too; "
                    + "with the others over IPv6"
            }
        }
    }
}

extension Phrase {
    static let closedHere: Phrase = "closed here"
    static let contactLeft: Phrase = "the contact left"
}

extension CloseReason {
    var sentence: Phrase {
        switch self {
        case .localRequest: .closedHere
        case .remoteRequest(let code):
            code == 0 ? .contactLeft : "the contact ended the session (code \(code))"
        case .timedOut: "nothing came for 60 s"
        case .protocolViolation(let what): "the contact broke the protocol: \(what)"
        case .storage: "a message could not be stored"
        case .keysUsedUp: "the keys of the session are used up"
        }
    }
}

extension ServiceFailure {
    var sentence: Phrase {
        switch self {
        case .noAnswer:
            "it does not answer: it may be down, its key may differ from the address you have, or UDP is blocked"
        case .lost: "it stopped answering"
        case .draining: "it is stopping"
        // What our own service says is in the catalogue.
        case .refused(let text): "it refuses: \(Phrase(stringLiteral: String(decoding: text, as: UTF8.self)))"
        }
    }
}

extension FileRecord.Refusal {
    var sentence: Phrase {
        switch self {
        case .declined: "it was declined"
        case .storage: "the receiver could not store it"
        case .corrupt: "what arrived was not what was offered"
        case .unacceptable: "the offer could not be accepted"
        case .cancelled: "it was cancelled"
        case .changed: "the sender's file changed, or is gone"
        case .exists: "the receiver has something of that name, and keeps it"
        case .tooMany: "too many of your files wait there already"
        }
    }
}

extension FileRecord.Postponement {
    var sentence: Phrase {
        switch self {
        case .asking: "the receiver is asked whether to take it"
        case .storage: "the receiver cannot store it at the moment"
        }
    }
}

extension PathReport.Kind {
    init(_ kind: Candidate.Kind, isDirect: Bool) {
        switch kind {
        case _ where isDirect: self = .direct
        case .host: self = .host
        case .serverReflexive: self = .serverReflexive
        case .peerReflexive: self = .peerReflexive
        case .portMapped: self = .portMapped
        }
    }
}

extension PathReport {
    init(_ path: PathDescription) {
        let kind = Kind(path.kind, isDirect: path.isDirect)
        self.init(
            remote: path.remote.description, kind: kind, family: path.remote.family == .v4 ? .ipv4 : .ipv6,
            rtt: path.rtt, datagramSize: path.datagramSize, hasECN: path.hasECN, connectTime: path.connectTime,
            serviceRTT: path.isDirect ? nil : path.serviceRTT, roundTrips: path.roundTrips)
    }
}

extension NetworkReport.PortMapping.Method {
    init(_ method: PortMappingMethod) {
        switch method {
        case .pcp: self = .pcp
        case .natPMP: self = .natPMP
        case .upnp: self = .upnp
        }
    }
}

extension NetworkReport.Mapping {
    init(_ mapping: NATBehavior.Mapping) {
        switch mapping {
        case .unknown: self = .unknown
        case .none: self = .none
        case .endpointIndependent: self = .endpointIndependent
        case .addressDependent: self = .addressDependent
        case .addressAndPortDependent: self = .addressAndPortDependent
        }
    }
}

extension NetworkReport.Filtering {
    init(_ filtering: NATBehavior.Filtering) {
        switch filtering {
        case .unknown: self = .unknown
        case .endpointIndependent: self = .endpointIndependent
        case .addressDependent: self = .addressDependent
        case .addressAndPortDependent: self = .addressAndPortDependent
        }
    }
}

extension NetworkReport.Allocation {
    init(_ kind: PortAllocation.Kind) {
        switch kind {
        case .unknown: self = .unknown
        case .preserving: self = .preserving
        case .sequential: self = .sequential
        case .block: self = .block
        case .random: self = .random
        }
    }
}

// MARK: What was tried

extension ConnectionReport {
    init(_ report: AttemptReport, outcome: Outcome, services: [ServiceAddress], duration: Duration) {
        self.outcome = outcome
        self.duration =
            switch outcome {
            case .searching: duration
            case .connected(let path): path.connectTime
            case .failed: report.ended ?? duration
            }
        inquiries = report.inquiries.map {
            Inquiry(
                service: services[$0.service], timesAsked: $0.timesAsked, answer: Inquiry.Answer($0.answer),
                answered: $0.answered)
        }
        peer = report.peer.flatMap { behavior in report.introduced.map { PeerNAT(behavior, at: $0) } }
        addresses = report.addresses.map(Address.init)
        guesses = report.sweeps.map {
            Guess(
                ip: $0.ip.description, ports: $0.ports.count, sockets: $0.sockets.count,
                datagramsSent: $0.datagramsSent, firstSent: $0.firstSent, answered: $0.answered)
        }
    }
}

extension ConnectionReport.Inquiry.Answer {
    fileprivate init(_ answer: AttemptReport.Inquiry.Answer) {
        switch answer {
        case .none: self = .none
        case .absent: self = .absent
        case .present: self = .present
        }
    }
}

extension ConnectionReport.PeerNAT {
    fileprivate init(_ behavior: NATBehavior, at introduced: Duration) {
        self.init(
            mapping: NetworkReport.Mapping(behavior.mapping),
            filtering: NetworkReport.Filtering(behavior.filtering), sentence: behavior.sentence,
            introduced: introduced)
    }
}

extension ConnectionReport.Address {
    fileprivate init(_ address: AttemptReport.Address) {
        self.init(
            address: address.remote.description,
            kind: PathReport.Kind(address.kind, isDirect: address.isDirect), datagramsSent: address.datagramsSent,
            firstSent: address.firstSent, answered: address.answered, skip: address.refusal.map(Skip.init))
    }
}

extension ConnectionReport.Address.Skip {
    fileprivate init(_ refusal: ProbeRefusal) {
        switch refusal {
        case .unusable: self = .unusable
        case .broadcast: self = .broadcast
        case .noFamily: self = .noFamily
        case .service: self = .service
        case .own: self = .own
        case .otherNetwork: self = .otherNetwork
        }
    }
}
