import PinholeWire

/// Whether a gateway still has the table that it had: its clock counts the seconds since it began with an empty one.
struct GatewayEpoch {
    private var last: (seconds: UInt32, heard: Instant)?

    /// Takes in the clock of an answer. Returns whether the gateway lost its table since the one before: RFC 6887 §8.5,
    /// whose lower bound is that of RFC 6886 §3.6 with a sixteenth in place of an eighth.
    mutating func isReset(_ seconds: UInt32, at now: Instant) -> Bool {
        defer { last = (seconds, now) }
        guard let last else { return false }
        let client = (now - last.heard).nanoseconds / 1_000_000_000
        let server = Int64(seconds) - Int64(last.seconds)
        // "If the current PCP server epoch time is less than the previously received one by more than one second".
        guard server >= -1 else { return true }
        return client + 2 < server - server / 16 || server + 2 < client - client / 16
    }
}
