internal import PinholeCrypto
internal import PinholeWire

// What people send: messages and receipts on the session's streams. `+Files` has the files.

extension Connection {
    /// Accepts a message for the peer; it is kept until the peer has it on disk.
    func enqueue(_ message: ChatMessage, isReleased: Bool, at now: Instant) {
        // Who is not a contact yet is told nothing; when he is, the application brings it again.
        guard !isForInvite else { return }
        outbox.enqueue(message, isReleased: isReleased)
        // Who sends has stopped typing, and the peer sees that by the message.
        _ = typing.own(false, at: now)
        if session == nil { connect(at: now) }
    }

    /// Gives up on a message. Returns whether it was still waiting.
    func cancel(_ id: MessageID) -> Bool {
        outbox.remove(id)
    }

    /// A session began: whatever the peer has not confirmed is said again.
    func beginChat(at now: Instant) {
        guard case .contact = purpose else { return beginInvite() }
        outbox.sessionBegan()
        inbox.sessionBegan()
        typing.sessionBegan()
        for (epoch, counter) in readByUs.all.suffix(Self.readsRepeated) {
            write(Receipt(kind: .read, id: MessageID(epoch: epoch, counter: counter)))
        }
        incomingFiles.sessionBegan()
        outgoingFiles.sessionBegan()
        events.append(.sessionBegan(with: peer))
        writeOffers()
        fillStreams(at: now)
    }

    /// Writes messages to their stream, a bounded amount ahead of the network.
    func fillStreams(at now: Instant) {
        guard outbox.hasUnwritten, session != nil else { return }
        let unasked = outbox.takeUnasked()
        if !unasked.isEmpty { events.append(.messagesWait(unasked, for: peer)) }
        while let unsent = session?.transport.unsentBytes(on: StreamID.chat), unsent < Self.writeAhead,
            let (record, news) = outbox.nextRecord()
        {
            session?.transport.write(record, to: StreamID.chat)
            session?.lastApplicationData = now
            if let news { events.append(.sent(news, to: peer)) }
        }
    }

    /// Of how many epochs a new session hears again what was read.
    private static let readsRepeated = 4

    /// Bytes that are handed to a stream before the first of them left.
    static let writeAhead = 256 * 1024

    func drainTransport(at now: Instant) {
        while let event = session?.transport.nextEvent() {
            guard !handleByteStream(event, at: now) else { continue }
            switch event {
            case .readable(let stream) where isForInvite, .finished(let stream) where isForInvite:
                readInvite(stream, at: now)
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

    var isForInvite: Bool {
        switch purpose {
        case .contact: false
        case .inviter, .invited: true
        }
    }

    /// Whether this connection is there to introduce oneself to an inviter: until the application ends it.
    var isInvited: Bool {
        switch purpose {
        case .contact, .inviter: false
        case .invited: true
        }
    }

    func read(_ stream: UInt64, at now: Instant) {
        while readPiece(of: stream, at: now) {}
    }

    /// Returns whether there may be more to be read at once.
    private func readPiece(of stream: UInt64, at now: Instant) -> Bool {
        // What the disk has no time for waits with its sender: it is read when something was stored.
        let isHeld =
            switch stream {
            case StreamID.chat: isChatHeld || inbox.isFull
            case StreamID.control: incomingFiles.isFull
            default: false
            }
        if isHeld || (stream == StreamID.control || stream == StreamID.chat) && hasUntakenAnswers {
            session?.postponedReads.insert(stream)
            return false
        }
        let limit =
            switch stream {
            case StreamID.chat: Self.chatPiece
            case StreamID.control: Self.controlPiece
            default: Int.max
            }
        guard let bytes = session?.transport.read(stream, upTo: limit) else { return false }
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
            case StreamID.signs:
                session?.signs.append(bytes)
                while let record = try session?.signs.next() { receive(try Sign(record.span), at: now) }
            default: break
            }
        } catch {
            close(
                .protocolViolation(SessionError.malformedRecord.sentence), code: CloseCode.protocolViolation, at: now)
            return false
        }
        return bytes.count == limit
    }

    /// Bytes of messages that are read before it is looked again whether there is room for more.
    private static let chatPiece = 64 * 1024
    /// The same of what is agreed about files: some fifty records.
    private static let controlPiece = 4096
}

// MARK: Messages

extension Connection {
    private func receive(_ message: ChatMessage, at now: Instant) throws(WireError) {
        guard message.id.counter > 0 else { throw .malformed }
        switch inbox.receive(message.id, size: message.body.count) {
        case .new:
            // A message ends the typing that led to it.
            if typing.peer(false, at: now) { events.append(.typing(peer, false)) }
            events.append(.message(message, from: peer))
        case .duplicate: sendReceipt(message.id)
        case .ignored: break
        }
    }

    private func receive(_ receipt: Receipt) {
        switch receipt.kind {
        case .delivered: if outbox.remove(receipt.id) { events.append(.delivered(receipt.id, to: peer)) }
        case .read:
            // A new session repeats the last one.
            guard receipt.id.counter > readByPeer[receipt.id.epoch] ?? 0 else { return }
            readByPeer[receipt.id.epoch] = receipt.id.counter
            events.append(.read(receipt.id, by: peer))
        }
    }

    private func receive(_ sign: Sign, at now: Instant) {
        switch sign {
        case .typing(let isTyping): if typing.peer(isTyping, at: now) { events.append(.typing(peer, isTyping)) }
        case .unknown: break
        }
    }

    /// Somebody has seen this message of the peer, and those of its epoch before it.
    func read(_ id: MessageID) {
        guard id.counter > readByUs[id.epoch] ?? 0 else { return }
        readByUs[id.epoch] = id.counter
        write(Receipt(kind: .read, id: id))
    }

    /// The person types to the peer, or has stopped.
    func setTyping(_ isTyping: Bool, at now: Instant) {
        guard session != nil, typing.own(isTyping, at: now) else { return }
        session?.transport.write(RecordReader.framed(Sign.typing(isTyping).encoded), to: StreamID.signs)
    }

    /// The application has the message on disk.
    func stored(_ id: MessageID) {
        // After a failure nothing counts that came before: it will come again, in order.
        guard inbox.stored(id) else { return }
        sendReceipt(id)
    }

    private func sendReceipt(_ id: MessageID) {
        write(Receipt(kind: .delivered, id: id))
    }

    private func write(_ receipt: Receipt) {
        session?.transport.write(RecordReader.framed(receipt.encoded), to: StreamID.receipts)
    }

    /// The application could not store: the session ends, so that nothing is acknowledged that would be lost.
    func storingFailed(at now: Instant) {
        inbox.failed()
        events.removeAll { if case .message = $0 { true } else { false } }
        if session != nil { close(.storage, code: CloseCode.storage, at: now) }
    }
}
