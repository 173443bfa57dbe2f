internal import PinholeCrypto
internal import PinholeWire

// What the service says.

extension SignalingClient {
    mutating func receive(_ datagram: Span<UInt8>, kind: DatagramKind, at now: Instant, _ entropy: inout Entropy)
        -> [Event]
    {
        switch (kind, state) {
        case (.challenge, .registering(var registering)):
            guard registering.cookie.isEmpty, let challenge = registering.keys.openChallenge(datagram) else {
                return []
            }
            // Which of several REGISTERs was answered is not known: no less than from the first.
            rtt = now - registering.firstSent
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
            case .vanished(let tag):
                events.append(.vanished(tag))
            case .notice(let text):
                // Instead of a confirmation it is a refusal.
                guard isRegistered else { return events + [fail(.refused(text), at: now, &entropy)] }
                // One datagram has room for hundreds, and each would be told to a person.
                if lastNotice.map({ now - $0 >= Limits.noticeInterval }) ?? true {
                    lastNotice = now
                    events.append(.notice(text))
                }
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
            if mayTake(reply.time, for: registered.serviceTime(at: now), at: now) {
                registered.time = reply.time
                registered.asOf = now
            }
            if !(registered.unanswered.first?.isTags ?? false) { next(&registered, at: now, &entropy) }
            state = .registered(registered)
            return moved ? .observedChanged(reply) : .confirmed(reply)
        }
    }

    /// Whether a service's clock may go from one time to another. On another day all tags are computed anew: a clock
    /// that was set may do that, but not each moment. Midnight needs no leave: it is expected.
    private mutating func mayTake(_ time: UInt64, for expected: UInt64, at now: Instant) -> Bool {
        guard time / 1000 / Limits.dayLength != expected / 1000 / Limits.dayLength else { return true }
        if let lastJump, now - lastJump < Limits.dayJumpInterval { return false }
        lastJump = now
        return true
    }

    private mutating func begin(
        _ reply: SignalingReply.Registered, _ registering: Registering, at now: Instant
    ) -> Event {
        failures = 0
        rtt = min(rtt ?? .seconds(3600), now - registering.firstSent)
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
