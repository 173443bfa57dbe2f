internal import PinholeWire

/// Whether the packets of a path are marked as ECN-capable: RFC 9000 §13.4.2 and A.4.
///
/// ```
///           10 sent, or a probe timeout            counts that fit
/// testing ─────────────────────────────▶ waiting ──────────────────▶ capable
///    ▲  └────────────────────────────────────────────────────────────▲   │
///    │                      ten lost and none acknowledged               │
///    └───────────────────────────────────────────────────────────────────┘
/// any of them ── counts that do not fit, or all ten lost ──▶ failed
/// ```
/// Only packets whose fate is tracked are marked, so that what the peer counts can be compared with what was sent.
struct PathECN: Sendable {
    private enum Phase {
        case testing(Trial)
        /// Nothing is marked until something marked was acknowledged.
        case waiting(Trial)
        case capable(lost: Int)
        /// The path bleaches, mangles or drops, or the peer does not count.
        case failed
    }

    fileprivate struct Trial {
        var sent = 0
        var lost = 0
        var acknowledged = 0
        /// What the peer had counted before.
        var before: ECNCounts
    }

    private var phase: Phase
    /// Packets of the session that were sent with ECT(0), whatever path they went.
    private var marked: UInt64 = 0
    /// What the peer last counted.
    private var counts = ECNCounts()

    /// RFC 9000 §13.4.2: "the endpoint could set an ECT codepoint for only the first ten outgoing packets on a path".
    fileprivate static let trialLength = 10

    init() {
        phase = .testing(Trial(before: ECNCounts()))
    }

    /// Whether the next packet should carry ECT(0).
    var isMarking: Bool {
        switch phase {
        case .testing, .capable: true
        case .waiting, .failed: false
        }
    }

    /// Whether marks were shown to arrive as they were sent.
    var isCapable: Bool {
        switch phase {
        case .capable: true
        case .testing, .waiting, .failed: false
        }
    }

    /// Another path: it is tested anew.
    mutating func resetPath() {
        phase = .testing(Trial(before: counts))
    }

    mutating func didSendMarked() {
        marked += 1
        guard case .testing(var trial) = phase else { return }
        trial.sent += 1
        phase = trial.sent < Self.trialLength ? .testing(trial) : .waiting(trial)
    }

    /// A marked packet of this path was lost.
    mutating func didLoseMarked() {
        switch phase {
        case .testing(var trial):
            trial.lost += 1
            phase = .testing(trial)
        case .waiting(var trial):
            trial.lost += 1
            // §13.4.2: "If all packets marked with non-zero ECN codepoints are subsequently lost, it can disable marking on
            // the assumption that the marking caused the loss."
            phase = trial.lost < trial.sent ? .waiting(trial) : .failed
        case .capable(let lost):
            // The path may be another one, though its ends are not.
            phase = .capable(lost: lost + 1)
            if lost + 1 >= Self.trialLength { resetPath() }
        case .failed:
            break
        }
    }

    /// The reason that nothing is answered may be the marks.
    mutating func didTimeOut() {
        switch phase {
        case .testing(let trial): if trial.sent > 0 { phase = .waiting(trial) }
        case .waiting, .capable, .failed: break
        }
    }

    /// An ACK with a larger number than those before it acknowledged `acknowledged` packets of this path that were marked.
    /// Returns whether it reports a queue that was not reported before.
    mutating func didReceive(_ reported: ECNCounts?, acknowledged: Int) -> Bool {
        guard isPlausible(reported, acknowledged: acknowledged) else {
            phase = .failed
            return false
        }
        let before = counts
        if let reported { counts = reported }
        switch phase {
        case .testing(var trial):
            phase = trial.add(acknowledged, counts).map { $0 ? .capable(lost: 0) : .failed } ?? .testing(trial)
        case .waiting(var trial):
            phase = trial.add(acknowledged, counts).map { $0 ? .capable(lost: 0) : .failed } ?? .waiting(trial)
        case .capable:
            if acknowledged > 0 { phase = .capable(lost: 0) }
        case .failed:
            return false
        }
        return counts.ce > before.ce
    }

    /// RFC 9000 §13.4.2.1, with the peer's counts bounded by what was sent, so that it cannot make up any.
    private func isPlausible(_ reported: ECNCounts?, acknowledged: Int) -> Bool {
        guard let reported else { return acknowledged == 0 }
        let (sum, isTooMuch) = reported.ect0.addingReportingOverflow(reported.ce)
        guard !isTooMuch, sum <= marked, reported.ect1 == 0 else { return false }
        guard reported.ect0 >= counts.ect0, reported.ce >= counts.ce else { return false }
        return sum - counts.ect0 - counts.ce >= UInt64(acknowledged)
    }
}

extension PathECN.Trial {
    /// What the trial came to, if it is over: a path that turns every mark into CE tells nothing of queues.
    fileprivate mutating func add(_ count: Int, _ counts: ECNCounts) -> Bool? {
        acknowledged += count
        if count > 0, counts.ect0 > before.ect0 { return true }
        return acknowledged >= PathECN.trialLength ? false : nil
    }
}
