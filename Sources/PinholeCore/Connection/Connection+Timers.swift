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
        consider(restarted?.due)
        consider(typing.peerUntil)
        consider(attempt?.deadline)
        consider(attempt?.introduction?.resend)
        consider(attempt?.introduction?.verdict)
        consider(attempt?.directHello?.resend)
        if isProbing { consider(checklist.nextTimeout) }
        consider(probesEnd)
        if ownHello != nil { consider(punch.nextTimeout) }
        consider(socketRelease)
        for pairing in pairings { consider(pairing.expiry(isConfirmed: session?.isConfirmed ?? true)) }
        if let session {
            consider(session.transportTimeout)
            consider(keepAlive.due(session.activity, lifetime: mappingLifetime))
            consider(session.unansweredSince.map { $0 + Limits.sessionPatience })
            consider(search?.next ?? confirmationDeadline)
            consider(capacityCheck?.due)
            consider(successor?.due)
            consider(reviewDue)
            consider(rekeyDue)
        }
        return nearest
    }

    private var isProbing: Bool {
        !pairings.isEmpty || ownHello != nil || search != nil || probesEnd != nil
    }

    func handleTimeout(at now: Instant) {
        if let retry, retry.at <= now { again(retry.count, at: now) }
        handleRestartTimeout(at: now)
        if typing.expire(at: now) { events.append(.typing(peer, false)) }
        if let verdict = attempt?.introduction?.verdict, verdict <= now { peerIsAbsent(at: now) }
        if let resend = attempt?.introduction?.resend, resend <= now { resendIntroduction(at: now) }
        if let resend = attempt?.directHello?.resend, resend <= now { sendDirectHello(at: now) }
        if isProbing {
            while let route = checklist.popDue(at: now) { probe(route, at: now) }
        }
        if let probesEnd, probesEnd <= now { self.probesEnd = nil }
        handlePunchTimeout(at: now)
        releaseSockets(at: now)
        if let deadline = attempt?.deadline, deadline <= now { fail(failureReason, at: now) }
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
        let isSilent = session.unansweredSince.map { $0 + Limits.sessionPatience <= now } ?? false
        // Who speaks and acknowledges nothing is not to be repeated to for ever.
        guard !isSilent, session.transport.unansweredProbes < Limits.maxUnansweredProbes else {
            return close(.timedOut, code: CloseCode.done, at: now)
        }
        decideSuccession(at: now)
        if let due = session.transportTimeout, due <= now {
            let ptoCount = session.transport.ptoCount
            self.session?.transport.handleTimeout(at: now)
            if self.session?.transport.ptoCount != ptoCount { challengeAgain(at: now) }
        }
        keepMappings(at: now)
        continueRekey(at: now)
        continueCapacityCheck(at: now)
        if let reviewDue, reviewDue <= now { reviewPaths(at: now) }
        searchIfLost(at: now)
        fallBackIfUnvalidated(at: now)
    }

    private func keepMappings(at now: Instant) {
        guard let session,
            keepAlive.handleTimeout(session.activity, lifetime: mappingLifetime, at: now, &environment.entropy)
        else { return }
        self.session?.transport.giveBack()
        self.session?.transport.ping()
        guard repeatsCandidates else { return }
        repeatsCandidates = false
        tellCandidates()
    }

    /// How long the mapping of this side's own NAT lives on the active path, if that is known. None is passed on the way
    /// to a neighbour.
    private var mappingLifetime: Duration? {
        guard let remote = paths.active?.remote else { return nil }
        if environment.isNeighbour(remote.ip) { return Limits.maxKeepAlive * 4 / 3 }
        return environment.nat[remote.family]?.lifetime
    }
}

extension Session {
    var activity: KeepAlive.Activity {
        KeepAlive.Activity(
            lastSent: lastSent, lastReceived: lastReceived, lastApplicationData: lastApplicationData)
    }
}

extension Pairing {
    /// Handshake keys are forgotten 2 s after the peer confirmed, which leaves time to answer its probes of better
    /// paths, and in any case when an attempt's life ends.
    func expiry(isConfirmed: Bool) -> Instant? {
        switch state {
        case .keyed: own.began + Limits.attemptLifetime
        case .authenticated(let at): at + (isConfirmed ? .seconds(2) : .seconds(15))
        }
    }
}
