internal import PinholeCrypto
internal import PinholeWire

// Reaching the peer through the services and by addresses given by hand, and giving up.

extension Connection {
    /// Asks for a session; again and again until there is one or ``disconnect(at:)``.
    func connect(at now: Instant) {
        guard session == nil else {
            wantedSince = wantedSince ?? now
            return
        }
        guard wantedSince == nil || attempt == nil else { return }
        wantedSince = now
        retry = nil
        events.append(.connecting(peer))
        reach(at: now)
    }

    /// Whether somebody asked for a session, or something waits for one.
    var isWanted: Bool { wantedSince != nil || !outbox.isEmpty || !outgoingFiles.isEmpty || isInvited }

    /// Starts over at once: the network changed, the peer appeared, or a service came up.
    func connectNow(at now: Instant) {
        guard isWanted, session == nil, pairings.isEmpty, attempt?.introduction == nil else {
            return
        }
        if attempt == nil {
            wantedSince = now
            events.append(.connecting(peer))
        }
        retry = nil
        reach(at: now)
    }

    /// One more service can ask for the peer: it is asked at once.
    func serviceAppeared(at now: Instant) {
        if attempt?.introduction?.isPeerKnown == false { attempt?.introduction?.resend = now }
        connectNow(at: now)
    }

    /// Reaches out by every way there is: through the services, and directly.
    func reach(at now: Instant) {
        beginReport(at: now)
        neighbourhood.prune(at: now)
        if introducers.isEmpty && listeningAddresses.isEmpty {
            attempt = attempt ?? Attempt(until: now + Self.servicePatience)
            return
        }
        let hello = currentHello(at: now)
        extendAttempt(until: (session == nil ? wantedSince ?? now : now) + Self.punchPatience)
        if !introducers.isEmpty {
            beginIntroduction(of: hello, at: now)
            advancePunch(at: now)
        }
        callDirectly(at: now)
        callWhereItWas(hello, at: now)
    }

    /// A known peer whose mapping is fresh is one round trip away. The services are asked all the same.
    private func callWhereItWas(_ hello: OwnHello, at now: Instant) {
        guard session == nil, let last = lastRoute, now - last.end < Limits.mappingFreshness,
            mayCall(last.route.remote)
        else { return }
        call(with: hello, over: last.route)
    }

    /// Whether an address where the peer once was can still mean the peer, on the networks that this machine is on now.
    private func mayCall(_ address: TransportAddress) -> Bool {
        guard environment.localPorts[address.family] != nil else { return false }
        return directAddresses.contains(address) || environment.isNeighbour(address.ip)
            || environment.mayProbe(address, of: peer, peerObserved: peerAddresses)
    }

    /// A little less than what a person is promised (10 s), so that the sentence comes in time.
    static let punchPatience = Limits.punchTimeout - .milliseconds(500)
    /// How long a first answer of a service is waited for: UDP that is blocked is told within 3 s.
    static let servicePatience: Duration = .milliseconds(2800)

    func currentHello(at now: Instant) -> OwnHello {
        if let ownHello, now - ownHello.began < Limits.attemptLifetime { return ownHello }
        return makeHello(answering: nil, at: now)
    }

