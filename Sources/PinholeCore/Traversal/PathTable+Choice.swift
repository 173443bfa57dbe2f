internal import PinholeWire

// Which of the paths that work is the best one: LAN before IPv6 before IPv4, unless it is slower by more than 5 ms.

extension PathTable.Path {
    /// What a path is made of, the better the greater.
    enum Rank: Comparable {
        case internet4
        case internet6
        case local
    }

    var rank: Rank {
        if route.remote.ip.isPrivate || route.remote.ip.isLoopback { return .local }
        return route.remote.family == .v6 ? .internet6 : .internet4
    }

    fileprivate var roundTrip: Duration { rtt ?? Limits.initialRTT }
    fileprivate var isNarrow: Bool { capacity == .narrow }

    /// Whether it is worth to leave `other` for this path. Differences that are noise do not count, or a session would
    /// go to and fro.
    func isClearlyBetter(than other: PathTable.Path) -> Bool {
        guard other.isValidated, other.isNarrow == isNarrow else { return !isNarrow || !other.isValidated }
        if rank > other.rank { return roundTrip <= other.roundTrip + Limits.pathHysteresis }
        return roundTrip < other.roundTrip - Limits.pathHysteresis
    }
}

extension PathTable {
    /// The best of the paths that were validated since `instant`: of those that are at most 5 ms slower than the fastest
    /// the one of the highest rank, and of these the fastest. Narrow ones only where there are no others.
    func best(since instant: Instant) -> Path? {
        let valid = all.filter { $0.validated.map { $0 >= instant } ?? false }
        let wide = valid.filter { !$0.isNarrow }
        let paths = wide.isEmpty ? valid : wide
        guard let fastest = paths.map(\.roundTrip).min() else { return nil }
        return paths.filter { $0.roundTrip <= fastest + Limits.pathHysteresis }
            .min { $0.rank == $1.rank ? $0.roundTrip < $1.roundTrip : $0.rank > $1.rank }
    }
}
