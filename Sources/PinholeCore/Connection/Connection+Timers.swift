internal import PinholeCrypto
internal import PinholeWire

// Time: every deadline of a connection, and what it means.

extension Connection {
    var nextTimeout: Instant? {
        var nearest: Instant?
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            nearest = nearest.map { min($0, instant) } ?? instant
        }
        consider(retry?.at)
        consider(attemptDeadline)
        consider(introduction?.resend)
        consider(introduction?.verdict)
        consider(directHello?.resend)
        if isProbing { consider(checklist.nextTimeout) }
        for pairing in pairings { consider(pairing.expiry(isConfirmed: session?.isConfirmed ?? true)) }
        if let session {
            consider(session.transport.nextTimeout)
            consider(keepAliveDeadline)
            consider(session.lastReceived + Self.idleTimeout)
            consider(search?.at ?? confirmationDeadline)
        }
        return nearest
    }

    /// Nothing for this long ends a session; live ones are kept alive well below it.
    static let idleTimeout: Duration = .seconds(60)

    /// When a session that the peer has not confirmed counts as lost. A path that was never validated may have no more
    /// to send, and then nothing times out.
    private var confirmationDeadline: Instant? {
        guard let session, !session.isConfirmed else { return nil }
        return session.began + .seconds(2)
    }

    private var isProbing: Bool {
        !pairings.isEmpty || attempt != nil || search != nil
    }

    func handleTimeout(at now: Instant) {
        if let retry, retry.at <= now { again(retry.count, at: now) }
        if let verdict = introduction?.verdict, verdict <= now { peerIsAbsent(at: now) }
        if let introduction, introduction.resend <= now { resendIntroduction(at: now) }
        if let directHello, directHello.resend <= now { sendDirectHello(at: now) }
        if isProbing {
            while let route = checklist.popDue(at: now) { probe(route, at: now) }
        }
        if let attemptDeadline, attemptDeadline <= now { fail(failureReason, at: now) }
        pairings.removeAll { pairing in
            pairing.expiry(isConfirmed: session?.isConfirmed ?? true).map { $0 <= now } ?? false
        }
        if session != nil { handleSessionTimeout(at: now) }
    }

    private func again(_ count: Int, at now: Instant) {
        retry = session == nil ? (now + .seconds(60), count) : nil
        guard session == nil else { return }
        wantedSince = now
        events.append(.connecting(peer))
        reach(at: now)
    }

    private func handleSessionTimeout(at now: Instant) {
        guard let session else { return }
        if session.lastReceived + Self.idleTimeout <= now {
            return close(.timedOut, code: CloseCode.done, at: now)
        }
        if let due = session.transport.nextTimeout, due <= now {
            let ptoCount = session.transport.ptoCount
            self.session?.transport.handleTimeout(at: now)
            if self.session?.transport.ptoCount != ptoCount { challengeAgain(at: now) }
        }
        if let keepAliveDeadline, keepAliveDeadline <= now { keepAlive(at: now) }
        searchIfLost(at: now)
        fallBackIfUnvalidated(at: now)
    }

    /// One ping-pong 2.5 s after a mapping is made, one each 3 s while people talk, so that a NAT that forgot us is
    /// noticed soon, and one each 20–25 s otherwise.
    private func keepAlive(at now: Instant) {
        guard let session else { return }
        let isBusy = now - session.lastApplicationData < .seconds(30)
        let interval =
            isBusy
            ? environment.entropy.duration(.milliseconds(2500), .milliseconds(3000))
            : environment.entropy.duration(Limits.keepAlive, Limits.keepAlive + Limits.keepAliveJitter)
        let quiet = now - max(session.lastSent, session.lastReceived)
        if quiet >= interval / 2 || keepAliveIsFirst { self.session?.transport.ping() }
        keepAliveDeadline = now + interval
    }

    private var keepAliveIsFirst: Bool {
        session.map { $0.lastApplicationData == $0.began } ?? false
    }

    /// Packets go unanswered: probe every address that is known, and be introduced again.
    private func searchIfLost(at now: Instant) {
        guard let session else { return }
        let isUnanswered = session.transport.ptoCount >= 2 && now - session.lastReceived > .milliseconds(800)
        guard isUnanswered || confirmationDeadline.map({ $0 <= now }) ?? false else {
            // A new path starts its count of timeouts anew.
            if let search, search.at <= now { self.search = nil }
            return
        }
        if let search, search.at > now { return }
        let count = search?.count ?? 0
        search = (now + environment.entropy.jittered(.seconds(1) * (1 << min(count, 4))), count + 1)
        addKnownPaths(at: now)
        checklist.restart(at: now)
        if attempt == nil, canReach { reach(at: now) }
    }

    private var canReach: Bool { !introducers.isEmpty || !directAddresses.isEmpty }

    /// This machine's addresses changed: the path may be gone, and the peer should learn the new one at once.
    func networkChanged(at now: Instant) {
        guard session != nil, let active = paths.active else { return }
        sendPathChallenge(to: active, at: now)
        pendingFrames.removeAll { if case .candidates = $0 { true } else { false } }
        pendingFrames.append(.candidates(environment.candidates(for: peer)))
        session?.transport.ping()
        keepAliveDeadline = now + Limits.firstKeepAlive
        if !introducers.isEmpty, attempt == nil { reach(at: now) }
    }

    /// A challenge of the path that was followed may have been lost with everything else.
    private func challengeAgain(at now: Instant) {
        guard let path = paths.activePath, !path.isValidated else { return }
        sendPathChallenge(to: path.route, at: now)
    }

    /// A path that was followed and never answered was not the peer's.
    private func fallBackIfUnvalidated(at now: Instant) {
        guard let session, let path = paths.activePath, !path.isValidated, session.transport.ptoCount >= 3,
            let last = paths.lastValidated, last != path.route
        else { return }
        paths.activate(last)
        self.session?.transport.resetPath(initialRTT: paths[last]?.rtt, at: now)
    }
}

extension Pairing {
    /// Handshake keys are forgotten 2 s after the peer confirmed, which leaves time to answer its probes of better
    /// paths, and in any case when an attempt's life ends.
    func expiry(isConfirmed: Bool) -> Instant? {
        switch state {
        case .keyed: attempt.began + Limits.attemptLifetime
        case .authenticated(let at): at + (isConfirmed ? .seconds(2) : .seconds(15))
        }
    }
}
