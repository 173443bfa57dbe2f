internal import PinholeCrypto
internal import PinholeWire

// What is due → frames → seal, in the order in which they happen.

extension Connection {
    /// Puts the session packets that may leave now into the arena.
    func transmitDue(at now: Instant) {
        fillStreams(at: now)
        guard let session, let active = paths.active else { return }
        if session.transport.wantsSkip { session.transport.skipNumber(environment.entropy.next()) }
        // Transport and arena are lent for all packets together: to ask for each whether somebody else has them took a
        // twentieth of the time.
        if sentInTurn.turn != environment.turn { sentInTurn = (environment.turn, 0) }
        let before = environment.arena.writer.count
        let end = min(DatagramArena.full, before + DatagramArena.full - sentInTurn.bytes)
        var count = 0
        let filling = fill(
            &environment.arena.writer, upTo: end, from: &session.transport, of: session, to: active, packets: &count,
            at: now)
        if count > 0 {
            let bytes = environment.arena.writer.count - before
            sentInTurn.bytes += bytes
            sent(bytes, in: count, to: active)
            session.lastSent = now
            if session.transport.bytesInFlight > 0, session.unansweredSince == nil { session.unansweredSince = now }
        }
        switch filling {
        // The side that is asked, and never asks itself, is as silent as the other.
        case .finished: if count > 0, session.wasAskedBriefly { session.transport.giveBack() }
        case .full: hasMoreToSend = true
        case .keysUsedUp: closeIfUsedUp(at: now)
        }
    }

    private enum Filling {
        case finished
        /// What does not fit in this turn goes with the next.
        case full
        case keysUsedUp
    }