    /// A new half of the attempt's handshakes; the attempt begins with it, unless it is under way.
    @discardableResult
    func makeHello(
        answering call: PeerHello?, needsEcho: Bool = false, at now: Instant
    ) -> OwnHello {
        ownTimestamp = max(ownTimestamp + 1, environment.unixMilliseconds(at: now))
        let handshake = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: environment.entropy.next()), timestamp: ownTimestamp,
            introID: call?.plaintext.introID ?? .random(), flags: needsEcho ? HelloFlags.needsEcho : 0)
        let hello = OwnHello(handshake: handshake, began: now, call: call)
        attempt = attempt ?? Attempt(until: now + Self.punchPatience)
        attempt?.hello = hello
        beginReport(at: now)
        early.removeAll()
        pairings.removeAll { !$0.isAuthenticated }
        abandonPunch()
        checklist = Checklist()
        addKnownPaths(at: now)
        return hello
    }

    /// Search within a session is not an attempt of its own: what led to the session stays told.
    private func beginReport(at now: Instant) {
        guard session == nil, report?.isOver ?? true else { return }
        // Of two attempts for one wish the second begins when it does.
        let began = wantedSince ?? now
        report = AttemptReport(at: began == report?.began ? now : began)
        for address in listeningAddresses {
            let refusal = environment.localPorts[address.family] == nil ? ProbeRefusal.noFamily : nil
            let isDirect = directAddresses.contains(address)
            report?.named(Candidate(.host, address), isDirect: isDirect, refusal: refusal)
        }
    }

    /// What goes to a service is not sent for the contact's sake alone, and is told as what the service was asked.
    func reportOutgoing(at now: Instant) {
        for route in reportedRoutes where !environment.isService(route.remote) {
            report?.sent(to: route, as: kind(of: route.remote), at: now)
        }
        reportedRoutes.removeAll()
    }

    /// Where the peer was heard before it may be heard again; of many places, only where that is likely.
    func addKnownPaths(at now: Instant) {
        for path in paths.likely {
            checklist.add(Candidate(path.kind, path.route.remote), via: path.route.socket, at: now)
        }
    }

    func beginIntroduction(of hello: OwnHello, at now: Instant) {
        attempt?.introduction = Attempt.OutgoingIntroduction(resend: now)
        introduce(hello, at: now)
    }

    func introduce(_ hello: OwnHello, at now: Instant) {
        requests.append(.connect(blob: makeBlob(hello)))
        report?.asked(environment.services(of: introducers))
        attempt?.introduction?.timesSent += 1
        let count = attempt?.introduction?.timesSent ?? 1
        attempt?.introduction?.resend = now + environment.entropy.jittered(.milliseconds(250) * (1 << min(count, 4)))
    }

    func resendIntroduction(at now: Instant) {
        if let ownHello { introduce(ownHello, at: now) }
    }
}

// MARK: What the services say

extension Connection {
    /// PEER: where the peer is seen and, when it said so, how it may be reached.
    func receivePeer(
        _ tag: RendezvousTag, observed: [TransportAddress], blob: [UInt8], client: Int, at now: Instant
    ) {
        peerObserved[client] = Array(observed.prefix(Limits.maxObserved))
        report?.said(.present, by: client, in: environment, at: now)
        attempt?.introduction?.peerIsKnown()
        guard let (hello, encoded) = PeerHello.open(blob: blob.span, pair: pair),
            let theirs = try? Introduction(encoded.span)
        else {
            // Our own probes leave before the answer arrives: they open our NAT for it.
            if blob.isEmpty, ownHello != nil { addCandidates([], at: now) }
            return
        }
        var acceptance = receive(hello, hasCookie: false, at: now)
        switch acceptance {
        case .stale:
            guard yields(to: hello, at: now) else { return askForEcho(because: hello, at: now) }
            acceptance = receive(hello, hasCookie: true, at: now)
            guard acceptance == .new else { return }
            lastYield = now
        case .refused: return
        case .new, .known: break
        }
        if isBelieved(hello) {
            attempt?.peerIntroduction = theirs
            peerCandidates = theirs.candidates.map(\.asNamed)
            report?.introduced(by: theirs, at: now)
            punch.learn(theirs, with: hello.connectionID)
            addCandidates(peerCandidates, at: now)
        } else {
            // It may be a replay: it leads to a handshake that only the peer can end, and to no address that it names.
            addCandidates([], at: now)
        }
        attempt?.introduction?.wasAnswered(at: now)
        // A caller that repeats itself has not got our answer; two that called at once answer each other once.
        // Who answers an answer has forgotten his call; another answer would be another call to him, and so on for ever.
        if let ownHello, !isEcho(hello), !ownHello.isAnswered(by: hello), ownHello.isAnswer || acceptance == .new,
            mayAnswer(client, again: acceptance == .known, at: now)
        {
            requests.append(.answer(tag, client: client, blob: makeBlob(ownHello)))
        }
        if ownHello?.isAnswer ?? false { punch.caller = (tag, client) }
        advancePunch(at: now)
    }

    /// No contact repeats itself sooner; a service that does so must not make us answer it each time.
    private func mayAnswer(_ client: Int, again: Bool, at now: Instant) -> Bool {
        if again, let last = answered[client], now - last < Limits.answerInterval { return false }
        answered[client] = now
        return true
    }

