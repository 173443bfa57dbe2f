internal import PinholeWire

/// CUBIC, RFC 9438, with the recovery of RFC 9002 §7.3 and ``SlowStart``. Windows are in bytes.
struct Cubic: CongestionController {
    /// What a congestion event changes, so that it can be taken back (RFC 9438 §4.9.2).
    private struct State {
        var window: Double
        var slowStartThreshold = Double.infinity
        /// Nothing on this path has told where it ends.
        var isFirstSlowStart = true
        /// W_max: the window at which the last event happened, or less after fast convergence.
        var maxWindow = 0.0
        /// cwnd_prior: the window at which the last event happened.
        var priorWindow = 0.0
        var epoch: Epoch?
    }

    /// A stretch of congestion avoidance between two events.
    private struct Epoch {
        var start: Instant
        /// Seconds from `start` until the window is W_max again.
        let k: Double
        /// W_cubic's plateau.
        let origin: Double
        /// W_est: what Reno would have.
        var renoWindow: Double
        /// Since when the window has been more than the application wants.
        var idleSince: Instant?
    }

    // RFC 9438 §4.6: "β_cubic SHOULD be set to 0.7"; §5.1: "C SHOULD be set to 0.4".
    private static let beta = 0.7
    private static let c = 0.4

    var maxDatagramSize: Int {
        didSet {
            // RFC 9002 §7.2: "If the maximum datagram size changes during the connection, the initial congestion window
            // SHOULD be recalculated with the new size."
            if isUntouched { state.window = Double(Limits.initialWindow(maxDatagramSize)) }
        }
    }
    /// Whether the window is still the initial one.
    private var isUntouched = true
    /// Whether the last event ended a slow start.
    private(set) var wasInSlowStart = false
    private var state: State
    private var beforeEvent: State?
    /// Packets sent before this belong to the event that is being recovered from.
    private var recoveryStart: Instant?
    private var slowStart = SlowStart()

    /// `window` is what another controller found to be right; without it the search begins with a slow start.
    init(maxDatagramSize: Int, window: Int? = nil) {
        self.maxDatagramSize = maxDatagramSize
        // RFC 9002 §7.2: "an initial congestion window of ten times the maximum datagram size".
        state = State(window: Double(Limits.initialWindow(maxDatagramSize)))
        if let window {
            isUntouched = false
            state.window = max(Double(window), minimumWindow)
            endSlowStart()
        }
    }

    var window: Int { Int(state.window) }
    var isInSlowStart: Bool { state.window < state.slowStartThreshold }

    func pacingRate(rtt: RTTEstimator) -> Double? {
        guard rtt.firstSampleAt != nil else { return nil }
        // RFC 9002 §7.7: N = 1.25 windows per round trip; two where the window doubles in one.
        let gain = isInSlowStart ? 2 : 1.25
        return gain * state.window * 1e9 / Double(max(rtt.smoothed, 1))
    }

    /// Ends the first slow start at `window`, if nothing ends it before (RFC 9040 §3.1, of the cached ssthresh).
    mutating func limitSlowStart(to window: Int) {
        guard isUntouched else { return }
        state.slowStartThreshold = max(Double(window), state.window)
    }

    mutating func didSend(_ packet: SentPacket) {
        slowStart.didSend(packet.number)
    }

    mutating func didAcknowledge(_ packet: SentPacket, rtt: RTTEstimator, isAppLimited: Bool, at now: Instant) {
        if let recoveryStart, packet.sentAt <= recoveryStart { return }
        if isAppLimited {
            // RFC 9438 §5.8: the time in which the window was not used is no time for the cubic function.
            if state.epoch?.idleSince == nil { state.epoch?.idleSince = now }
            return
        }
        if isInSlowStart {
            isUntouched = false
            // §4.10 of RFC 9438 and RFC 9406 §4.3: a later slow start ends at the threshold, and needs no other end.
            guard state.isFirstSlowStart else { return state.window += Double(packet.size) }
            state.window += slowStart.growth(by: packet)
            if slowStart.isOver { endSlowStart() }
        } else {
            avoidCongestion(acknowledged: Double(packet.size), rtt: rtt, at: now)
        }
    }

