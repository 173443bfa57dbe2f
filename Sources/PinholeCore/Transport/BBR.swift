internal import PinholeWire

/// A model of the path instead of an answer to its losses: the most that it delivered, and the shortest round trip.
///
/// Bottleneck bandwidth and round-trip propagation time, after draft-cardwell-iccrg-bbr-congestion-control-00, with the
/// gentler RTT probe of its successor draft-ietf-ccwg-bbr. It differs where a messenger's path does: it knows from
/// ``Congestion`` which losses came without a queue and sends as much more as they take, and it tells whether others
/// keep the queue filled that it drains (``crowdedCycles``); then CUBIC takes over.
///
/// ```
/// startup ──bandwidth stops growing──▶ drain ──queue empty──▶ probeBandwidth ──10 s without a shorter RTT──▶ probeRTT
///                                                                  ▲                                            │
///                                                                  └──────────────────200 ms────────────────────┘
/// ```
struct BBR: CongestionController {
    private enum Phase {
        case startup(best: Double, roundsWithoutGrowth: Int)
        case drain(rounds: Int)
        case probeBandwidth(step: Int, since: Instant)
        case probeRTT(until: Instant?)
    }

    // §4.1.1 of draft-cardwell: "2/ln(2)", the least gain that doubles the rate in a round; 4 ln 2 proved to be enough.
    private static let startupGain = 2.773
    private static let drainGain = 0.36
    private static let drainRounds = 3
    private static let windowGain = 2.0
    /// §4.3.4.2: one round at a quarter more, one at a quarter less to empty the queue that this made, six level ones.
    private static let cycle: InlineArray<8, Double> = [1.25, 0.75, 1, 1, 1, 1, 1, 1]
    /// Rounds over which the bandwidth is the maximum.
    private static let bandwidthRounds = 10
    private static let overshoot = 0.15
    private static let minimumRTTLifetime: Int64 = 10_000_000_000
    private static let probeRTTDuration: Duration = .milliseconds(200)
    /// Random losses are made up for up to this share; what loses more is not worth more.
    private static let mostRandomLoss = 0.12
    /// What an answer to a full queue leaves of the flight (draft-ietf-ccwg-bbr §2.4, BBR.Headroom).
    private static let headroom = 0.85

    var maxDatagramSize: Int
    private var phase: Phase
    private var bandwidth = WindowedMaximum(rounds: Self.bandwidthRounds)
    private var minimumRTT: Int64 = .max
    private var minimumRTTAt: Instant
    /// The shortest round trip in the estimator's longer memory.
    private var shortestKnown: Int64 = 0
    private var variation: Int64 = 0
    private var round = 0
    private var roundEnd = 0
    private var roundMinimumRTT: Int64 = .max
    private var inFlight = 0
    /// Bytes that were lost and delivered since the round began.
    private var lostInRound = 0
    private var roundStart = 0
    private var wasQueueFull = false
    private var roundsOfOvershoot = 0
    /// The share that the path loses by itself.
    private var randomLoss = 0.0
    /// The most in flight since the queue was last found to be full; nil while it is not.
    private var ceiling: Double?
    /// Bytes that were acknowledged beyond what the bandwidth explains: ACKs come in bursts (§4.2 of draft-ietf).
    private var excess = AcknowledgementExcess()
    /// Cycles in a row after whose drain the round trip was no shorter: somebody else fills the queue.
    private(set) var crowdedCycles = 0
    /// Cycles after whose drain the queue was empty, ever.
    private(set) var quietCycles = 0
    private var minimumWindow: Int { 4 * maxDatagramSize }

    /// `rate` in bytes per second is where the search begins, if something is known; with `isFull` it is what the path
    /// delivers, and there is a queue to drain.
    init(
        maxDatagramSize: Int, rate: Double? = nil, minimumRTT: Int64? = nil, isFull: Bool = false, at now: Instant
    ) {
        self.maxDatagramSize = maxDatagramSize
        phase = isFull ? .drain(rounds: 0) : .startup(best: 0, roundsWithoutGrowth: 0)
        minimumRTTAt = now
        if let minimumRTT { self.minimumRTT = minimumRTT }
        if let rate { bandwidth.add(rate, round: 0) }
    }

