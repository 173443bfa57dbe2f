package import PinholeWire

/// From the wire: frames of packets that were opened.
extension Transport {
    /// Takes the STREAM frame that `reader` has next, from where it is. An error ends the session.
    package mutating func receiveStream(_ reader: inout ByteReader) throws(TransportError) {
        let frame: BorrowedStreamFrame
        do { frame = try reader.streamFrame() } catch { throw .malformedFrame }
        try receive(frame)
    }

    /// Takes the ACK frame that `reader` has next, into memory that is used again; one that is not heeded is only parsed.
    /// An error ends the session.
    package mutating func receiveAck(
        _ reader: inout ByteReader, isHeeded: Bool = true, at now: Instant
    ) throws(TransportError) {
        do { try reader.ackFrame(into: &ack) } catch { throw .malformedFrame }
        if isHeeded { try receiveAck(at: now) }
    }

    /// Takes one frame of a packet. An error ends the session.
    package mutating func receive(_ frame: Frame, at now: Instant) throws(TransportError) {
        switch frame {
        case .ack(let ack):
            self.ack = ack
            try receiveAck(at: now)
        case .stream(let stream):
            try receive(
                BorrowedStreamFrame(id: stream.id, offset: stream.offset, data: stream.data.span, fin: stream.fin))
        case .resetStream(let id, let code, let finalSize): try reset(id, errorCode: code, finalSize: finalSize)
        case .stopSending(let id, let code): stop(id, errorCode: code)
        case .maxData(let limit): sendCredit.raise(to: limit)
        case .maxStreamData(let id, let limit):
            guard let index = sendStreams.index(forKey: id) else { return }
            sendStreams.values[index].raiseCredit(to: limit)
            schedule(id)
        case .ackFrequency(let request): space.didRequest(request)
        case .padding, .ping, .pathChallenge, .pathResponse, .close, .auth, .candidates, .observedAddress, .rekey,
            .reauth:
            break
        }
    }

    /// Notes a packet after all of its frames were taken, so that it is acknowledged in time.
    package mutating func didReceive(
        packet number: UInt64, isAckEliciting: Bool, ecn: ECNCodepoint = .notECT, at now: Instant
    ) {
        space.didReceive(number, isAckEliciting: isAckEliciting, ecn: ecn, at: now)
    }

    // MARK: Streams

    private mutating func receive(_ frame: borrowing BorrowedStreamFrame) throws(TransportError) {
        guard let index = try open(frame.id) else { return }
        let wasComplete = receiveStreams.values[index].isComplete
        let wasReadable = receiveStreams.values[index].readable
        let growth =
            if StreamID.isFile(frame.id) {
                try receiveStreams.values[index].receive(frame, in: &spares)
            } else {
                try receiveStreams.values[index].receive(frame)
            }
        try charge(growth, to: frame.id, at: index)
        bytesReadable += max(0, receiveStreams.values[index].readable - wasReadable)
        if receiveStreams.values[index].readable > 0, !receiveStreams.values[index].isReadableTold {
            receiveStreams.values[index].isReadableTold = true
            events.append(.readable(frame.id))
        }
        if growth > 0, receiveStreams.values[index].isHeldUp { queueCredit(of: frame.id, at: index) }
        settle(frame.id, at: index, wasComplete: wasComplete)
    }

    private mutating func reset(_ id: UInt64, errorCode: UInt64, finalSize: UInt64) throws(TransportError) {
        guard let index = try open(id, isReset: true) else { return }
        let wasComplete = receiveStreams.values[index].isComplete
        let wasDiscarding = receiveStreams.values[index].isDiscarding
        let unread = receiveStreams.values[index].unread
        let growth = try receiveStreams.values[index].reset(finalSize: finalSize)
        try charge(growth, to: id, at: index)
        stopCodes[id] = nil
        let isDropped = receiveStreams.values[index].isDiscarding && !wasDiscarding
        if isDropped {
            returnCredit(unread, of: id)
            events.append(.reset(id, errorCode: errorCode))
        }
        settle(id, at: index, wasComplete: wasComplete)
    }

    /// RFC 9000 §3.5: "An endpoint that receives a STOP_SENDING frame MUST send a RESET_STREAM frame".
    private mutating func stop(_ id: UInt64, errorCode: UInt64) {
        guard let phase = sendStreams[id]?.phase else {
            // The peer has all of it, and does not answer it.
            if closedSendStreams.contains(id), !stoppedStreams.contains(id) {
                stoppedStreams.insert(id)
                events.append(.stopped(id, errorCode: errorCode))
            }
            return
        }
        if case .reset = phase { return }
        reset(id, errorCode: errorCode)
        events.append(.stopped(id, errorCode: errorCode))
    }

