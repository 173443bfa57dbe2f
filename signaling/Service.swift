package import PinholeCrypto
package import PinholeWire

/// What the signaling service is (protocol §4): datagrams and time in, datagrams out. No clock, socket or log.
///
/// Nobody is answered with more bytes than he sent before he has proved his address, except STUN requests, within the
/// bounds that ``STUNServer`` names. A client that proved its address may claim another one with any later datagram: there
/// it gets at most ``maxAmplification`` times the bytes that it has sent, in answers and unasked.
package struct Service: Sendable {
    /// Who may register.
    package enum Access: Equatable, Sendable {
        case open
        /// Whoever shows this.
        case token([UInt8])
    }

    /// How much is answered, from everybody and from one source.
    package struct Rates: Equatable, Sendable {
        /// REGISTERs that are opened at all, an X25519 each: about what one core can do. Whoever has proved nothing may
        /// claim any source, so there is no budget for each: with one, a flood could spend a victim's.
        package var challenges = RateLimiter.Rate(perSecond: 20_000, burst: 5000)
        /// REGISTERs whose cookie proves their source.
        package var registers = RateLimiter.Rate(sustained: 5000)
        package var registersPerSource = RateLimiter.Rate(sustained: 50)
        package var stun = RateLimiter.Rate(sustained: 50_000)
        package var stunPerSource = RateLimiter.Rate(sustained: 200)

        package init() {}
    }

    /// What became of the datagrams so far.
    package struct Statistics: Equatable, Sendable {
        package var received = 0
        package var registered = 0
        package var introduced = 0
        package var stunAnswers = 0
        package var malformed = 0
        package var unauthentic = 0
        package var limited = 0
        package var refused = 0

        package init() {}
    }

    /// The addresses and ports that the service listens on.
    package var topology: Topology
    package internal(set) var statistics = Statistics()
    package internal(set) var registry: Registry
    private let secret: ServiceSecret
    private let access: Access
    private let cookies: ChallengeCookie
    private let clientHashKey: [UInt8]
    private let randomNumber: @Sendable () -> UInt64
    private let stunServer = STUNServer()
    private let challengeRate: RateLimiter.Rate
    private var challengeBucket = RateLimiter.Bucket()
    private var registerLimiter: RateLimiter
    var introductionLimiter: RateLimiter
    private var stunLimiter: RateLimiter
    /// Unix milliseconds at the origin of `now`.
    private var wallClockOrigin: Int64 = 0
    /// Memory for the requests of the datagram at hand.
    var requests = [UInt8](repeating: 0, count: Limits.signalingDatagramSize)

    /// `seed` holds 72 secret bytes, and `randomNumber` draws the numbers of registrations.
    package init(
        secret: ServiceSecret, access: Access = .open, capacity: Registry.Capacity = Registry.Capacity(),
        rates: Rates = Rates(), topology: Topology, seed: [UInt8],
        randomNumber: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        precondition(seed.count == 72, "the seed holds 72 bytes")
        self.secret = secret
        self.access = access
        self.topology = topology
        self.randomNumber = randomNumber
        registry = Registry(capacity: capacity)
        cookies = ChallengeCookie(secret: Array(seed[0..<32]))
        clientHashKey = Array(seed[32..<64])
        let limiterSeed = seed[64..<72].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        func limiter(_ perSource: RateLimiter.Rate, _ total: RateLimiter.Rate) -> RateLimiter {
            RateLimiter(perSource: perSource, total: total, seed: limiterSeed)
        }
        challengeRate = rates.challenges
        registerLimiter = limiter(rates.registersPerSource, rates.registers)
        introductionLimiter = limiter(Self.introductionsPerSource, Self.introductions)
        stunLimiter = limiter(rates.stunPerSource, rates.stun)
    }

    /// The text of the service's public key, `pinsrv1…`.
    package var keyText: String { secret.publicKey.text }

    /// Tells the service what time people have; called now and then, as that clock may be set.
    package mutating func setWallClock(unixMilliseconds: UInt64, at now: Instant) {
        wallClockOrigin = Int64(unixMilliseconds) - now.nanoseconds / 1_000_000
    }

    /// Handles one datagram; what is to be sent is appended to `outbox`.
    package mutating func receive(
        _ datagram: Span<UInt8>, from source: TransportAddress, at endpoint: LocalEndpoint, now: Instant,
        into outbox: inout Outbox
    ) {
        statistics.received += 1
        // No answer can reach port 0.
        guard source.port != 0, let kind = DatagramKind(datagram) else { return statistics.malformed += 1 }
        switch kind {
        case .client: receiveClient(datagram, from: source, at: endpoint, now: now, into: &outbox)
        case .stun: receiveSTUN(datagram, from: source, at: endpoint, now: now, into: &outbox)
        case .register: receiveRegister(datagram, from: source, at: endpoint, now: now, into: &outbox)
        case .data, .hello, .cookie, .handshake, .beacon, .challenge, .server: statistics.malformed += 1
        }
    }

    /// Forgets who has not been heard of, and tells who watches them; call again at the time returned.
    package mutating func handleTimeout(at now: Instant, into outbox: inout Outbox) -> Instant? {
        tellVanished(registry.expireTelling(at: now).watchers, into: &outbox)
        return registry.nextExpiry
    }

    /// Tells a registered client that the service is about to stop.
    mutating func drain(_ slot: Registry.Slot, into outbox: inout Outbox) {
        guard registry.registrations[Int(slot)].state == .live else { return }
        var answer = Answer()
        answer.add(.draining)
        send(answer, to: slot, into: &outbox)
    }

    private mutating func receiveSTUN(
        _ datagram: Span<UInt8>, from source: TransportAddress, at endpoint: LocalEndpoint, now: Instant,
        into outbox: inout Outbox
    ) {
        guard stunLimiter.admits(source.ip, at: now) else { return statistics.limited += 1 }
        guard let answer = stunServer.answer(datagram, from: source, at: endpoint, in: topology) else {
            return statistics.malformed += 1
        }
        statistics.stunAnswers += 1
        outbox.append(answer.datagram, to: answer.destination, from: answer.endpoint)
    }

    /// Without a valid cookie the answer is a CHALLENGE, and nothing is kept.
    private mutating func receiveRegister(
        _ datagram: Span<UInt8>, from source: TransportAddress, at endpoint: LocalEndpoint, now: Instant,
        into outbox: inout Outbox
    ) {
        guard datagram.count >= Limits.registerSize, datagram.count <= Limits.signalingDatagramSize else {
            return statistics.malformed += 1
        }
        guard challengeBucket.admits(challengeRate, at: now) else { return statistics.limited += 1 }
        guard let (keys, body) = SignalingServerKeys.open(register: datagram, secret: secret) else {
            return statistics.unauthentic += 1
        }
        let ephemeral = datagram.extracting(2..<34)
        guard let challenged = cookies.issued(body.cookie, for: ephemeral, at: source, now: now) else {
            let cookie = cookies.make(for: ephemeral, at: source, now: now)
            let challenge = ChallengeBody(cookie: cookie, time: unixMilliseconds(at: now), observed: source)
            return outbox.append(keys.challenge(challenge), to: source, from: endpoint)
        }
        guard registerLimiter.admits(source.ip, at: now) else { return statistics.limited += 1 }
        var registration = keys.accept(registration: randomNumber())
        guard admits(body.token) else {
            statistics.refused += 1
            return outbox.append(registration.seal(Notice.token.encoded), to: source, from: endpoint)
        }
        let outcome = registry.register(
            registration, client: clientHash(ephemeral, source.family), address: source, endpoint: endpoint,
            challenged: challenged, at: now)
        switch outcome {
        case .registered(let slot):
            statistics.registered += 1
            var answer = Answer()
            confirm(body.tags, of: slot, replacing: true, at: now, in: &answer, into: &outbox)
            send(answer, to: slot, into: &outbox)
            registry.allow(datagram.count * Self.maxAmplification - answer.size, unaskedTo: slot)
        case .known(let slot):
            var answer = Answer()
            answer.add(confirmation(of: slot, at: now))
            send(answer, to: slot, into: &outbox)
        case .replayed:
            statistics.unauthentic += 1
        case .full, .tooManyFromSource:
            statistics.refused += 1
            let notice = outcome == .full ? Notice.full : Notice.crowded
            outbox.append(registration.seal(notice.encoded), to: source, from: endpoint)
        }
    }

    private func admits(_ token: [UInt8]) -> Bool {
        switch access {
        case .open: true
        case .token(let expected): constantTimeEquals(token, expected)
        }
    }

    /// A client may register once on each address family under one ephemeral key.
    private func clientHash(_ ephemeral: Span<UInt8>, _ family: IPAddress.Family) -> UInt64 {
        var writer = ByteWriter(capacity: 65)
        writer.append(clientHashKey)
        writer.append(ephemeral)
        writer.u8(family.rawValue)
        return Blake2b.hash(writer.bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    func unixMilliseconds(at now: Instant) -> UInt64 {
        UInt64(max(0, wallClockOrigin + now.nanoseconds / 1_000_000))
    }

    /// CONNECT and ANSWER reach somebody else, so they are limited even for registered clients.
    private static let introductionsPerSource = RateLimiter.Rate(perSecond: 100, burst: 500)
    private static let introductions = RateLimiter.Rate(perSecond: 20_000, burst: 20_000)
}

/// What a refused client is told, as the only reply in its datagram.
enum Notice: String {
    case token =
        "this service is for holders of an access token: name the file with yours as token-file in your configuration"
    case full = "this service is full: try again later, or use another"
    case crowded = "too many registrations come from your address: try again later"
    case tags = "this service has no room for all of your contacts: some cannot find you here"

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.reply(.notice(Array(rawValue.utf8)))
        return writer.bytes
    }
}
