internal import PinholeWire

/// How much may be in flight on a path, and how fast it may be sent (RFC 9002 §7).
///
/// ``Transport`` holds one concretely, so that nothing is boxed per packet; a second controller becomes a case of an
/// enum that conforms. Sizes are bytes of datagrams.
protocol CongestionController: Sendable {
    init(maxDatagramSize: Int)

    /// The size of a full datagram; it changes when the path turns out to carry more or less.
    var maxDatagramSize: Int { get set }
    /// The most that may be in flight.
    var window: Int { get }

    /// Bytes per second at which the window is to be spread out; nil while no round trip was measured.
    func pacingRate(rtt: RTTEstimator) -> Double?

    mutating func didSend(_ bytes: Int, inFlight: Int, at now: Instant)
    /// `isAppLimited`: the window was not in use, so its being enough proves nothing.
    mutating func didAcknowledge(_ packet: SentPacket, rtt: RTTEstimator, isAppLimited: Bool, at now: Instant)
    /// Loss or an ECN mark; `sentAt` is when the latest of the affected packets was sent.
    mutating func didCongest(sentAt: Instant, at now: Instant)
    /// Nothing got through for a time (RFC 9002 §7.6).
    mutating func didCongestPersistently(at now: Instant)
    /// All losses of the latest congestion event turned out to be reordering.
    mutating func undoCongestion()
}
