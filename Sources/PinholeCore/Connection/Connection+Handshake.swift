internal import PinholeCrypto
internal import PinholeWire

// Reaching the peer: own attempts, introductions, HELLOs and HS packets, in the order in which they happen.

extension Connection {
    /// Asks for a session; again and again until there is one or ``disconnect(at:)``.
    func connect(at now: Instant) {
        guard session == nil else {
            wantedSince = wantedSince ?? now
            return
        }
        guard wantedSince == nil || attemptDeadline == nil else { return }
        wantedSince = now
        retry = nil
        events.append(.connecting(peer))
        reach(at: now)
    }

    /// Starts over at once: the network changed, the peer appeared, or a service came up.
    func connectNow(at now: Instant) {
        guard wantedSince != nil || !outbox.isEmpty, session == nil, pairings.isEmpty, introduction == nil else {
            return
        }
        if attemptDeadline == nil {
            wantedSince = now
            events.append(.connecting(peer))
        }
        retry = nil
        reach(at: now)
    }

    /// Reaches out by every way there is: through the services, and directly.
    func reach(at now: Instant) {
        if environment.registeredClients.isEmpty && directAddresses.isEmpty {
            attemptDeadline = attemptDeadline ?? now + Self.servicePatience
            return
        }
        let attempt = currentAttempt(at: now)
        let patience = environment.registeredClients.isEmpty ? Limits.directTimeout : Self.punchPatience
        attemptDeadline = max(attemptDeadline ?? now, (session == nil ? wantedSince ?? now : now) + patience)
        if !environment.registeredClients.isEmpty {
            introduction = OutgoingIntroduction(resend: now)
            introduce(attempt, at: now)
        }
        if !directAddresses.isEmpty {
            directHello = DirectHello(resend: now, cookie: directHello?.cookie)
            sendDirectHello(at: now)
        }
    }

    /// A little less than what a person is promised (10 s), so that the sentence comes in time.
    static let punchPatience = Limits.punchTimeout - .milliseconds(500)
    /// How long a first answer of a service is waited for: UDP that is blocked is told within 3 s.
    static let servicePatience: Duration = .milliseconds(2800)

    private func currentAttempt(at now: Instant) -> Pairing.Attempt {
        if let attempt, now - attempt.began < Limits.attemptLifetime { return attempt }
        return beginAttempt(answering: nil, at: now)
    }

    @discardableResult
    private func beginAttempt(
        answering introID: IntroID?, needsEcho: Bool = false, at now: Instant
    ) -> Pairing.Attempt {
        ownTimestamp = max(ownTimestamp + 1, environment.unixMilliseconds(at: now))
        let handshake = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: environment.entropy.next()), timestamp: ownTimestamp,
            introID: introID ?? .random(), flags: needsEcho ? HelloFlags.needsEcho : 0)
        let attempt = Pairing.Attempt(handshake: handshake, began: now, isAnswer: introID != nil)
        self.attempt = attempt
        pairings.removeAll { !$0.isAuthenticated }
        checklist = Checklist()
        for address in paths.remotes {
            checklist.add(Candidate(paths[address]?.kind ?? .peerReflexive, address), at: now)
        }
        return attempt
    }

    private func introduce(_ attempt: Pairing.Attempt, at now: Instant) {
        requests.append(.connect(blob: attempt.handshake.blob(ownIntroduction)))
        introduction?.timesSent += 1
        let count = introduction?.timesSent ?? 1
        introduction?.resend = now + environment.entropy.jittered(.milliseconds(250) * (1 << min(count, 4)))
    }

    private var ownIntroduction: [UInt8] {
        Introduction(behavior: environment.hardestBehavior, candidates: environment.candidates).encoded
    }

    func resendIntroduction(at now: Instant) {
        guard let attempt else { return introduction = nil }
        introduce(attempt, at: now)
    }
}

// MARK: What the services say

