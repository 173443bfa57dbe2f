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
        case down(ServiceFailure)
        case peer(RendezvousTag, observed: [TransportAddress], blob: [UInt8])
        case absent(RendezvousTag)
        case appeared(RendezvousTag)
        case notice([UInt8])
    }

    private enum State {
        case waiting(until: Instant)
        case registering(Registering)
        case registered(Registered)
    }

    private struct Registering {
        let keys: SignalingClientKeys
        /// Empty until the service's challenge came.
        var cookie: [UInt8] = []
        var days: [UInt64] = []
        /// What REGISTER says; when it is repeated, the service reads only the first.
        var tags: [TagEntry] = []
        var timesSent = 0
        var lastSent: Instant
        var resend: Instant
    }

    private struct Registered {
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

    let service: ServiceKey
    let address: TransportAddress
    /// What a service that is not open to everybody wants to see; at most 255 bytes.
    private let token: [UInt8]
    private var state: State
    private var failures = 0
    private var rtt: Duration?
    /// The pairs that this peer wants to be found by.
    private var pairs: [Pair] = []
    private(set) var outgoing: [[UInt8]] = []

    struct Pair {
        let keys: PairKeys
        var watch: Bool
    }

    init(service: ServiceKey, address: TransportAddress, token: [UInt8] = [], at now: Instant) {
        self.service = service
        self.token = Array(token.prefix(255))
        self.address = address
        state = .waiting(until: now)
    }

    var isRegistered: Bool {
        if case .registered = state { true } else { false }
    }

    /// Whether it has given up on the first answer at least once.
    var hasFailed: Bool { failures > 0 }

    var observed: TransportAddress? {
        if case .registered(let registered) = state { registered.observed } else { nil }
    }

    var roundTripTime: Duration? { rtt }

    mutating func takeOutgoing() -> [[UInt8]] {
        defer { outgoing.removeAll() }
        return outgoing
    }
}

// MARK: What the endpoint asks for

extension SignalingClient {
    /// Replaces the pairs to be registered under; tells the service when it is up.
    mutating func setPairs(_ pairs: [Pair], at now: Instant) {
        self.pairs = pairs
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

    private mutating func send(_ request: SignalingRequest, _ registered: Registered) {
        var writer = ByteWriter(capacity: Limits.signalingDatagramSize)
        writer.request(request)
        if request.isTags { writer.request(.ping(registered.tagsNumber)) }
        outgoing.append(registered.keys.seal(writer.bytes, registration: registered.registration))
    }
}

// MARK: Time

extension SignalingClient {
    var nextTimeout: Instant {
        switch state {
        case .waiting(let until): until
        case .registering(let registering): registering.resend
        case .registered(let registered): registered.deadline
        }
    }

    mutating func handleTimeout(at now: Instant, _ entropy: inout Entropy) -> Event? {
        guard nextTimeout <= now else { return nil }
        switch state {
        case .waiting:
            var registering = Registering(keys: SignalingClientKeys(service: service), lastSent: now, resend: now)
            register(&registering, at: now, &entropy)
            state = .registering(registering)
            return nil
        case .registering(var registering):
            guard registering.timesSent < Self.maxAttempts else { return fail(.noAnswer, at: now, &entropy) }
            register(&registering, at: now, &entropy)
            state = .registering(registering)
            return nil
        case .registered(var registered):
            guard registered.timesSent < Self.maxAttempts else { return fail(.lost, at: now, &entropy) }
            if registered.unanswered.isEmpty {
                if Self.days(around: registered.serviceTime(at: now)) != registered.registeredDays {
                    queueTags(&registered, at: now)
                } else {
                    registered.unanswered = [.refresh]
                }
            }
            send(registered.unanswered[0], registered)
            registered.deadline = now + entropy.jittered(Self.firstRetry * (1 << registered.timesSent))
            registered.timesSent += 1
            state = .registered(registered)
            return nil
        }
    }

    private static let maxAttempts = 4
    private static let firstRetry: Duration = .milliseconds(350)

    private mutating func register(_ registering: inout Registering, at now: Instant, _ entropy: inout Entropy) {
        let zero = [UInt8](repeating: 0, count: SignalingLayout.cookieSize)
        let body =
            registering.cookie.isEmpty
            ? RegisterBody(cookie: zero, token: [], tags: [])
            : RegisterBody(cookie: registering.cookie, token: token, tags: registering.tags)
        outgoing.append(registering.keys.register(body))
        registering.lastSent = now
        registering.resend = now + entropy.jittered(Self.firstRetry * (1 << registering.timesSent))
        registering.timesSent += 1
    }

    /// The tags that a REGISTER has room for beside the token.
    private var tagsPerRegister: Int {
        let room =
            Limits.signalingDatagramSize - SignalingLayout.registerHeader - 16 - SignalingLayout.cookieSize - 2
            - token.count
        return min(Limits.maxTagsPerMessage, room / (Limits.tagSize + 1))
    }

    private mutating func fail(_ failure: ServiceFailure, at now: Instant, _ entropy: inout Entropy) -> Event {
        failures += 1
        let backOff = Duration.seconds(min(60, 1 << min(failures, 6)))
        state = .waiting(until: failure == .lost ? now : now + entropy.jittered(backOff))
        return .down(failure)
    }

