internal import PinholeWire

/// How many handshakes of a second may be for sessions that still stand. Where thousands go unanswered at once, it is
/// because this machine or theirs is behind, and a handshake costs many times what an answer does: without a limit nobody
/// would ever catch up.
struct RecoveryLimit {
    let perSecond: Int
    private var windowEnd = Instant(nanoseconds: 0)
    private var taken = 0

    init(perSecond: Int = Limits.recoveriesPerSecond) {
        self.perSecond = perSecond
    }

    /// Takes one of them; false if this second has no more, or if `last`, the same contact's, was a moment ago.
    mutating func take(after last: inout Instant?, at now: Instant) -> Bool {
        if let last, now - last < Limits.recoveryInterval { return false }
        if now >= windowEnd {
            windowEnd = now + .seconds(1)
            taken = 0
        }
        guard taken < perSecond else { return false }
        taken += 1
        last = now
        return true
    }
}