extension Connection {
    /// PEER: where the peer is seen and, when it said so, how it may be reached.
    func receivePeer(
        _ tag: RendezvousTag, observed: [TransportAddress], blob: [UInt8], client: Int, at now: Instant
    ) {
        peerObserved = observed
        introduction?.isPeerKnown = true
        introduction?.absentFrom.removeAll()
        guard let (hello, encoded) = PeerHello.open(blob: blob.span, pair: pair),
            let theirs = try? Introduction(encoded.span)
        else {
            // Our own probes leave before the answer arrives: they open our NAT for it.
            if blob.isEmpty, attempt != nil { addCandidates([], at: now) }
            return
        }
        let acceptance = receive(hello, hasCookie: false, at: now)
        switch acceptance {
        case .stale: return askForEcho(at: now)
        case .refused: return
        case .new, .known: break
        }
        peerIntroduction = theirs
        addCandidates(theirs.candidates, at: now)
        introduction = nil
        // A caller that repeats itself has not got our answer; two that called at once answer each other once.
        if let attempt, !isEcho(hello), attempt.isAnswer || acceptance == .new {
            requests.append(.answer(tag, client: client, blob: attempt.handshake.blob(ownIntroduction)))
        }
        if attemptDeadline == nil { attemptDeadline = now + Self.punchPatience }
    }

    func receiveAbsent(client: Int, at now: Instant) {
        guard introduction != nil else { return }
        introduction?.absentFrom.insert(client)
        guard let introduction, !introduction.isPeerKnown,
            introduction.absentFrom.isSuperset(of: environment.registeredClients)
        else { return }
        requests.append(.watch(true))
        self.introduction = nil
        if directHello == nil { fail(.offline, at: now) }
    }

    private func addCandidates(_ candidates: [Candidate], at now: Instant) {
        let reflexive = peerObserved.map { Candidate(.serverReflexive, $0) }
        for candidate in reflexive + candidates
        where environment.mayProbe(candidate.address, peerObserved: peerObserved) {
            checklist.add(candidate, at: now)
            if let kind = checklist.kind(of: candidate.address) { paths.setKind(kind, of: candidate.address) }
        }
    }
}

// MARK: HELLO

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
        let needsEcho = hello.plaintext.flags & HelloFlags.needsEcho != 0
        if attempt.map({ now - $0.began >= Limits.attemptLifetime }) ?? true || (needsEcho && !isEcho) {
            beginAttempt(answering: hello.plaintext.introID, at: now)
        }
        guard let attempt, let keys = HandshakeKeys(pair: pair, attempt: attempt.handshake, peer: hello) else {
            return .refused
        }
        if pairings.count == Limits.maxPeerHellos {
            pairings.remove(at: pairings.firstIndex { !$0.isAuthenticated } ?? 0)
        }
        pairings.append(Pairing(attempt: attempt, peer: hello, isBehind: isBehind, keys: keys))
        if attemptDeadline == nil { attemptDeadline = now + Self.punchPatience }
        replayEarly(at: now)
        return .new
    }

    /// A peer with no version in common is not answered; should our own attempt lead nowhere, this is why.
    private func isCompatible(_ hello: PeerHello) -> Bool {
        let own = Limits.version...Limits.version
        let isCompatible = HelloPlaintext.commonVersion(own, hello.plaintext.versions) != nil
        if !isCompatible, attempt != nil {
            incompatibility = .noCommonVersion(own: own, peer: hello.plaintext.versions)
        }
        return isCompatible
    }

    /// Whether the HELLO answers our attempt, which no replay can.
    func isEcho(_ hello: PeerHello) -> Bool {
        guard let attempt, !attempt.isAnswer else { return false }
        return attempt.handshake.plaintext.introID == hello.plaintext.introID
    }

    /// The peer's blob is authentic and looks old: its clock may be wrong. An attempt of our own that asks for an
    /// echo of our introduction tells a wrong clock from a replay; at most one in 10 s, and none while another HELLO
    /// of the peer is being tried.
    private func askForEcho(at now: Instant) {
        let isAsking = attempt.map { $0.handshake.plaintext.flags & HelloFlags.needsEcho != 0 } ?? false
        guard !isAsking, pairings.allSatisfy(\.isAuthenticated), !environment.registeredClients.isEmpty,
            lastStaleCookie.map({ now - $0 >= .seconds(10) }) ?? true
        else { return }
        lastStaleCookie = now
        let attempt = beginAttempt(answering: nil, needsEcho: true, at: now)
        attemptDeadline = attemptDeadline ?? now + Self.punchPatience
        introduction = OutgoingIntroduction(resend: now)
        introduce(attempt, at: now)
    }

    /// A HELLO datagram: the answer goes where it came from, and nothing more does. Anybody can send a captured HELLO
    /// from any address, so only an HS packet from there makes it a candidate.
    func receive(_ hello: PeerHello, hasCookie: Bool, from source: TransportAddress, at now: Instant) {
        switch receive(hello, hasCookie: hasCookie, at: now) {
        case .stale, .refused: return
        case .new, .known: break
        }
        guard let index = pairings.firstIndex(where: { $0.peer == hello }) else { return }
        sendHello(pairings[index].attempt, to: source)
        sendHandshake(index, to: source, responses: [], at: now)
    }

    /// Whether we are calling the peer at this address.
    func awaits(_ source: TransportAddress) -> Bool {
        directAddresses.contains(source) || checklist.kind(of: source) != nil
    }

    /// A COOKIE: the peer is under load, or finds our clock wrong; the next HELLO proves our address.
    func receiveCookie(_ datagram: Span<UInt8>, at now: Instant) {
        guard var direct = directHello else { return }
        for mac1 in direct.lastMAC1 {
            guard let cookie = CookieGate.open(datagram, peer: peer, sentMAC1: mac1) else { continue }
            guard cookie != direct.cookie else { return }
            direct.cookie = cookie
            directHello = direct
            sendDirectHello(at: now)
            return
        }
    }

    func sendDirectHello(at now: Instant) {
        guard let attempt, var direct = directHello else { return }
        let interval = min(
            Limits.handshakeFirstRetransmit * (1 << min(direct.timesSent, 5)), Limits.handshakeMaxRetransmit)
        direct.timesSent += 1
        direct.resend = now + environment.entropy.jittered(interval)
        directHello = direct
        for address in directAddresses where environment.localPorts[address.family] != nil {
            sendHello(attempt, to: address)
        }
    }

    /// One HELLO, with the MACs that a listener wants at an address that was given by hand.
    private func sendHello(_ attempt: Pairing.Attempt, to address: TransportAddress) {
        guard directAddresses.contains(address) else {
            return transmit(attempt.handshake.hello(.introduced), to: address)
        }
        let hello = attempt.handshake.hello(.direct(cookie: directHello?.cookie))
        if let sent = directHello?.lastMAC1 {
            directHello?.lastMAC1 = sent.suffix(7) + [CookieGate.mac1(of: hello)]
        }
        transmit(hello, to: address)
    }
}

