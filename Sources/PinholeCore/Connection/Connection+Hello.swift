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
        guard !isBehind || isEcho || hasCookie else {
            return hello.plaintext.timestamp < authenticatedTimestamp ? .stale : .refused
        }
        guard isCompatible(hello) else { return .refused }
        let asksForEcho = !isEcho && hello.plaintext.flags & HelloFlags.needsEcho != 0
        let beginsCall = ownHello.map { now - $0.began >= Limits.attemptLifetime } ?? true || asksForEcho
        guard !beginsCall || !closedCalls.contains(hello.plaintext.introID) else { return .refused }
        // A new attempt probes all addresses from the start. Who has reason to ask for another so soon repeats himself.
        if asksForEcho, let lastEcho, now - lastEcho < Limits.echoInterval {
            environment.drops.count(.rateLimited)
            return .refused
        }
        guard isEcho || !isFresh(at: now) || mayRecover(at: now) else {
            environment.drops.count(.rateLimited)
            return .refused
        }
        if beginsCall { makeHello(answering: hello, at: now) }
        if asksForEcho { lastEcho = now }
        guard let ownHello, let keys = HandshakeKeys(pair: pair, attempt: ownHello.handshake, peer: hello) else {
            return .refused
        }
        if pairings.count == Limits.maxPeerHellos {
            pairings.remove(at: pairings.firstIndex { !$0.isAuthenticated } ?? 0)
        }
        pairings.append(Pairing(own: ownHello, isBehind: isBehind, keys: keys))
        replayEarly(at: now)
        return .new
    }

    /// Whether there is a session, and the peer was heard in it a moment ago.
    private func isFresh(at now: Instant) -> Bool {
        session.map { $0.isConfirmed && now - $0.lastReceived < Limits.freshness } ?? false
    }

    /// Takes one of the handshakes that there may be beside sessions which stand. One contact has at most two in a second:
    /// who sends more takes none from others.
    func mayRecover(at now: Instant) -> Bool {
        if let lastRecovery, now - lastRecovery < Limits.recoveryInterval { return false }
        guard environment.recoveries.take(at: now) else { return false }
        lastRecovery = now
        return true
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
    /// echo of our introduction tells a wrong clock from a replay; at most one in 10 s, and none while another HELLO
    /// of the peer is being tried.
    func askForEcho(at now: Instant) {
        guard !isAskingForEcho, pairings.allSatisfy(\.isAuthenticated), !introducers.isEmpty,
            lastAnswerToStale.map({ now - $0 >= .seconds(10) }) ?? true
        else { return }
        lastAnswerToStale = now
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

    /// A COOKIE: the peer is under load, or finds our clock wrong; the next HELLO proves our address.
    func receiveCookie(_ datagram: Span<UInt8>, at now: Instant) {
        guard var direct = attempt?.directHello else { return }
        for mac1 in direct.lastMAC1 {
            guard let cookie = CookieGate.open(datagram, peer: peer, sentMAC1: mac1) else { continue }
            guard cookie != direct.cookie else { return }
            direct.cookie = cookie
            attempt?.directHello = direct
            sendDirectHello(at: now)
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
            sendHello(ownHello, to: Route(address))
        }
    }

    /// One HELLO, with the MACs that a listener wants at an address where it is known to listen.
    func sendHello(_ own: OwnHello, to route: Route) {
        guard listeningAddresses.contains(route.remote) else {
            return transmit(own.handshake.hello(.introduced), to: route)
        }
        let hello = own.handshake.hello(.direct(cookie: attempt?.directHello?.cookie))
        if let sent = attempt?.directHello?.lastMAC1 {
            attempt?.directHello?.lastMAC1 = sent.suffix(7) + [CookieGate.mac1(of: hello)]
        }
        transmit(hello, to: route)
    }
}

/// Bits of a HELLO's `flags`.
enum HelloFlags {
    /// The sender cannot judge the receiver's timestamps: the answer must echo its introduction id.
    static let needsEcho: UInt16 = 1
}
