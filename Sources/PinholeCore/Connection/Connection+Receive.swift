internal import PinholeCrypto
internal import PinholeWire

// One datagram for this connection: decrypt → frames → transport, in the order in which they happen.

extension Connection {
    /// An HS or session datagram whose destination id is one of ours.
    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        guard let kind = DatagramKind(datagram), let id = ConnectionID(destinationOf: datagram) else { return }
        switch kind {
        case .handshake:
            if !receiveHandshake(datagram, to: id, from: source, at: now) { environment.drops.count(.undecryptable) }
        case .data:
            receiveData(datagram, to: id, from: source, ecn: ecn, at: now)
        case .stun, .hello, .cookie, .beacon, .register, .challenge, .client, .server:
            break
        }
    }

    private func receiveData(
        _ datagram: Span<UInt8>, to id: ConnectionID, from source: Route, ecn: ECNCodepoint, at now: Instant
    ) {
        if successor != nil { succeed(by: datagram, to: id, from: source, at: now) }
        guard let session, session.connectionID == id else {
            // It may belong to the session that the handshake in progress leads to.
            if pairings.contains(where: { $0.own.connectionID == id && !$0.isAuthenticated }) {
                keepEarly(datagram, from: source, ecn: ecn)
            }
            return
        }
        let opened = environment.opened
        let keys = session.keys
        let epoch = keys.number
        guard let number = keys.open(datagram, into: opened, at: now) else {
            environment.drops.count(.undecryptable)
            return closeIfUsedUp(at: now)
        }
        confirm(session, at: now)
        if keys.number != epoch { didRekey(isPeerAhead: true) }
        noteArrival(of: datagram.count, from: source, at: now)
        do {
            let acknowledged = session.transport.packetsAcknowledged
            let packet = try receive(frames: opened.bytes, size: datagram.count, in: session, from: source, at: now)
            guard self.session === session else { return }
            session.transport.didReceive(
                packet: number, isAckEliciting: packet.isAckEliciting, ecn: ecn, at: now)
            if packet.isAckEliciting {
                session.wasAskedBriefly = datagram.count < Limits.minPlaintext + Limits.dataOverhead
            }
            if number >= session.largestReceived {
                session.largestReceived = number
                if !paths.isActive(source), !packet.isProbing { follow(to: source, at: now) }
            }
            if search != nil, !packet.isProbing || source == paths.active {
                let isAcknowledgement = session.transport.packetsAcknowledged != acknowledged
                heardWhileSearching(isAcknowledgement: isAcknowledgement, at: now)
            }
            if session.transport.mtu.capacity != knownCapacity { followCapacity(at: now) }
            // What arrived is handed on when the packets that came with this one are here too, or when it is much.
            if session.transport.bytesReadable >= Self.handoverSize { drainTransport(at: now) }
        } catch {
            drainTransport(at: now)
            close(.protocolViolation(error.sentence), code: CloseCode.protocolViolation, at: now)
        }
    }

    /// Bytes that arrived and are handed on at once.
    private static let handoverSize = 64 * 1024

    private func noteArrival(of size: Int, from source: Route, at now: Instant) {
        let isReported = report?.isOver == false
        guard isReported || !paths.received(size, from: source) else { return }
        let kind = kind(of: source.remote)
        paths.received(size, from: source, kind: kind)
        report?.heard(source, as: kind, at: now)
    }

    /// A packet under the session's keys shows that the peer verified our AUTH.
    private func confirm(_ session: Session, at now: Instant) {
        if session.lastReceived != now {
            keepAlive.survived(now - session.lastReceived)
            session.lastReceived = now
        }
        session.unansweredSince = nil
        guard !session.isConfirmed else { return }
        session.isConfirmed = true
        announceIfKnown(at: now)
        checkActiveCapacity(at: now)
    }

    private struct Packet {
        var isAckEliciting = false
        /// RFC 9000 §9.1: a packet of path frames alone moves nothing.
        var isProbing = true
        var challenges = 0
        var acks = 0
        var candidates = 0
    }

    private func receive(
        frames plaintext: Span<UInt8>, size: Int, in session: Session, from source: Route, at now: Instant
    ) throws(SessionError) -> Packet {
        var packet = Packet()
        var reader = ByteReader(plaintext)
        while !reader.isAtEnd {
            switch reader.nextFrame {
            case .stream:
                packet.isAckEliciting = true
                packet.isProbing = false
                do { try session.transport.receiveStream(&reader) } catch { throw .transport(error) }
                continue
            case .ack:
                packet.isProbing = false
                packet.acks += 1
                // One has room for all that there is to say, and each may name all that is in flight.
                let isFirst = packet.acks == 1
                do { try session.transport.receiveAck(&reader, isHeeded: isFirst, at: now) } catch {
                    throw .transport(error)
                }
                continue
            case .other:
                break
            }
            let frame: Frame
            do { frame = try reader.frame() } catch { throw .malformedFrame }
            packet.isAckEliciting = packet.isAckEliciting || frame.isAckEliciting
            switch frame {
            case .padding:
                break
            case .pathChallenge(let data):
                packet.challenges += 1
                // One packet must not call forth a hundred.
                guard packet.challenges <= Limits.challengesPerPacket else { continue }
                respond(to: data, size: size, from: source, at: now)
            case .pathResponse(let data):
                receivePathResponse(data, size: size, isOfSession: true, at: now)
            case .close(let code, _):
                packet.isProbing = false
                drainTransport(at: now)
                remoteClosed(code, at: now)
                return packet
            case .candidates(let candidates):
                packet.isProbing = false
                packet.candidates += 1
                guard packet.candidates == 1 else { continue }
                receive(candidates: candidates, at: now)
            case .observedAddress:
                packet.isProbing = false
            case .auth:
                throw .frameNotAllowed
            case .rekey(let epoch, let key):
                packet.isProbing = false
                try receiveRekey(epoch, key: key, at: now)
            case .reauth(let epoch, let signature):
                packet.isProbing = false
                try receiveReauth(epoch, signature: signature, at: now)
            case .ping, .ack, .resetStream, .stopSending, .stream, .maxData, .maxStreamData, .ackFrequency:
                packet.isProbing = false
                do { try session.transport.receive(frame, at: now) } catch { throw .transport(error) }
            }
        }
        return packet
    }
}

/// What a peer, though authenticated, must not do.
enum SessionError: Error {
    case malformedFrame
    case frameNotAllowed
    case transport(TransportError)
    case malformedRecord
    case rekey(RekeyError)

    var sentence: String {
        switch self {
        case .malformedFrame: "a frame could not be parsed"
        case .frameNotAllowed: "a frame came that does not belong in a session packet"
        case .transport(let error): error.reason
        case .malformedRecord: "a record on a stream could not be parsed"
        case .rekey(let error): error.sentence
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
