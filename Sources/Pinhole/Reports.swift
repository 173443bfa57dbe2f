/// The path that a session uses, and what it took to find it.
public struct PathReport: Hashable, Sendable {
    /// How an address became known, in RFC 8445's words.
    public enum Kind: String, Sendable, CaseIterable {
        /// An address of the contact's own interface.
        case host
        /// The contact's NAT, as seen by a service.
        case serverReflexive = "server-reflexive"
        /// Learned from an authenticated packet of the contact itself.
        case peerReflexive = "peer-reflexive"
        /// A port that the contact's router forwards, verified from outside.
        case portMapped = "port-mapped"
        /// Given with the contact; no service took part.
        case direct
    }

    /// The address family of a path.
    public enum Family: String, Sendable, CaseIterable {
        case ipv4 = "IPv4"
        case ipv6 = "IPv6"
    }

    /// The contact's address, `host:port`.
    public let remote: String
    /// How that address became known.
    public let kind: Kind
    /// The address family.
    public let family: Family
    /// The smoothed round trip time, once there is a sample.
    public let rtt: Duration?
    /// The largest datagram that is sent on the path, in bytes of UDP payload. It is looked for while a file is sent.
    public let datagramSize: Int
    /// Whether the path was shown to carry ECN marks, by which routers tell of congestion. That too takes some traffic.
    public let hasECN: Bool
    /// From the wish for a session, on the called side from the first packet, to the session.
    public let connectTime: Duration
    /// The round trip to the service that introduced the two, if one did.
    public let serviceRTT: Duration?
    /// ``connectTime`` in round trips: to the service plus to the contact.
    public let roundTrips: Double?

    /// A report on one path.
    public init(
        remote: String, kind: Kind, family: Family, rtt: Duration?, datagramSize: Int = 1200, hasECN: Bool = false,
        connectTime: Duration, serviceRTT: Duration? = nil, roundTrips: Double? = nil
    ) {
        self.remote = remote
        self.kind = kind
        self.family = family
        self.rtt = rtt
        self.datagramSize = datagramSize
        self.hasECN = hasECN
        self.connectTime = connectTime
        self.serviceRTT = serviceRTT
        self.roundTrips = roundTrips
    }
}

/// The answer to a ping.
public struct PingReport: Hashable, Sendable {
    /// From the PING frame to its acknowledgement.
    public let rtt: Duration
    /// The path that both took.
    public let path: PathReport

    /// A report on one ping.
    public init(rtt: Duration, path: PathReport) {
        self.rtt = rtt
        self.path = path
    }
}

/// What this network does to UDP, as the services see it.
public struct NetworkReport: Hashable, Sendable {
    /// RFC 4787 §4.1: which packets share one external port.
    public enum Mapping: String, Sendable, CaseIterable, Codable {
        case unknown
        /// The address is not translated.
        case none
        case endpointIndependent = "endpoint-independent"
        case addressDependent = "address-dependent"
        case addressAndPortDependent = "address-and-port-dependent"
    }

    /// RFC 4787 §5: which inbound packets pass.
    public enum Filtering: String, Sendable, CaseIterable, Codable {
        case unknown
        case endpointIndependent = "endpoint-independent"
        case addressDependent = "address-dependent"
        case addressAndPortDependent = "address-and-port-dependent"
    }

    /// One service, as seen from here.
    public struct Service: Hashable, Sendable {
        /// Which service.
        public let address: ServiceAddress
        /// Whether an IP address of it is known; one whose name was not found cannot be asked.
        public let hasAddress: Bool
        /// The round trip time; nil when it did not answer.
        public let rtt: Duration?
        /// Why it could not be used, if it could not.
        public let failure: Phrase?

        /// A report on one service.
        public init(address: ServiceAddress, hasAddress: Bool = true, rtt: Duration?, failure: Phrase? = nil) {
            self.address = address
            self.hasAddress = hasAddress
            self.rtt = rtt
            self.failure = failure
        }
    }

