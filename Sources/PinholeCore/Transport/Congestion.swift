internal import PinholeWire

/// The controller in use: a model of the path while it has the path's queue to itself, CUBIC while it must share it.
///
/// A loss says that a queue overflowed, or that the path loses packets whatever it carries. CUBIC takes each for the
/// former; at 1 % random loss it then uses a tenth of a long path. And CUBIC fills every queue there is before it finds
/// that it is full, and a message behind a file waits in it. ``BBR`` does neither, but yields to whoever does.
///
/// The round-trip time tells what is the case. Losses without a queue bring the model. Otherwise it is tried when slow
/// start has found the path's rate, and again from time to time: if the queue that it drains does not empty, it is
/// another's, and CUBIC goes on where it was. Losses with a full queue bring CUBIC back, too.
///
/// ```
/// ┌───────┐  slow start is over, or losses without a queue   ┌───────┐
/// │ CUBIC │ ───────────────────────────────────────────────▶ │  BBR  │
/// │       │ ◀─────────────────────────────────────────────── │       │
/// └───────┘  its queue does not empty, or overflows          └───────┘
/// ```
struct Congestion: CongestionController {
    /// In use while there is no model. The two are not the cases of an enumeration, of which each packet would copy the
    /// payload out and in again.
    private var cubic: Cubic
    private var bbr: BBR?
    private var rate = LatestRate()
    private let mayUseModel: Bool
    /// How much of late speaks for the other controller.
    private var evidence = 0
    private var lastEventAt: Instant?
    private var queue = QueueingDelay()
    private var minimumRTT: Int64?
    /// As of the latest acknowledgement.
    private var rtt: RTTEstimator?
    private var inFlight = 0
    /// When the model may be tried again, how long after its next failure, and what CUBIC had before.
    private var nextTrial = Instant(nanoseconds: .min)
    private var trialPause = Self.shortestTrialPause
    private var windowBeforeTrial = 0
    /// The model's bandwidth when it was last left, in bytes per second.
    private var modelRate = 0.0
    /// What an earlier session found out of the path, until this one has seen as much.
    private var remembered: PathModel?
    /// Since when the model has had the queue to itself.
    private var calmSince = Instant(nanoseconds: 0)

    private static let evidenceForModel = 2
    private static let evidenceForCubic = 6
    /// Cycles in a row in which others kept the queue filled; one is enough when the model has never had it empty.
    private static let crowdedCyclesForCubic = 3
    private static let shortestTrialPause: Duration = .seconds(5)
    private static let longestTrialPause: Duration = .seconds(80)
    /// Nanoseconds without others after which the next who come are new.
    private static let calm: Int64 = 20_000_000_000

    /// Without `mayUseModel` it is CUBIC for ever, as the competitor in a test.
    init(maxDatagramSize: Int, mayUseModel: Bool = true) {
        self.mayUseModel = mayUseModel
        cubic = Cubic(maxDatagramSize: maxDatagramSize)
        window = cubic.window
    }

    /// Whether the model is in use.
    var usesModel: Bool { bbr != nil }

    /// What is known of the path for a session that follows; nil while its rate is being searched.
    var model: PathModel? {
        guard let minimumRTT else { return nil }
        if let bbr { return bbr.isCruising ? PathModel(rate: bbr.rate, minimumRTT: minimumRTT) : nil }
        guard !cubic.isInSlowStart, let rate = rate.best else { return nil }
        return PathModel(rate: rate, minimumRTT: minimumRTT)
    }

    /// An earlier session's model of the path: the search ends where it found the path's rate, and does not fill the
    /// queue once more to see that it is full. What is otherwise by now is found out as ever.
    mutating func resume(_ model: PathModel) {
        guard mayUseModel else { return }
        remembered = model
        cubic.limitSlowStart(to: model.window)
    }

    /// Whether the window is still looking for the path's rate, and every acknowledgement helps it.
    var isInStartup: Bool { bbr?.isInStartup ?? cubic.isInSlowStart }

    var maxDatagramSize: Int {
        get { bbr?.maxDatagramSize ?? cubic.maxDatagramSize }
        set {
            if bbr == nil { cubic.maxDatagramSize = newValue } else { bbr?.maxDatagramSize = newValue }
            followWindow()
        }
    }

    /// Those of the controller in use, as of its latest change: each packet asks for them.
    private(set) var window: Int
    private(set) var pacingRate: Double?

    private mutating func followWindow() {
        window = bbr?.window ?? cubic.window
        pacingRate = rtt.flatMap { pacingRate(rtt: $0) }
    }

