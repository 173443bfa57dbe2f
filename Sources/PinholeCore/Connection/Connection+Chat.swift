internal import PinholeCrypto
internal import PinholeWire

// What people send: messages, receipts and files on the session's streams.

extension Connection {
    /// Accepts a message for the peer; it is kept until the peer has it on disk.
    func enqueue(_ message: ChatMessage, at now: Instant) {
        outbox.enqueue(message)
        if session == nil { connect(at: now) }
    }

    /// A session began: whatever the peer has not confirmed is said again.
    func beginChat(at now: Instant) {
        outbox.sessionBegan()
        inbox.sessionBegan()
        incomingFiles.sessionBegan()
        outgoingFiles.sessionBegan()
        writeOffers()
        fillStreams(at: now)
    }

    /// Writes messages to their stream, a bounded amount ahead of the network.
    func fillStreams(at now: Instant) {
        guard outbox.hasUnwritten else { return }
        while let unsent = session?.transport.unsentBytes(on: StreamID.chat), unsent < Self.writeAhead,
            let record = outbox.nextRecord()
        {
            session?.transport.write(record, to: StreamID.chat)
            session?.lastApplicationData = now
        }
    }

    /// Bytes that are handed to a stream before the first of them left.
    static let writeAhead = 256 * 1024

    /// Offers files, as many as may wait for an answer at once.
    private func writeOffers() {
        guard session != nil else { return }
        while let offer = outgoingFiles.nextOffer() { write(offer) }
    }

    private func write(_ record: FileRecord) {
        session?.transport.write(RecordReader.framed(record.encoded), to: StreamID.control)
    }

    func drainTransport(at now: Instant) {
        while let event = session?.transport.nextEvent() {
            switch event {
            case .readable(let stream) where stream >= StreamID.firstFile: readLater(stream)
            case .readable(let stream): read(stream, at: now)
            case .writable(let stream): wantFileData(on: stream)
            case .finished(let stream): if stream >= StreamID.firstFile { readLater(stream) }
            case .reauthArrived(let epoch): reauthArrived(epoch, at: now)
            case .acknowledged: break
            case .reset(let stream, _): incomingStreamEnded(stream)
            case .stopped:
                // Why the peer wants no more of a file comes as a record of its own.
                break
            }
        }
        readPostponed(at: now)
        readFiles(at: now)
    }

    /// Whether the peer does not take the answers that it calls for. Then it is not read: its credit ends, and not our
    /// memory. Receipts call for none, and offers are few at a time, so that two of whom each waits for the other cannot be.
    private var hasUntakenAnswers: Bool {
        let unsent = [StreamID.control, StreamID.receipts].map { session?.transport.unsentBytes(on: $0) ?? 0 }
        return unsent.reduce(0, +) > Limits.maxUntakenAnswers
    }

    private func readPostponed(at now: Instant) {
        guard let streams = session?.postponedReads, !streams.isEmpty, !hasUntakenAnswers else { return }
        session?.postponedReads.removeAll()
        for stream in streams.sorted() { read(stream, at: now) }
    }

    private func readLater(_ stream: UInt64) {
        if !readableFiles.contains(stream) { readableFiles.append(stream) }
    }

    /// Hands the application what has come of files while it keeps up with writing. What it does not take stays in the
    /// transport, and the peer gets no more credit.
    private func readFiles(at now: Instant) {
        guard !readableFiles.isEmpty, incomingFiles.room > 0 else { return }
        let streams = readableFiles
        readableFiles.removeAll(keepingCapacity: true)
        for stream in streams {
            if incomingFiles.room > 0 { read(stream, at: now) }
            // What there was no room for is not told again.
            if incomingFiles.room == 0 { readableFiles.append(stream) }
        }
    }

    private func read(_ stream: UInt64, at now: Instant) {
        // The bytes of a file wait in the transport until the control stream said whose they are.
        guard stream < StreamID.firstFile || incomingFiles.transfer(on: stream) != nil else { return }
        if stream == StreamID.control || stream == StreamID.chat, hasUntakenAnswers {
            session?.postponedReads.insert(stream)
            return
        }
        let limit = stream < StreamID.firstFile ? .max : incomingFiles.room
        guard let bytes = session?.transport.read(stream, upTo: limit) else { return }
        if !bytes.isEmpty { session?.lastApplicationData = now }
        do {
            switch stream {
            case StreamID.control:
                session?.control.append(bytes)
                while let record = try session?.control.next() { receive(try FileRecord(record.span), at: now) }
            case StreamID.chat:
                session?.chat.append(bytes)
                while let record = try session?.chat.next() { try receive(ChatMessage(record.span), at: now) }
            case StreamID.receipts:
                session?.receipts.append(bytes)
                while let record = try session?.receipts.next() { receive(try Receipt(record.span)) }
            default:
                receiveFileData(bytes, on: stream)
            }
        } catch {
            close(
                .protocolViolation(SessionError.malformedRecord.sentence), code: CloseCode.protocolViolation, at: now)
        }
    }
}

// MARK: Messages

extension Connection {
    private func receive(_ message: ChatMessage, at now: Instant) throws(WireError) {
        guard message.id.counter > 0 else { throw .malformed }
        switch inbox.receive(message.id) {
        case .new: events.append(.message(message, from: peer))
        case .duplicate: sendReceipt(message.id)
        case .ignored: break
        }
    }

    private func receive(_ receipt: Receipt) {
        switch receipt.kind {
        case .delivered: if outbox.confirm(receipt.id) { events.append(.delivered(receipt.id, to: peer)) }
        case .read: break
        }
    }

