internal import PinholeCrypto
internal import PinholeWire

// HS packets: probing addresses, proving who we are, and the session that follows.

extension Connection {
    /// One probe of an address: HS packets where there are keys, a HELLO while the peer may not have ours.
    func probe(_ route: Route, at now: Instant) {
        for index in pairings.indices { sendHandshake(index, to: route, responses: [], at: now) }
        if pairings.isEmpty || !pairings.contains(where: \.hasHeard), let ownHello {
            sendHello(ownHello, to: route)
        }
        // A session that is not new may go on at this address, and then the handshake is not needed.
        if let session, search != nil || pairings.isEmpty || session.isSettled(at: now) {
            sendPathChallenge(to: route, at: now)
        }
    }

    func sendHandshake(
        _ index: Int, to route: Route, responses: [UInt64], at now: Instant
    ) {
        var writer = ByteWriter(capacity: Limits.handshakeSize)
        let isOfSession = session?.id == pairings[index].keys.sessionID
        let isProvoked = !responses.isEmpty
        // An answer to an address that was not validated is not much larger than the question.
        let isAllowed = !isProvoked || paths.allowance(for: route) >= Limits.handshakeSize
        let needsAuth = isAllowed && !(pairings[index].isAuthenticated && isOfSession && session?.isConfirmed ?? false)
        if needsAuth { writer.frame(.auth(signature: pairings[index].keys.signature, parameters: [])) }
        for response in responses { writer.frame(.pathResponse(response)) }
        if !(paths[route]?.isValidated ?? false) || responses.isEmpty {
            let data = environment.entropy.next()
            paths.challenge(data, to: route, at: now)
            writer.frame(.pathChallenge(data))
        }
        let size = needsAuth ? Limits.handshakeSize : Limits.pathProbeSize
        transmit(pairings[index].keys.seal(writer.bytes, size: size), to: route, isProvoked: isProvoked)
    }

    func receiveHandshake(
        _ datagram: Span<UInt8>, to id: ConnectionID, from source: Route, at now: Instant
    ) -> Bool {
        for index in pairings.indices where pairings[index].own.connectionID == id {
            guard let plaintext = pairings[index].keys.open(datagram) else { continue }
            receive(handshake: plaintext, size: datagram.count, index, from: source, at: now)
            return true
        }
        // A HELLO that somebody held back may have come before the peer's, whose HS this may be. Once the peer was heard,
        // what does not open is a forgery.
        guard ownHello?.connectionID == id,
            !pairings.contains(where: { $0.own.connectionID == id && $0.hasHeard })
        else { return false }
        keepEarly(datagram, from: source, ecn: .notECT)
        return true
    }

    private func receive(
        handshake plaintext: [UInt8], size: Int, _ index: Int, from source: Route, at now: Instant
    ) {
        let kind = kind(of: source.remote)
        pairings[index].hasHeard = true
        attempt?.introduction = nil
        paths.received(size, from: source, kind: kind)
        report?.heard(source, as: kind, at: now)
        checklist.add(Candidate(kind, source.remote), via: source.socket, at: now)
        var signature: [UInt8]?
        var challenges: [UInt64] = []
        var responses: [UInt64] = []
        var isWhole = true
        var reader = ByteReader(plaintext.span)
        while isWhole, !reader.isAtEnd {
            guard let frame = try? reader.frame() else {
                isWhole = false
                break
            }
            switch frame {
            case .auth(let bytes, _): signature = bytes
            case .pathChallenge(let data): challenges.append(data)
            case .pathResponse(let data): responses.append(data)
            case .padding: break
            // ACK_ECN is another type, and has no place here.
            case .ack(let frame): if frame.ecn != nil { isWhole = false }
            case .ping, .resetStream, .stopSending, .stream, .maxData, .maxStreamData, .ackFrequency, .close,
                .candidates,
                .observedAddress, .rekey, .reauth:
                // What came before it counts, but nobody is answered who says such things.
                isWhole = false
            }
        }
        for data in responses { receivePathResponse(data, size: size, isOfSession: false, at: now) }
        if isWhole, !challenges.isEmpty {
            sendHandshake(index, to: source, responses: Array(challenges.prefix(Limits.challengesPerPacket)), at: now)
        }
        // Last, as a session that begins takes in what came early, and that may end it again.
        if let signature { authenticate(index, signature, from: source, at: now) }
    }

