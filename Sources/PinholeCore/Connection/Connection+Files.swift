internal import PinholeCrypto
internal import PinholeWire

// Files and folders, each on a stream of its own; what is agreed about them is on the control stream.

// MARK: Asked for by the application

extension Connection {
    func offer(_ offer: FileOffer, at now: Instant) {
        guard !isForInvite else { return }
        outgoingFiles.add(offer)
        writeOffers()
        if session == nil { connect(at: now) }
    }

    func accept(_ transfer: UInt64, _ holdings: FileHoldings) {
        guard incomingFiles.accept(transfer) else { return }
        write(.accept(transfer: transfer, holdings))
    }

    /// Not now: another answer will follow.
    func postpone(_ transfer: UInt64, _ reason: FileRecord.Postponement) {
        let (isOpen, stream) = incomingFiles.postpone(transfer)
        guard isOpen else { return }
        if let stream { session?.transport.stopSending(stream, errorCode: 0) }
        write(.wait(transfer: transfer, reason: reason))
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
        beginAccepted()
    }

    /// Asks about what an earlier session offered and this one did not.
    func inquire(_ transfer: UInt64) {
        guard session != nil, !isForInvite, incomingFiles.inquire(transfer) else { return }
        write(.inquire(transfer: transfer))
    }

    /// Answers that a transfer, which is not offered, never will be again.
    func disown(_ transfer: UInt64, _ reason: FileRecord.Refusal) {
        guard !isForInvite, outgoingFiles.transfers[transfer] == nil else { return }
        write(.refuse(transfer: transfer, reason: reason))
    }

    /// The application has verified and stored an incoming transfer.
    func fileStored(_ transfer: UInt64) {
        _ = incomingFiles.remove(transfer)
        write(.done(transfer: transfer))
    }

    /// Answers `fileAccepted`: the content goes on with this group.
    func begin(_ transfer: UInt64, group: UInt64) {
        guard let stream = outgoingFiles.begin(transfer) else { return }
        write(.begin(transfer: transfer, stream: stream, group: group))
        wantFileData(on: stream)
    }

    /// Bytes that `fileWanted` asked for, all of them if `isLast`.
    func provide(_ bytes: [UInt8], for transfer: UInt64, isLast: Bool) {
        guard let stream = outgoingFiles.advanced(transfer, by: bytes.count, isLast: isLast) else { return }
        session?.transport.write(bytes, to: stream, fin: isLast)
        if isLast { beginAccepted() } else { wantFileData(on: stream) }
    }

    /// Offers files, as many as may wait for an answer at once.
    func writeOffers() {
        guard session != nil else { return }
        while let offer = outgoingFiles.nextOffer() { write(offer) }
    }

    private func beginAccepted() {
        guard session != nil else { return }
        while let (transfer, holdings) = outgoingFiles.nextToBegin() {
            events.append(.fileAccepted(transfer: transfer, holdings, by: peer))
        }
    }

    func wantFileData(on stream: UInt64) {
        guard let session, let (id, position) = outgoingFiles.transfer(on: stream) else { return }
        let room = Self.writeAhead - session.transport.unsentBytes(on: stream)
        guard room > 0, outgoingFiles.ask(id) else { return }
        events.append(.fileWanted(transfer: id, position: position, count: room, to: peer))
    }

    private func write(_ record: FileRecord) {
        session?.transport.write(RecordReader.framed(record.encoded), to: StreamID.control)
    }
}

// MARK: Told by the peer

