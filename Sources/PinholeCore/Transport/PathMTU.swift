internal import PinholeWire

/// The size of the datagrams that one path carries: DPLPMTUD, RFC 8899, with the numbers of RFC 9000 §14.3.
///
/// ```
///        1200 passed                  nothing larger is left to try
/// base ───────────────▶ searching ──────────────────────────────────▶ complete
///   │                   ▲   ▲   ▲        600 s, or the interface's       │  │
///   └───────────────────┘   │   └────────────────────────────────────────┘  │
///     it did not, so from   └───────────────────────────────────────────────┘
///     508 upwards             black hole: large datagrams are lost, small ones are not
/// ```
/// Sizes are bytes of UDP payload. Data does not wait for what is found out here. Probes are asked for while data fills
/// datagrams (``nextProbe(at:)``), so that people who only chat send none.
struct PathMTU: Sendable {
    private enum Phase {
        /// Nothing came back yet; datagrams of 1200 bytes are sent all the same.
        case base
        case searching(Search)
        /// `raise` is when it is worth looking again; nil where the interface carries no more.
        case complete(raise: Instant?)
    }

    fileprivate struct Search {
        /// The largest size that may still pass.
        var ceiling: Int
        /// Tried before anything else: what the interface carries, or what the path did a moment ago.
        var guess: Int?
        /// How often the present size was tried in vain.
        var losses = 0
        var inFlight: Int?
    }

    /// Packets that were lost, while smaller ones that were sent later arrived.
    private struct Suspicion {
        var count: Int
        let first: UInt64
        var smallest: Int
    }

    /// What a path is good for.
    enum Capacity {
        /// Not known yet.
        case unknown
        /// Datagrams of 1200 bytes pass, or larger ones.
        case full
        /// Small datagrams pass, and those of 1200 bytes do not.
        case narrow
    }

    /// The largest datagram that data may be sent in.
    private(set) var size: Int
    private var phase = Phase.base
    /// What the interface carries, as far as it is known.
    private var limit: Int
    /// The headers of IP and UDP.
    private let overhead: Int
    private var suspicion: Suspicion?
    /// The newest packets that arrived of those larger than ``rung``, each larger than all that are newer.
    private var arrivals: [(number: UInt64, size: Int)] = []

    /// MTUs that are common: IPv6's least (RFC 8200 §5), tunnels of several kinds, PPPoE (RFC 2516), Ethernet, FDDI (RFC
    /// 1390), jumbo frames.
    private static let common = [576, 1280, 1360, 1400, 1420, 1440, 1452, 1472, 1480, 1492, 1500, 4352, 9000]
    /// Differences that are not worth a search, as a share of the size and in bytes.
    private static let precision = (divisor: 16, bytes: 32)

    /// `interfaceMTU` is what the interface towards the path carries, IP header included; Ethernet's if it is not known.
    init(_ family: IPAddress.Family = .v4, interfaceMTU: Int? = nil) {
        overhead = Self.overhead(family)
        limit = Self.payload(interfaceMTU ?? Self.ethernet, overhead)
        size = min(Limits.maxDatagramSize, limit)
        if limit < Limits.maxDatagramSize { narrow(Search(ceiling: limit, guess: limit)) }
    }

    private static let ethernet = 1500

    private static func overhead(_ family: IPAddress.Family) -> Int {
        switch family {
        case .v4: 20 + 8
        case .v6: 40 + 8
        }
    }

    private static func payload(_ mtu: Int, _ overhead: Int) -> Int {
        max(Limits.narrowDatagramSize, min(mtu - overhead, Limits.largestDatagramSize))
    }

    var capacity: Capacity {
        if size < Limits.maxDatagramSize {
            switch phase {
            case .base: return .unknown
            case .searching(let search): return search.ceiling < Limits.maxDatagramSize ? .narrow : .unknown
            case .complete: return .narrow
            }
        }
        switch phase {
        case .base: return .unknown
        case .searching, .complete: return .full
        }
    }
}

// MARK: Probes

