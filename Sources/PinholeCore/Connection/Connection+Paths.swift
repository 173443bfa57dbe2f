internal import PinholeCrypto
internal import PinholeWire

// Paths: which ones work, which one the session goes over, and following the peer (RFC 9000 §8 and §9).

extension Connection {
    /// A PATH_CHALLENGE in a datagram of `size` bytes: the answer goes where it came from, and is as large.
    func respond(to data: UInt64, size: Int, from source: Route, at now: Instant) {
        let isFull = size >= Limits.maxDatagramSize
        if source == paths.active, !isFull {
            guard pendingFrames.count < 8 else { return }
            pendingFrames.append(.pathResponse(data))
            return
        }
        var frames: [Frame] = [.pathResponse(data)]
        if !(paths[source]?.isValidated ?? false) {
            let challenge = environment.entropy.next()
            paths.challenge(challenge, to: source, at: now)
            frames.append(.pathChallenge(challenge))
        }
        sendPathFrames(frames, to: source, isFull: isFull, isProvoked: true, at: now)
    }

    /// A PATH_RESPONSE in a datagram of `size` bytes. One in HS shows that an address is the peer's; that the session lives
    /// there, only one of the session does.
    func receivePathResponse(_ data: UInt64, size: Int, isOfSession: Bool, at now: Instant) {
        guard let response = paths.response(data, size: size, at: now) else { return }
        let route = response.route
        checklist.succeeded(route)
        if pings.removeValue(forKey: data) != nil { events.append(.pong(peer, rtt: response.rtt)) }
        if let kind = checklist.kind(of: route.remote) { paths.setKind(kind, of: route) }
        guard session != nil else { return }
        if route == paths.active { session?.transport.assumeRTT(response.rtt) }
        if paths[route]?.capacity == .full { isUp(route, at: now) }
        if isOfSession, let search, response.sent >= search.began {
            if route != paths.active { move(to: route, isOwnChoice: true, at: now) }
            endSearch(at: now)
        }
        consider(route, at: now)
        checkActiveCapacity(at: now)
        announceIfKnown(at: now)
    }

    /// Tells the application once, when the peer has shown that it has the session too.
    func announceIfKnown(at now: Instant) {
        guard !isAnnounced, session?.isConfirmed ?? false, let description = pathDescription else { return }
        isAnnounced = true
        report?.end(.connected(description), at: now)
        events.append(.connected(peer, description))
    }
}

// MARK: Choosing

extension Connection {
    /// A path answered. It is taken in place of one that was never validated or is narrow; and, where that is Lo's choice,
    /// of one that is not as good, once it carried full datagrams. Hi follows: two that choose would follow each other to
    /// and fro. Paths that do not answer now are not looked at, whatever they were.
    private func consider(_ route: Route, at now: Instant) {
        guard let active = paths.activePath, let path = paths[route], route != active.route,
            path.isClearlyBetter(than: active)
        else { return }
        if !active.isValidated { return move(to: route, isOwnChoice: true, at: now) }
        guard pair.role == .lo || active.capacity == .narrow else { return }
        switch path.capacity {
        case .full: move(to: route, isOwnChoice: true, at: now)
        case .unknown: checkCapacity(of: route, at: now)
        case .narrow: break
        }
    }

    /// The peer's newest packet came another way: its NAT rebound, it moved, or it chose (RFC 9000 §9.3).
    func follow(to source: Route, at now: Instant) {
        let isKnown = paths[source]?.isValidated ?? false
        // What the peer sent before it learned where we are now still comes the old way.
        let isSettling = pathChosen.map { now - $0 < Limits.choiceGrace } ?? false
        // Two that follow each other at the same time would change places for ever: Lo does not go back at once.
        let isGoingBack = pathLeft.map { $0.route == source && now - $0.at < Limits.choiceGrace } ?? false
        let isSettled = (isSettling || pair.role == .lo && isGoingBack) && paths.activePath?.isValidated ?? false
        if !isSettled, mayFollow(at: now) { move(to: source, isOwnChoice: false, at: now) }
        if !isKnown { sendPathChallenge(to: source, isProvoked: true, at: now) }
    }

    /// Who comes from elsewhere with each packet sets no pace: each move begins anew with window and probes.
    private func mayFollow(at now: Instant) -> Bool {
        guard let last = follows, now - last.since < Limits.followInterval else {
            follows = (now, 1)
            return true
        }
        guard last.count < Limits.followsInInterval else { return false }
        follows = (last.since, last.count + 1)
        return true
    }

    func move(to route: Route, isOwnChoice: Bool, at now: Instant) {
        guard let old = paths.active, old != route else { return }
        if isOwnChoice {
            pathChosen = now
        } else {
            pathLeft = (old, now, session?.transport.probeTimeouts ?? 0)
        }
        change(from: old, to: route, at: now)
        keepAlive.mappingMade(at: now)
        // What is unanswered goes again at once; and the peer follows this packet.
        session?.transport.probe()
        if isOwnChoice { session?.transport.ping() }
        if isAnnounced, let description = pathDescription { events.append(.pathChanged(peer, description)) }
        checkActiveCapacity(at: now)
    }

