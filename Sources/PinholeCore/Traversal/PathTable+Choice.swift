internal import PinholeWire

// Which of two paths that work is the better one: LAN before IPv6 before IPv4, unless it is slower by more than 5 ms.

extension PathTable.Path {
    /// What a path is made of, the better the greater.
    enum Rank: Comparable {
        case internet4
        case internet6
        case local
    }

    var rank: Rank {
        let ip = route.remote.ip
        if ip.isPrivate || ip.isLoopback || ip.isLinkLocal { return .local }
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