    var isInStartup: Bool {
        switch phase {
        case .startup: true
        case .drain, .probeBandwidth, .probeRTT: false
        }
    }

    /// Bytes per second.
    var rate: Double { bandwidth.value ?? 0 }

    /// Whether rate and round trip are known, and its own queue is empty.
    var isCruising: Bool {
        switch phase {
        case .startup, .drain: false
        case .probeBandwidth, .probeRTT: true
        }
    }

    // MARK: What may be sent

    var window: Int {
        let initial = Limits.initialWindow(maxDatagramSize)
        guard let product = bandwidthDelayProduct else { return initial }
        let room = excess.bytes + burstRoom
        switch phase {
        case .startup:
            return max(Int(Self.windowGain * product) + room, initial)
        case .drain, .probeBandwidth:
            let open = Self.windowGain * product / (1 - randomLoss)
            return max(Int(min(open, ceiling ?? open)) + room, minimumWindow)
        case .probeRTT:
            return max(Int(product / 2), minimumWindow)
        }
    }

    func pacingRate(rtt: RTTEstimator) -> Double? {
        guard let rate = bandwidth.value else {
            guard rtt.firstSampleAt != nil else { return nil }
            return Self.startupGain * Double(window) * 1e9 / Double(max(rtt.smoothed, 1))
        }
        return gain * rate / (1 - randomLoss)
    }

    private var gain: Double {
        switch phase {
        case .startup: Self.startupGain
        case .drain: Self.drainGain
        case .probeBandwidth(let step, _): Self.cycle[step]
        case .probeRTT: 1
        }
    }

    /// draft-ietf-ccwg-bbr §4.6.4.2.3: "allow enough data in flight … to fully utilize" what is sent and received in
    /// batches: three of them.
    private var burstRoom: Int {
        3 * min(Int((bandwidth.value ?? 0) * Double(Limits.pacingQuantum.nanoseconds) / 1e9), 65_536)
    }

    var bandwidthDelayProduct: Double? {
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
        roundMinimumRTT = min(roundMinimumRTT, rtt.latest)
        let isMinimumStale = now.nanoseconds - minimumRTTAt.nanoseconds > Self.minimumRTTLifetime
        if rtt.latest <= minimumRTT || isMinimumStale {
            minimumRTT = rtt.latest
            minimumRTTAt = now
        } else if rtt.latest <= minimumRTT + minimumRTT / 32 {
            // As good as the shortest: no need to look for it.
            minimumRTTAt = now
        }
        guard let sample else { return }
        let isRoundStart = sample.priorDelivered >= roundEnd
        var loss = 0.0
        var shortest = Int64.max
        if isRoundStart {
            loss = Double(lostInRound) / Double(max(lostInRound + delivered - roundStart, 1))
            // A mean over some ten rounds; what a full queue lost says nothing of the path.
            if !wasQueueFull { randomLoss += (min(loss, Self.mostRandomLoss) - randomLoss) / 10 }
            shortest = roundMinimumRTT
            beginRound(delivered: delivered)
        }
        if !sample.isAppLimited || sample.rate >= bandwidth.value ?? 0 { bandwidth.add(sample.rate, round: round) }
        excess.update(rate: bandwidth.value ?? 0, round: round, limit: window, at: now)
        shortestKnown = rtt.minimum
        variation = rtt.variation
        advance(isRoundStart ? shortest : nil, isAppLimited: sample.isAppLimited, loss: loss, at: now)
        if isMinimumStale { enterProbeRTT() }
    }

    private mutating func beginRound(delivered: Int) {
        round += 1
        roundEnd = delivered
        roundStart = delivered
        lostInRound = 0
        roundMinimumRTT = .max
        // Room comes back by an eighth each round without a full queue.
        if let ceiling, !wasQueueFull {
            let next = ceiling * 1.125
            self.ceiling = next < 2 * Self.windowGain * (bandwidthDelayProduct ?? 0) ? next : nil
        }
        wasQueueFull = false
    }

    mutating func didCongest(lost: Int, sentAt: Instant, at now: Instant) {
        lostInRound += lost
    }