    /// Adds to `count` the packets that it puts into the arena.
    private func fill(
        _ writer: inout ByteWriter, upTo end: Int, from transport: inout Transport, of session: Session,
        to active: Route, packets count: inout Int, at now: Instant
    ) -> Filling {
        // Nothing here changes what may be sent there, but for what is sent.
        let (beginning, budget) = (writer.count, paths.budget)
        let isValidated = budget == .max
        let (keys, arena) = (session.keys, environment.arena)
        while true {
            let allowed = isValidated ? Int.max : budget - (writer.count - beginning)
            let size = min(transport.maxDatagramSize, allowed) - Limits.dataOverhead
            guard size >= Limits.minPlaintext else { return .finished }
            guard writer.count < end else { return .full }
            let start = DatagramArena.beginPacket(in: &writer)
            // Whether the path carries more is tried where data would use it.
            if isValidated, transport.wantsMTUProbe, let probe = transport.nextMTUProbe(to: &writer, at: now) {
                guard !keys.areUsedUp else {
                    writer.truncate(to: start)
                    return .keysUsedUp
                }
                arena.seal(&writer, from: start, probe, keys, to: active)
                count += 1
                continue
            }
            let frames = pendingFrames.isEmpty ? [] : framesThatFit(size)
            let inFlight = transport.bytesInFlight
            guard let packet = transport.nextPacket(to: &writer, upTo: size, with: frames, at: now) else {
                writer.truncate(to: start)
                return .finished
            }
            if !frames.isEmpty { pendingFrames.removeFirst(frames.count) }
            guard !keys.areUsedUp else {
                writer.truncate(to: start)
                return .keysUsedUp
            }
            let bytes = DatagramArena.plaintextCount(of: writer, from: start)
            let isAnswer = frames.isEmpty && transport.bytesInFlight == inFlight
            // A keep-alive and its answer say nothing that their times do not, and there are many of them.
            let isBrief = isAnswer ? session.wasAskedBriefly : bytes == 1
            if !isBrief { writer.zeros(packet.size - bytes) }
            arena.seal(&writer, from: start, packet, keys, to: active)
            count += 1
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

    /// A packet of path frames by itself, small or as large as data. One that a packet from there provoked is no larger than
    /// what may be sent to an address that was not validated, and is left out if that is too little.
    func sendPathFrames(
        _ frames: [Frame], to route: Route, isFull: Bool = false, isProvoked: Bool = false, at now: Instant
    ) {
        guard let keys = session?.keys else { return }
        let arena = environment.arena
        let start = DatagramArena.beginPacket(in: &arena.writer)
        for frame in frames { arena.writer.frame(frame) }
        let count = DatagramArena.plaintextCount(of: arena.writer, from: start)
        let allowance = isProvoked ? paths.allowance(for: route) : .max
        guard count + Limits.dataOverhead <= allowance, let number = session?.transport.takePacketNumber() else {
            return arena.writer.truncate(to: start)
        }
        let limit = min(Limits.maxDatagramSize, allowance) - Limits.dataOverhead
        let packet = WrittenPacket(
            number: number, ecn: .notECT, size: isFull ? limit : Transport.paddedSize(count, upTo: limit))
        arena.writer.zeros(packet.size - count)
        arena.seal(&arena.writer, from: start, packet, keys, to: route)
        sent(arena.writer.count - start, to: route, isProvoked: isProvoked)
        if paths.isActive(route) { session?.lastSent = now }
    }

    @discardableResult
    func sendPathChallenge(to route: Route, isProvoked: Bool = false, at now: Instant) -> UInt64 {
        let data = environment.entropy.next()
        paths.challenge(data, to: route, at: now)
        sendPathFrames([.pathChallenge(data)], to: route, isProvoked: isProvoked, at: now)
        return data
    }

    /// Measures the round trip of the active path; `pong` follows.
    func ping(at now: Instant) {
        guard session != nil, let active = paths.active else { return }
        if pings.count >= Self.maxPings { pings.removeAll() }
        pings[sendPathChallenge(to: active, at: now)] = now
    }

    func transmit(_ datagram: [UInt8], to route: Route, isProvoked: Bool = false) {
        environment.arena.append(datagram, to: route)
        sent(datagram.count, to: route, isProvoked: isProvoked)
    }

    private func sent(_ bytes: Int, in packets: Int = 1, to route: Route, isProvoked: Bool = true) {
        paths.sent(bytes, to: route, isProvoked: isProvoked)
        if report?.isOver == false { reportedRoutes += repeatElement(route, count: packets) }
    }
}

// MARK: Ending

extension Connection {
    /// Ends the session from this side, and what was asked for one; what waits for the peer goes on wanting one.
    func disconnect(at now: Instant) {
        wantedSince = nil
        retry = nil
        giveUpAttempt()
        pairings.removeAll()
        // What was taken back came to no end, and the next is another.
        if report?.isOver == false { report = nil }
        if session != nil { close(.localRequest, code: CloseCode.done, at: now) }
        waitForPeer(at: now)
    }

    /// What waits for the peer goes when a service says that it appeared, or, where none can tell, after a while. That word
    /// comes once and may be lost.
    private func waitForPeer(at now: Instant) {
        guard isWanted else { return }
        requests.append(.watch(true))
        let isTold = !introducers.isEmpty && directAddresses.isEmpty
        wantAgain(after: isTold ? .seconds(60) : .seconds(5), at: now)
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
        rememberPath(at: now)
        interruptFiles(at: now)
        if typing.peer(false, at: now) { events.append(.typing(peer, false)) }
        session = nil
        isAnnounced = false
        search = nil
        successor = nil
        capacityCheck = nil
        probesEnd = nil
        pendingFrames.removeAll()
        pings.removeAll()
        pairings.removeAll { $0.own.connectionID == ended.connectionID }
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
            waitForPeer(at: now)
        case .timedOut, .protocolViolation, .storage, .keysUsedUp:
            if isWanted { wantAgain(after: .seconds(2), at: now) }
        case .localRequest:
            break
        }
    }

    private func wantAgain(after pause: Duration, at now: Instant) {
        wantedSince = now
        retry = (now + environment.entropy.jittered(pause), 0)
    }
}
