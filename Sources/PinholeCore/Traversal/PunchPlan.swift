internal import PinholeWire

/// What one side does to open a path between two NATs, beyond probing the addresses that were named.
///
/// Both sides compute it from the same two profiles, their own and the one in the peer's introduction, and so arrive at
/// plans that fit together:
///
/// | own ╲ peer | open | guarded | counting | block | random |
/// |---|---|---|---|---|---|
/// | open | candidates | candidates | candidates | candidates | candidates |
/// | guarded | candidates | candidates | spray 64 | spray 384 | spray 1024 |
/// | counting | candidates | sockets 16 | sweep 128 | sweep 1024 | infeasible |
/// | block | candidates | sockets 128 | sweep 1024 | sweep 1024 | infeasible |
/// | random | candidates | sockets 512 | infeasible | infeasible | infeasible |
enum PunchPlan: Hashable {
    /// Probes of the candidates do it.
    case candidates
    /// Something about one of the NATs is not known yet.
    case undetermined
    /// Nobody knows at which port the peer will see us: a probe to its address from one new socket after another, of which
    /// `count` are open at a time. `after` is the port before the first of them, where the NAT counts.
    case openSockets(count: Int, after: UInt16?, PunchStrategy)
    /// The peer has a new port for us at each of its sockets: from the main socket to many of its ports.
    case spray(PortSearch, PunchStrategy)
    /// Each packet of either side is seen from another port. A hit is a packet that left the port which the peer aims at,
    /// for the port from which it does. When all ports had their turn it goes on from another socket, as a second packet
    /// from the same one to the same port would leave as the first did.
    case sweep(PortSearch, after: UInt16?, PunchStrategy)
    /// Ports would have to be guessed on both sides at once, and one of them at random: for 1100 packets of each side
    /// the chance is less than 4 in 100.
    case infeasible

    init(own: NATProfile, peer: NATProfile, role: Role) {
        switch (own.punchClass, peer.punchClass) {
        case (.open, _), (_, .open), (.guarded, .guarded):
            self = .candidates
        case (.undetermined, _), (_, .undetermined):
            self = .undetermined
        case (.guarded, .counting(let last, let delta)):
            let search = PortSearch.window(last: last, delta: delta, count: Limits.predictedProbes, stretch: 0)
            self = .spray(search, .predictedPorts)
        case (.guarded, .block(let low, let high)):
            self = .spray(.block(low: low, high: high, count: Limits.blockProbes), .portBlock)
        case (.guarded, .preserving):
            self = .spray(.everywhere(count: Limits.birthdayProbes), .preservedPort)
        case (.guarded, .random):
            self = .spray(.everywhere(count: Limits.birthdayProbes), .birthday)
        case (.counting(let last, _), .guarded):
            self = .openSockets(count: Limits.predictedSockets, after: last, .predictedPorts)
        case (.block, .guarded):
            self = .openSockets(count: Limits.blockSockets, after: nil, .portBlock)
        case (.preserving, .guarded):
            self = .openSockets(count: Limits.birthdaySockets, after: nil, .preservedPort)
        case (.random, .guarded):
            self = .openSockets(count: Limits.birthdaySockets, after: nil, .birthday)
        case (.counting(let own, _), .counting(let last, let delta)):
            // Only the sum of both drifts matters: Lo aims straight ahead, Hi tries one sum after the other.
            let stretch = role == .lo ? 0 : 3
            let search = PortSearch.window(last: last, delta: delta, count: Limits.predictedSweep, stretch: stretch)
            self = .sweep(search, after: own, .sweep)
        case (.block, .counting(let last, let delta)):
            let search = PortSearch.window(last: last, delta: delta, count: Limits.blockSweep, stretch: 0)
            self = .sweep(search, after: nil, .sweep)
        case (.counting(let own, _), .block(let low, let high)):
            self = .sweep(.sweepable(low: low, high: high), after: own, .sweep)
        case (.block, .block(let low, let high)):
            self = .sweep(.sweepable(low: low, high: high), after: nil, .sweep)
        case (.preserving, _), (_, .preserving):
            self = .candidates
        case (.random, _), (_, .random):
            self = .infeasible
        }
    }

    var strategy: PunchStrategy {
        switch self {
        case .candidates, .undetermined, .infeasible: .candidates
        case .openSockets(_, _, let strategy), .spray(_, let strategy), .sweep(_, _, let strategy): strategy
        }
    }

    /// Whether it is `old` but for where one of two counters is now: that of the other is still to come.
    func isHalf(newerThan old: PunchPlan?) -> Bool {
        guard case .sweep(.window(let last, _, _, _), let after?, _) = self,
            case .sweep(.window(let oldLast, _, _, _), let oldAfter?, _)? = old
        else { return false }
        return last == oldLast || after == oldAfter
    }

    /// Whether it makes so many mappings that there must be only one at a time.
    var isLarge: Bool {
        switch self {
        case .candidates, .undetermined, .infeasible: false
        case .openSockets(let count, _, _): count > Limits.blockSockets
        case .spray(let search, _), .sweep(let search, _, _): search.count > Limits.blockProbes
        }
    }
}

/// What opened a path. The byte is kept on disk.
package enum PunchStrategy: UInt8, Sendable, CaseIterable {
    /// Probes of the addresses that were named.
    case candidates = 0
    /// Probes of an address that a router was asked for.
    case portMapped = 1
    /// A socket's own number, kept by the NAT.
    case preservedPort = 2
    /// The ports that a counting NAT gives next.
    case predictedPorts = 3
    /// The ports among which the NAT chooses.
    case portBlock = 4
    /// Many sockets on one side, many ports on the other.
    case birthday = 5
    /// Packets of both sides to ports of the other that were predicted or belong to a block.
    case sweep = 6
    /// A socket that no router has seen a packet for, used by both sides at the same moment.
    case freshSocket = 7
}

extension NATProfile {
    /// What a peer has to know of this NAT.
    enum PunchClass: Hashable {
        /// One port for everybody, and who was sent to may answer from any of its ports.
        case open
        /// One port for everybody, and only the very address that was sent to may answer.
        case guarded
        /// From here on: another port for each destination.
        case preserving
        case counting(last: UInt16, delta: Int16)
        case block(low: UInt16, high: UInt16)
        case random
        case undetermined
    }

    var punchClass: PunchClass {
        switch behavior.mapping {
        case .unknown: .undetermined
        case .none, .endpointIndependent:
            switch behavior.filtering {
            case .endpointIndependent, .addressDependent: .open
            case .unknown, .addressAndPortDependent: .guarded
            }
        case .addressDependent, .addressAndPortDependent:
            switch allocation.kind {
            case .unknown: .undetermined
            case .preserving: .preserving
            case .sequential where allocation.delta == 0: .random
            case .sequential: .counting(last: allocation.last, delta: allocation.delta)
            case .block where Int(allocation.high) < Int(allocation.low) + Limits.narrowestBlock: .random
            case .block: .block(low: allocation.low, high: allocation.high)
            case .random: .random
            }
        }
    }

    /// What is taken for granted when measuring takes too long: the usual NAT, and the hardest choice of ports.
    var assumingTheWorst: NATProfile {
        var profile = self
        if profile.behavior.mapping == .unknown { profile.behavior.mapping = .endpointIndependent }
        if profile.allocation.kind == .unknown { profile.allocation.kind = .random }
        return profile
    }
}
