internal import PinholeWire

/// The credit that a receiver gives (RFC 9000 §4): the peer may send up to `limit`.
struct ReceiveWindow: Equatable, Sendable {
    private(set) var limit: UInt64
    /// How far ahead of what was consumed the peer may be.
    private(set) var window: UInt64
    private let maxWindow: UInt64
    private(set) var received: UInt64 = 0
    private(set) var consumed: UInt64 = 0
    private var updatedAt: Instant?

    init(limit: UInt64, window: UInt64, maxWindow: UInt64) {
        self.limit = limit
        self.window = window
        self.maxWindow = maxWindow
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

    /// RFC 9000 §4.2: updates early enough that the peer need not stop, and not for each byte.
    var isUpdateDue: Bool { consumed + window >= limit + window / 2 }

    /// The limit to tell, which is a new one if that is due. A window that is used up within four round trips is too
    /// small for the path, and doubles: a loss alone keeps the reader waiting for two.
    mutating func update(rtt: RTTEstimator, at now: Instant) -> UInt64 {
        guard isUpdateDue else { return limit }
        if let updatedAt, now.nanoseconds - updatedAt.nanoseconds < 4 * rtt.smoothed {
            window = min(window * 2, maxWindow)
        }
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