    /// The peer's stream, which begins if it is new; nil if it is over. One that begins with its reset ends with it
    /// too, and is never too many.
    private mutating func open(
        _ id: UInt64, isReset: Bool = false
    ) throws(TransportError) -> StreamTable<ReceiveStream>.Index? {
        let known = receiveStreams.index(forKey: id)
        if known == nil {
            guard !closedReceiveStreams.contains(id) else { return nil }
            guard hasRoomForStreams, closedReceiveStreams.count < Limits.maxClosedStreamRanges else {
                throw .tooManyStreams
            }
        }
        let index = known ?? receiveStreams.insert(makeReceiveStream(id), forKey: id)
        if !receiveStreams.values[index].isHeard {
            guard incompleteStreams < Limits.maxStreams || isReset else { throw .tooManyStreams }
            receiveStreams.values[index].isHeard = true
            incompleteStreams += 1
        }
        return index
    }

    /// Takes the growth of a stream's highest offset from the connection's credit.
    private mutating func charge(
        _ growth: UInt64, to id: UInt64, at index: StreamTable<ReceiveStream>.Index
    ) throws(TransportError) {
        guard growth > 0, StreamID.isFile(id) else { return }
        guard receiveCredit.receive(growth) else { throw .beyondCredit }
        let isDropped = receiveStreams.values[index].isDiscarding
        returnCredit(isDropped ? growth : 0, of: id)
    }

    mutating func settle(
        _ id: UInt64, at index: StreamTable<ReceiveStream>.Index, wasComplete: Bool
    ) {
        guard receiveStreams.values[index].isComplete else { return }
        if !wasComplete { incompleteStreams -= 1 }
        if receiveStreams.values[index].isFinished { close(receiving: id) }
    }

    /// Files have one credit in common.
    mutating func returnCredit(_ count: UInt64, of stream: UInt64) {
        guard StreamID.isFile(stream) else { return }
        receiveCredit.consume(count)
        if receiveCredit.isUpdateDue, !isMaxDataQueued {
            isMaxDataQueued = true
            control.append(.maxData)
        }
    }

    /// The stream is over on our side as well.
    mutating func close(receiving id: UInt64) {
        guard let held = receiveStreams.removeValue(forKey: id) else { return }
        streamGrowth -= held.window.window - Limits.maxStreamData
        closedReceiveStreams.insert(id)
        if !held.isDiscarding { events.append(.finished(id)) }
    }

    /// A stream's credit is to be told, if there is more to give.
    mutating func queueCredit(of id: UInt64, at index: StreamTable<ReceiveStream>.Index) {
        guard receiveStreams.values[index].wantsMoreCredit, !receiveStreams.values[index].isUpdateQueued,
            receiveStreams.values[index].window.isUpdateDue
                || growth(of: id, receiveStreams.values[index].window.window) > 0
        else { return }
        receiveStreams.values[index].isUpdateQueued = true
        control.append(.maxStreamData(id: id))
    }

    func makeReceiveStream(_ id: UInt64) -> ReceiveStream {
        ReceiveStream(window: ReceiveWindow(limit: Limits.maxStreamData, window: Limits.maxStreamData))
    }

    /// By how much a stream's window may grow: to half of what the files have not yet been given beyond their first
    /// credit. So one that is not read leaves as much to the others, and the next again.
    func growth(of id: UInt64, _ window: UInt64) -> UInt64 {
        // The others are small, and are read at once.
        guard StreamID.isFile(id) else { return 0 }
        let own = window - Limits.maxStreamData
        let room = Limits.maxConnectionWindow - (streamGrowth - own)
        return room / 2 > window ? room / 2 - window : 0
    }

    // MARK: Acknowledgements

