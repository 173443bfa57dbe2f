internal import PinholeCrypto
internal import PinholeWire

// HELLOs and COOKIEs: which of the peer's are believed, and how ours are sent.

extension Connection {
    enum Acceptance {
        case new
        case known
        /// Older than what was authenticated before: a replay, or a peer whose clock was set back.
        case stale
        case refused
    }

    /// A HELLO that decrypted, from a blob or a datagram: it leads to a pairing unless it may be a replay.
    func receive(_ hello: PeerHello, hasCookie: Bool, at now: Instant) -> Acceptance {
        if pairings.contains(where: { $0.peer == hello }) { return .known }
        let isEcho = isEcho(hello)
        let isBehind = hello.plaintext.timestamp <= authenticatedTimestamp
        guard !isBehind || isEcho || hasCookie else { return cameTwice(hello) ? .refused : .stale }
        guard isCompatible(hello) else { return .refused }
        let asksForEcho = !isEcho && hello.plaintext.flags & HelloFlags.needsEcho != 0
        let beginsCall = ownHello.map { now - $0.began >= Limits.attemptLifetime } ?? true || asksForEcho
        guard !beginsCall || !closedCalls.contains(hello.plaintext.introID) else { return .refused }
        // A new attempt probes all addresses from the start. Who has reason to ask for another so soon repeats himself.
        if asksForEcho, let lastEcho, now - lastEcho < Limits.echoInterval {
            environment.drops.count(.rateLimited)
            return .refused
        }
        // Somebody may have held HELLOs of the peer back. Of those that nothing else speaks for, the newest is his own.
        if !beginsCall, !isEcho, !hasCookie, let dispensable,
            hello.plaintext.timestamp < pairings[dispensable].peer.plaintext.timestamp
        {
            environment.drops.count(.rateLimited)
            return .refused
        }
        guard isEcho || session == nil || mayAnswerBesideSession(at: now) else {
            environment.drops.count(.rateLimited)
            return .refused
        }
        if beginsCall { makeHello(answering: hello, at: now) }
        if asksForEcho { lastEcho = now }
        guard let ownHello, let keys = HandshakeKeys(pair: pair, attempt: ownHello.handshake, peer: hello) else {
            return .refused
        }
        if let dispensable { pairings.remove(at: dispensable) }
        pairings.append(Pairing(own: ownHello, isBehind: isBehind, isProven: isEcho || !isBehind, keys: keys))
        replayEarly(at: now)
        return .new
    }

    /// The pairing that gives way to another one; nil while there is room.
    private var dispensable: Int? {
        guard pairings.count >= Limits.maxPeerHellos else { return nil }
        return pairings.indices.min { pairings[$0].rank < pairings[$1].rank }
    }

    /// Whether a HELLO is the very one that was authenticated last, once more. To a process that began since it is not:
    /// its sender may be waiting for an answer that the one before it could not give any more.
    func cameTwice(_ hello: PeerHello) -> Bool {
        hello.plaintext.timestamp == authenticatedTimestamp
            && (session != nil || authenticatedTimestamp != restoredTimestamp)
    }

    /// Whether a HELLO is the peer's, and nobody else's who sends an old one again: it is new, it answers ours, or the
    /// peer was heard under the keys that follow from it.
    func isBelieved(_ hello: PeerHello) -> Bool {
        pairings.contains { $0.peer == hello && $0.isBelieved }
    }

    /// Whether there may be a handshake that the peer of a standing session asks for. He may have started again, or this
    /// machine is behind with what it hears. One contact gets two in a second at most, beside those that are begun here.
    func mayAnswerBesideSession(at now: Instant) -> Bool {
        environment.recoveries.take(after: &lastAnswer, at: now)
    }

    /// Takes one of the handshakes that may be begun here for sessions that stand; two in a second at most for one contact.
    func mayRecover(at now: Instant) -> Bool {
        environment.recoveries.take(after: &lastRecovery, at: now)
    }

    /// A peer with no version in common is not answered; should our own attempt lead nowhere, this is why.
    private func isCompatible(_ hello: PeerHello) -> Bool {
        let own = Limits.version...Limits.version
        let isCompatible = HelloPlaintext.commonVersion(own, hello.plaintext.versions) != nil
        if !isCompatible {
            attempt?.incompatibility = .noCommonVersion(own: own, peer: hello.plaintext.versions)
        }
        return isCompatible
    }

    /// Whether the HELLO answers our attempt, which no replay can.
    func isEcho(_ hello: PeerHello) -> Bool {
        guard let ownHello, !ownHello.isAnswer else { return false }
        return ownHello.handshake.plaintext.introID == hello.plaintext.introID
    }

