internal import PinholeCrypto
internal import PinholeWire

/// One registration with one service over one address family: register, keep alive, introduce.
///
/// ```
///            REGISTER               CHALLENGE → REGISTER+cookie      REGISTERED
/// waiting ────────────▶ registering ────────────────────▶ registering ──────────▶ registered
///    ▲                       │ no answer: back off                                   │ refreshes unanswered
///    └───────────────────────┴───────────────────────────────────────────────────────┘
/// ```
struct SignalingClient {
    enum Event {
        case up(SignalingReply.Registered, rtt: Duration)
        case observedChanged(SignalingReply.Registered)
        /// It still sees this peer at the same address.
        case confirmed(SignalingReply.Registered)
        case down(ServiceFailure)
        case peer(RendezvousTag, observed: [TransportAddress], blob: [UInt8])
        case absent(RendezvousTag)
        case appeared(RendezvousTag)
        case vanished(RendezvousTag)
        case notice([UInt8])
    }

    enum State {
        case waiting(until: Instant)
        case registering(Registering)
        case registered(Registered)
    }

    struct Registering {
        let keys: SignalingClientKeys
        /// Empty until the service's challenge came.
        var cookie: [UInt8] = []
        var days: [UInt64] = []
        /// What REGISTER says; when it is repeated, the service reads only the first.
        var tags: [TagEntry] = []
        var timesSent = 0
        /// When the REGISTER was first sent, before or with the cookie.
        var firstSent: Instant
        var resend: Instant
    }

    struct Registered {
        let keys: SignalingClientKeys
        let registration: UInt64
        var observed: TransportAddress
        /// The service's unix milliseconds at `asOf`.
        var time: UInt64
        var asOf: Instant
        /// Requests that were not answered; the first one is on its way.
        var unanswered: [SignalingRequest] = []
        /// TAGS brings a PING with this, whose PONG is not the answer to any earlier request.
        var tagsNumber: UInt64 = 0
        var timesSent = 0
        /// When the first of `unanswered` is repeated, or the next refresh is due.
        var deadline: Instant
        var registeredDays: [UInt64]

        /// Unix milliseconds by the service's clock.
        func serviceTime(at now: Instant) -> UInt64 {
            time &+ UInt64(max(0, (now - asOf).nanoseconds / 1_000_000))
        }
    }

    /// What connections call it.
    let id: Int
    var service: RendezvousService
    let address: TransportAddress
    /// By what other nodes with this identity are found there; nil where they are not looked for.
    let twins: TwinKeys?
    var state: State
    var failures = 0
    var rtt: Duration?
    /// When a notice of it was last told, and when its clock last went to another day than the next.
    var lastNotice: Instant?
    var lastJump: Instant?
    /// Its further ports, and its second address, as it told last.
    private(set) var alternatePorts: [UInt16] = []
    private(set) var secondAddress: TransportAddress?
    /// The pairs that this peer wants to be found by.
    var pairs: [Pair] = []
    var outgoing: [[UInt8]] = []

    struct Pair {
        let keys: PairKeys
        var watch: Bool
    }

    init(
        _ id: Int, _ service: RendezvousService, at address: TransportAddress, twins: TwinKeys? = nil, now: Instant
    ) {
        self.id = id
        self.service = service
        self.address = address
        self.twins = twins
        state = .waiting(until: now)
    }

    var isRegistered: Bool {
        if case .registered = state { true } else { false }
    }

    /// Whether it has given up on the first answer at least once.
    var hasFailed: Bool { failures > 0 }

    /// Whether the service has confirmed all tags.
    var hasToldTags: Bool {
        if case .registered(let registered) = state {
            !(registered.unanswered.contains(where: \.isTags))
        } else {
            false
        }
    }

    var observed: TransportAddress? {
        if case .registered(let registered) = state { registered.observed } else { nil }
    }

    var roundTripTime: Duration? { rtt }

    var registration: Environment.Registration {
        let progress: Environment.Registration.State =
            switch state {
            case .registered(let registered): .up(observed: registered.observed, rtt: rtt)
            case .waiting, .registering: hasFailed ? .failed : .pending
            }
        return Environment.Registration(client: id, service: service, address: address, state: progress)
    }