    /// How a NAT picks the external port of a new mapping.
    public enum Allocation: String, Sendable, CaseIterable {
        case unknown
        /// The socket's own port.
        case preserving
        /// Each port lies a fixed step from the one before.
        case sequential
        /// Some port of a small range.
        case block
        /// Any port.
        case random
    }

    /// How far the network has been measured.
    public enum Stage: Sendable {
        /// How the NAT maps is known, or that no service answers.
        case verdict
        /// Everything but the lifetime of mappings, which takes minutes and is measured in the background.
        case complete
    }

    /// What came of asking this network's router to forward a port.
    public enum PortMapping: Hashable, Sendable {
        /// How a router was asked.
        public enum Method: String, Sendable {
            case pcp = "PCP"
            case natPMP = "NAT-PMP"
            case upnp = "UPnP-IGD"
        }

        /// It is not wanted.
        case off
        /// The answers are still to come.
        case unknown
        /// No router maps, or none is to be asked.
        case none
        /// The router's answer, and whether a service got through the external port; nil while that is being tried.
        case mapped(Method, port: UInt16, isReached: Bool?)
    }

    /// What the network does to the packets of one address family. What is `nil` or `unknown` is not known.
    public struct Family: Hashable, Sendable {
        /// This node's address and port as a service sees them, `host:port`.
        public let address: String
        /// How the NAT maps.
        public let mapping: Mapping
        /// How the NAT filters.
        public let filtering: Filtering
        /// Whether the external port equals the local one.
        public let portPreserved: Bool?
        /// How the NAT picks external ports.
        public let allocation: Allocation
        /// From one port to the next, of ``Allocation/sequential``.
        public let portDelta: Int?
        /// The external ports that were seen.
        public let portRange: ClosedRange<UInt16>?
        /// Whether the NAT loops its own external address back inside.
        public let hairpins: Bool?
        /// The longest time for which an idle mapping was seen to live; at most 290 s are tried.
        public let lifetime: Duration?
        /// The shortest time after which an idle mapping was gone.
        public let lifetimeLimit: Duration?
        /// How long ago the lifetime was measured, perhaps by an earlier run.
        public let lifetimeAge: Duration?
        /// What the router forwards.
        public let portMapping: PortMapping

        /// A report on one address family.
        public init(
            address: String, mapping: Mapping, filtering: Filtering, portPreserved: Bool?,
            allocation: Allocation = .unknown, portDelta: Int? = nil, portRange: ClosedRange<UInt16>? = nil,
            hairpins: Bool? = nil, lifetime: Duration? = nil, lifetimeLimit: Duration? = nil,
            lifetimeAge: Duration? = nil, portMapping: PortMapping = .unknown
        ) {
            self.address = address
            self.mapping = mapping
            self.filtering = filtering
            self.portPreserved = portPreserved
            self.allocation = allocation
            self.portDelta = portDelta
            self.portRange = portRange
            self.hairpins = hairpins
            self.lifetime = lifetime
            self.lifetimeLimit = lifetimeLimit
            self.lifetimeAge = lifetimeAge
            self.portMapping = portMapping
        }
    }

    /// Whether any service answered over UDP.
    public let udpWorks: Bool
    /// What happens to IPv4 packets; nil when no service was reached over IPv4.
    public let ipv4: Family?
    /// What happens to IPv6 packets; nil when no service was reached over IPv6.
    public let ipv6: Family?
    /// Whether all was measured that a short look can measure.
    public let isComplete: Bool
    /// Each configured service.
    public let services: [Service]
    /// Whom this network can reach, in one sentence.
    public let verdict: Phrase

    /// The family that the verdict is about: IPv4 where there is any.
    public var deciding: Family? { ipv4 ?? ipv6 }

    /// A report on one network.
    public init(
        udpWorks: Bool, ipv4: Family?, ipv6: Family?, isComplete: Bool, services: [Service], verdict: Phrase
    ) {
        self.udpWorks = udpWorks
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.isComplete = isComplete
        self.services = services
        self.verdict = verdict
    }
}