    mutating func didReceiveAck(
        _ sample: DeliverySample?, rtt: RTTEstimator, inFlight: Int, delivered: Int, at now: Instant
    ) {
        if isInSlowStart, state.isFirstSlowStart { slowStart.didSample(rtt.latest) }
    }

    mutating func didCongest(lost: Int, sentAt: Instant, at now: Instant) {
        if let recoveryStart, sentAt <= recoveryStart { return }
        // What a router says by a mark is not taken back because a packet was late.
        beforeEvent = lost > 0 ? state : nil
        recoveryStart = now
        reduce()
    }

    mutating func didCongestPersistently(at now: Instant) {
        // RFC 9002 §7.6.2: "the sender's congestion window MUST be reduced to the minimum congestion window".
        beforeEvent = nil
        recoveryStart = nil
        isUntouched = false
        state.epoch = nil
        // RFC 9438 §4.8: "CUBIC sets K to 0 and W_max to the congestion window size at the beginning of the current
        // congestion avoidance stage" after a timeout.
        state.maxWindow = 0
        state.window = minimumWindow
    }

    mutating func undoCongestion() {
        guard let before = beforeEvent else { return }
        beforeEvent = nil
        recoveryStart = nil
        if before.window > state.window { state = before }
    }

    private var minimumWindow: Double { Double(Limits.minWindowPackets * maxDatagramSize) }

    private mutating func endSlowStart() {
        state.slowStartThreshold = state.window
        state.isFirstSlowStart = false
    }

    private mutating func reduce() {
        isUntouched = false
        wasInSlowStart = isInSlowStart
        state.priorWindow = state.window
        // RFC 9438 §4.7, fast convergence: a flow that lost ground since the last event leaves room for another.
        state.maxWindow = state.window < state.maxWindow ? state.window * (1 + Self.beta) / 2 : state.window
        state.window = max(state.window * Self.beta, minimumWindow)
        endSlowStart()
        state.epoch = nil
    }

    /// RFC 9438 §4.2–4.5, for one acknowledged packet.
    private mutating func avoidCongestion(acknowledged: Double, rtt: RTTEstimator, at now: Instant) {
        let segment = Double(maxDatagramSize)
        var epoch = state.epoch ?? makeEpoch(at: now)
        if let idleSince = epoch.idleSince {
            epoch.start += now - idleSince
            epoch.idleSince = nil
        }
        let elapsed = Double(now.nanoseconds - epoch.start.nanoseconds) / 1e9
        func cubic(_ time: Double) -> Double {
            let distance = time - epoch.k
            return epoch.origin + Self.c * distance * distance * distance * segment
        }
        // §4.3: "α_cubic = 3 * (1 - β_cubic) / (1 + β_cubic)", and 1 once W_est ≥ cwnd_prior.
        let alpha = epoch.renoWindow < state.priorWindow ? 3 * (1 - Self.beta) / (1 + Self.beta) : 1
        epoch.renoWindow += alpha * segment * acknowledged / state.window
        if cubic(elapsed) < epoch.renoWindow {
            state.window = max(state.window, epoch.renoWindow)
        } else {
            // §4.2: the target is W_cubic(t + RTT), kept between the window and one and a half times the window.
            let ahead = cubic(elapsed + Double(rtt.smoothed) / 1e9)
            let target = min(max(ahead, state.window), 1.5 * state.window)
            state.window += (target - state.window) * acknowledged / state.window
        }
        state.epoch = epoch
    }

    private func makeEpoch(at now: Instant) -> Epoch {
        let missing = max(0, state.maxWindow - state.window)
        return Epoch(
            start: now, k: Self.cubeRoot(missing / Double(maxDatagramSize) / Self.c),
            origin: max(state.maxWindow, state.window), renoWindow: state.window)
    }

    /// Newton's method: the C library is not for this room, and the result is the same on each machine.
    private static func cubeRoot(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        var root = max(1, value / 3)
        for _ in 0..<64 {
            let next = (2 * root + value / (root * root)) / 3
            if abs(next - root) <= root * 1e-12 { return next }
            root = next
        }
        return root
    }
}