extension Connection {
    func receive(_ record: FileRecord, at now: Instant) {
        session?.lastApplicationData = now
        switch record {
        case .offer(let offer):
            if let reason = incomingFiles.offered(offer.transfer) {
                return write(.refuse(transfer: offer.transfer, reason: reason))
            }
            events.append(.fileOffered(offer, from: peer))
        case .accept(let transfer, let holdings):
            guard outgoingFiles.accepted(transfer, holdings) else { return }
            writeOffers()
            beginAccepted()
        case .wait(let transfer, let reason):
            let (isOpen, stream) = outgoingFiles.postponed(transfer)
            guard isOpen else { return }
            if let stream { session?.transport.reset(stream, errorCode: 0) }
            events.append(.filePostponed(transfer: transfer, reason, by: peer))
            writeOffers()
            beginAccepted()
        case .refuse(let transfer, let reason):
            if let stream = outgoingFiles.stream(of: transfer) { session?.transport.reset(stream, errorCode: 0) }
            let wasIncoming = incomingFiles.isKnown(transfer)
            if outgoingFiles.remove(transfer) || wasIncoming {
                _ = incomingFiles.remove(transfer)
                incomingFiles.ended()
                events.append(.fileRefused(transfer: transfer, reason, by: peer))
            }
            writeOffers()
            beginAccepted()
        case .begin(let transfer, let stream, let group):
            guard incomingFiles.began(transfer, stream: stream) else {
                // It answers an acceptance that was taken back meanwhile.
                if StreamID.files.contains(stream), incomingFiles.transfer(on: stream) == nil {
                    session?.transport.stopSending(stream, errorCode: 0)
                }
                return
            }
            events.append(.fileBegan(transfer: transfer, group: group, from: peer))
            readLater(stream)
        case .done(let transfer):
            if outgoingFiles.remove(transfer) { events.append(.fileDone(transfer: transfer, to: peer)) }
        case .inquire(let transfer):
            if outgoingFiles.inquired(transfer) { events.append(.fileInquired(transfer: transfer, by: peer)) }
        }
    }

    /// Hands on what has come, piece by piece, and at its end that it is the end.
    private func readFile(_ stream: UInt64, of transfer: UInt64, at now: Instant) {
        while let bytes = session?.transport.readPiece(stream, upTo: incomingFiles.room(of: transfer)) {
            receiveFileData(bytes, on: stream)
            guard !bytes.isEmpty else { return }
            session?.lastApplicationData = now
        }
    }

    private func receiveFileData(_ bytes: [UInt8], on stream: UInt64) {
        guard let transfer = incomingFiles.transfer(on: stream) else { return }
        if !bytes.isEmpty {
            incomingFiles.advanced(transfer, by: bytes.count)
            events.append(.fileData(transfer: transfer, bytes, from: peer))
        }
        guard session?.transport.isOver(receiving: stream) ?? false else { return }
        if incomingFiles.takeCompletion(transfer) { events.append(.fileComplete(transfer: transfer, from: peer)) }
    }

    func readLater(_ stream: UInt64) {
        if !readableFiles.contains(stream) { readableFiles.append(stream) }
    }

    /// Hands the application what has come of files while it keeps up with writing. What it does not take stays in the
    /// transport, and the peer gets no more credit.
    func readFiles(at now: Instant) {
        guard !readableFiles.isEmpty else { return }
        swap(&readableFiles, &filesBeingRead)
        defer { filesBeingRead.removeAll(keepingCapacity: true) }
        for stream in filesBeingRead {
            // The bytes of a file wait in the transport until the control stream said whose they are.
            guard let transfer = incomingFiles.transfer(on: stream) else { continue }
            if incomingFiles.room(of: transfer) > 0 { readFile(stream, of: transfer, at: now) }
            // What there was no room for is not told again.
            if incomingFiles.room(of: transfer) == 0 { readLater(stream) }
        }
    }

    /// The peer gave up a stream, which it says more about in a record.
    func incomingStreamEnded(_ stream: UInt64) {
        guard let transfer = incomingFiles.transfer(on: stream) else { return }
        _ = incomingFiles.postpone(transfer)
    }

    /// The session is over: incoming files wait for a new offer.
    func interruptFiles(at now: Instant) {
        // All that has come, also for a disk that does not keep up: it need not come again.
        for stream in readableFiles {
            guard let transfer = incomingFiles.transfer(on: stream) else { continue }
            while let bytes = session?.transport.readPiece(stream), !bytes.isEmpty {
                events.append(.fileData(transfer: transfer, bytes, from: peer))
            }
        }
        readableFiles.removeAll()
        for transfer in incomingFiles.transfers.keys {
            events.append(.fileInterrupted(transfer: transfer, from: peer))
        }
        incomingFiles.sessionBegan()
        interruptByteStreams()
    }
}
