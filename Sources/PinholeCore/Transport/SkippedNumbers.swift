internal import PinholeWire

/// Packet numbers that are left out on purpose, at random: an acknowledgement of one shows that the peer claims what it
/// has not received, to be sent more than the path carries. RFC 9000 §21.4: "An endpoint … might skip packet numbers on
/// purpose".
struct SkippedNumbers: Sendable {
    /// The next one to be left out; `nil` until it is drawn.
    private(set) var upcoming: UInt64?
    /// The latest that were, ascending.
    private var recent: [UInt64] = []
    private var period = Limits.firstSkipPeriod

    /// Draws the next one, 3 to 2 × period numbers after `number`; the period doubles each time.
    mutating func draw(after number: UInt64, _ random: UInt64) {
        upcoming = number + 3 + random % (2 * period)
        period = min(2 * period, Limits.maxSkipPeriod)
    }

    /// Whether the number is left out: the one that was drawn, or the first one behind it that can be.
    mutating func skips(_ number: UInt64) -> Bool {
        guard let upcoming, number >= upcoming else { return false }
        if recent.count == Limits.skipsRemembered { recent.removeFirst() }
        recent.append(number)
        self.upcoming = nil
        return true
    }

    func contains(anyOf ranges: [ClosedRange<UInt64>]) -> Bool {
        for number in recent {
            for range in ranges where range.contains(number) { return true }
        }
        return false
    }
}

extension Transport {
    /// Whether ``skipNumber(_:)`` is to be called, so that the peer cannot know which number is left out next.
    package var wantsSkip: Bool { space.skipped.upcoming == nil }

    /// Draws the next packet number that is left out, by a random number.
    package mutating func skipNumber(_ random: UInt64) {
        space.skipped.draw(after: space.next, random)
    }
}
