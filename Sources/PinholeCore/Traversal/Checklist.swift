internal import PinholeWire

/// The addresses of a peer that are being probed, and when each is due again (RFC 8445 §6.1.2).
///
/// Each address gets at most ``Limits/probesPerRound`` probes a round, at intervals that double. Addresses join one
/// ``Limits/candidatePacing`` apart, so that a long list does not leave as one burst.
struct Checklist {
    private struct Entry {
        var candidate: Candidate
        let socket: SocketID
        var timesSent = 0
        /// How many probes there may be in a round.
        var allowance = Limits.probesPerRound
        var due: Instant
        /// Probes that may still be sent after the address answered; `nil` before that.
        var remaining: Int?

        var route: Route { Route(candidate.address, via: socket) }
        var isExhausted: Bool { timesSent >= allowance || remaining == 0 }
    }

    private var entries: [Entry] = []
    private var lastAdded: Instant?

    var candidates: [Candidate] { entries.map(\.candidate) }

    func kind(of address: TransportAddress) -> Candidate.Kind? {
        entries.first { $0.candidate.address == address }?.candidate.kind
    }

    /// Adds a candidate unless the list is full. An address that was found by its own packets is probed at once, before
    /// any other; when the peer names it later, it is what the peer says (RFC 8445 §7.2.5.3.1).
    mutating func add(_ candidate: Candidate, via socket: SocketID = .main, at now: Instant) {
        let route = Route(candidate.address, via: socket)
        if let index = entries.firstIndex(where: { $0.route == route }) {
            if entries[index].candidate.kind == .peerReflexive { entries[index].candidate = candidate }
            entries[index].allowance = Limits.probesPerRound
            return
        }
        guard entries.count < Limits.maxCandidates * 2 else { return }
        if candidate.kind == .peerReflexive {
            entries.insert(Entry(candidate: candidate, socket: socket, due: now), at: 0)
            return
        }
        let due = lastAdded.map { max(now, $0 + Limits.candidatePacing) } ?? now
        lastAdded = due
        entries.append(Entry(candidate: candidate, socket: socket, due: due))
    }

    /// Adds an address that the peer itself did not name: few of them, and each is probed only a few times.
    mutating func addUnconfirmed(_ candidate: Candidate, at now: Instant) {
        guard !entries.contains(where: { $0.candidate.address == candidate.address }),
            entries.count(where: { $0.allowance == Limits.unconfirmedProbes }) < Limits.maxUnconfirmed
        else { return }
        let count = entries.count
        add(candidate, at: now)
        if entries.count > count { entries[count].allowance = Limits.unconfirmedProbes }
    }

    /// Another round for every address, from the start.
    mutating func restart(at now: Instant) {
        for index in entries.indices {
            entries[index].timesSent = 0
            entries[index].remaining = nil
            entries[index].due = now + Limits.candidatePacing * index
        }
    }

    /// Another round of at most `probes` for every address that had one, but for the path in use.
    mutating func restart(probes: Int, except active: Route?, at now: Instant) {
        guard probes > 0 else { return }
        for index in entries.indices where entries[index].timesSent > 0 && entries[index].route != active {
            entries[index].timesSent = 0
            entries[index].remaining = probes < Limits.probesPerRound ? probes : nil
            entries[index].due = now + Limits.candidatePacing * index
        }
    }

    /// Forgets the addresses that are no one's any more.
    mutating func keep(where isKept: (Route) -> Bool) {
        entries.removeAll { !isKept($0.route) }
    }

    /// The address answered: three more probes, for the peer's sake, then silence.
    mutating func succeeded(_ route: Route) {
        guard let index = entries.firstIndex(where: { $0.route == route }),
            entries[index].remaining == nil
        else { return }
        entries[index].remaining = 3
    }

    var nextTimeout: Instant? {
        entries.lazy.filter { !$0.isExhausted }.map(\.due).min()
    }

    /// The next route that is due, which counts as probed.
    mutating func popDue(at now: Instant) -> Route? {
        guard let index = entries.firstIndex(where: { !$0.isExhausted && $0.due <= now }) else { return nil }
        let interval = min(Limits.probeFirstInterval * (1 << entries[index].timesSent), Limits.probeMaxInterval)
        entries[index].due = now + interval
        entries[index].timesSent += 1
        if let remaining = entries[index].remaining { entries[index].remaining = remaining - 1 }
        return entries[index].route
    }
}
