internal import PinholeWire

/// What was known of the path's deliveries when a packet was sent (draft-ietf-ccwg-bbr §4.1.2.2, C.delivered and so on).
struct DeliveryStamp: Sendable {
    /// Bytes that had been acknowledged.
    fileprivate(set) var delivered = 0
    /// When the latest of them were.
    fileprivate(set) var deliveredAt = Instant(nanoseconds: 0)
    /// When the first packet of the flight that was being sampled was sent.
    fileprivate(set) var firstSentAt = Instant(nanoseconds: 0)
    fileprivate(set) var isAppLimited = false
}

/// One measurement of the rate at which the path delivers.
struct DeliverySample {
    /// Bytes per second.
    let rate: Double
    /// Whether there was less to send than the path might have carried: then it is a lower bound.
    let isAppLimited: Bool
    /// Bytes that had been delivered when the newest acknowledged packet was sent: it marks round trips.
    let priorDelivered: Int
}

/// Measures the delivery rate from acknowledgements (draft-ietf-ccwg-bbr §4.1): bytes delivered over the longer of the
/// times in which they were sent and acknowledged, so that a burst of acknowledgements does not look like a fast path.
struct DeliveryRate: Sendable {
    /// Bytes acknowledged so far on this path.
    private(set) var delivered = 0
    private var deliveredAt: Instant
    private var firstSentAt: Instant
    /// Samples of packets sent before more than this many bytes are delivered are limited by the application.
    private var appLimitedUntil = -1

    private var newest: (sentAt: Instant, stamp: DeliveryStamp)?

    init(at now: Instant) {
        deliveredAt = now
        firstSentAt = now
    }

    mutating func stamp(inFlight: Int, at now: Instant) -> DeliveryStamp {
        if inFlight == 0 {
            firstSentAt = now
            deliveredAt = now
        }
        return DeliveryStamp(
            delivered: delivered, deliveredAt: deliveredAt, firstSentAt: firstSentAt,
            isAppLimited: delivered <= appLimitedUntil)
    }

    /// There is nothing more to send now, and room for more.
    mutating func didRunDry(inFlight: Int) {
        appLimitedUntil = delivered + inFlight
    }

    mutating func didAcknowledge(_ packet: SentPacket, at now: Instant) {
        delivered += packet.size
        deliveredAt = now
        if let newest, newest.stamp.delivered > packet.stamp.delivered { return }
        newest = (packet.sentAt, packet.stamp)
        firstSentAt = packet.sentAt
    }

    /// The sample of one ACK; nil if it acknowledged nothing new or came too soon to mean anything.
    mutating func takeSample(minimumRTT: Int64, at now: Instant) -> DeliverySample? {
        guard let (sentAt, stamp) = newest else { return nil }
        newest = nil
        let sendElapsed = (sentAt - stamp.firstSentAt).nanoseconds
        let ackElapsed = (now - stamp.deliveredAt).nanoseconds
        let interval = max(sendElapsed, ackElapsed)
        // §4.1.2.3: shorter ones are an artefact of compressed acknowledgements.
        guard interval > 0, interval >= minimumRTT else { return nil }
        return DeliverySample(
            rate: Double(delivered - stamp.delivered) * 1e9 / Double(interval), isAppLimited: stamp.isAppLimited,
            priorDelivered: stamp.delivered)
    }
}
