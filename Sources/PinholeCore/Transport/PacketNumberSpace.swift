internal import PinholeWire

/// The packet numbers of one session: those taken for sending, and those received with what is owed for them
/// (RFC 9000 §12.3 and §13.2).
struct PacketNumberSpace: Sendable {
    /// The number that the next packet gets.
    private(set) var next: UInt64 = 0
    /// The numbers that were never sent.
    var skipped = SkippedNumbers()

    /// What the peer still has to be told of, at most ``Limits/maxAckRanges`` ranges.
    private(set) var received = IntervalSet()
    /// Below this it is not known any more what was received.
    private var forgottenEnd: UInt64 = 0
    private var largestReceived: UInt64?
    private var largestReceivedAt: Instant
    /// Ack-eliciting packets since the last ACK was sent.
    private var unacknowledged = 0
    private var isAckUrgent = false
    /// What the peer asked for (draft-ietf-quic-ack-frequency).
    private var frequency = AckFrequency(
        sequence: 0, threshold: UInt64(Limits.ackElicitingThreshold),
        maxDelay: UInt64(Limits.maxAckDelay.nanoseconds / 1000), reorderingThreshold: 1)
    /// The largest number when an ACK was last sent.
    private var largestTold: UInt64 = 0
    /// What arrived with a codepoint, of the whole session.
    private var ecnCounts = ECNCounts()
    private(set) var ackDeadline: Instant?
    /// When an ACK last went in a packet that the peer answers.
    private var elicitedAt: Instant

    init(at now: Instant) {
        largestReceivedAt = now
        elicitedAt = now
    }

    mutating func take(maySkip: Bool = false) -> UInt64 {
        if maySkip, skipped.skips(next) { next += 1 }
        defer { next += 1 }
        return next
    }

    mutating func didReceive(_ number: UInt64, isAckEliciting: Bool, ecn: ECNCodepoint = .notECT, at now: Instant) {
        guard !received.contains(number) else { return }
        ecnCounts.count(ecn)
        // RFC 9000 §13.2.1: "an endpoint SHOULD generate and send an ACK frame without delay when it receives an
        // ack-eliciting packet" that is older than another, or that leaves missing packets behind it.
        let isInOrder = number == largestReceived.map { $0 + 1 } ?? 0
        received.insert(number)
        // Each packet out of order is news, unless the peer knows that its path reorders.
        let isNews = !isInOrder && frequency.reorderingThreshold <= 1
        // §13.2.3: "A receiver limits the number of ACK Ranges … it remembers and sends in ACK frames".
        if received.count > Limits.maxAckRanges, let oldest = received.first {
            received.removeFirst()
            forgottenEnd = max(forgottenEnd, oldest.upperBound)
        }
        if number >= largestReceived ?? 0 {
            largestReceived = number
            largestReceivedAt = now
        }
        guard isAckEliciting else { return }
        unacknowledged += 1
        // §13.2.2: "A receiver SHOULD send an ACK frame after receiving at least two ack-eliciting packets."
        // §13.2.1: "packets marked with the ECN Congestion Experienced (CE) codepoint … SHOULD be acknowledged immediately".
        if isNews || isGapDue || unacknowledged >= frequency.threshold || ecn == .ce { isAckUrgent = true }
        if ackDeadline == nil, !isAckUrgent {
            ackDeadline = Instant(nanoseconds: now.nanoseconds + Int64(frequency.maxDelay) * 1000)
        }
    }

    /// draft-ietf-quic-ack-frequency §6.2: an ACK goes at once "when the gap between the smallest Unreported Missing packet
    /// and the Largest Unacked is greater than or equal to the Reordering Threshold value". Reported is what was so far
    /// behind the largest when an ACK was last sent.
    private var isGapDue: Bool {
        let threshold = frequency.reorderingThreshold
        guard threshold > 1, let largest = largestReceived, largest >= threshold else { return false }
        let unreported = largestTold >= threshold ? largestTold - threshold + 1 : 0
        return received.firstMissing(from: max(unreported, forgottenEnd)) <= largest - threshold
    }

    /// The peer asks for another frequency. Of an older request nothing is taken.
    mutating func didRequest(_ request: AckFrequency) {
        guard request.sequence >= frequency.sequence else { return }
        frequency = request
        frequency.threshold = min(max(request.threshold, 1), Limits.maxAckThreshold)
        frequency.maxDelay = min(max(request.maxDelay, 1000), UInt64(Limits.maxAckDelay.nanoseconds / 1000))
    }

    /// An ACK that has waited long enough goes with the next packet, whenever that can be sent.
    mutating func handleTimeout(at now: Instant) {
        guard let ackDeadline, ackDeadline <= now else { return }
        isAckUrgent = true
        self.ackDeadline = nil
    }

    /// Whether an ACK is worth its place in a packet that goes anyway.
    var isAckUseful: Bool { unacknowledged > 0 }

    /// Whether an ACK must go now, alone if need be.
    func isAckDue(at now: Instant) -> Bool {
        if isAckUrgent { return true }
        guard let ackDeadline else { return false }
        return ackDeadline <= now
    }

    /// Whether the packet with this ACK should ask for an answer, so that ranges can be forgotten. RFC 9000 §13.2.4:
    /// "a receiver could send a PING or other small ack-eliciting frame occasionally, such as once per round trip". A few
    /// ranges cost little: two peers that ask each other because of them would do so until the gaps are forgotten.
    func wantsAnswer(rtt: RTTEstimator, at now: Instant) -> Bool {
        received.count > Limits.fewAckRanges && now.nanoseconds - elicitedAt.nanoseconds >= rtt.smoothed
    }

    /// Writes the ACK frame for now, of at most `size` bytes, and returns its largest number; nil if there is nothing to
    /// tell or no room.
    mutating func writeAck(to writer: inout ByteWriter, upTo size: Int, at now: Instant) -> UInt64? {
        // Type, delay and count are at most 11 bytes, the largest number 8, each range 16, the counts of codepoints 24.
        let room = (size - (ecnCounts.isZero ? 19 : 43)) / 16
        guard room >= 1, let newest = received.last else { return nil }
        unacknowledged = 0
        isAckUrgent = false
        ackDeadline = nil
        largestTold = newest.upperBound - 1
        let delay = max(0, now.nanoseconds - largestReceivedAt.nanoseconds) / 1000
        writer.ack(
            ascending: received.ranges.suffix(room), delay: UInt64(delay), ecn: ecnCounts.isZero ? nil : ecnCounts)
        return newest.upperBound - 1
    }

    mutating func didElicit(at now: Instant) {
        elicitedAt = now
    }

    /// The peer knows of everything up to `largest` (RFC 9000 §13.2.4); what comes later is a new range.
    mutating func forget(upTo largest: UInt64) {
        guard let last = received.last else { return }
        // What is missing and not yet reported is to be known until it is.
        let kept = frequency.reorderingThreshold > 1 ? min(frequency.reorderingThreshold, largest + 1) : 0
        // The newest range stays, so that an ACK can always be made.
        let end = min(largest + 1 - kept, last.lowerBound)
        received.remove(0..<end)
        forgottenEnd = max(forgottenEnd, end)
    }
}
