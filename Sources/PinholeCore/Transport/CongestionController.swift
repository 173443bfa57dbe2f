internal import PinholeWire

/// How much may be in flight on a path, and how fast it may be sent (RFC 9002 §7).
///
/// ``Congestion`` holds the one in use concretely, so that nothing is boxed per packet. Sizes are bytes of datagrams.
protocol CongestionController: Sendable {
    /// The size of a full datagram; it changes when the path turns out to carry more or less.
    var maxDatagramSize: Int { get set }
    /// The most that may be in flight.
    var window: Int { get }

    /// Bytes per second at which the window is to be spread out; nil while no round trip was measured.
    func pacingRate(rtt: RTTEstimator) -> Double?

    mutating func didSend(_ packet: SentPacket)
    /// `isAppLimited`: the window was not in use, so its being enough proves nothing.
    mutating func didAcknowledge(_ packet: SentPacket, rtt: RTTEstimator, isAppLimited: Bool, at now: Instant)
    /// All packets of one ACK were told by `didAcknowledge`; what the path delivered, and what is still in flight.
    mutating func didReceiveAck(
        _ sample: DeliverySample?, rtt: RTTEstimator, inFlight: Int, delivered: Int, at now: Instant)
    /// Loss or an ECN mark: `lost` bytes; `sentAt` is when the latest of the affected packets was sent.
    mutating func didCongest(lost: Int, sentAt: Instant, at now: Instant)
    /// Nothing got through for a time (RFC 9002 §7.6).
    mutating func didCongestPersistently(at now: Instant)
    /// All losses of the latest congestion event turned out to be reordering.
    mutating func undoCongestion()
}
