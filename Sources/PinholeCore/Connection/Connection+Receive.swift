internal import PinholeCrypto
internal import PinholeWire

// One datagram for this connection: decrypt → frames → transport, in the order in which they happen.

extension Connection {
    /// An HS or session datagram whose destination id is one of ours.
    func receive(_ datagram: Span<UInt8>, from source: Route, at now: Instant) {
        guard let kind = DatagramKind(datagram), let id = ConnectionID(destinationOf: datagram) else { return }
        switch kind {
        case .handshake:
            if !receiveHandshake(datagram, to: id, from: source, at: now) { environment.drops.count(.undecryptable) }
        case .data:
            receiveData(datagram, to: id, from: source, at: now)
        case .stun, .hello, .cookie, .register, .challenge, .client, .server:
            break
        }
    }

    private func receiveData(
        _ datagram: Span<UInt8>, to id: ConnectionID, from source: Route, at now: Instant
    ) {
        // The session itself is not copied here: a copy would make its transport's next change copy everything.
        guard let keys = session?.keys, session?.connectionID == id else {
            // It may belong to the session that the handshake in progress leads to.
            if pairings.contains(where: { $0.attempt.connectionID == id && !$0.isAuthenticated }) {
                keepEarly(datagram, from: source)
            }
            return
        }
        guard let (number, plaintext) = keys.open(datagram) else {
            return environment.drops.count(.undecryptable)
        }
        confirm(at: now)
        paths.received(datagram.count, from: source, kind: checklist.kind(of: source.remote) ?? .peerReflexive)
        do {
            let packet = try receive(frames: plaintext, from: source, at: now)
            guard let largestReceived = session?.largestReceived else { return }
            session?.transport.didReceive(packet: number, isAckEliciting: packet.isAckEliciting, at: now)
            if number >= largestReceived {
                session?.largestReceived = number
                if source != paths.active, !packet.isProbing { follow(to: source, at: now) }
            }
            drainTransport(at: now)
        } catch {
            close(.protocolViolation(error.sentence), code: CloseCode.protocolViolation, at: now)
        }
    }

    /// A packet under the session's keys shows that the peer verified our AUTH.
    private func confirm(at now: Instant) {
        session?.lastReceived = now
        search = nil
        guard let session, !session.isConfirmed else { return }
        self.session?.isConfirmed = true
        announceIfKnown()
    }

    private struct Packet {
        var isAckEliciting = false
        /// RFC 9000 §9.1: a packet of path frames alone moves nothing.
        var isProbing = true
    }

    private func receive(
        frames plaintext: [UInt8], from source: Route, at now: Instant
    ) throws(SessionError) -> Packet {
        var packet = Packet()
        var reader = ByteReader(plaintext.span)
        while !reader.isAtEnd {
            let frame: Frame
            do { frame = try reader.frame() } catch { throw .malformedFrame }
            packet.isAckEliciting = packet.isAckEliciting || frame.isAckEliciting
            switch frame {
            case .padding:
                break
            case .pathChallenge(let data):
                respond(to: data, from: source, at: now)
            case .pathResponse(let data):
                receivePathResponse(data, at: now)
            case .close(let code, _):
                packet.isProbing = false
                remoteClosed(code, at: now)
                return packet
            case .candidates(let candidates):
                packet.isProbing = false
                for candidate in candidates
                where environment.mayProbe(candidate.address, peerObserved: peerObserved) {
                    checklist.add(candidate, at: now)
                }
            case .observedAddress:
                packet.isProbing = false
            case .auth:
                throw .frameNotAllowed
            case .ping, .ack, .resetStream, .stopSending, .stream, .maxData, .maxStreamData:
                packet.isProbing = false
                do { try session?.transport.receive(frame, at: now) } catch { throw .transport(error) }
            }
        }
        return packet
    }
}

// MARK: Paths

extension Connection {
    private func respond(to data: UInt64, from source: Route, at now: Instant) {
        if source == paths.active {
            guard pendingFrames.count < 8 else { return }
            pendingFrames.append(.pathResponse(data))
        } else {
            var frames: [Frame] = [.pathResponse(data)]
            if !(paths[source]?.isValidated ?? false) {
                let challenge = environment.entropy.next()
                paths.challenge(challenge, to: source, at: now)
                frames.append(.pathChallenge(challenge))
            }
            sendPathFrames(frames, to: source, at: now)
        }
    }

    func receivePathResponse(_ data: UInt64, at now: Instant) {
        guard let (route, rtt) = paths.response(data, at: now) else { return }
        checklist.succeeded(route)
        if pings.removeValue(forKey: data) != nil { events.append(.pong(peer, rtt: rtt)) }
        if let kind = checklist.kind(of: route.remote) { paths.setKind(kind, of: route) }
        guard session != nil else { return }
        choosePath(at: now)
        announceIfKnown()
    }

    /// Moves to a better path, or away from one that was never validated.
    private func choosePath(at now: Instant) {
        let since = search == nil ? Instant(nanoseconds: 0) : now - .seconds(2)
        guard let active = paths.active, let best = paths.best(since: since), best != active else { return }
        let settled = session.map { now - $0.began > .seconds(2) } ?? true
        let isAlive = paths.activePath?.isValidated ?? false
        guard !isAlive || search != nil || !settled && paths.isClearlyBetter(best, than: active) else { return }
        move(to: best, at: now)
    }

    /// The peer's newest packet came from elsewhere: its NAT rebound, or it moved (RFC 9000 §9.3).
    private func follow(to source: Route, at now: Instant) {
        let isKnown = paths[source]?.isValidated ?? false
        if isKnown, session.map({ now - $0.began < .seconds(2) }) ?? false {
            // Both sides are still choosing among paths that work.
            return
        }
        move(to: source, at: now)
        if !isKnown { sendPathChallenge(to: source, at: now) }
    }

    private func move(to route: Route, at now: Instant) {
        let old = paths.active
        paths.activate(route)
        if old?.remote.ip != route.remote.ip { session?.transport.resetPath(initialRTT: paths[route]?.rtt, at: now) }
        keepAliveDeadline = now + Limits.firstKeepAlive
        if isAnnounced, let description = pathDescription { events.append(.pathChanged(peer, description)) }
    }

    /// Tells the application once, when the peer has shown that it has the session too.
    func announceIfKnown() {
        guard !isAnnounced, session?.isConfirmed ?? false, let description = pathDescription else { return }
        isAnnounced = true
        events.append(.connected(peer, description))
    }
}

/// What a peer, though authenticated, must not do.
enum SessionError: Error {
    case malformedFrame
    case frameNotAllowed
    case transport(TransportError)
    case malformedRecord

    var sentence: String {
        switch self {
        case .malformedFrame: "a frame could not be parsed"
        case .frameNotAllowed: "a frame came that does not belong in a session packet"
        case .transport(let error): error.reason
        case .malformedRecord: "a record on a stream could not be parsed"
        }
    }
}

extension ConnectionID {
    /// The destination id of an HS, COOKIE or session datagram: bytes 1 … 8.
    init?(destinationOf datagram: Span<UInt8>) {
        var reader = ByteReader(datagram)
        guard (try? reader.u8()) != nil, let id = try? reader.u64() else { return nil }
        self.init(rawValue: id)
    }
}