    mutating func noteAddresses(in reply: SignalingReply.Registered) {
        alternatePorts = reply.alternatePorts
        secondAddress = reply.secondAddress
    }

    mutating func takeOutgoing() -> [[UInt8]] {
        defer { outgoing.removeAll() }
        return outgoing
    }
}

// MARK: What the endpoint asks for

extension SignalingClient {
    /// Replaces the pairs to be registered under; tells the service when it is up.
    mutating func setPairs(_ pairs: [Pair], at now: Instant) {
        let isChanged = !self.pairs.elementsEqual(pairs) { $0.keys.peerKey == $1.keys.peerKey && $0.watch == $1.watch }
        self.pairs = pairs
        guard isChanged else { return }
        guard case .registered(var registered) = state else { return }
        queueTags(&registered, at: now)
        state = .registered(registered)
    }

    /// The days whose tags a peer registers: today's, and within an hour of midnight the neighbour's.
    static func days(around time: UInt64) -> [UInt64] {
        let seconds = time / 1000
        let day = seconds / Limits.dayLength
        let intoDay = seconds % Limits.dayLength
        if intoDay < 3600, day > 0 { return [day, day - 1] }
        if intoDay >= Limits.dayLength - 3600 { return [day, day + 1] }
        return [day]
    }

    /// Today by the service's clock, once it told.
    func day(at now: Instant) -> UInt64? {
        guard case .registered(let registered) = state else { return nil }
        return Self.days(around: registered.serviceTime(at: now))[0]
    }

    mutating func connect(_ pair: PairKeys, blob: [UInt8], at now: Instant) {
        guard case .registered(let registered) = state, let day = day(at: now) else { return }
        send(.connect(tag: pair.tag(day: day), side: pair.role, blob: blob), registered)
    }

    mutating func answer(_ tag: RendezvousTag, _ pair: PairKeys, blob: [UInt8]) {
        guard case .registered(let registered) = state else { return }
        send(.answer(tag: tag, side: pair.role, blob: blob), registered)
    }

    /// Asks whoever sits opposite `side` at the tag of this identity.
    mutating func askTwin(_ side: Role, blob: [UInt8], at now: Instant) {
        guard case .registered(let registered) = state, let day = day(at: now), let tag = twins?.tag(day: day) else {
            return
        }
        // CONNECT takes the seat; ANSWER comes from the one that every node has.
        switch side {
        case .hi: send(.connect(tag: tag, side: side, blob: blob), registered)
        case .lo: send(.answer(tag: tag, side: side, blob: blob), registered)
        }
    }

    mutating func answerTwin(_ tag: RendezvousTag, _ side: Role, blob: [UInt8]) {
        guard case .registered(let registered) = state else { return }
        send(.answer(tag: tag, side: side, blob: blob), registered)
    }

    /// Says goodbye, so that the service forgets at once.
    mutating func unregister(at now: Instant) {
        guard case .registered(let registered) = state else { return }
        send(.unregister, registered)
        state = .waiting(until: now + .seconds(3600))
    }

    /// The network changed: what was registered may be wrong, and the back-off means nothing any more.
    mutating func restart(at now: Instant) {
        failures = 0
        switch state {
        case .waiting, .registering:
            state = .waiting(until: now)
        case .registered(var registered):
            if registered.unanswered.isEmpty { registered.unanswered = [.refresh] }
            registered.timesSent = 0
            registered.deadline = now
            state = .registered(registered)
        }
    }

    mutating func send(_ request: SignalingRequest, _ registered: Registered) {
        var writer = ByteWriter(capacity: Limits.signalingDatagramSize)
        writer.request(request)
        if request.isTags { writer.request(.ping(registered.tagsNumber)) }
        outgoing.append(registered.keys.seal(writer.bytes, registration: registered.registration))
    }
}

extension SignalingRequest {
    var isTags: Bool {
        if case .tags = self { true } else { false }
    }
}