    private func tagEntries(for days: [UInt64]) -> [TagEntry] {
        days.flatMap { day in
            pairs.map { TagEntry(tag: $0.keys.tag(day: day), side: $0.keys.role, watch: $0.watch) }
        }
    }

    /// Sends all tags, in as many requests as it takes.
    private func queueTags(_ registered: inout Registered, at now: Instant) {
        let days = Self.days(around: registered.serviceTime(at: now))
        let entries = tagEntries(for: days)
        var requests: [SignalingRequest] = []
        var start = 0
        repeat {
            let end = min(start + Limits.maxTagsPerMessage, entries.count)
            requests.append(.tags(Array(entries[start..<end]), first: start == 0))
            start = end
        } while start < entries.count
        registered.unanswered = requests
        registered.tagsNumber += 1
        registered.timesSent = 0
        registered.deadline = now
        registered.registeredDays = days
    }
}

// MARK: What the service says

extension SignalingClient {
    mutating func receive(_ datagram: Span<UInt8>, kind: DatagramKind, at now: Instant, _ entropy: inout Entropy)
        -> [Event]
    {
        switch (kind, state) {
        case (.challenge, .registering(var registering)):
            guard registering.cookie.isEmpty, let challenge = registering.keys.openChallenge(datagram) else {
                return []
            }
            rtt = now - registering.lastSent
            registering.cookie = challenge.cookie
            registering.days = Self.days(around: challenge.time)
            registering.tags = Array(tagEntries(for: registering.days).prefix(tagsPerRegister))
            registering.timesSent = 0
            register(&registering, at: now, &entropy)
            state = .registering(registering)
            return []
        case (.server, .registering(let registering)):
            guard let replies = registering.keys.open(datagram) else { return [] }
            return receive(replies, at: now, &entropy)
        case (.server, .registered(let registered)):
            guard let replies = registered.keys.open(datagram) else { return [] }
            return receive(replies, at: now, &entropy)
        default:
            return []
        }
    }

    private mutating func receive(_ replies: [UInt8], at now: Instant, _ entropy: inout Entropy) -> [Event] {
        var reader = ByteReader(replies.span)
        var events: [Event] = []
        while let reply = (try? SignalingReply(&reader)) ?? nil {
            switch reply {
            case .registered(let reply):
                if let event = confirmed(reply, at: now, &entropy) { events.append(event) }
            case .peer(let tag, let observed, let blob):
                events.append(.peer(tag, observed: observed, blob: blob))
            case .absent(let tag):
                events.append(.absent(tag))
            case .appeared(let tag):
                events.append(.appeared(tag))
            case .notice(let text):
                // Instead of a confirmation it is a refusal.
                guard isRegistered else { return events + [fail(.refused(text), at: now, &entropy)] }
                events.append(.notice(text))
            case .draining:
                state = .waiting(until: now + entropy.duration(.seconds(1), .seconds(5)))
                events.append(.down(.draining))
                return events
            case .pong(let number):
                tagsConfirmed(number, at: now, &entropy)
            }
        }
        return events
    }

    private mutating func confirmed(
        _ reply: SignalingReply.Registered, at now: Instant, _ entropy: inout Entropy
    ) -> Event? {
        switch state {
        case .waiting:
            return nil
        case .registering(let registering):
            return begin(reply, registering, at: now)
        case .registered(var registered):
            let moved = reply.observed != registered.observed
            registered.observed = reply.observed
            registered.time = reply.time
            registered.asOf = now
            if !(registered.unanswered.first?.isTags ?? false) { next(&registered, at: now, &entropy) }
            state = .registered(registered)
            return moved ? .observedChanged(reply) : nil
        }
    }

    private mutating func begin(
        _ reply: SignalingReply.Registered, _ registering: Registering, at now: Instant
    ) -> Event {
        failures = 0
        var registered = Registered(
            keys: registering.keys, registration: reply.registration, observed: reply.observed, time: reply.time,
            asOf: now, deadline: now + Limits.firstKeepAlive, registeredDays: registering.days)
        // There may be more than one message holds, and contacts that came since.
        if tagEntries(for: registering.days) != registering.tags { queueTags(&registered, at: now) }
        state = .registered(registered)
        return .up(reply, rtt: rtt ?? .zero)
    }

    private mutating func tagsConfirmed(_ number: UInt64, at now: Instant, _ entropy: inout Entropy) {
        guard case .registered(var registered) = state, registered.unanswered.first?.isTags ?? false,
            number == registered.tagsNumber
        else { return }
        next(&registered, at: now, &entropy)
        state = .registered(registered)
    }

    /// The request on its way was answered.
    private func next(_ registered: inout Registered, at now: Instant, _ entropy: inout Entropy) {
        registered.timesSent = 0
        registered.tagsNumber += 1
        if !registered.unanswered.isEmpty { registered.unanswered.removeFirst() }
        registered.deadline =
            registered.unanswered.isEmpty
            ? now + entropy.duration(Limits.keepAlive, Limits.keepAlive + Limits.keepAliveJitter) : now
    }
}

extension SignalingRequest {
    fileprivate var isTags: Bool {
        if case .tags = self { true } else { false }
    }
}