    private func authenticate(_ index: Int, _ signature: [UInt8], from source: Route, at now: Instant) {
        guard !pairings[index].isAuthenticated, pairings[index].keys.verify(signature) else { return }
        pairings[index].state = .authenticated(at: now)
        let pairing = pairings[index]
        if pairing.peer.plaintext.timestamp > authenticatedTimestamp {
            authenticatedTimestamp = pairing.peer.plaintext.timestamp
            events.append(.authenticated(peer, timestamp: authenticatedTimestamp))
        }
        guard let session else { return begin(pairing, from: source, at: now) }
        guard session.isOutranked(by: pairing, pair.role) else { return }
        if session.isConfirmed, session.isSettled(at: now) {
            successor = Successor(
                sessionID: pairing.keys.sessionID, keys: pairing.keys.makeSessionKeys(), source: source,
                due: now + Self.successorPatience)
        } else {
            begin(pairing, from: source, at: now)
        }
    }

    // MARK: Succession

    /// How long a session that is there has to show that it lives, before a new one takes over.
    private static let successorPatience: Duration = .seconds(1)

    /// A packet under the keys of the session that waits to take over: the peer has it, and no other.
    func succeed(by datagram: Span<UInt8>, to id: ConnectionID, from source: Route, at now: Instant) {
        guard let successor, session?.connectionID != id,
            let pairing = pairings.first(where: { $0.keys.sessionID == successor.sessionID }),
            pairing.own.connectionID == id, successor.keys.open(datagram) != nil
        else { return }
        begin(pairing, from: source, at: now)
    }

    /// The time is over: the session goes on if it was heard meanwhile, and else is succeeded.
    func decideSuccession(at now: Instant) {
        guard let successor, successor.due <= now else { return }
        self.successor = nil
        guard let pairing = pairings.first(where: { $0.keys.sessionID == successor.sessionID }) else { return }
        if let session, session.lastReceived + Self.successorPatience <= now {
            begin(pairing, from: successor.source, at: now)
        } else {
            pairings.removeAll { $0.keys.sessionID == successor.sessionID }
            endAttempt()
        }
    }

    /// The peer is who it should be: the session begins, and takes over from an older one.
    private func begin(_ pairing: Pairing, from source: Route, at now: Instant) {
        if session != nil { interruptFiles(at: now) }
        if session == nil { connectTime = now - (wantedSince ?? pairing.own.began) }
        let isReplacement = session != nil
        rememberPath(at: now)
        session = Session(
            id: pairing.keys.sessionID,
            keys: Epochs(pairing.keys.makeKeySchedule(), limits: environment.keyLimits, at: now),
            connectionID: pairing.own.connectionID, order: pairing.order(pair.role), isBehind: pairing.isBehind,
            at: now)
        if !isReplacement { isAnnounced = false }
        endPunch(wonBy: source, isFirst: !isReplacement, at: now)
        attempt = nil
        retry = nil
        search = nil
        successor = nil
        capacityCheck = nil
        pathsReviewed = nil
        repeatsCandidates = false
        toldCandidates = ownCandidates
        pathChosen = pair.role == .lo ? now : nil
        pathLeft = nil
        pendingFrames.removeAll()
        paths.invalidate(before: pairing.own.began)
        paths.activate(source)
        resetPath(source, at: now)
        resumePath(source, at: now)
        session?.transport.ping()
        keepAlive.mappingMade(at: now)
        requests.append(.watch(false))
        beginChat(at: now)
        replayEarly(at: now)
    }

    // MARK: Early packets

    func keepEarly(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint) {
        guard early.count < Limits.maxEarlyPackets else { return }
        early.append(([UInt8](copying: datagram), source, ecn))
    }

    func replayEarly(at now: Instant) {
        let waiting = early
        early.removeAll()
        for (datagram, source, ecn) in waiting { receive(datagram.span, from: source, ecn: ecn, at: now) }
    }
}