    private mutating func receiveAck(at now: Instant) throws(TransportError) {
        guard let largest = ack.ranges.first?.upperBound else { return }
        // RFC 9000 §13.1: "An endpoint SHOULD treat receipt of an acknowledgment for a packet it did not send as a
        // connection error of type PROTOCOL_VIOLATION".
        guard largest < space.next, !space.skipped.contains(anyOf: ack.ranges) else { throw .neverSent }
        scratch.removeAll(keepingCapacity: true)
        spurious.removeAll(keepingCapacity: true)
        // Ascending, so that the newest of what is acknowledged comes last.
        for range in ack.ranges.reversed() {
            sent.acknowledge(range, into: &scratch, spurious: &spurious)
        }
        sent.trim()
        let isNewest = largestTold.map { largest > $0 } ?? true
        if isNewest { largestTold = largest }
        // The ACK's largest may be a probe of another path, which was faster.
        if let newest = foreign.contains(largest) ? scratch.last?.number : largest {
            lossDetection.didAcknowledge(newest, something: !scratch.isEmpty)
        }
        if let newest = scratch.last {
            unansweredProbes = 0
            if newest.number == largest, newest.number >= pathStart {
                let delay = Duration.microseconds(Int64(min(ack.delay, 1 << 32)))
                rtt.update(sample: now - newest.sentAt, ackDelay: delay, at: now)
            }
        }
        for packet in spurious { didFindSpurious(packet, at: now) }
        for packet in scratch { didAcknowledge(packet, at: now) }
        settleDelivered()
        if !scratch.isEmpty {
            probes = 0
            let sample = deliveryRate.takeSample(minimumRTT: rtt.minimum, at: now)
            congestion.didReceiveAck(
                sample, rtt: rtt, inFlight: bytesInFlight, delivered: deliveryRate.delivered, at: now)
        }
        if isNewest { receiveCodepoints(at: now) }
        followSize()
        detectLosses(at: now)
        requestAckFrequency()
    }

    private mutating func didAcknowledge(_ packet: SentPacket, at now: Instant) {
        counters.packetsAcknowledged += 1
        if packet.number >= pathStart {
            bytesInFlight -= packet.size
            didArriveOnPath(packet, at: now)
            deliveryRate.didAcknowledge(packet, at: now)
            congestion.didAcknowledge(packet, rtt: rtt, isAppLimited: isAppLimited, at: now)
        }
        didDeliver(packet)
    }

    /// The packet was given up, and its frames sent again perhaps; those that were not need not be.
    private mutating func didFindSpurious(_ packet: SentPacket, at now: Instant) {
        if packet.number >= pathStart { didArriveOnPath(packet, at: now) }
        guard !packet.isMTUProbe else { return }
        counters.spuriousLosses += 1
        if packet.number >= pathStart, lossDetection.didFindSpurious(packet) { congestion.undoCongestion() }
        didDeliver(packet)
    }

    private mutating func didDeliver(_ packet: SentPacket) {
        if let largest = packet.largestAcknowledged { space.forget(upTo: largest) }
        for position in 0..<packet.frames.count {
            switch packet.frames[position] {
            case .stream(let id, let offset, let length, let fin):
                let bytes = offset..<offset + UInt64(length)
                if delivered?.extend(id, bytes, fin) ?? false { continue }
                settleDelivered()
                delivered = DeliveredBytes(id: id, bytes: bytes, fin: fin)
            case .resetStream(let id):
                if case .reset = sendStreams[id]?.phase { close(sending: id) }
            case .rekey(let epoch):
                rekeyFrames.rekeyArrived(epoch)
            case .reauth(let epoch):
                if rekeyFrames.reauthArrived(epoch) { events.append(.reauthArrived(epoch: epoch)) }
            case .stopSending(let id):
                stopCodes[id] = nil
            case .maxData, .maxStreamData, .ackFrequency:
                break
            }
        }
    }

    /// Tells a stream what has arrived of it.
    private mutating func settleDelivered() {
        guard let (id, bytes, fin) = delivered.map({ ($0.id, $0.bytes, $0.fin) }) else { return }
        delivered = nil
        guard let index = sendStreams.index(forKey: id) else { return }
        let held = sendStreams.values[index].held
        let isOver = sendStreams.values[index].acknowledge(offset: bytes.lowerBound, length: bytes.count, fin: fin)
        let isLess = sendStreams.values[index].held < held
        if isLess, StreamID.isFile(id) { heldOfFiles -= held - sendStreams.values[index].held }
        if isOver {
            events.append(.acknowledged(id))
            close(sending: id)
        } else if isLess {
            // It may have had to wait for this.
            schedule(id)
        }
    }
}

/// Bytes of one stream that one ACK acknowledges: mostly of many packets, behind each other.
struct DeliveredBytes: Sendable {
    let id: UInt64
    private(set) var bytes: Range<UInt64>
    private(set) var fin: Bool

    init(id: UInt64, bytes: Range<UInt64>, fin: Bool) {
        self.id = id
        self.bytes = bytes
        self.fin = fin
    }

    /// Adds what follows; false if it does not.
    mutating func extend(_ id: UInt64, _ more: Range<UInt64>, _ fin: Bool) -> Bool {
        guard id == self.id, more.lowerBound == bytes.upperBound, !self.fin else { return false }
        bytes = bytes.lowerBound..<more.upperBound
        self.fin = fin
        return true
    }
}