    /// Sockets that the session does not go by any more are closed when both sides have chosen.
    private func change(from old: Route, to route: Route, at now: Instant) {
        paths.activate(route)
        if !extraSockets.isEmpty { socketRelease = now + Self.choiceTime }
        // RFC 9000 §9.4: "Because port-only changes are commonly the result of NAT rebinding or other middlebox activity, the
        // endpoint MAY instead retain its congestion control state and round-trip estimate in those cases".
        if old.remote.ip == route.remote.ip { keepPath(route) } else { resetPath(route, at: now) }
    }

    /// A path that was followed and never answered was not the peer's. Only the probes that went there say so: those
    /// before were lost on the way that the peer has left.
    func fallBackIfUnvalidated(at now: Instant) {
        guard let session, let path = paths.activePath, !path.isValidated,
            session.transport.ptoCount >= Self.fallBackTimeouts,
            session.transport.probeTimeouts - (pathLeft?.probeTimeouts ?? 0) >= Self.fallBackTimeouts,
            let last = paths.lastValidated, last != path.route
        else { return }
        change(from: path.route, to: last, at: now)
        session.transport.probe()
    }

    /// How many probe timeouts in a row a path may take to answer (protocol §3.8).
    private static let fallBackTimeouts = 3

    /// A challenge of the path that was followed may have been lost with everything else.
    func challengeAgain(at now: Instant) {
        guard let path = paths.activePath, !path.isValidated else { return }
        sendPathChallenge(to: path.route, isProvoked: true, at: now)
    }
}

// MARK: Better paths

extension Connection {
    /// When Lo looks again whether there is a better path: not while nobody talks, and not where none is needed.
    var reviewDue: Instant? {
        guard pair.role == .lo, let session, session.isConfirmed, search == nil, let path = paths.activePath,
            path.isValidated, (path.rtt ?? Limits.initialRTT) > Limits.goodEnoughRTT
        else { return nil }
        let due = (pathsReviewed ?? session.began) + Limits.reviewInterval
        return due <= session.lastApplicationData + Limits.talkTime ? due : nil
    }

    /// Measures the other paths anew, and asks the peer to open its filters for them.
    func reviewPaths(at now: Instant) {
        pathsReviewed = now
        guard let active = paths.active else { return }
        if let rtt = session?.transport.shortestRTT { paths.measure(rtt, of: active) }
        paths.forgetRoundTrips()
        paths.forgetNarrow()
        sendPathChallenge(to: active, at: now)
        guard probeCandidates(probes: Self.reviewProbes, at: now) else { return }
        tellCandidates()
    }

    static let reviewProbes = 3

    /// CANDIDATES: where the peer may be reached now; it is probing ours.
    func receive(candidates: [Candidate], at now: Instant) {
        peerCandidates = candidates.map(\.asNamed)
        // What the peer names is probed, but not as often as it likes.
        let isNewRound = mayForgetCandidates(at: now)
        probeCandidates(probes: isNewRound ? Limits.probesPerRound : 0, at: now)
        if isNewRound { candidatesProbed = now }
    }

    /// What the peer names no more counts until the round is over: if it were forgotten, it would be new when it is named
    /// again, and get a whole round each time.
    private func mayForgetCandidates(at now: Instant) -> Bool {
        candidatesProbed.map { now - $0 >= Self.candidatesInterval } ?? true
    }

    /// How often the peer's word begins a round.
    private static let candidatesInterval: Duration = .seconds(10)

    /// Another round, of so many probes, for the addresses of the peer beside the active one. Addresses that are new get
    /// a whole one. Returns whether there are any.
    @discardableResult
    func probeCandidates(probes: Int, at now: Instant) -> Bool {
        let observed = peerAddresses
        let allowed = (observed.map { Candidate(.serverReflexive, $0) } + peerCandidates).filter {
            environment.mayProbe($0.address, of: peer, peerObserved: observed)
        }
        if mayForgetCandidates(at: now) {
            let likely = Set(paths.likely.map(\.route))
            checklist.keep { route in likely.contains(route) || allowed.contains { Route($0.address) == route } }
        }
        addKnownPaths(at: now)
        for candidate in allowed { enlist(candidate, at: now) }
        checklist.restart(probes: probes, except: paths.active, at: now)
        probesEnd = now + Self.roundTime
        return checklist.candidates.contains { Route($0.address) != paths.active }
    }

    /// How long the probes of one round take, nearly.
    private static let roundTime: Duration = .seconds(5)

    /// Where the peer may reach this side.
    var ownCandidates: [Candidate] { environment.candidates(for: peer) }

    /// Tells the peer where it may reach this side, and that it should open its filters for it.
    func tellCandidates() {
        pendingFrames.removeAll { if case .candidates = $0 { true } else { false } }
        pendingFrames.append(.candidates(ownCandidates))
        toldCandidates = ownCandidates
    }
}
