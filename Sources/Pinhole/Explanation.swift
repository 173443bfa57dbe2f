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
                hint: Self.remedy(own, peer, name: name))
        }
    }

    private static func remedy(_ own: NATBehavior, _ peer: NATBehavior, name: String) -> String {
        switch (own.isHard, peer.isHard) {
        case (true, true): "use IPv6, a port mapping on one of the routers, or another network on either side"
        case (true, false): "use IPv6, a port mapping on your router, or another network here"
        case (false, true): "use IPv6, a port mapping on \(name)'s router, or another network there"
        case (false, false): "a firewall may block UDP between you; try another network on either side"
        }
    }
}

extension ClosedRange<UInt8> {
    /// `1`, or `1 to 3`.
    fileprivate var sentence: String {
        lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound) to \(upperBound)"
    }
}

extension NATBehavior {
    /// What the network does, as the end of a sentence that begins with "your network".
    var sentence: String {
        switch mapping {
        case .unknown: "has a NAT of unknown kind"
        case .none:
            filtering == .endpointIndependent
                ? "has no NAT" : "has no NAT, but a firewall that lets in only answers"
        case .endpointIndependent: "has an easy NAT (one port for all destinations)"
        case .addressDependent, .addressAndPortDependent: "has a hard NAT (another port for every destination)"
        }
    }

    /// Whom a network of this kind can reach, in one sentence.
    var verdict: String {
        switch mapping {
        case .unknown: "unknown: the NAT could not be measured"
        case .none: "good: direct connections work with everybody whose network lets UDP out"
        case .endpointIndependent:
            "good: direct connections work with everybody except people behind hard NATs without IPv6"
        case .addressDependent, .addressAndPortDependent:
            "hard: direct connections work over IPv6, and with people who have a public address or an open NAT"
        }
    }
}

extension CloseReason {
    var sentence: String {
        switch self {
        case .localRequest: "closed here"
        case .remoteRequest(let code):
            code == 0 ? "the contact left" : "the contact ended the session (code \(code))"
        case .timedOut: "nothing came for 60 s"
        case .protocolViolation(let what): "the contact broke the protocol: \(what)"
        case .storage: "a message could not be stored"
        }
    }
}

extension ServiceFailure {
    var sentence: String {
        switch self {
        case .noAnswer:
            "it does not answer: it may be down, its key may differ from the address you have, or UDP is blocked"
        case .lost: "it stopped answering"
        case .draining: "it is stopping"
        case .refused(let text): "it refuses: \(String(decoding: text, as: UTF8.self))"
        }
    }
}

extension FileRecord.Refusal {
    var sentence: String {
        switch self {
        case .declined: "it was declined"
        case .storage: "the receiver could not store it"
        case .corrupt: "what arrived was not what was offered"
        case .unacceptable: "the offer could not be accepted"
        case .cancelled: "it was cancelled"
        }
    }
}

extension PathReport {
    init(_ path: PathDescription) {
        let kind: Kind =
            switch path.kind {
            case _ where path.isDirect: .direct
            case .host: .host
            case .serverReflexive: .serverReflexive
            case .peerReflexive: .peerReflexive
            case .portMapped: .portMapped
            }
        self.init(
            remote: path.remote.description, kind: kind, family: path.remote.family == .v4 ? .ipv4 : .ipv6,
            rtt: path.rtt, connectTime: path.connectTime, serviceRTT: path.isDirect ? nil : path.serviceRTT,
            roundTrips: path.roundTrips)
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
