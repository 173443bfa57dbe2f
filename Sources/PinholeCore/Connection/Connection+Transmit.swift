internal import PinholeCrypto
internal import PinholeWire

// What is due → frames → seal, in the order in which they happen.

extension Connection {
    /// Fills `outgoing` with the session packets that may leave now.
    func transmitDue(at now: Instant) {
        fillStreams(at: now)
        // No copy of the session is held while its transport changes: each change would copy what the two share.
        while session != nil, let active = paths.active {
            let size = min(datagramSize, paths.budget) - Limits.dataOverhead
            guard size >= Limits.minPlaintext else { return }
            let frames = framesThatFit(size)
            let inFlight = session?.transport.bytesInFlight
            guard let (number, payload) = session?.transport.nextPacket(upTo: size, with: frames, at: now),
                let session
            else { return }
            pendingFrames.removeFirst(frames.count)
            guard number < Limits.maxPacketsPerEpoch else {
                return close(.timedOut, code: CloseCode.done, at: now)
            }
            let isAnswer = frames.isEmpty && session.transport.bytesInFlight == inFlight
            let isBrief = isAnswer ? session.wasAskedBriefly : payload.count == 1
            send(payload, number: number, session, isBrief: isBrief, to: active, at: now)
            if session.transport.bytesInFlight > 0, session.unansweredSince == nil {
                self.session?.unansweredSince = now
            }
        }
    }

    /// As many of the frames that wait as one packet has room for.
    private func framesThatFit(_ size: Int) -> [Frame] {
        var writer = ByteWriter()
        return Array(
            pendingFrames.prefix { frame in
                writer.frame(frame)
                return writer.count <= size
            })
    }

    private func send(
        _ payload: [UInt8], number: UInt64, _ session: Session, isBrief: Bool, to route: Route, at now: Instant
    ) {
        let limit = min(datagramSize, paths.budget) - Limits.dataOverhead
        // A keep-alive and its answer say nothing that their times do not, and there are many of them.
        let padded = isBrief ? payload : Self.padded(payload, upTo: limit)
        transmit(session.keys.seal(padded, packetNumber: number), to: route)
        self.session?.lastSent = now
    }

    /// Lengths say less when there are few of them: 64, 128, 256, 512, or a full packet (protocol §3).
    static func padded(_ payload: [UInt8], upTo limit: Int) -> [UInt8] {
        let sizes = [64, 128, 256, 512]
        let size = min(sizes.first { $0 >= payload.count } ?? limit, limit)
        guard payload.count < size else { return payload }
        return payload + [UInt8](repeating: 0, count: size - payload.count)
    }

    /// A packet of path frames by itself, small or as large as data.
    func sendPathFrames(_ frames: [Frame], to route: Route, isFull: Bool = false, at now: Instant) {
        guard let session, let number = self.session?.transport.takePacketNumber() else { return }
        var writer = ByteWriter(capacity: Limits.minPlaintext)
        for frame in frames { writer.frame(frame) }
        if isFull { writer.zeros(Limits.maxDatagramSize - Limits.dataOverhead - writer.count) }
        let padded = Self.padded(writer.bytes, upTo: Limits.maxDatagramSize - Limits.dataOverhead)
        transmit(session.keys.seal(padded, packetNumber: number), to: route)
        if route == paths.active { self.session?.lastSent = now }
    }

    @discardableResult
    func sendPathChallenge(to route: Route, at now: Instant) -> UInt64 {
        let data = environment.entropy.next()
        paths.challenge(data, to: route, at: now)
        sendPathFrames([.pathChallenge(data)], to: route, at: now)
        return data
    }

    /// Measures the round trip of the active path; `pong` follows.
    func ping(at now: Instant) {
        guard session != nil, let active = paths.active else { return }
        if pings.count > 16 { pings.removeAll() }
        pings[sendPathChallenge(to: active, at: now)] = now
    }

    func transmit(_ datagram: [UInt8], to route: Route) {
        paths.sent(datagram.count, to: route)
        outgoing.append((datagram, route))
    }
}

// MARK: Ending

extension Connection {
    /// Ends the session from this side, and the wish for one.
    func disconnect(at now: Instant) {
        wantedSince = nil
        retry = nil
        attempt = nil
        attemptDeadline = nil
        introduction = nil
        directHello = nil
        pairings.removeAll()
        abandonPunch()
        if session != nil { close(.localRequest, code: CloseCode.done, at: now) }
    }

    /// Sends CLOSE and forgets the session. What was accepted for the peer stays in the outbox.
    func close(_ reason: CloseReason, code: UInt64, at now: Instant) {
        if let active = paths.active {
            sendPathFrames([.close(errorCode: code, reason: [])], to: active, at: now)
        }
        end(reason, at: now)
    }

    func remoteClosed(_ code: UInt64, at now: Instant) {
        end(.remoteRequest(code: code), at: now)
    }

    private func end(_ reason: CloseReason, at now: Instant) {
        guard let ended = session else { return }
        interruptFiles()
        session = nil
        isAnnounced = false
        search = nil
        successor = nil
        capacityCheck = nil
        probesEnd = nil
        pendingFrames.removeAll()
        pings.removeAll()
        pairings.removeAll { $0.attempt.connectionID == ended.connectionID }
        checklist = Checklist()
        // A socket of a punch is closed with the session that it won.
        if let path = paths.activePath, path.isValidated {
            lastRoute = path.route.socket == .main ? (route: path.route, end: now) : nil
        }
        paths = PathTable()
        if attempt == nil { abandonPunch() }
        events.append(.disconnected(peer, reason))
        switch reason {
        case .remoteRequest(CloseCode.storage):
            // The peer's disk is full, or the like: what waits for it is offered again, not too often.
            wantAgain(after: .seconds(10), at: now)
        case .remoteRequest:
            // The peer went on purpose: it is called again when a service says that it appeared, or, where none can
            // tell, after a while.
            guard wantedSince != nil || !outbox.isEmpty else { return }
            requests.append(.watch(true))
            if introducers.isEmpty || !directAddresses.isEmpty {
                wantAgain(after: .seconds(5), at: now)
            }
        case .timedOut, .protocolViolation, .storage:
            if wantedSince != nil || !outbox.isEmpty { wantAgain(after: .seconds(2), at: now) }
        case .localRequest:
            break
        }
    }

    private func wantAgain(after pause: Duration, at now: Instant) {
        wantedSince = now
        retry = (now + environment.entropy.jittered(pause), 0)
    }
}
