internal import PinholeWire

/// The controller in use: CUBIC while losses mean full queues, a model of the path once they do not.
///
/// A loss says that a queue overflowed, or that the path loses packets whatever it carries. CUBIC takes each for the
/// former; at 1 % random loss it then uses a tenth of a long path. The round-trip time tells: when a queue overflows it
/// is as long as it ever gets. So losses without a queue bring ``BBR``, and losses with one bring CUBIC back, which
/// shares fairly with others of its kind.
struct Congestion: CongestionController {
    private enum Controller {
        case cubic(Cubic)
        case bbr(BBR)
    }

    private var controller: Controller
    private var rate = LatestRate()
    private let mayUseModel: Bool
    /// How much of late speaks for the other controller.
    private var evidence = 0
    private var lastEventAt: Instant?
    /// Nanoseconds that the newest acknowledged packet waited in queues, and the most of late.
    private var queueingDelay: Int64 = 0
    private var longestQueueingDelay: Int64 = 0
    private var minimumRTT: Int64?

    private static let evidenceForModel = 2
    private static let evidenceForCubic = 6
    /// A queue that is worth the name delays by more than timers and schedulers do.
    private static let shortestQueue: Int64 = 3_000_000

    /// Without `mayUseModel` it is CUBIC for ever, as the competitor in a test.
    init(maxDatagramSize: Int, mayUseModel: Bool = true) {
        self.mayUseModel = mayUseModel
        controller = .cubic(Cubic(maxDatagramSize: maxDatagramSize))
    }

    /// Whether the model is in use.
    var usesModel: Bool {
        switch controller {
        case .cubic: false
        case .bbr: true
        }
    }

    var maxDatagramSize: Int {
        get {
            switch controller {
            case .cubic(let cubic): cubic.maxDatagramSize
            case .bbr(let bbr): bbr.maxDatagramSize
            }
        }
        set {
            change {
                $0.maxDatagramSize = newValue
            } bbr: {
                $0.maxDatagramSize = newValue
            }
        }
    }

    var window: Int {
        switch controller {
        case .cubic(let cubic): cubic.window
        case .bbr(let bbr): bbr.window
        }
    }

    func pacingRate(rtt: RTTEstimator) -> Double? {
        switch controller {
        case .cubic(let cubic): cubic.pacingRate(rtt: rtt)
        case .bbr(let bbr): bbr.pacingRate(rtt: rtt)
        }
    }

    mutating func didSend(_ packet: SentPacket) {
        change {
            $0.didSend(packet)
        } bbr: {
            $0.didSend(packet)
        }
    }

    mutating func didAcknowledge(_ packet: SentPacket, rtt: RTTEstimator, isAppLimited: Bool, at now: Instant) {
        change {
            $0.didAcknowledge(packet, rtt: rtt, isAppLimited: isAppLimited, at: now)
        } bbr: {
            $0.didAcknowledge(packet, rtt: rtt, isAppLimited: isAppLimited, at: now)
        }
    }

    mutating func didReceiveAck(
        _ sample: DeliverySample?, rtt: RTTEstimator, inFlight: Int, delivered: Int, at now: Instant
    ) {
        minimumRTT = rtt.minimum
        queueingDelay = rtt.latest - rtt.minimum
        // What was the longest fades within some hundreds of acknowledgements.
        longestQueueingDelay = max(queueingDelay, longestQueueingDelay - longestQueueingDelay / 512)
        if let sample { rate.add(sample.rate) }
        change {
            $0.didReceiveAck(sample, rtt: rtt, inFlight: inFlight, delivered: delivered, at: now)
        } bbr: {
            $0.didReceiveAck(sample, rtt: rtt, inFlight: inFlight, delivered: delivered, at: now)
        }
    }

    mutating func didCongest(lost: Int, sentAt: Instant, at now: Instant) {
        change {
            $0.didCongest(lost: lost, sentAt: sentAt, at: now)
        } bbr: {
            $0.didCongest(lost: lost, sentAt: sentAt, at: now)
        }
        // One event for each round trip.
        if let lastEventAt, sentAt <= lastEventAt { return }
        lastEventAt = now
        weigh(at: now)
    }

    mutating func didCongestPersistently(at now: Instant) {
        change {
            $0.didCongestPersistently(at: now)
        } bbr: {
            $0.didCongestPersistently(at: now)
        }
    }

    mutating func undoCongestion() {
        change {
            $0.undoCongestion()
        } bbr: {
            $0.undoCongestion()
        }
    }

    // MARK: Choosing

    private mutating func weigh(at now: Instant) {
        guard mayUseModel, let minimumRTT else { return }
        let isFull = queueingDelay >= max(longestQueueingDelay * 2 / 3, Self.shortestQueue)
        switch controller {
        case .cubic(let cubic):
            evidence = isFull ? 0 : evidence + 1
            guard evidence >= Self.evidenceForModel else { return }
            controller = .bbr(
                BBR(maxDatagramSize: cubic.maxDatagramSize, rate: rate.best, minimumRTT: minimumRTT, at: now))
        case .bbr(let bbr):
            evidence = isFull ? evidence + 1 : max(evidence - 1, 0)
            guard evidence >= Self.evidenceForCubic else { return }
            controller = .cubic(Cubic(maxDatagramSize: bbr.maxDatagramSize, window: bbr.window / 2))
        }
        evidence = 0
    }

    private mutating func change(_ cubicChange: (inout Cubic) -> Void, bbr bbrChange: (inout BBR) -> Void) {
        switch controller {
        case .cubic(var cubic):
            cubicChange(&cubic)
            controller = .cubic(cubic)
        case .bbr(var bbr):
            bbrChange(&bbr)
            controller = .bbr(bbr)
        }
    }
}

/// The best delivery rate of late, with which a model can begin.
private struct LatestRate: Sendable {
    private(set) var best: Double?

    /// An old best fades within some tens of samples.
    mutating func add(_ rate: Double) {
        best = max(rate, (best ?? 0) * 0.98)
    }
}
