internal import PinholeWire

/// Round-trip time of one path, RFC 9002 §5.
struct RTTEstimator: Equatable, Sendable {
    /// Nanoseconds, like everything here: these are read for each packet, and `Duration` is 128 bits wide.
    private(set) var smoothed: Int64
    private(set) var variation: Int64
    /// min_rtt: the least of the last half or whole minute. RFC 9002 §5.2: "Endpoints MAY reestablish the min_rtt at
    /// other times in the connection"; a path that became longer is not one with a queue for ever.
    private(set) var minimum: Int64
    private(set) var latest: Int64
    /// The same less the time that the peer says it waited before it answered.
    private(set) var latestWithoutDelay: Int64
    /// The least of the present half of that time, and when it began.
    private var recentMinimum: Int64
    private var recentSince = Instant(nanoseconds: 0)
    /// When the first sample was taken; until then the values above are assumptions.
    private(set) var firstSampleAt: Instant?

    /// RFC 9002 §6.2.2: "the initial RTT SHOULD be set to 333 milliseconds"; a path probe may know better.
    init(initial: Duration = Limits.initialRTT) {
        let initial = max(initial, Limits.granularity).nanoseconds
        smoothed = initial
        variation = initial / 2
        minimum = initial
        recentMinimum = initial
        latest = initial
        latestWithoutDelay = initial
    }

    /// A sample: the largest packet of an ACK was newly acknowledged, and its peer says that it waited `ackDelay`.
    mutating func update(sample: Duration, ackDelay: Duration, at now: Instant) {
        // An ACK that waited in the socket while the machine slept says nothing of the path.
        guard sample.nanoseconds < max(8 * probeTimeout, Limits.longestRTT.nanoseconds) else { return }
        latest = max(sample.nanoseconds, 1)
        latestWithoutDelay = latest
        guard firstSampleAt != nil else {
            // §5.3: "On the first RTT sample after initialization, smoothed_rtt and rttvar are set as follows".
            firstSampleAt = now
            restartMinimum(at: now)
            smoothed = latest
            variation = latest / 2
            return
        }
        recentMinimum = min(recentMinimum, latest)
        minimum = min(minimum, latest)
        if now.nanoseconds - recentSince.nanoseconds >= Limits.minimumRTTLifetime.nanoseconds / 2 {
            minimum = recentMinimum
            recentMinimum = latest
            recentSince = now
        }
        // §5.3: "MUST use the lesser of the acknowledgment delay and the peer's max_ack_delay" and "MUST NOT subtract
        // the acknowledgment delay from the RTT sample if the resulting value is smaller than the min_rtt".
        let delay = min(ackDelay, Limits.maxAckDelay).nanoseconds
        if latest - minimum >= delay { latestWithoutDelay = latest - delay }
        variation = (3 * variation + abs(smoothed - latestWithoutDelay)) / 4
        smoothed = (7 * smoothed + latestWithoutDelay) / 8
    }

    /// §5.2: "Endpoints SHOULD set the min_rtt to the newest RTT sample after persistent congestion is established."
    mutating func restartMinimum(at now: Instant) {
        minimum = latest
        recentMinimum = latest
        recentSince = now
    }

    /// §6.2.1: "PTO = smoothed_rtt + max(4*rttvar, kGranularity) + max_ack_delay", in nanoseconds.
    var probeTimeout: Int64 {
        smoothed + max(4 * variation, Limits.granularity.nanoseconds) + Limits.maxAckDelay.nanoseconds
    }
}
