package import PinholeWire

/// To the wire: what the next packet carries.
extension Transport {
    /// Why a packet goes now.
    private enum Permission: Equatable {
        /// Acknowledgements and what the connection insists on, but nothing that counts in flight.
        case acknowledgements
        /// Window and pacer allow more. The file at the head of the turns may be known to have some, and nothing else to.
        case data(isFileNext: Bool)
        /// RFC 9002 §6.2.4: a probe goes regardless.
        case probe
    }

    /// Appends the plaintext of the next packet, at most `size` bytes, and returns what it is; nil, with nothing
    /// appended, if there is nothing to send, or window or pacer say wait. `frames` go first, are not repeated when lost,
    /// and force a packet; they must fit.
    package mutating func nextPacket(
        to writer: inout ByteWriter, upTo size: Int, with frames: [Frame] = [], at now: Instant
    ) -> WrittenPacket? {
        let permission = permission(for: size + Limits.dataOverhead, at: now)
        let size = permission == .probe && frames.isEmpty ? min(size, probeSize) : size
        guard !frames.isEmpty || permission != .acknowledgements || space.isAckDue(at: now) else { return nil }
        return write(frames, upTo: writer.count + size, as: permission, to: &writer, at: now)
    }

    /// What may be sent now; data only if there is some.
    private mutating func permission(for datagramSize: Int, at now: Instant) -> Permission {
        isWaitingForPacer = false
        if probes > 0 { return .probe }
        if space.isAckDue(at: now), space.wantsAnswer(rtt: rtt, at: now) { isPingQueued = true }
        guard bytesInFlight == 0 || bytesInFlight + datagramSize <= congestion.window else {
            isAppLimited = false
            return .acknowledgements
        }
        let isAnythingNext = isPingQueued || !control.isEmpty || hasUrgentData()
        guard isAnythingNext || advanceTurns() else {
            isAppLimited = true
            deliveryRate.didRunDry(inFlight: bytesInFlight)
            return .acknowledgements
        }
        pacer.update(rate: congestion.pacingRate, maxDatagramSize: maxDatagramSize, at: now)
        guard pacer.isOpen else {
            isAppLimited = false
            isWaitingForPacer = true
            return .acknowledgements
        }
        return .data(isFileNext: !isAnythingNext)
    }

    private mutating func write(
        _ forced: [Frame], upTo end: Int, as permission: Permission, to writer: inout ByteWriter, at now: Instant
    ) -> WrittenPacket? {
        let beginning = writer.count
        var frames = SentFrames()
        var isEliciting = false
        for frame in forced {
            writer.frame(frame)
            if frame.isAckEliciting { isEliciting = true }
        }
        let largest = writeAck(to: &writer, upTo: end, at: now)
        if permission != .acknowledgements {
            let start = writer.count
            writeControl(to: &writer, upTo: end, frames: &frames, at: now)
            if permission == .data(isFileNext: true) {
                writeFiles(to: &writer, upTo: end, frames: &frames)
            } else {
                writeStreams(to: &writer, upTo: end, packetSize: end - beginning, frames: &frames)
            }
            if writer.count < end, isPingQueued || (writer.count == start && !isEliciting && permission == .probe) {
                writer.frame(.ping)
                isPingQueued = false
            }
            if writer.count > start { isEliciting = true }
        }
        let count = writer.count - beginning
        guard count > 0 else { return nil }
        // Only who is sent much has something to gain by a lie, and a gap costs an idle session two packets.
        let number = space.take(maySkip: bytesInFlight > 0 || !isAppLimited)
        counters.packetsSent += 1
        counters.bytesSent += UInt64(count)
        // What only the connection insists on is not tracked: nothing of it is repeated, and a peer that provokes it
        // and never acknowledges must not fill our memory.
        let size = Self.paddedSize(count, upTo: end - beginning)
        guard isEliciting, permission != .acknowledgements else {
            return WrittenPacket(number: number, ecn: .notECT, size: size)
        }
        let isFilled = end - writer.count < Self.leastFrame
        // Who never fills a packet fills no queue, and need not be told.
        let isMarked = isFilled && ecn.isMarking && permission != .probe
        track(
            SentPacket(
                number: number, sentAt: now,
                size: size + Limits.dataOverhead, largestAcknowledged: largest, frames: frames,
                stamp: deliveryRate.stamp(inFlight: bytesInFlight, at: now), isMarked: isMarked))
        if permission == .probe {
            probes -= 1
            unansweredProbes += 1
        }
        hasFilledPacket = isFilled && end - beginning + Limits.dataOverhead >= mtu.size
        return WrittenPacket(number: number, ecn: isMarked ? .ect0 : .notECT, size: size)
    }

