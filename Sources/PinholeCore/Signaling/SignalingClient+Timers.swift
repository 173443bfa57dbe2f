internal import PinholeCrypto
internal import PinholeWire

// Time: registering, refreshing, and giving up on a service that does not answer.

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
            var registering = Registering(keys: SignalingClientKeys(service: service.key), firstSent: now, resend: now)
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

    mutating func register(_ registering: inout Registering, at now: Instant, _ entropy: inout Entropy) {
        let zero = [UInt8](repeating: 0, count: SignalingLayout.cookieSize)
        let body =
            registering.cookie.isEmpty
            ? RegisterBody(cookie: zero, token: [], tags: [])
            : RegisterBody(cookie: registering.cookie, token: service.token, tags: registering.tags)
        outgoing.append(registering.keys.register(body))
        if registering.timesSent == 0 { registering.firstSent = now }
        registering.resend = now + entropy.jittered(Self.firstRetry * (1 << registering.timesSent))
        registering.timesSent += 1
    }

    /// The tags that a REGISTER has room for beside the token.
    var tagsPerRegister: Int {
        let room =
            Limits.signalingDatagramSize - SignalingLayout.registerHeader - 16 - SignalingLayout.cookieSize - 2
            - service.token.count
        return min(Limits.maxTagsPerMessage, room / (Limits.tagSize + 1))
    }

    mutating func fail(_ failure: ServiceFailure, at now: Instant, _ entropy: inout Entropy) -> Event {
        failures += 1
        let backOff = Duration.seconds(min(60, 1 << min(failures, 6)))
        state = .waiting(until: failure == .lost ? now : now + entropy.jittered(backOff))
        return .down(failure)
    }

    func tagEntries(for days: [UInt64]) -> [TagEntry] {
        days.flatMap { day in
            (twins.map { [TagEntry(tag: $0.tag(day: day), side: .lo, watch: false)] } ?? [])
                + pairs.map { TagEntry(tag: $0.keys.tag(day: day), side: $0.keys.role, watch: $0.watch) }
        }
    }

    /// Sends all tags, in as many requests as it takes.
    func queueTags(_ registered: inout Registered, at now: Instant) {
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