extension PathMTU {
    /// The size of the probe that should follow a datagram of full size now; nil if there is nothing to find out.
    mutating func nextProbe(at now: Instant) -> Int? {
        switch phase {
        case .base:
            return nil
        case .searching(let search):
            // Where 1200 bytes may not pass, larger datagrams need not be tried.
            guard search.inFlight == nil, !arrivals.isEmpty || size < Limits.maxDatagramSize else { return nil }
            return candidate(search)
        case .complete(let raise):
            guard let raise, raise <= now else { return nil }
            phase = .searching(Search(ceiling: limit, guess: limit))
            return candidate(Search(ceiling: limit, guess: limit))
        }
    }

    mutating func didSendProbe(_ size: Int) {
        guard case .searching(var search) = phase else { return }
        search.inFlight = size
        phase = .searching(search)
    }

    /// A probe arrived, or anything else as large.
    mutating func didPass(_ arrived: Int, at now: Instant) {
        // It may have been sent when the interface carried more.
        let passed = min(arrived, limit)
        switch phase {
        case .base:
            guard passed >= Limits.maxDatagramSize else { return }
            size = max(size, passed)
            if arrivals.isEmpty { arrivals = [(0, passed)] }
            settle(Search(ceiling: limit, guess: limit), at: now)
        case .searching(var search):
            let isAnswered = search.inFlight.map { $0 <= arrived } ?? false
            if isAnswered { search.inFlight = nil }
            guard passed > size else {
                if isAnswered { settle(search, at: now) }
                return
            }
            // What was found to be too large was only late.
            if passed > search.ceiling { search = Search(ceiling: limit, guess: limit) }
            grow(to: passed)
            search.losses = 0
            if let guess = search.guess, guess <= passed { search.guess = nil }
            settle(search, at: now)
        case .complete:
            guard passed > size else { return }
            grow(to: passed)
            settle(Search(ceiling: limit, guess: limit), at: now)
        }
    }

    private mutating func grow(to passed: Int) {
        size = passed
        if arrivals.isEmpty { arrivals = [(0, passed)] }
        suspicion = nil
    }

    /// A probe was lost: not for congestion, and not for good before the third time.
    mutating func didLoseProbe(_ lost: Int, at now: Instant) {
        guard case .searching(var search) = phase, search.inFlight == lost else { return }
        search.inFlight = nil
        search.losses += 1
        if search.losses >= Limits.maxMTUProbes { search.fail(lost) }
        settle(search, at: now)
    }

    /// The kernel refuses datagrams of this size: the interface carries less.
    mutating func didRefuse(_ refused: Int, at now: Instant) {
        guard refused > Limits.narrowDatagramSize else { return }
        limit = min(limit, refused - 1)
        if size >= refused { return shrink(to: Search(ceiling: limit)) }
        switch phase {
        case .base, .complete:
            break
        case .searching(var search):
            if search.inFlight == refused { search.inFlight = nil }
            search.fail(refused)
            settle(search, at: now)
        }
    }

    /// What the interface carries now, IP header included.
    mutating func setInterfaceMTU(_ mtu: Int?, at now: Instant) {
        let limit = Self.payload(mtu ?? Self.ethernet, overhead)
        guard limit != self.limit else { return }
        self.limit = limit
        if size > limit { return shrink(to: Search(ceiling: limit, guess: limit)) }
        switch phase {
        case .base: break
        case .searching, .complete: settle(Search(ceiling: limit, guess: limit), at: now)
        }
    }

    /// Datagrams of 1200 bytes were sent, and did not arrive while smaller ones did.
    mutating func didFailBase(at now: Instant) {
        switch phase {
        case .base:
            narrow(Search(ceiling: min(limit, Limits.maxDatagramSize - 1)))
        case .searching(var search):
            guard size < Limits.maxDatagramSize, search.ceiling >= Limits.maxDatagramSize else { return }
            search.inFlight = nil
            search.fail(Limits.maxDatagramSize)
            settle(search, at: now)
        case .complete:
            break
        }
    }

