internal import PinholeWire

/// The credit that a receiver gives (RFC 9000 §4): the peer may send up to `limit`.
struct ReceiveWindow: Equatable, Sendable {
    private(set) var limit: UInt64
    /// How far ahead of what was consumed the peer may be.
    private(set) var window: UInt64
    private(set) var received: UInt64 = 0
    private(set) var consumed: UInt64 = 0
    private var updatedAt: Instant?

    init(limit: UInt64, window: UInt64) {
        self.limit = limit
        self.window = window
    }

    /// Counts bytes up to a new highest offset; false if that is beyond the credit.
    mutating func receive(_ count: UInt64) -> Bool {
        guard count <= limit - received else { return false }
        received += count
        return true
    }

    mutating func consume(_ count: UInt64) {
        consumed += count
    }

    /// RFC 9000 §4.2: updates early enough that the peer need not stop, and not for each byte. After a quarter: three
    /// quarters are then left for the round trip that the update and what follows it take.
    var isUpdateDue: Bool { consumed + window >= limit + window / 4 }

    /// Whether the peer has used up all but a quarter. When the reader has read what there is, the rest waits behind a
    /// loss, and the peer need not.
    var isNearlyUsedUp: Bool { received + window / 4 >= limit }

    /// The limit to tell, which is a new one if that is due. A window of which a quarter is read within two round trips
    /// is less than eight of what the path carries in one, and doubles, as the peer's slow start does; so does one that
    /// `isBehindLoss`. It grows by no more than `growth`.
    mutating func update(
        rtt: RTTEstimator, isBehindLoss: Bool = false, growth: UInt64, at now: Instant
    ) -> UInt64 {
        guard isUpdateDue || isBehindLoss else { return limit }
        let patience = max(2 * rtt.smoothed, Limits.creditPatience.nanoseconds)
        let isSmall = now.nanoseconds - (updatedAt ?? now).nanoseconds < patience
        if isSmall || isBehindLoss { window += min(window, growth) }
        updatedAt = now
        limit = max(limit, consumed + window)
        return limit
    }
}

/// The credit that a peer gave.
struct SendWindow: Equatable, Sendable {
    private(set) var limit: UInt64
    private(set) var used: UInt64 = 0

    init(limit: UInt64) {
        self.limit = limit
    }

    var available: Int { Int(limit - used) }

    mutating func use(_ count: Int) {
        used += UInt64(count)
    }

    /// RFC 9000 §4.1: "A receiver MUST ignore any MAX_STREAM_DATA or MAX_DATA frames that do not increase flow
    /// control limits."
    mutating func raise(to limit: UInt64) {
        self.limit = max(self.limit, limit)
    }
}
