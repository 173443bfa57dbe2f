internal import PinholeWire

/// How often the peer acknowledges (draft-ietf-quic-ack-frequency).
///
/// It is the sender that asks, by ACK_FREQUENCY: it alone knows its window, whether it is still looking for the path's
/// rate, and how far the path reorders. A receiver would have to guess them from what arrives, and would guess wrong
/// just when they change.
extension Transport {
    /// What the peer was asked for last.
    struct AckRequest: Equatable, Sendable {
        var sequence: UInt64 = 0
        var threshold = Limits.ackElicitingThreshold
        var reorderingThreshold: UInt64 = 1
        /// Nanoseconds.
        var maxDelay = Limits.maxAckDelay.nanoseconds
    }

    /// Asks for another frequency if the window calls for one: after each ACK.
    mutating func requestAckFrequency() {
        let threshold = ackThreshold
        let reordering = lossDetection.packetThreshold > Limits.packetThreshold ? lossDetection.packetThreshold : 1
        // By factors of two, or back at once: a frame is not worth less.
        let isFar = threshold >= 2 * ackRequest.threshold || 2 * threshold <= ackRequest.threshold
        let reorders = reordering >= 2 * ackRequest.reorderingThreshold || reordering < ackRequest.reorderingThreshold
        guard isFar || reorders else { return }
        ackRequest.sequence += 1
        ackRequest.threshold = threshold
        ackRequest.reorderingThreshold = reordering
        // Four in a round trip at least. The probe timeout always allows for the longest.
        ackRequest.maxDelay = min(max(rtt.smoothed / 4, 1_000_000), Limits.maxAckDelay.nanoseconds)
        guard !isAckRequestQueued else { return }
        isAckRequestQueued = true
        control.append(.ackFrequency)
    }

    /// Every second packet while the window is small or grows with each acknowledgement.
    private var ackThreshold: Int {
        let packets = congestion.window / maxDatagramSize
        guard packets >= Limits.sparseAckWindow, !congestion.isInStartup else { return Limits.ackElicitingThreshold }
        return max(min(packets / 8, Limits.sparseAckPackets), min(packets / 64, Limits.maxAckPackets))
    }

    var ackFrequency: AckFrequency {
        AckFrequency(
            sequence: ackRequest.sequence, threshold: UInt64(ackRequest.threshold),
            maxDelay: UInt64(ackRequest.maxDelay / 1000), reorderingThreshold: ackRequest.reorderingThreshold)
    }
}