    private func candidate(_ search: Search) -> Int? {
        if size < Limits.maxDatagramSize, search.ceiling >= Limits.maxDatagramSize { return Limits.maxDatagramSize }
        if let guess = search.guess, guess > size, guess <= search.ceiling { return guess }
        let sizes = Self.common.map { $0 - overhead }.filter { $0 > size && $0 <= search.ceiling }
        if !sizes.isEmpty { return sizes[sizes.count / 2] }
        let gap = search.ceiling - size
        return gap > max(size / Self.precision.divisor, Self.precision.bytes) ? size + (gap + 1) / 2 : nil
    }

    private mutating func settle(_ search: Search, at now: Instant) {
        guard candidate(search) == nil, search.inFlight == nil else { return phase = .searching(search) }
        // RFC 8899 §5.1.1: "the period a sender will continue to use the current PLPMTU".
        phase = .complete(raise: size < limit ? now + Limits.mtuRaiseInterval : nil)
    }

    /// Back to what passed before, and on from there.
    private mutating func shrink(to search: Search) {
        guard rung >= Limits.maxDatagramSize, limit >= Limits.maxDatagramSize else { return narrow(search) }
        size = Limits.maxDatagramSize
        arrivals = []
        suspicion = nil
        phase = .searching(search)
    }

    /// To 508 bytes, which every path carries.
    private mutating func narrow(_ search: Search) {
        size = min(Limits.narrowDatagramSize, limit)
        arrivals = []
        suspicion = nil
        phase = .searching(search)
    }
}

extension PathMTU.Search {
    fileprivate mutating func fail(_ size: Int) {
        ceiling = min(ceiling, size - 1)
        guess = nil
        losses = 0
    }
}

// MARK: Black holes

extension PathMTU {
    /// What is sent where the present size does not pass (RFC 8899 §4.3).
    private var rung: Int { size > Limits.maxDatagramSize ? Limits.maxDatagramSize : Limits.narrowDatagramSize }

    /// A packet of data arrived.
    mutating func didAcknowledge(_ number: UInt64, size arrived: Int, at now: Instant) {
        guard arrived > rung else { return }
        note(number, arrived)
        if let suspicion, number > suspicion.first, arrived >= suspicion.smallest { self.suspicion = nil }
        switch phase {
        case .base: didPass(arrived, at: now)
        case .searching, .complete: break
        }
    }

    /// Packets are padded to a few sizes, so that there are as few arrivals to keep.
    private mutating func note(_ number: UInt64, _ arrived: Int) {
        guard !arrivals.contains(where: { $0.number >= number && $0.size >= arrived }) else { return }
        arrivals.removeAll { $0.number < number && $0.size <= arrived }
        arrivals.append((number, arrived))
    }

    /// A packet of data was lost, though something that was sent later arrived.
    mutating func didLose(_ number: UInt64, size lost: Int, at now: Instant) {
        guard lost > rung, lost <= size else { return }
        guard !arrivals.contains(where: { $0.number > number && $0.size >= lost }) else { return }
        var suspicion = suspicion ?? Suspicion(count: 0, first: number, smallest: lost)
        suspicion.count += 1
        suspicion.smallest = min(suspicion.smallest, lost)
        self.suspicion = suspicion
        if suspicion.count >= Limits.blackHoleLosses { shrink(to: searchBehindBlackHole) }
    }

    /// It may have been all datagrams that were lost: what passed until now is tried again first.
    private var searchBehindBlackHole: Search {
        switch phase {
        case .base: Search(ceiling: limit)
        case .searching(let search): Search(ceiling: search.ceiling, guess: max(size, search.guess ?? 0))
        case .complete: Search(ceiling: size, guess: size)
        }
    }

    /// The largest datagram for one of the two packets of a probe timeout. The first packets are as large as ever, since
    /// what was lost fits into them; later ones are ever smaller, since the reason may be their size.
    func size(ofProbe index: Int, afterTimeouts count: Int) -> Int {
        // A path that carried 1200 bytes rarely carries less, and 508 hold less than half of what was lost.
        let patience = size == Limits.maxDatagramSize && !arrivals.isEmpty ? 2 : 1
        let step = max(0, count - patience + index)
        if step == 0 { return size }
        return step == 1 ? min(size, rung) : min(size, Limits.narrowDatagramSize)
    }
}