    func pacingRate(rtt: RTTEstimator) -> Double? {
        bbr == nil ? cubic.pacingRate(rtt: rtt) : bbr?.pacingRate(rtt: rtt)
    }

    mutating func didSend(_ packet: SentPacket) {
        if bbr == nil { cubic.didSend(packet) } else { bbr?.didSend(packet) }
    }

    mutating func didAcknowledge(_ packet: SentPacket, rtt: RTTEstimator, isAppLimited: Bool, at now: Instant) {
        if bbr == nil {
            cubic.didAcknowledge(packet, rtt: rtt, isAppLimited: isAppLimited, at: now)
            window = cubic.window
        } else {
            bbr?.didAcknowledge(packet, rtt: rtt, isAppLimited: isAppLimited, at: now)
        }
    }

    mutating func didReceiveAck(
        _ sample: DeliverySample?, rtt: RTTEstimator, inFlight: Int, delivered: Int, at now: Instant
    ) {
        defer { followWindow() }
        self.rtt = rtt
        minimumRTT = rtt.minimum
        self.inFlight = inFlight
        let isAppLimited = sample?.isAppLimited ?? false
        // A packet by itself waits for nobody, and says little of the path's rate.
        if !isAppLimited {
            queue.add(rtt.latestWithoutDelay - rtt.minimum)
            if let sample { rate.add(sample.rate) }
        }
        if bbr == nil {
            cubic.didReceiveAck(sample, rtt: rtt, inFlight: inFlight, delivered: delivered, at: now)
        } else {
            bbr?.didReceiveAck(sample, rtt: rtt, inFlight: inFlight, delivered: delivered, at: now)
        }
        guard mayUseModel, let sample, !sample.isAppLimited else { return }
        chooseByQueue(at: now)
    }

    mutating func didCongest(lost: Int, sentAt: Instant, at now: Instant) {
        defer { followWindow() }
        if bbr == nil {
            cubic.didCongest(lost: lost, sentAt: sentAt, at: now)
        } else {
            bbr?.didCongest(lost: lost, sentAt: sentAt, at: now)
        }
        guard beginsEvent(sentAt: sentAt, at: now) else { return }
        chooseByLoss(isFull: queue.isFull, at: now)
    }

    /// ECN-CE (RFC 9002 §7.1): the packet arrived, and a router on its way says that it has a queue. `sentAt` is when the
    /// latest marked packet was sent.
    mutating func didMark(sentAt: Instant, at now: Instant) {
        defer { followWindow() }
        if bbr == nil { cubic.didCongest(lost: 0, sentAt: sentAt, at: now) }
        guard beginsEvent(sentAt: sentAt, at: now) else { return }
        chooseByLoss(isFull: true, at: now)
    }

    mutating func didCongestPersistently(at now: Instant) {
        // RFC 9002 §7.6.2 asks for the minimum window: a model of the path before says nothing of what comes now.
        cubic = Cubic(maxDatagramSize: maxDatagramSize, window: window)
        cubic.didCongestPersistently(at: now)
        bbr = nil
        followWindow()
        rate = LatestRate()
        modelRate = 0
        nextTrial = now
        evidence = 0
    }

    mutating func undoCongestion() {
        if bbr == nil { cubic.undoCongestion() } else { bbr?.undoCongestion() }
        followWindow()
    }

    // MARK: Choosing

    /// One event for each round trip.
    private mutating func beginsEvent(sentAt: Instant, at now: Instant) -> Bool {
        if let lastEventAt, sentAt <= lastEventAt { return false }
        lastEventAt = now
        return mayUseModel && minimumRTT != nil
    }

    private mutating func chooseByLoss(isFull: Bool, at now: Instant) {
        guard let model = bbr else { return tryModel(afterLossWithQueue: isFull, at: now) }
        // Once it knows the path, the model alone never fills a long queue: that was another.
        let weight = model.isCruising ? (queue.isLong(minimumRTT) ? 3 : 1) : 0
        evidence = isFull ? evidence + weight : max(evidence - 1, 0)
        if isFull {
            bbr?.didFillQueue()
            calmSince = now
        }
        if evidence >= Self.evidenceForCubic { returnToCubic(at: now) }
    }

