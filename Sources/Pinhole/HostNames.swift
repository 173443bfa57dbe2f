import PinholeWire

/// When to look up host names, and what came of it; asks nobody itself.
///
/// A name is looked up when it joins, when the network changed, when it led to nobody, and while it has no address.
struct HostNames<Place: Hashable> {
    /// When the next look-up is to begin.
    private(set) var dueTime: Instant?
    private var entries: [Place: Entry] = [:]
    /// How many are looked up at the same time.
    private let width: Int
    /// The pause before a name without an address is looked up again doubles each time, up to this.
    private let longestPause: Duration

    fileprivate struct Entry {
        /// Those of the last look-up that found any.
        var addresses: [TransportAddress] = []
        var failure: Phrase?
        /// Look-ups in a row that found nothing.
        var failures = 0
        var isDown = false
        var isPending = false
        var lastBegun: Instant?
        var due: Instant?
    }

    /// What a look-up changed.
    enum Change: Equatable {
        case nothing
        /// The addresses are others than before.
        case addresses
        /// The name has no address, which was not told before.
        case failure(Phrase)
    }

    /// A name that takes long keeps no other waiting, unless there are `width` of them.
    init(width: Int = .max, longestPause: Duration = .seconds(10)) {
        self.width = width
        self.longestPause = longestPause
    }

    /// What is known of each.
    var addresses: [Place: [TransportAddress]] { entries.mapValues(\.addresses) }

    func addresses(of place: Place) -> [TransportAddress] { entries[place]?.addresses ?? [] }

    /// Why a name leads nowhere; nil where it does, or nothing is known yet.
    func failure(of place: Place) -> Phrase? {
        entries[place].flatMap { $0.addresses.isEmpty ? $0.failure : nil }
    }

    /// The places whose names matter from now on.
    mutating func follow(_ places: Set<Place>, at now: Instant) {
        entries = entries.filter { places.contains($0.key) }
        for place in places where entries[place] == nil { entries[place] = Entry(due: now) }
        settle()
    }

    /// The names to look up now, which has begun; ``finish(_:_:at:)`` ends it for each.
    mutating func begin(at now: Instant) -> Set<Place> {
        guard let dueTime, dueTime <= now else { return [] }
        var waiting: [(place: Place, since: Instant)] = []
        for (place, entry) in entries where !entry.isPending {
            if let due = entry.due, due <= now { waiting.append((place, due)) }
        }
        waiting.sort { $0.since < $1.since }
        let begun = Set(waiting.prefix(width - pending).map { $0.place })
        for place in begun {
            entries[place]?.isPending = true
            entries[place]?.lastBegun = now
            entries[place]?.due = nil
        }
        settle()
        return begun
    }

    /// Takes what was found for a name: other addresses replace the known ones, a failure leaves them.
    mutating func finish(
        _ place: Place, _ result: Result<[TransportAddress], PinholeError>, at now: Instant
    ) -> Change {
        guard var entry = entries[place], entry.isPending else { return .nothing }
        let known = entry.addresses
        var change = Change.nothing
        entry.isPending = false
        switch result {
        case .success(let found):
            (entry.failure, entry.failures) = (nil, 0)
            // Name servers change the order as they like.
            if Set(found) != Set(known) {
                entry.addresses = found
                change = .addresses
            }
        case .failure(let error):
            if known.isEmpty, entry.failure != error.message {
                entry.failure = error.message
                change = .failure(error.message)
            }
        }
        if entry.addresses.isEmpty {
            entry.schedule(at: now + min(longestPause, Pause.retry * (1 << min(entry.failures, 10))))
            entry.failures += 1
        } else if entry.isDown {
            entry.schedule(at: now + Pause.down)
        }
        entries[place] = entry
        settle()
        return change
    }

    /// The network may have other name servers, or lead to another address.
    mutating func networkChanged(at now: Instant) {
        for place in entries.keys {
            entries[place]?.failures = 0
            entries[place]?.schedule(at: now)
        }
        settle()
    }

    /// Who has the name was not reached, and may have moved to another address.
    mutating func unreachable(_ place: Place, at now: Instant) {
        guard let entry = entries[place] else { return }
        entries[place]?.schedule(at: entry.lastBegun.map { max(now, $0 + Pause.down) } ?? now)
        settle()
    }

    /// The same, and the name is looked up again and again until he is up.
    mutating func down(_ place: Place, at now: Instant) {
        entries[place]?.isDown = true
        unreachable(place, at: now)
    }

    mutating func up(_ place: Place) {
        entries[place]?.isDown = false
    }

    private var pending: Int { entries.values.count(where: \.isPending) }

    /// What is due while it is still being looked up is due when that has ended.
    private mutating func settle() {
        dueTime = pending < width ? entries.values.lazy.filter { !$0.isPending }.compactMap(\.due).min() : nil
    }
}

extension HostNames.Entry {
    /// Looks the name up at `time`, or a little later if that is too soon after the last look-up.
    fileprivate mutating func schedule(at time: Instant) {
        let earliest = lastBegun.map { max(time, $0 + Pause.least) } ?? time
        due = min(due ?? earliest, earliest)
    }
}

private enum Pause {
    static let least = Duration.seconds(1)
    static let retry = Duration.seconds(10)
    static let down = Duration.seconds(30)
}
