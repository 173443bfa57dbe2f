internal import PinholeWire

/// A model of the path instead of an answer to its losses: the most that it delivered, and the shortest round trip.
///
/// Bottleneck bandwidth and round-trip propagation time, after draft-cardwell-iccrg-bbr-congestion-control-00, with the
/// gentler RTT probe of its successor draft-ietf-ccwg-bbr. Losses alone change nothing; ``Congestion`` decides when they
/// mean a full queue, and then CUBIC takes over.
///
/// ```
/// startup ──bandwidth stops growing──▶ drain ──queue empty──▶ probeBandwidth ──10 s without a shorter RTT──▶ probeRTT
///                                                                  ▲                                            │
///                                                                  └──────────────────200 ms────────────────────┘
/// ```
struct BBR: CongestionController {
    private enum Phase {
        case startup(best: Double, roundsWithoutGrowth: Int)
        case drain
        case probeBandwidth(step: Int, since: Instant)
        case probeRTT(until: Instant?)
    }

    // §4.1.1 of draft-cardwell: "2/ln(2)", the least gain that doubles the rate in a round; 4 ln 2 proved to be enough.
    private static let startupGain = 2.773
    private static let drainGain = 0.36
    private static let windowGain = 2.0
    /// §4.3.4.2: one round at a quarter more, one at a quarter less to empty the queue that this made, six level ones.
    private static let cycle = [1.25, 0.75, 1, 1, 1, 1, 1, 1]
    /// Rounds over which the bandwidth is the maximum.
    private static let bandwidthRounds = 10
    private static let overshoot = 0.15
    private static let minimumRTTLifetime: Duration = .seconds(10)
    private static let probeRTTDuration: Duration = .milliseconds(200)

    var maxDatagramSize: Int
    private var phase: Phase
    private var bandwidth = WindowedMaximum(rounds: Self.bandwidthRounds)
    private var minimumRTT: Int64 = .max
    private var minimumRTTAt: Instant
    private var round = 0
    private var roundEnd = 0
    private var inFlight = 0
    /// Bytes that were lost and delivered since the round began.
    private var lostInRound = 0
    private var roundStart = 0
    /// Bytes that were acknowledged beyond what the bandwidth explains: ACKs come in bursts (§4.2 of draft-ietf).
    private var excess = AcknowledgementExcess()
    private var minimumWindow: Int { 4 * maxDatagramSize }

    /// `rate` in bytes per second is where the search begins, if something is known.
    init(maxDatagramSize: Int, rate: Double? = nil, minimumRTT: Int64? = nil, at now: Instant) {
        self.maxDatagramSize = maxDatagramSize
        phase = .startup(best: 0, roundsWithoutGrowth: 0)
        minimumRTTAt = now
        if let minimumRTT { self.minimumRTT = minimumRTT }
        if let rate { bandwidth.add(rate, round: 0) }
    }

    // MARK: What may be sent

    var window: Int {
        guard let product = bandwidthDelayProduct else { return Limits.initialWindowPackets * maxDatagramSize }
        switch phase {
        case .startup:
            return max(Int(Self.startupGain * product), Limits.initialWindowPackets * maxDatagramSize)
        case .drain, .probeBandwidth:
            return max(Int(Self.windowGain * product) + excess.bytes, minimumWindow)
        case .probeRTT:
            return max(Int(product / 2), minimumWindow)
        }
    }

    func pacingRate(rtt: RTTEstimator) -> Double? {
        guard let rate = bandwidth.value else {
            guard rtt.firstSampleAt != nil else { return nil }
            return Self.startupGain * Double(window) * 1e9 / Double(max(rtt.smoothed, 1))
        }
        return gain * rate
    }

    private var gain: Double {
        switch phase {
        case .startup: Self.startupGain
        case .drain: Self.drainGain
        case .probeBandwidth(let step, _): Self.cycle[step]
        case .probeRTT: 1
        }
    }

    private var bandwidthDelayProduct: Double? {
        guard let rate = bandwidth.value, minimumRTT < .max else { return nil }
        return rate * Double(minimumRTT) / 1e9
    }

    // MARK: What came back

    mutating func didSend(_ packet: SentPacket) {}

    mutating func didAcknowledge(_ packet: SentPacket, rtt: RTTEstimator, isAppLimited: Bool, at now: Instant) {
        excess.didAcknowledge(packet.size)
    }

    mutating func didReceiveAck(
        _ sample: DeliverySample?, rtt: RTTEstimator, inFlight: Int, delivered: Int, at now: Instant
    ) {
        self.inFlight = inFlight
        let isMinimumStale = now - minimumRTTAt > Self.minimumRTTLifetime
        if rtt.latest <= minimumRTT || isMinimumStale {
            minimumRTT = rtt.latest
            minimumRTTAt = now
        }
        guard let sample else { return }
        let isRoundStart = sample.priorDelivered >= roundEnd
        var loss = 0.0
        if isRoundStart {
            loss = Double(lostInRound) / Double(max(lostInRound + delivered - roundStart, 1))
            round += 1
            roundEnd = delivered
            roundStart = delivered
            lostInRound = 0
        }
        if !sample.isAppLimited || sample.rate >= bandwidth.value ?? 0 { bandwidth.add(sample.rate, round: round) }
        excess.update(rate: bandwidth.value ?? 0, round: round, limit: window, at: now)
        advance(isRoundStart: isRoundStart, isAppLimited: sample.isAppLimited, loss: loss, at: now)
        if isMinimumStale { enterProbeRTT() }
    }

