internal import PinholeWire

/// When a session must send something, so that the NATs on its path keep their mappings.
///
/// A mapping lives from packet to packet that leaves through it (RFC 4787 REQ-6), so both sides count from the last one
/// that they sent; and an answer is one too. Hence one side pings: the one whose NAT forgets sooner, or of equals Lo, as
/// Hi waits a little longer. If the answers fail to come, the other side's clock runs out as well.
///
/// ```
/// mapping made ──2.5 s──▶ promoted ──▶ talking: each 2 s
///                                  └─▶ silent: each 20–25 s, or 0.75 × the measured lifetime
/// ```
struct KeepAlive {
    private let role: Role
    /// When the mapping was made that has not been used for the 2.5 s after which NATs keep it longer.
    private var made: Instant?
    /// Where in its range this side's next interval lies, 0 … 1.
    private var spread = 0.5
    /// The latest ping counts from when it was due, even if it could not be sent.
    private var pinged: Instant?
    private var ceiling: Ceiling?

    /// What the path itself taught: a mapping was gone sooner than was measured, or than nothing was known of.
    private struct Ceiling {
        var value: Duration
        /// Silences of this length that the mapping outlived, and how many of them allow twice the length.
        var survived = 0
        var needed: Int
    }

    init(_ role: Role) {
        self.role = role
    }

    /// The packets of the path: what is counted from.
    struct Activity {
        var lastSent: Instant
        var lastReceived: Instant
        /// When a message or a file last moved, either way.
        var lastApplicationData: Instant
    }

    /// The session began or moved: its packets make a new mapping.
    mutating func mappingMade(at now: Instant) {
        made = now
    }

    /// When this side must have sent something. `lifetime` is that of its own NAT's mappings, if it was measured.
    func due(_ activity: Activity, lifetime: Duration?) -> Instant {
        let last = pinged.map { max($0, activity.lastSent) } ?? activity.lastSent
        let (shortest, longest) = silentIntervals(lifetime)
        let silent = shortest + (longest - shortest) * spread
        let talking = last + min(talkingInterval, silent)
        let isTalking = talking <= activity.lastApplicationData + Limits.talkTime
        let due =
            isTalking ? talking : Self.together(last + silent, between: last + shortest, and: last + longest)
        return promotion.map { min($0, due) } ?? due
    }

    /// What is due now: whether to ping.
    mutating func handleTimeout(
        _ activity: Activity, lifetime: Duration?, at now: Instant, _ entropy: inout Entropy
    ) -> Bool {
        guard due(activity, lifetime: lifetime) <= now else { return false }
        if let promotion, promotion <= now, let made {
            self.made = nil
            let since = made + Limits.promotionAge
            let wasUsed = activity.lastSent >= since && activity.lastReceived >= since
            if wasUsed, due(activity, lifetime: lifetime) > now { return false }
        }
        pinged = now
        spread = Double(entropy.next() >> 11) / Double(1 << 53)
        return true
    }

    private var promotion: Instant? {
        made.map { $0 + (role == .lo ? Limits.firstKeepAlive : Limits.firstKeepAlive + Limits.keepAliveSlack) }
    }

    private var talkingInterval: Duration {
        let shortest = role == .lo ? Limits.talkingKeepAlive - Limits.talkingSlack : Limits.talkingKeepAlive
        return shortest + Limits.talkingSlack / 2 * spread
    }

    /// The shortest and the longest silence.
    private func silentIntervals(_ lifetime: Duration?) -> (Duration, Duration) {
        guard let longest = safeInterval(lifetime) else {
            let (first, half) = (Limits.keepAlive, Limits.keepAliveJitter / 2)
            return role == .lo ? (first, first + half) : (first + half, first + half * 2)
        }
        return role == .lo ? (longest * 0.90, longest * 0.95) : (longest * 0.95, longest)
    }

    /// `due` moved to a whole second of this machine's clock, where the range has one: what many silent sessions send then
    /// costs one wake-up.
    private static func together(_ due: Instant, between first: Instant, and last: Instant) -> Instant {
        let second: Int64 = 1_000_000_000
        let whole = Instant(nanoseconds: due.nanoseconds / second * second)
        guard whole < first else { return whole }
        let next = whole + .seconds(1)
        return next <= last ? next : due
    }

    /// The longest silence that is safe, as far as it is known.
    private func safeInterval(_ lifetime: Duration?) -> Duration? {
        let measured = lifetime.map { min($0 * 3 / 4, Limits.maxKeepAlive) }
        guard let ceiling = ceiling?.value, ceiling < measured ?? Limits.keepAlive + Limits.keepAliveJitter else {
            return measured.map { max($0, Limits.minKeepAlive) }
        }
        return max(ceiling, Limits.minKeepAlive)
    }
}

// MARK: What the path teaches

extension KeepAlive {
    /// A path that works was dead after `silence`, and no network changed: some mapping on it was forgotten.
    mutating func mappingWasLost(after silence: Duration) {
        guard silence >= Limits.minKeepAlive else { return }
        ceiling = Ceiling(
            value: max(Limits.minKeepAlive, min(Limits.keepAlive, silence / 2)),
            needed: min((ceiling?.needed ?? Limits.keepAlivesToStretch / 2) * 2, 256))
    }

    /// A packet arrived after `silence`: the mappings outlived it.
    mutating func survived(_ silence: Duration) {
        guard var learned = ceiling, silence >= learned.value * 3 / 4 else { return }
        learned.survived += 1
        if learned.survived >= learned.needed {
            learned.value *= 2
            learned.survived = 0
        }
        ceiling = learned.value > Limits.maxKeepAlive ? nil : learned
    }

    /// This machine is on another network: what was learned there means nothing here.
    mutating func forget() {
        ceiling = nil
    }
}