    /// Each side may find the other's clock wrong, and then both ask for an echo. Hi answers Lo's question; a question
    /// to which no other is open is answered by either. Once it was, not for 10 s: it may be a replay.
    func yields(to hello: PeerHello, at now: Instant) -> Bool {
        guard hello.plaintext.flags & HelloFlags.needsEcho != 0, !isAskingForEcho || pair.role == .hi,
            lastYield.map({ now - $0 >= .seconds(10) }) ?? true
        else { return false }
        return true
    }

    private var isAskingForEcho: Bool {
        ownHello.map { $0.handshake.plaintext.flags & HelloFlags.needsEcho != 0 } ?? false
    }

    /// The peer's blob is authentic and looks old: its clock may be wrong. An attempt of our own that asks for an
    /// echo of our introduction tells a wrong clock from a replay; none while another HELLO of the peer is being tried.
    func askForEcho(because hello: PeerHello, at now: Instant) {
        guard !isAskingForEcho, pairings.allSatisfy(\.isAuthenticated), !introducers.isEmpty,
            echoesToStale.take(hello, at: now)
        else { return }
        beginIntroduction(of: makeHello(answering: nil, needsEcho: true, at: now), at: now)
    }

    /// A HELLO datagram: the answer goes where it came from, and nothing more does. Anybody can send a captured HELLO
    /// from any address, so only an HS packet from there makes it a candidate.
    func receive(_ hello: PeerHello, hasCookie: Bool, from source: Route, at now: Instant) {
        switch receive(hello, hasCookie: hasCookie, at: now) {
        case .stale, .refused: return
        case .new, .known: break
        }
        guard let index = pairings.firstIndex(where: { $0.peer == hello }) else { return }
        // Who sent an HS packet has our HELLO, and what is sent in vain is not left for data (RFC 9000 §8.1).
        if !pairings[index].hasHeard { sendHello(pairings[index].own, to: source) }
        sendHandshake(index, to: source, responses: [], at: now)
    }

    /// Whether we are calling the peer at this address.
    func awaits(_ source: TransportAddress) -> Bool {
        listeningAddresses.contains(source) || checklist.kind(of: source) != nil
    }

    /// A COOKIE: the peer is under load, or finds our clock wrong; the next HELLO to where the one went that it answers
    /// proves our address.
    func receiveCookie(_ datagram: Span<UInt8>) {
        guard let ownHello, let calls = attempt?.calls else { return }
        for (address, former) in calls {
            guard let cookie = former.open(datagram, of: peer) else { continue }
            let isDue = attempt?.calls[address]?.take(cookie) ?? false
            if isDue { call(with: ownHello, over: Route(address)) }
            return
        }
    }

    func sendDirectHello(at now: Instant) {
        guard let ownHello, var direct = attempt?.directHello else { return }
        let interval = min(
            Limits.handshakeFirstRetransmit * (1 << min(direct.timesSent, 5)), Limits.handshakeMaxRetransmit)
        direct.timesSent += 1
        direct.resend = now + environment.entropy.jittered(interval)
        attempt?.directHello = direct
        for address in listeningAddresses where environment.localPorts[address.family] != nil {
            attempt?.calls[address]?.willRepeat()
            call(with: ownHello, over: Route(address))
        }
    }

    /// One HELLO, with the MACs that a listener wants at an address where it is known to listen.
    func sendHello(_ own: OwnHello, to route: Route) {
        guard listeningAddresses.contains(route.remote) else {
            return transmit(own.handshake.hello(.introduced), to: route)
        }
        call(with: own, over: route)
    }

    /// One HELLO that passes a listener's gate, and that a COOKIE may answer.
    func call(with own: OwnHello, over route: Route) {
        let hello = own.handshake.hello(.direct(cookie: attempt?.calls[route.remote]?.cookie))
        attempt?.calls[route.remote, default: Attempt.DirectCall()].didSend(hello)
        transmit(hello, to: route)
    }
}

/// Bits of a HELLO's `flags`.
enum HelloFlags {
    /// The sender cannot judge the receiver's timestamps: the answer must echo its introduction id.
    static let needsEcho: UInt16 = 1
}

/// HELLOs that looked old and were answered all the same, as the sender's clock may be wrong. Somebody may have
/// recorded some of them: one attempt's is answered once in a while, and so holds up no other for longer than a second.
struct StaleAnswers {
    private var given: [(attempt: IntroID, at: Instant)] = []

    private static let pause: Duration = .seconds(10)
    private static let pauseOfOthers: Duration = .seconds(1)

    /// Whether one may be answered now; then it counts as answered.
    mutating func take(_ hello: PeerHello, at now: Instant) -> Bool {
        given.removeAll { now - $0.at >= Self.pause }
        let attempt = hello.plaintext.introID
        guard !given.contains(where: { $0.attempt == attempt || now - $0.at < Self.pauseOfOthers }) else {
            return false
        }
        given.append((attempt, now))
        return true
    }
}