    mutating func didCongest(lost: Int, sentAt: Instant, at now: Instant) {
        lostInRound += lost
    }

    mutating func didCongestPersistently(at now: Instant) {
        self = BBR(maxDatagramSize: maxDatagramSize, minimumRTT: minimumRTT, at: now)
    }

    mutating func undoCongestion() {}

    // MARK: Phases

    private mutating func advance(isRoundStart: Bool, isAppLimited: Bool, loss: Double, at now: Instant) {
        switch phase {
        case .startup(let best, let rounds):
            guard isRoundStart, let rate = bandwidth.value else { return }
            // No path that is worth using loses so much by itself: the search overshot.
            guard loss < Self.overshoot else { return phase = .drain }
            guard !isAppLimited else { return }
            // §4.3.2.1: the pipe is full when three rounds brought less than a quarter more.
            if rate >= best * 1.25 {
                phase = .startup(best: rate, roundsWithoutGrowth: 0)
            } else if rounds + 1 >= 3 {
                phase = .drain
            } else {
                phase = .startup(best: best, roundsWithoutGrowth: rounds + 1)
            }
        case .drain:
            if Double(inFlight) <= bandwidthDelayProduct ?? 0 { cruise(at: now) }
        case .probeBandwidth(let step, let since):
            let isOver = (now - since).nanoseconds > minimumRTT
            let isDrained = step == 1 && Double(inFlight) <= bandwidthDelayProduct ?? 0
            guard isOver || isDrained else { return }
            phase = .probeBandwidth(step: (step + 1) % Self.cycle.count, since: now)
        case .probeRTT(let until):
            if let until {
                if until <= now {
                    minimumRTTAt = now
                    cruise(at: now)
                }
            } else if inFlight <= window {
                phase = .probeRTT(until: now + Self.probeRTTDuration)
            }
        }
    }

    private mutating func enterProbeRTT() {
        switch phase {
        case .startup, .probeRTT: break
        case .drain, .probeBandwidth: phase = .probeRTT(until: nil)
        }
    }

    /// Level steps first: where flows meet, their probes should not.
    private mutating func cruise(at now: Instant) {
        phase = .probeBandwidth(step: 2 + round % 6, since: now)
    }
}

/// The largest value of the latest rounds, by the three that may still become it (Kathleen Nichols' windowed maximum):
/// no memory of its own, so that a copy is a few words.
private struct WindowedMaximum: Sendable {
    private struct Entry {
        var value: Double
        var round: Int
    }

    private let rounds: Int
    private var first: Entry?
    private var second = Entry(value: 0, round: 0)
    private var third = Entry(value: 0, round: 0)

    init(rounds: Int) {
        self.rounds = rounds
    }

    var value: Double? { first?.value }

    mutating func add(_ value: Double, round: Int) {
        let entry = Entry(value: value, round: round)
        guard let first, value < first.value, round - third.round <= rounds else { return reset(to: entry) }
        if value >= second.value {
            second = entry
            third = entry
        } else if value >= third.value {
            third = entry
        }
        if round - first.round > rounds {
            self.first = second
            second = third
            third = entry
        } else if second.round == first.round, round - first.round > rounds / 4 {
            // No second in a quarter of the window: take this one, so that there is one when the first is too old.
            second = entry
            third = entry
        } else if third.round == second.round, round - first.round > rounds / 2 {
            third = entry
        }
    }

    private mutating func reset(to entry: Entry) {
        first = entry
        second = entry
        third = entry
    }
}

/// How far acknowledgements run ahead of the bandwidth: where they come in bursts, a window without room for them would
/// leave the path idle between two.
private struct AcknowledgementExcess: Sendable {
    private var most = WindowedMaximum(rounds: 10)
    private var epochStart: Instant?
    private var acknowledged = 0
    private var pending = 0

    var bytes: Int { Int(most.value ?? 0) }

    mutating func didAcknowledge(_ bytes: Int) {
        pending += bytes
    }

    mutating func update(rate: Double, round: Int, limit: Int, at now: Instant) {
        let start = epochStart ?? now
        let expected = rate * Double((now - start).nanoseconds) / 1e9
        if epochStart == nil || Double(acknowledged) <= expected {
            epochStart = now
            acknowledged = 0
        }
        acknowledged += pending
        pending = 0
        let since = epochStart ?? now
        let excess = Double(acknowledged) - rate * Double((now - since).nanoseconds) / 1e9
        most.add(min(max(excess, 0), Double(limit) / 2), round: round)
    }
}
