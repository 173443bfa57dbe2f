internal import PinholeWire

/// HyStart++, RFC 9406: leaves slow start when round trips become longer, before anything is lost.
struct SlowStart: Sendable {
    private enum Phase {
        case doubling
        /// Conservative slow start: was it a queue, or noise?
        case conservative(baseline: Int64, rounds: Int)
        case over
    }

    // RFC 9406 §4.3, "Tuning Constants and Other Considerations".
    private static let minimumThreshold: Int64 = 4_000_000
    private static let maximumThreshold: Int64 = 16_000_000
    private static let roundTripDivisor: Int64 = 8
    private static let samples = 8
    private static let growthDivisor = 4.0
    private static let conservativeRounds = 5

    private var phase = Phase.doubling
    private var lastRoundMinimum = Int64.max
    private var roundMinimum = Int64.max
    private var sampleCount = 0
    /// The round ends when this packet is acknowledged.
    private var roundEnd: UInt64 = 0
    private var largestSent: UInt64 = 0

    var isOver: Bool {
        switch phase {
        case .over: true
        case .doubling, .conservative: false
        }
    }

    mutating func didSend(_ number: UInt64) {
        largestSent = number
    }

    /// By how many bytes the window grows for an acknowledged packet (§4.2).
    mutating func growth(by packet: SentPacket) -> Double {
        if packet.number >= roundEnd { beginRound() }
        switch phase {
        case .doubling: return Double(packet.size)
        case .conservative: return Double(packet.size) / Self.growthDivisor
        case .over: return 0
        }
    }

    /// A round-trip sample: §4.2 counts one for each acknowledgement.
    mutating func didSample(_ latest: Int64) {
        roundMinimum = min(roundMinimum, latest)
        sampleCount += 1
        guard sampleCount >= Self.samples else { return }
        switch phase {
        case .doubling:
            guard lastRoundMinimum < .max, roundMinimum >= lastRoundMinimum + threshold else { return }
            phase = .conservative(baseline: roundMinimum, rounds: 0)
        case .conservative(let baseline, _):
            if roundMinimum < baseline { phase = .doubling }
        case .over:
            break
        }
    }

    private mutating func beginRound() {
        lastRoundMinimum = roundMinimum
        roundMinimum = .max
        sampleCount = 0
        roundEnd = largestSent + 1
        if case .conservative(let baseline, let rounds) = phase {
            phase =
                rounds + 1 >= Self.conservativeRounds ? .over : .conservative(baseline: baseline, rounds: rounds + 1)
        }
    }

    private var threshold: Int64 {
        min(max(Self.minimumThreshold, lastRoundMinimum / Self.roundTripDivisor), Self.maximumThreshold)
    }
}