    /// Lengths say less when there are few of them (protocol §3.4): bytes of frames, of a packet that has room for `limit`.
    package static func paddedSize(_ count: Int, upTo limit: Int) -> Int {
        let size =
            switch count {
            case ...64: 64
            case ...128: 128
            case ...256: 256
            case ...512: 512
            case ...Self.baseRoom: Self.baseRoom
            case ...2048: 2048
            case ...4096: 4096
            case ...8192: 8192
            default: limit
            }
        return max(count, min(size, limit))
    }

    private static let baseRoom = Limits.maxDatagramSize - Limits.dataOverhead
    /// A frame of fewer bytes at the end of a packet costs more than it brings.
    private static let leastFrame = 32

    mutating func track(_ packet: SentPacket) {
        sent.append(packet)
        bytesInFlight += packet.size
        lossDetection.didSend(at: packet.sentAt)
        congestion.didSend(packet)
        pacer.didSend(packet.size)
        if packet.isMarked { ecn.didSendMarked() }
        if packet.largestAcknowledged != nil { space.didElicit(at: packet.sentAt) }
    }

    // MARK: Frames

    /// Writes an ACK if one is owed, and returns its largest number.
    private mutating func writeAck(to writer: inout ByteWriter, upTo end: Int, at now: Instant) -> UInt64? {
        guard space.isAckUseful else { return nil }
        return space.writeAck(to: &writer, upTo: end - writer.count, at: now)
    }

    private mutating func writeControl(
        to writer: inout ByteWriter, upTo end: Int, frames: inout SentFrames, at now: Instant
    ) {
        while let next = control.first, writer.count + next.maxSize <= end, !frames.isFull {
            control.removeFirst()
            guard let frame = current(next, at: now) else { continue }
            writer.frame(frame)
            frames.append(next)
        }
    }

    /// The frame with the values of now; nil if it is no longer needed.
    private mutating func current(_ frame: SentFrame, at now: Instant) -> Frame? {
        switch frame {
        case .maxData:
            isMaxDataQueued = false
            return .maxData(receiveCredit.update(rtt: rtt, growth: 0, at: now))
        case .maxStreamData(let id):
            guard let index = receiveStreams.index(forKey: id) else { return nil }
            receiveStreams.values[index].isUpdateQueued = false
            guard case .receiving = receiveStreams.values[index].phase else { return nil }
            let before = receiveStreams.values[index].window.window
            let growth = growth(of: id, before)
            let limit = receiveStreams.values[index].updateCredit(rtt: rtt, growth: growth, at: now)
            streamGrowth += receiveStreams.values[index].window.window - before
            return .maxStreamData(id: id, limit: limit)
        case .ackFrequency:
            isAckRequestQueued = false
            return .ackFrequency(ackFrequency)
        case .resetStream(let id):
            queuedResets.remove(id)
            guard let stream = sendStreams[id], case .reset(let errorCode) = stream.phase else { return nil }
            return .resetStream(id: id, errorCode: errorCode, finalSize: stream.nextOffset)
        case .stopSending(let id):
            queuedStops.remove(id)
            return stopCodes[id].map { .stopSending(id: id, errorCode: $0) }
        case .rekey, .reauth:
            return rekeyFrames[frame]
        case .stream:
            return nil
        }
    }

    private mutating func writeStreams(
        to writer: inout ByteWriter, upTo end: Int, packetSize: Int, frames: inout SentFrames
    ) {
        if scheduler.favorsFiles(packetSize: packetSize), advanceTurns() {
            _ = writeFile(to: &writer, upTo: end, frames: &frames)
        }
        for position in 0..<Scheduler.urgentCount {
            let id = Scheduler.urgent(position)
            while let length = write(id, to: &writer, upTo: end, frames: &frames) {
                scheduler.didSendUrgent(length)
            }
        }
        if writer.count + Self.leastFrame <= end, advanceTurns() {
            writeFiles(to: &writer, upTo: end, frames: &frames)
        }
    }