// MARK: HS

extension Connection {
    /// One probe of an address: HS packets where there are keys, a HELLO while the peer may not have ours.
    func probe(_ address: TransportAddress, at now: Instant) {
        for index in pairings.indices { sendHandshake(index, to: address, responses: [], at: now) }
        if pairings.isEmpty || !pairings.contains(where: \.hasHeard), let attempt {
            sendHello(attempt, to: address)
        }
        if session != nil, search != nil || pairings.isEmpty { sendPathChallenge(to: address, at: now) }
    }

    private func sendHandshake(
        _ index: Int, to address: TransportAddress, responses: [UInt64], at now: Instant
    ) {
        var writer = ByteWriter(capacity: Limits.handshakeSize)
        let needsAuth = !(pairings[index].isAuthenticated && session?.isConfirmed ?? false)
        if needsAuth { writer.frame(.auth(signature: pairings[index].keys.signature, parameters: [])) }
        for response in responses { writer.frame(.pathResponse(response)) }
        if !(paths[address]?.isValidated ?? false) || responses.isEmpty {
            let data = environment.entropy.next()
            paths.challenge(data, to: address, at: now)
            writer.frame(.pathChallenge(data))
        }
        let size = needsAuth ? Limits.handshakeSize : Limits.pathProbeSize
        transmit(pairings[index].keys.seal(writer.bytes, size: size), to: address)
    }

    func receiveHandshake(
        _ datagram: Span<UInt8>, to id: ConnectionID, from source: TransportAddress, at now: Instant
    ) -> Bool {
        for index in pairings.indices where pairings[index].attempt.connectionID == id {
            guard let plaintext = pairings[index].keys.open(datagram) else { continue }
            receive(handshake: plaintext, size: datagram.count, index, from: source, at: now)
            return true
        }
        guard pairings.isEmpty, attempt?.connectionID == id else { return false }
        keepEarly(datagram, from: source)
        return true
    }

