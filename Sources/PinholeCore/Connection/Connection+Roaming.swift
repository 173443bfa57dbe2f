internal import PinholeCrypto
internal import PinholeWire

// Roaming: this machine or its router moved, the peer's did, or a mapping was forgotten; the session goes on elsewhere.

/// What became of this machine's addresses.
enum NetworkChange {
    /// There are more; what was in use still is.
    case grew
    /// What was in use is gone, or another link is.
    case moved
}

/// Why the peer is looked for on all paths, and since when.
struct Search {
    enum Cause {
        /// Packets went unanswered; before the first of them there was silence for so long.
        case unanswered(after: Duration)
        /// The peer never confirmed the session.
        case unconfirmed
        /// This machine moved.
        case moved
    }

    let cause: Cause
    let began: Instant
    /// When the next round begins.
    var next: Instant
    var rounds = 0
    /// Whether the peer was heard since, so that what is unanswered was repeated.
    var isHeard = false
}

// MARK: The network of this machine

extension Connection {
    /// This machine's addresses changed.
    func networkChanged(_ change: NetworkChange, at now: Instant) {
        if change == .moved {
            // On another network the same addresses may be somebody else's.
            neighbourhood = Neighbourhood()
            lastRoute = nil
            lastModel = nil
        }
        guard session != nil else {
            // A handshake that is under way goes on from where this machine is now.
            if ownHello != nil { introduceAgain(at: now) }
            return connectNow(at: now)
        }
        if toldCandidates != ownCandidates {
            tellCandidates()
            repeatsCandidates = true
        }
        switch change {
        case .grew:
            probeCandidates(probes: 0, at: now)
        case .moved:
            keepAlive.forget()
            keepAlive.mappingMade(at: now)
            paths.forgetRoundTrips()
            if let active = paths.active, environment.source(toward: active.remote.ip) != pathSource {
                resetPath(active, at: now)
            }
            session?.transport.ping()
            session?.transport.probe()
            if let active = paths.active { sendPathChallenge(to: active, at: now) }
            beginSearch(.moved, at: now)
            // The peer may have answered it already, and then it would not listen to it any more.
            endAttempt()
            continueSearch(at: now)
        }
    }

    /// A service knows this peer, or knows it at another address than before.
    func serviceChanged(at now: Instant) {
        guard session != nil else { return serviceAppeared(at: now) }
        if search == nil {
            guard toldCandidates != ownCandidates else { return }
            tellCandidates()
        } else if ownHello != nil {
            introduceAgain(at: now)
        } else if mayRecover(at: now) {
            reach(at: now)
        }
    }

    /// The same, from a service that may say so as often as it likes: it makes this side start over at most once in a
    /// second, and what it says sooner counts when that is over.
    func heardOfChange(at now: Instant) {
        guard heedsServices else { return }
        if let last = restarted, now - last.at < Limits.restartInterval {
            restarted = (last.at, last.at + Limits.restartInterval)
            return
        }
        restarted = (now, nil)
        serviceChanged(at: now)
    }

    /// Whether the word of a service changes anything now.
    private var heedsServices: Bool {
        guard session == nil else { return search != nil || toldCandidates != ownCandidates }
        return attempt?.introduction.map { !$0.isPeerKnown } ?? (isWanted && pairings.isEmpty)
    }

    /// Heeds what a service said too soon.
    func handleRestartTimeout(at now: Instant) {
        guard let due = restarted?.due, due <= now else { return }
        restarted?.due = nil
        heardOfChange(at: now)
    }

    private func introduceAgain(at now: Instant) {
        guard let ownHello, !introducers.isEmpty else { return }
        beginIntroduction(of: ownHello, at: now)
        checklist.restart(at: now)
    }
}

// MARK: Search

extension Connection {
    /// When a session that the peer has not confirmed counts as lost. A path that was never validated may have no more
    /// to send, and then nothing times out.
    var confirmationDeadline: Instant? {
        guard let session, !session.isConfirmed else { return nil }
        return session.began + .seconds(2)
    }

    /// Packets go unanswered: probe every address that is known, and be introduced again.
    func searchIfLost(at now: Instant) {
        guard let session else { return }
        if search == nil {
            let isUnanswered =
                session.transport.ptoCount >= Limits.missedProbes && now - session.lastReceived > Limits.minSilence
            if isUnanswered {
                let silence = session.unansweredSince.map { $0 - session.lastReceived } ?? .zero
                beginSearch(.unanswered(after: silence), at: now)
            } else if let confirmationDeadline, confirmationDeadline <= now {
                beginSearch(.unconfirmed, at: now)
            }
        }
        continueSearch(at: now)
    }

    private func beginSearch(_ cause: Search.Cause, at now: Instant) {
        search = Search(cause: cause, began: now, next: now)
    }

    /// One round: all addresses from the start, and an introduction unless one is under way, or too many others had theirs.
    private func continueSearch(at now: Instant) {
        guard var search, search.next <= now else { return }
        search.next = now + environment.entropy.jittered(.seconds(1) * (1 << min(search.rounds, 4)))
        search.rounds += 1
        self.search = search
        // First, as a new attempt begins with an empty list.
        if attempt == nil, canReach, mayRecover(at: now) { reach(at: now) }
        probeCandidates(probes: Limits.probesPerRound, at: now)
        checklist.restart(at: now)
    }

    private var canReach: Bool { !introducers.isEmpty || !listeningAddresses.isEmpty }

    /// A packet of the peer came while it is searched for. It shows one direction: what is unanswered goes again, once,
    /// and the answer to that shows the other.
    func heardWhileSearching(isAcknowledgement: Bool, at now: Instant) {
        guard var search else { return }
        switch search.cause {
        case .unconfirmed: return endSearch(at: now)
        case .unanswered where isAcknowledgement: return endSearch(at: now)
        case .unanswered, .moved: break
        }
        guard !search.isHeard else { return }
        search.isHeard = true
        self.search = search
        session?.transport.probe()
        if let active = paths.active { sendPathChallenge(to: active, at: now) }
    }

    /// The session has a path again. A handshake that was begun to find it is not needed any more.
    func endSearch(at now: Instant) {
        guard let search else { return }
        if case .unanswered(let silence) = search.cause { keepAlive.mappingWasLost(after: silence) }
        self.search = nil
        pathsReviewed = now
        requests.append(.watch(false))
        endAttempt()
        forgetCapacity(at: now)
        session?.transport.probe()
        checkActiveCapacity(at: now)
    }
}