    /// Writes frames of files, of which the first has something to send.
    private mutating func writeFiles(to writer: inout ByteWriter, upTo end: Int, frames: inout SentFrames) {
        while writeFile(to: &writer, upTo: end, frames: &frames) {
            guard writer.count + Self.leastFrame <= end, advanceTurns() else { return }
        }
    }

    /// Writes a frame of the file at the head of the turns.
    private mutating func writeFile(to writer: inout ByteWriter, upTo end: Int, frames: inout SentFrames) -> Bool {
        guard let id = scheduler.turns.first,
            let length = write(id, to: &writer, upTo: end, frames: &frames)
        else { return false }
        scheduler.didSendFile(length)
        scheduler.rotate()
        return true
    }

    /// Writes one STREAM frame of a stream; nil if it has nothing to send or there is no room.
    private mutating func write(
        _ id: UInt64, to writer: inout ByteWriter, upTo end: Int, frames: inout SentFrames
    ) -> Int? {
        guard !frames.isFull, writer.count + Self.leastFrame <= end, let index = sendStreams.index(forKey: id) else {
            return nil
        }
        let credit = StreamID.isFile(id) ? fileCredit : .max
        let written = sendStreams.values[index].writeFrame(id: id, to: &writer, end: end, connectionCredit: credit)
        guard let chunk = written else { return nil }
        frames.append(.stream(id: id, offset: chunk.offset, length: UInt32(chunk.length), fin: chunk.fin))
        guard chunk.isNew else {
            counters.bytesRetransmitted += UInt64(chunk.length)
            return chunk.length
        }
        if StreamID.isFile(id) {
            sendCredit.use(chunk.length)
            heldOfFiles += chunk.length
        }
        if sendStreams.values[index].isToldWritable() { events.append(.writable(id)) }
        return chunk.length
    }

    /// What all files together may send for the first time: what the peer allows, and we are willing to keep for it.
    private var fileCredit: Int { min(sendCredit.available, Int(Limits.maxConnectionWindow) - heldOfFiles) }

    // MARK: Turns

    private mutating func hasUrgentData() -> Bool {
        for position in 0..<Scheduler.urgentCount {
            let id = Scheduler.urgent(position)
            if let index = sendStreams.index(forKey: id), canSend(index) { return true }
        }
        return false
    }

    private mutating func canSend(_ index: StreamTable<SendStream>.Index, within credit: Int = .max) -> Bool {
        sendStreams.look(at: index) { $0.canSend(connectionCredit: credit) }
    }

    /// Brings a file that can send to the head of the turns; those that have nothing to send leave them.
    private mutating func advanceTurns() -> Bool {
        for _ in 0..<scheduler.turns.count {
            guard let id = scheduler.turns.first else { return false }
            guard let index = sendStreams.index(forKey: id) else {
                scheduler.dequeue()
                continue
            }
            // Signs take turns with files, and need no credit of theirs.
            if canSend(index, within: StreamID.isFile(id) ? fileCredit : .max) { return true }
            if canSend(index) {
                scheduler.rotate()
            } else {
                sendStreams.values[index].turn = .idle
                scheduler.dequeue()
            }
        }
        return false
    }

    /// Gives a file a turn if it has something to send.
    mutating func schedule(_ id: UInt64) {
        guard StreamID.isFile(id) || !Scheduler.isUrgent(id),
            let index = sendStreams.index(forKey: id), canSend(index)
        else { return }
        switch sendStreams.values[index].turn {
        case .queued, .waiting: return
        case .new:
            guard scheduler.start(id) else { return sendStreams.values[index].turn = .waiting }
        case .idle: break
        }
        sendStreams.values[index].turn = .queued
        scheduler.enqueue(id)
    }

    /// A stream of ours is over: acknowledged whole, or its reset is.
    mutating func close(sending id: UInt64) {
        guard let stream = sendStreams.removeValue(forKey: id) else { return }
        closedSendStreams.insert(id)
        guard stream.turn == .queued || stream.turn == .idle else { return }
        scheduler.fileDidEnd()
        while let next = scheduler.nextWaiting() {
            // It may have been given up while it waited.
            guard let index = sendStreams.index(forKey: next) else { continue }
            sendStreams.values[index].turn = .new
            schedule(next)
        }
    }
}