    /// Packets were lost or marked because the queue was full. Once for each round.
    mutating func didFillQueue() {
        guard !wasQueueFull else { return }
        wasQueueFull = true
        ceiling = max(Self.headroom * min(Double(inFlight), ceiling ?? .infinity), bandwidthDelayProduct ?? 0)
    }

    mutating func didCongestPersistently(at now: Instant) {
        self = BBR(maxDatagramSize: maxDatagramSize, minimumRTT: minimumRTT, at: now)
    }

    mutating func undoCongestion() {}

    // MARK: Phases

    /// `shortest` is the shortest round trip of the round that ended, if one did.
    private mutating func advance(_ shortest: Int64?, isAppLimited: Bool, loss: Double, at now: Instant) {
        switch phase {
        case .startup(let best, let rounds):
            guard let shortest, let rate = bandwidth.value else { return }
            // §4.3.2.1: the pipe is full when three rounds brought less than a quarter more; one is enough where a
            // queue explains it. And no path that is worth using loses so much by itself: the search overshot. But a
            // round of it may be mere reordering.
            let hasQueue = shortest > minimumRTT + queueTolerance
            roundsOfOvershoot = loss < Self.overshoot ? 0 : roundsOfOvershoot + 1
            guard roundsOfOvershoot < (hasQueue ? 1 : 3) else { return phase = .drain(rounds: 0) }
            guard !isAppLimited else { return }
            if rate >= best * 1.25 {
                phase = .startup(best: rate, roundsWithoutGrowth: 0)
            } else if rounds + 1 >= 3 || hasQueue {
                phase = .drain(rounds: 0)
            } else {
                phase = .startup(best: best, roundsWithoutGrowth: rounds + 1)
            }
        case .drain(let rounds):
            if isDrained { return cruise(at: now) }
            guard shortest != nil else { return }
            phase = .drain(rounds: rounds + 1)
            // A third of the rate empties any queue of our own by then.
            guard rounds + 1 >= Self.drainRounds else { return }
            crowdedCycles += 1
            cruise(at: now)
        case .probeBandwidth(let step, let since):
            advance(step, since: since, shortest: shortest, isAppLimited: isAppLimited, at: now)
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

    private mutating func advance(
        _ step: Int, since: Instant, shortest: Int64?, isAppLimited: Bool, at now: Instant
    ) {
        let elapsed = now.nanoseconds - since.nanoseconds
        let isOver: Bool
        switch step {
        case 1: isOver = isDrained || elapsed > 3 * minimumRTT
        case 2, 3:
            // The first whole round after the drain shows whether the queue is ours.
            if step == 3, let shortest, !isAppLimited {
                let isCrowded = shortest > shortestKnown + queueTolerance
                crowdedCycles = isCrowded ? crowdedCycles + 1 : 0
                if !isCrowded { quietCycles += 1 }
            }
            isOver = shortest != nil && elapsed > minimumRTT
        default: isOver = elapsed > minimumRTT
        }
        guard isOver else { return }
        // Where flows meet, their probes should not: the number of level steps differs.
        let next = step == 3 ? 4 + round % 4 : step + 1
        phase = .probeBandwidth(step: next % Self.cycle.count, since: now)
    }

    /// What a round trip may be longer without there being somebody else's queue.
    /// On a slow path a few packets are a long queue; and where round trips vary from one to the next, it is no queue.
    private var queueTolerance: Int64 {
        let packets = Double(minimumWindow + maxDatagramSize) * 1e9 / max(bandwidth.value ?? 0, 1)
        return max(minimumRTT / 4, 4_000_000, Int64(min(packets, 1e9)), 2 * variation)
    }

    private var isDrained: Bool { Double(inFlight) <= max(bandwidthDelayProduct ?? 0, Double(minimumWindow)) }

    private mutating func enterProbeRTT() {
        switch phase {
        case .startup, .probeRTT: break
        case .drain, .probeBandwidth: phase = .probeRTT(until: nil)
        }
    }

    /// Level steps first.
    private mutating func cruise(at now: Instant) {
        phase = .probeBandwidth(step: 2, since: now)
    }
}
