internal import PinholeWire

// Streams of bytes that applications open to each other.

extension Connection {
    /// Opens a stream; nil without a session, or when too many are open.
    func openStream(_ name: [UInt8]) -> UInt64? {
        guard session != nil, !isForInvite, !byteStreams.isFull else { return nil }
        let handle = takeHandle()
        let id = byteStreams.open(handle)
        session?.transport.write(StreamHead.open(name: name).encoded, to: id)
        return handle
    }

    /// Takes a stream that the peer opened.
    func answerStream(_ handle: UInt64) {
        guard let (id, peer) = byteStreams.answer(handle) else { return }
        session?.transport.write(StreamHead.answer(to: peer).encoded, to: id)
    }

    /// How much may be written now.
    func room(onStream handle: UInt64) -> ByteStreamRoom {
        guard let session, let stream = byteStreams[handle] else { return .lost }
        switch stream.out {
        case .unanswered: return .lost
        case .ended(_, let code): return code.map { .stopped(code: $0) } ?? .lost
        case .open(let id):
            let room = Self.writeAhead - session.transport.unsentBytes(on: id)
            return room > 0 ? .room(room) : .full
        }
    }

    func write(_ bytes: [UInt8], fin: Bool, toStream handle: UInt64, at now: Instant) {
        guard case .open(let id) = byteStreams[handle]?.out else { return }
        session?.transport.write(bytes, to: id, fin: fin)
        session?.lastApplicationData = now
        if fin { byteStreams.endSending(handle) }
    }

    func readStream(_ handle: UInt64, upTo limit: Int, at now: Instant) -> ByteStreamRead {
        if let read = byteStreams.readRemains(handle, upTo: limit) { return read }
        guard session != nil, let stream = byteStreams[handle] else { return .lost }
        switch stream.incoming {
        case .awaited: return .nothing
        case .finished: return .end
        case .reset(let code): return .reset(code: code)
        case .open(let id):
            guard let bytes = session?.transport.read(id, upTo: limit), !bytes.isEmpty else { return .nothing }
            session?.lastApplicationData = now
            return .bytes(bytes)
        }
    }

    /// Whether the peer has answered a stream of ours: `.nothing` until then, `.end` when it has.
    func answer(ofStream handle: UInt64) -> ByteStreamRead {
        if let answer = byteStreams.answer(ofRemains: handle) { return answer }
        guard session != nil, let stream = byteStreams[handle] else { return .lost }
        switch stream.incoming {
        case .awaited: return .nothing
        case .open, .finished: return .end
        case .reset(let code): return .reset(code: code)
        }
    }

    /// The application is done with a stream: what has not ended is given up.
    func closeStream(_ handle: UInt64, code: UInt64) {
        guard let stream = byteStreams.remove(handle) else { return }
        switch (stream.out, stream.incoming) {
        // The peer has given it up, and waits for nothing.
        case (.unanswered, .reset): break
        case (.unanswered(let id), _): session?.transport.refuse(id, errorCode: code)
        case (.open(let id), .open(let other)):
            session?.transport.reset(id, errorCode: code)
            session?.transport.stopSending(other, errorCode: code)
        case (.open(let id), _): session?.transport.reset(id, errorCode: code)
        case (.ended, .open(let id)): session?.transport.stopSending(id, errorCode: code)
        case (.ended, _): break
        }
    }

    /// The session is over, and all streams with it; what has come can still be read.
    func interruptByteStreams() {
        let session = session
        // What is cut off is no whole stream, though nobody was told yet.
        let resets = session?.transport.resets ?? []
        let handles = byteStreams.endSession { id in
            guard !resets.contains(id) else { return ([], false) }
            let bytes = session?.transport.read(id) ?? []
            return (bytes, session?.transport.isOver(receiving: id) ?? false)
        }
        for handle in handles { changed(handle) }
    }

    /// The application takes messages again, or has enough of them for now.
    func holdChat(_ isHeld: Bool) {
        isChatHeld = isHeld
    }

    /// Whether the event was about a stream of bytes. Between those who do not know each other yet there are none.
    func handleByteStream(_ event: TransportEvent, at now: Instant) -> Bool {
        guard !isForInvite else { return false }
        switch event {
        case .readable(let id) where id >= StreamID.firstByteStream:
            if let handle = byteStreams.handle(receiving: id) { changed(handle) } else { readHead(of: id, at: now) }
        case .finished(let id) where id >= StreamID.firstByteStream:
            byteStreams.heads[id] = nil
            byteStreams.handle(receiving: id).map { endReceiving($0, .finished) }
        case .reset(let id, let code) where id >= StreamID.firstByteStream:
            byteStreams.heads[id] = nil
            byteStreams.handle(receiving: id).map { endReceiving($0, .reset(code: code)) }
        case .stopped(let id, let code) where id >= StreamID.firstByteStream:
            guard let handle = byteStreams.handle(sending: id) else { break }
            byteStreams.endSending(handle, stopCode: code)
            // A stream that is refused is not answered either.
            if byteStreams[handle]?.incoming == .awaited { byteStreams.endReceiving(handle, .reset(code: code)) }
            changed(handle)
        case .writable(let id) where id >= StreamID.firstByteStream:
            byteStreams.handle(sending: id).map(changed)
        case .readable, .finished, .reset, .stopped, .writable, .reauthArrived, .acknowledged: return false
        }
        return true
    }

    private func endReceiving(_ handle: UInt64, _ end: ByteStreams.Stream.In) {
        byteStreams.endReceiving(handle, end)
        changed(handle)
    }

    private func changed(_ handle: UInt64) {
        events.append(.streamChanged(handle, with: peer))
    }

    private func takeHandle() -> UInt64 {
        defer { environment.nextByteStream += 1 }
        return environment.nextByteStream
    }

    /// A stream of the peer's that is new: its head says what it is for. What comes behind stays in the transport.
    private func readHead(of id: UInt64, at now: Instant) {
        var head = byteStreams.heads.removeValue(forKey: id) ?? []
        while true {
            let missing = head.isEmpty ? 1 : 1 + Int(head[0]) - head.count
            guard missing > 0 else { break }
            guard let bytes = session?.transport.read(id, upTo: missing), !bytes.isEmpty else {
                byteStreams.heads[id] = head
                return
            }
            head += bytes
        }
        do throws(WireError) {
            switch try StreamHead(head.span.extracting(1..<head.count)) {
            case .open(let name):
                guard !byteStreams.isFullOfPeers else {
                    session?.transport.refuse(id, errorCode: StreamCode.tooMany)
                    return
                }
                let handle = takeHandle()
                byteStreams.opened(handle, on: id)
                events.append(.streamOpened(handle, name: name, by: peer))
            case .answer(let stream):
                // It may have been given up meanwhile.
                guard let handle = byteStreams.answered(stream, on: id) else {
                    session?.transport.stopSending(id, errorCode: StreamCode.cancelled)
                    return
                }
                changed(handle)
            }
        } catch {
            close(
                .protocolViolation(SessionError.malformedRecord.sentence), code: CloseCode.protocolViolation, at: now)
        }
    }
}
