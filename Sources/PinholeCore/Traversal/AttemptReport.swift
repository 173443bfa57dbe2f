package import PinholeWire

/// What one attempt to reach a contact did, and what came of it: the material of an explanation.
///
/// It is only written to while it happens; nothing is decided by it. Times count from ``began``.
package struct AttemptReport: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case searching
        case connected(PathDescription)
        case failed(UnreachableReason)
    }

    /// What a service was asked, and what it said.
    package struct Inquiry: Equatable, Sendable {
        package enum Answer: Equatable, Sendable {
            case none
            /// The service does not know the contact at the moment.
            case absent
            case present
        }

        package let service: Int
        package internal(set) var timesAsked = 0
        package internal(set) var answer = Answer.none
        /// When the first answer came.
        package internal(set) var answered: Duration?
    }

    /// An address that the contact, a service or a packet named.
    package struct Address: Equatable, Sendable {
        package let remote: TransportAddress
        package internal(set) var kind: Candidate.Kind
        /// Given by a person together with the contact.
        package let isDirect: Bool
        /// Why nothing is sent there; `nil` where something may be.
        package let refusal: ProbeRefusal?
        package internal(set) var datagramsSent = 0
        package internal(set) var firstSent: Duration?
        /// When the first authentic datagram came from there.
        package internal(set) var answered: Duration?
    }

    /// Ports of one IP address that were guessed, and the sockets from which they were tried.
    package struct Sweep: Equatable, Sendable {
        package let ip: IPAddress
        package internal(set) var ports: Set<UInt16> = []
        package internal(set) var sockets: Set<SocketID> = []
        package internal(set) var datagramsSent = 0
        package internal(set) var firstSent: Duration?
        package internal(set) var answered: Duration?
    }

    package let began: Instant
    package private(set) var outcome = Outcome.searching
    package private(set) var ended: Duration?
    package private(set) var inquiries: [Inquiry] = []
    /// When the contact's own introduction came.
    package private(set) var introduced: Duration?
    /// What the contact says of its NAT.
    package private(set) var peer: NATBehavior?
    package private(set) var addresses: [Address] = []
    package private(set) var sweeps: [Sweep] = []

    init(at now: Instant) {
        began = now
    }

    var isOver: Bool {
        switch outcome {
        case .searching: false
        case .connected, .failed: true
        }
    }

    /// How much is kept: what goes beyond is not counted.
    private static let maxAddresses = 48
    private static let maxSweeps = 8
}

/// Why nothing is sent to an address that somebody named.
package enum ProbeRefusal: Equatable, Sendable {
    /// No port, or an IP address that is nobody's in particular.
    case unusable
    /// Everybody on one of our own networks.
    case broadcast
    /// This machine has no socket of that address family.
    case noFamily
    /// A signaling service.
    case service
    /// This machine itself.
    case own
    /// A private address of a network that we are not on.
    case otherNetwork
}

// MARK: What happens

extension AttemptReport {
    mutating func asked(_ services: some Sequence<Int>) {
        for service in services { update(service) { $0.timesAsked += 1 } }
    }

    mutating func said(_ answer: Inquiry.Answer, by service: Int, at now: Instant) {
        let time = now - began
        update(service) { inquiry in
            inquiry.answer = answer
            inquiry.answered = inquiry.answered ?? time
        }
    }

    mutating func said(_ answer: Inquiry.Answer, by client: Int, in environment: Environment, at now: Instant) {
        for service in environment.services(of: [client]) { said(answer, by: service, at: now) }
    }

    private mutating func update(_ service: Int, _ change: (inout Inquiry) -> Void) {
        guard !isOver else { return }
        let index = inquiries.firstIndex { $0.service == service }
        if index == nil { inquiries.append(Inquiry(service: service)) }
        change(&inquiries[index ?? inquiries.count - 1])
    }

    mutating func introduced(by introduction: Introduction, at now: Instant) {
        guard !isOver else { return }
        introduced = introduced ?? now - began
        peer = introduction.behavior
    }

    mutating func named(_ candidate: Candidate, isDirect: Bool = false, refusal: ProbeRefusal?) {
        guard !isOver else { return }
        if let index = addresses.firstIndex(where: { $0.remote == candidate.address }) {
            if addresses[index].kind == .peerReflexive { addresses[index].kind = candidate.kind }
            return
        }
        guard addresses.count < Self.maxAddresses else { return }
        addresses.append(
            Address(remote: candidate.address, kind: candidate.kind, isDirect: isDirect, refusal: refusal))
    }

    /// Nobody named the port of `route`: what is sent there belongs to a sweep, unless it is an address all the same.
    mutating func guessed(_ route: Route) {
        guard !isOver else { return }
        guard !addresses.contains(where: { $0.remote == route.remote }) else { return }
        let known = sweeps.firstIndex { $0.ip == route.remote.ip }
        guard known != nil || sweeps.count < Self.maxSweeps else { return }
        if known == nil { sweeps.append(Sweep(ip: route.remote.ip)) }
        let index = known ?? sweeps.count - 1
        sweeps[index].ports.insert(route.remote.port)
        sweeps[index].sockets.insert(route.socket)
    }

    /// A datagram left by `route`; an address that was not listed before is one of `kind`.
    mutating func sent(to route: Route, as kind: Candidate.Kind, at now: Instant) {
        guard !isOver else { return }
        let time = now - began
        let isListed = addresses.contains { $0.remote == route.remote }
        if !isListed, let index = sweep(of: route.remote) {
            sweeps[index].datagramsSent += 1
            sweeps[index].firstSent = sweeps[index].firstSent ?? time
            return
        }
        if !isListed { named(Candidate(kind, route.remote), refusal: nil) }
        guard let index = addresses.firstIndex(where: { $0.remote == route.remote }) else { return }
        addresses[index].datagramsSent += 1
        addresses[index].firstSent = addresses[index].firstSent ?? time
    }

    /// The sweep in which an address was guessed.
    private func sweep(of address: TransportAddress) -> Int? {
        sweeps.firstIndex { $0.ip == address.ip && $0.ports.contains(address.port) }
    }

    /// An authentic datagram came from `route`.
    mutating func heard(_ route: Route, as kind: Candidate.Kind, at now: Instant) {
        guard !isOver else { return }
        let time = now - began
        if let index = sweep(of: route.remote) {
            sweeps[index].answered = sweeps[index].answered ?? time
        }
        named(Candidate(kind, route.remote), refusal: nil)
        guard let index = addresses.firstIndex(where: { $0.remote == route.remote }) else { return }
        addresses[index].answered = addresses[index].answered ?? time
    }

    mutating func end(_ outcome: Outcome, at now: Instant) {
        guard !isOver else { return }
        ended = now - began
        self.outcome = outcome
    }
}
