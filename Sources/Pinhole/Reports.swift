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
        /// Given with the contact; no service took part.
        case direct
    }

    /// The address family of a path.
    public enum Family: String, Sendable {
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
    /// From the first packet of the attempt to the session.
    public let connectTime: Duration
    /// The round trip to the service that introduced the two, if one did.
    public let serviceRTT: Duration?
    /// ``connectTime`` in round trips: to the service plus to the contact.
    public let roundTrips: Double?

    /// A report on one path.
    public init(
        remote: String, kind: Kind, family: Family, rtt: Duration?, connectTime: Duration, serviceRTT: Duration? = nil,
        roundTrips: Double? = nil
    ) {
        self.remote = remote
        self.kind = kind
        self.family = family
        self.rtt = rtt
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
    public enum Mapping: String, Sendable {
        case unknown
        /// The address is not translated.
        case none
        case endpointIndependent = "endpoint-independent"
        case addressDependent = "address-dependent"
        case addressAndPortDependent = "address-and-port-dependent"
    }

    /// RFC 4787 §5: which inbound packets pass.
    public enum Filtering: String, Sendable {
        case unknown
        case endpointIndependent = "endpoint-independent"
        case addressDependent = "address-dependent"
        case addressAndPortDependent = "address-and-port-dependent"
    }

    /// One service, as seen from here.
    public struct Service: Hashable, Sendable {
        /// Which service.
        public let address: ServiceAddress
        /// The round trip time; nil when it did not answer.
        public let rtt: Duration?
        /// Why it could not be used, if it could not.
        public let failure: String?

        /// A report on one service.
        public init(address: ServiceAddress, rtt: Duration?, failure: String? = nil) {
            self.address = address
            self.rtt = rtt
            self.failure = failure
        }
    }

    /// Whether any service answered over UDP.
    public let udpWorks: Bool
    /// This node's IPv4 address and port as seen from outside.
    public let ipv4: String?
    /// This node's IPv6 address and port as seen from outside.
    public let ipv6: String?
    /// How the NAT maps.
    public let mapping: Mapping
    /// How the NAT filters.
    public let filtering: Filtering
    /// Whether the external port equals the local one; nil when it could not be seen.
    public let portPreserved: Bool?
    /// Whether the NAT loops its own external address back; nil when it was not tried.
    public let hairpins: Bool?
    /// Each configured service.
    public let services: [Service]
    /// Whom this network can reach, in one sentence.
    public let verdict: String

    /// A report on one network.
    public init(
        udpWorks: Bool, ipv4: String?, ipv6: String?, mapping: Mapping, filtering: Filtering, portPreserved: Bool?,
        hairpins: Bool? = nil, services: [Service], verdict: String
    ) {
        self.udpWorks = udpWorks
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.mapping = mapping
        self.filtering = filtering
        self.portPreserved = portPreserved
        self.hairpins = hairpins
        self.services = services
        self.verdict = verdict
    }
}