    func receiveAbsent(client: Int, at now: Instant) {
        report?.said(.absent, by: client, in: environment, at: now)
        guard var introduction = attempt?.introduction, !introduction.isPeerKnown else { return }
        introduction.absentFrom.insert(client)
        introduction.verdict = introduction.verdict ?? now + Self.absencePatience
        attempt?.introduction = introduction
        // The others may know more, unless there are none.
        if introduction.absentFrom.isSuperset(of: introducers), !environment.isAwaitingService(for: peer) {
            peerIsAbsent(at: now)
        }
    }

    /// How long services that have not answered yet keep the word of the first that says "absent" from counting.
    private static let absencePatience: Duration = .seconds(1)

    func peerIsAbsent(at now: Instant) {
        requests.append(.watch(true))
        attempt?.introduction = nil
        // A handshake that is under way goes on, whatever a service says.
        let isMeeting = pairings.contains { !$0.isAuthenticated }
        if attempt?.directHello == nil, !isMeeting { fail(.offline, at: now) }
    }

    /// A service says no more that the peer is there, nor where. Returns whether it did. Of one that `mayReturn`, as it
    /// has only fallen silent, what it said of the place counts until the session, or the attempt, is over.
    @discardableResult
    func forget(client: Int, mayReturn: Bool = false) -> Bool {
        if !mayReturn || session == nil && attempt == nil { peerObserved[client] = nil }
        return seenBy.remove(client) != nil
    }

    /// Takes in what the contact named, and where the services see it.
    private func addCandidates(_ named: [Candidate], at now: Instant) {
        let observed = peerAddresses
        // Who has a port that lets everybody in is reached there at once.
        let mapped = named.filter { $0.kind == .portMapped }
        for candidate in mapped + observed.map({ Candidate(.serverReflexive, $0) }) + named {
            let refusal = environment.refusal(of: candidate.address, of: peer, peerObserved: observed)
            report?.named(candidate, refusal: refusal)
            if refusal == nil { enlist(candidate, at: now) }
        }
    }

    /// Puts a candidate on the checklist.
    ///
    /// What only a service said is tried a few times, as the contact's own word may be one round trip away and our
    /// probes open our NAT for it; but a service must not make us send much to anybody whom the contact did not name.
    func enlist(_ candidate: Candidate, at now: Instant) {
        if peerCandidates.contains(where: { $0.address == candidate.address }) {
            checklist.add(candidate, at: now)
        } else {
            checklist.addUnconfirmed(candidate, at: now)
        }
        if let kind = checklist.kind(of: candidate.address) { paths.setKind(kind, of: Route(candidate.address)) }
    }
}

extension Candidate {
    /// As it is taken when the peer names it. That an address is peer-reflexive, and probed at once, only packets from
    /// there can show.
    var asNamed: Candidate { kind == .peerReflexive ? Candidate(.serverReflexive, address) : self }
}

// MARK: Giving up

extension Connection {
    /// What could not be reached is told, and tried again later when it is still wanted.
    func fail(_ reason: UnreachableReason, at now: Instant) {
        if session == nil { report?.end(.failed(reason), at: now) }
        giveUpAttempt()
        guard session == nil, wantedSince != nil else { return }
        checklist = Checklist()
        events.append(.unreachable(peer, reason))
        let count = (retry?.count ?? 0) + 1
        let pause = min(Duration.seconds(60), .seconds(2) * (1 << min(count, 5)))
        retry = (now + environment.entropy.jittered(pause), count)
    }

    /// Why the present attempt led nowhere.
    var failureReason: UnreachableReason {
        if let incompatibility = attempt?.incompatibility { return incompatibility }
        if let theirs = attempt?.peerIntroduction, !pairings.isEmpty {
            return .noDirectPath(own: environment.hardestBehavior, peer: theirs.behavior)
        }
        if attempt?.introduction?.isPeerKnown ?? false { return .noAnswer }
        if introducers.isEmpty { return directAddresses.isEmpty ? .noService : .directTimeout }
        return attempt?.directHello == nil ? .noAnswer : .directTimeout
    }
}