    private mutating func tryModel(afterLossWithQueue isFull: Bool, at now: Instant) {
        evidence = isFull ? 0 : evidence + 1
        // A slow start that a random loss ends is over long before it found anything.
        guard evidence >= (cubic.wasInSlowStart ? 1 : Self.evidenceForModel) else { return }
        remembered = nil
        windowBeforeTrial = cubic.window
        // Where others were of late, no search that pushes them aside: the model goes on where it was.
        let isShared = trialPause > Self.shortestTrialPause && modelRate > 0 && !cubic.wasInSlowStart
        let known = isShared ? max(rate.best ?? 0, 0.7 * modelRate) : rate.best
        bbr = BBR(
            maxDatagramSize: cubic.maxDatagramSize, rate: known, minimumRTT: minimumRTT, isFull: isShared, at: now)
        evidence = 0
    }

    private mutating func chooseByQueue(at now: Instant) {
        guard let model = bbr else { return tryModel(at: now) }
        let isProven = model.quietCycles > 0
        if model.crowdedCycles > 0 { calmSince = now }
        if now.nanoseconds - calmSince.nanoseconds > Self.calm { trialPause = Self.shortestTrialPause }
        guard model.crowdedCycles >= (isProven ? Self.crowdedCyclesForCubic : 1) else { return }
        returnToCubic(at: now)
    }

    private mutating func tryModel(at now: Instant) {
        guard !cubic.isInSlowStart, nextTrial <= now, let best = rate.best else { return }
        let known = takeRememberedRate()
        // Where CUBIC's queue is short there is nothing to gain, unless it is known that the window is right.
        guard known != nil || queue.isLong(minimumRTT) else { return }
        windowBeforeTrial = cubic.window
        bbr = BBR(
            maxDatagramSize: cubic.maxDatagramSize, rate: max(best, known ?? 0), minimumRTT: minimumRTT, isFull: true,
            at: now)
        evidence = 0
        calmSince = now
    }

    /// The rate that an earlier session found, if the window has become what belongs to it; looked at once.
    private mutating func takeRememberedRate() -> Double? {
        defer { remembered = nil }
        guard let remembered, cubic.window >= remembered.window else { return nil }
        return remembered.rate
    }

    private mutating func returnToCubic(at now: Instant) {
        guard let bbr else { return }
        // What is in flight is too little where the application has nothing to send.
        let used = max(inFlight, Int(bbr.bandwidthDelayProduct ?? 0))
        let window = bbr.quietCycles > 0 ? used : max(used, windowBeforeTrial)
        cubic = Cubic(maxDatagramSize: bbr.maxDatagramSize, window: window)
        self.bbr = nil
        modelRate = bbr.rate
        nextTrial = now + trialPause
        trialPause = min(trialPause * 2, Self.longestTrialPause)
        evidence = 0
    }
}

/// What a path was found to be: a session that follows another over the same one need not search again.
struct PathModel: Equatable, Sendable {
    /// Bytes per second that it delivered.
    let rate: Double
    /// The shortest round trip, in nanoseconds.
    let minimumRTT: Int64

    /// What is on its way at that rate, in bytes.
    var window: Int { Int(rate * Double(minimumRTT) / 1e9) }
}

/// The best delivery rate of late, with which a model can begin.
private struct LatestRate: Sendable {
    private(set) var best: Double?

    /// An old best fades within some tens of samples.
    mutating func add(_ rate: Double) {
        best = max(rate, (best ?? 0) * 0.98)
    }
}

/// How long packets wait in queues now: the least of the latest acknowledgements, for one alone may be jitter.
private struct QueueingDelay: Sendable {
    private var current: Int64 = .max
    private var previous: Int64 = .max
    private var count = 0
    /// The most of late; it fades within some hundreds of acknowledgements.
    private var longest: Int64 = 0

    private static let samples = 4
    /// A queue that is worth the name delays by more than timers and schedulers do.
    private static let shortestQueue: Int64 = 3_000_000

    private var latest: Int64 { min(current, previous) }

    var isFull: Bool { latest < .max && latest >= max(longest * 2 / 3, Self.shortestQueue) }

    /// Whether packets wait, when it is full, for more than half of the round trip.
    func isLong(_ minimumRTT: Int64?) -> Bool {
        longest > max((minimumRTT ?? 0) * 6 / 10, Self.shortestQueue * 2)
    }

    mutating func add(_ delay: Int64) {
        current = min(current, delay)
        count += 1
        longest = max(latest, longest - longest / 512)
        guard count >= Self.samples else { return }
        count = 0
        previous = current
        current = .max
    }
}

extension Congestion {
    /// For tests: whether an earlier session's model has not been looked at yet.
    var isResuming: Bool { remembered != nil }
}