    private func receive(
        handshake plaintext: [UInt8], size: Int, _ index: Int, from source: TransportAddress, at now: Instant
    ) {
        let kind = checklist.kind(of: source) ?? .peerReflexive
        pairings[index].hasHeard = true
        introduction = nil
        paths.received(size, from: source, kind: kind)
        checklist.add(Candidate(kind, source), at: now)
        var challenges: [UInt64] = []
        var reader = ByteReader(plaintext.span)
        while !reader.isAtEnd {
            guard let frame = try? reader.frame() else { return }
            switch frame {
            case .auth(let signature, _): authenticate(index, signature, from: source, at: now)
            case .pathChallenge(let data): challenges.append(data)
            case .pathResponse(let data): receivePathResponse(data, at: now)
            case .padding, .ack: break
            case .ping, .resetStream, .stopSending, .stream, .maxData, .maxStreamData, .close, .candidates,
                .observedAddress:
                return
            }
        }
        guard pairings.indices.contains(index), !challenges.isEmpty else { return }
        sendHandshake(index, to: source, responses: Array(challenges.prefix(2)), at: now)
    }

    private func authenticate(_ index: Int, _ signature: [UInt8], from source: TransportAddress, at now: Instant) {
        guard !pairings[index].isAuthenticated, pairings[index].keys.verify(signature) else { return }
        pairings[index].state = .authenticated(at: now)
        let pairing = pairings[index]
        if pairing.peer.plaintext.timestamp > authenticatedTimestamp {
            authenticatedTimestamp = pairing.peer.plaintext.timestamp
            events.append(.authenticated(peer, timestamp: authenticatedTimestamp))
        }
        if let session, !session.isOutranked(by: pairing, pair.role) { return }
        begin(pairing, from: source, at: now)
    }

    /// The peer is who it should be: the session begins, and takes over from an older one.
    private func begin(_ pairing: Pairing, from source: TransportAddress, at now: Instant) {
        if session != nil { interruptFiles() }
        if session == nil { connectTime = now - (wantedSince ?? pairing.attempt.began) }
        let isReplacement = session != nil
        session = Session(
            id: pairing.keys.sessionID, keys: pairing.keys.makeSessionKeys(),
            connectionID: pairing.attempt.connectionID, order: pairing.order(pair.role), isBehind: pairing.isBehind,
            at: now)
        if !isReplacement { isAnnounced = false }
        attempt = nil
        attemptDeadline = nil
        introduction = nil
        directHello = nil
        incompatibility = nil
        retry = nil
        search = nil
        pendingFrames.removeAll()
        paths.invalidate(before: pairing.attempt.began)
        paths.activate(source)
        session?.transport.resetPath(initialRTT: paths[source]?.rtt, at: now)
        session?.transport.ping()
        keepAliveDeadline = now + Limits.firstKeepAlive
        requests.append(.watch(false))
        beginChat(at: now)
        replayEarly(at: now)
    }

    // MARK: Early packets

    func keepEarly(_ datagram: Span<UInt8>, from source: TransportAddress) {
        guard early.count < Limits.maxEarlyPackets else { return }
        early.append(([UInt8](copying: datagram), source))
    }

    private func replayEarly(at now: Instant) {
        let waiting = early
        early.removeAll()
        for (datagram, source) in waiting { receive(datagram.span, from: source, at: now) }
    }
}

// MARK: Giving up

extension Connection {
    /// What could not be reached is told, and tried again later when it is still wanted.
    func fail(_ reason: UnreachableReason, at now: Instant) {
        attempt = nil
        attemptDeadline = nil
        introduction = nil
        directHello = nil
        incompatibility = nil
        early.removeAll()
        pairings.removeAll { !$0.isAuthenticated }
        guard session == nil, wantedSince != nil else { return }
        checklist = Checklist()
        events.append(.unreachable(peer, reason))
        let count = (retry?.count ?? 0) + 1
        let pause = min(Duration.seconds(60), .seconds(2) * (1 << min(count, 5)))
        retry = (now + environment.entropy.jittered(pause), count)
    }

    /// Why the present attempt led nowhere.
    var failureReason: UnreachableReason {
        if let incompatibility { return incompatibility }
        if let peerIntroduction, !pairings.isEmpty {
            return .noDirectPath(own: environment.hardestBehavior, peer: peerIntroduction.behavior)
        }
        if introduction?.isPeerKnown ?? false { return .noAnswer }
        if environment.registeredClients.isEmpty { return directAddresses.isEmpty ? .noService : .directTimeout }
        return directHello == nil ? .noAnswer : .directTimeout
    }
}

/// Bits of a HELLO's `flags`.
enum HelloFlags {
    /// The sender cannot judge the receiver's timestamps: the answer must echo its introduction id.
    static let needsEcho: UInt16 = 1
}