    /// The application has the message on disk.
    func stored(_ id: MessageID) {
        // After a failure nothing counts that came before: it will come again, in order.
        guard inbox.stored(id) else { return }
        sendReceipt(id)
    }

    private func sendReceipt(_ id: MessageID) {
        let receipt = Receipt(kind: .delivered, id: id)
        session?.transport.write(RecordReader.framed(receipt.encoded), to: StreamID.receipts)
    }

    /// The application could not store: the session ends, so that nothing is acknowledged that would be lost.
    func storingFailed(at now: Instant) {
        inbox.failed()
        events.removeAll { if case .message = $0 { true } else { false } }
        if session != nil { close(.storage, code: CloseCode.storage, at: now) }
    }
}

// MARK: Files

extension Connection {
    func offer(_ transfer: UInt64, size: UInt64, hash: [UInt8], name: String, at now: Instant) {
        outgoingFiles.add(transfer, size: size, hash: hash, name: name)
        writeOffers()
        if session == nil { connect(at: now) }
    }

    func accept(_ transfer: UInt64, offset: UInt64) {
        guard incomingFiles.accept(transfer, offset: offset) else { return }
        write(.accept(transfer: transfer, offset: offset))
        completeIfWhole(transfer)
    }

    /// Declines an offer, or gives up a transfer in either direction.
    func refuse(_ transfer: UInt64, _ reason: FileRecord.Refusal) {
        if let stream = outgoingFiles.stream(of: transfer) { session?.transport.reset(stream, errorCode: 0) }
        let wasOutgoing = outgoingFiles.remove(transfer)
        if !wasOutgoing, let stream = incomingFiles.remove(transfer) {
            session?.transport.stopSending(stream, errorCode: 0)
        }
        write(.refuse(transfer: transfer, reason: reason))
        writeOffers()
    }

    /// The application has verified and stored an incoming file.
    func fileStored(_ transfer: UInt64) {
        _ = incomingFiles.remove(transfer)
        write(.done(transfer: transfer))
    }

    /// Bytes that `fileWanted` asked for, or the first of them.
    func provide(_ bytes: [UInt8], for transfer: UInt64) {
        guard let (stream, isLast) = outgoingFiles.advanced(transfer, by: bytes.count) else { return }
        session?.transport.write(bytes, to: stream, fin: isLast)
        if !isLast { wantFileData(on: stream) }
    }

    private func wantFileData(on stream: UInt64) {
        guard let session, let (id, offset, size) = outgoingFiles.transfer(on: stream) else { return }
        let room = Self.writeAhead - session.transport.unsentBytes(on: stream)
        let count = Int(min(UInt64(max(room, 0)), size - offset))
        guard room > 0, count > 0, outgoingFiles.ask(id) else { return }
        events.append(.fileWanted(transfer: id, offset: offset, count: min(count, Limits.filePiece), to: peer))
    }

    private func receive(_ record: FileRecord, at now: Instant) {
        session?.lastApplicationData = now
        switch record {
        case .offer(let transfer, let size, let hash, let name):
            guard incomingFiles.offered(transfer, size: size) else {
                return write(.refuse(transfer: transfer, reason: .unacceptable))
            }
            events.append(.fileOffered(FileOffer(transfer: transfer, size: size, hash: hash, name: name), from: peer))
        case .accept(let transfer, let offset):
            guard let stream = outgoingFiles.accepted(transfer, offset: offset) else { return }
            write(.begin(transfer: transfer, stream: stream))
            writeOffers()
            if outgoingFiles.transfers[transfer]?.size == offset {
                provide([], for: transfer)
            } else {
                wantFileData(on: stream)
            }
        case .refuse(let transfer, let reason):
            let wasOutgoing = outgoingFiles.stream(of: transfer)
            if let wasOutgoing { session?.transport.reset(wasOutgoing, errorCode: 0) }
            let wasIncoming = incomingFiles.transfers[transfer] != nil
            if outgoingFiles.remove(transfer) || wasIncoming {
                _ = incomingFiles.remove(transfer)
                events.append(.fileRefused(transfer: transfer, reason, by: peer))
            }
            writeOffers()
        case .begin(let transfer, let stream):
            if incomingFiles.began(transfer, stream: stream) { readLater(stream) }
        case .done(let transfer):
            if outgoingFiles.remove(transfer) { events.append(.fileDone(transfer: transfer, to: peer)) }
        }
    }

    private func receiveFileData(_ bytes: [UInt8], on stream: UInt64) {
        guard let transfer = incomingFiles.transfer(on: stream) else { return }
        guard !bytes.isEmpty else { return completeIfWhole(transfer) }
        guard let offset = incomingFiles.advanced(transfer, by: bytes.count) else {
            return refuse(transfer, .corrupt)
        }
        events.append(.fileData(transfer: transfer, offset: offset, bytes, from: peer))
        completeIfWhole(transfer)
    }

    private func completeIfWhole(_ transfer: UInt64) {
        if incomingFiles.takeCompletion(transfer) { events.append(.fileComplete(transfer: transfer, from: peer)) }
    }

    private func incomingStreamEnded(_ stream: UInt64) {
        guard let transfer = incomingFiles.transfer(on: stream) else { return }
        _ = incomingFiles.remove(transfer)
        events.append(.fileRefused(transfer: transfer, .cancelled, by: peer))
    }

    /// The session is over: incoming files wait for a new offer.
    func interruptFiles(at now: Instant) {
        readFiles(at: now)
        readableFiles.removeAll()
        for transfer in incomingFiles.transfers.keys.sorted() {
            events.append(.fileInterrupted(transfer: transfer, from: peer))
        }
        incomingFiles.sessionBegan()
    }
}
