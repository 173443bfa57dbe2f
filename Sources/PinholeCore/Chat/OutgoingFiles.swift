internal import PinholeWire

/// The files that this side sends to one peer. Bytes are asked for piece by piece; none are kept here.
struct OutgoingFiles {
    struct Transfer {
        enum State {
            /// Others are offered first.
            case waiting
            /// The peer has not answered the offer.
            case offered
            /// Bytes flow on `stream`; the next one is at `offset`.
            case sending(stream: UInt64, offset: UInt64)
            /// Everything was written; the peer verifies and stores.
            case finishing(stream: UInt64)
        }

        let size: UInt64
        let hash: [UInt8]
        let name: String
        var state: State
        /// Whether the application was asked for bytes and has not given them.
        var isAsked = false
    }

    private(set) var transfers: [UInt64: Transfer] = [:]
    private var order: [UInt64] = []
    /// Files to offer; some may be gone meanwhile.
    private var waiting = Queue<UInt64>()
    /// Offers that the peer has not answered.
    private var unanswered = 0
    private var nextStream = StreamID.firstFile

    /// Whether there is nothing that the peer has not got, or refused.
    var isEmpty: Bool { transfers.isEmpty }

    mutating func add(_ id: UInt64, size: UInt64, hash: [UInt8], name: String) {
        guard transfers[id] == nil else { return }
        transfers[id] = Transfer(size: size, hash: hash, name: name, state: .waiting)
        order.append(id)
        waiting.append(id)
    }

    /// The next file to offer, unless ``Limits/maxOpenOffers`` wait for an answer.
    mutating func nextOffer() -> FileRecord? {
        while unanswered < Limits.maxOpenOffers, let id = waiting.popFirst() {
            guard let transfer = transfers[id] else { continue }
            transfers[id]?.state = .offered
            unanswered += 1
            return .offer(transfer: id, size: transfer.size, hash: transfer.hash, name: transfer.name)
        }
        return nil
    }

    /// A new session: every unfinished file is offered again, and resumes where the peer says.
    mutating func sessionBegan() {
        nextStream = StreamID.firstFile
        unanswered = 0
        waiting.removeAll()
        for id in order {
            transfers[id]?.state = .waiting
            transfers[id]?.isAsked = false
            waiting.append(id)
        }
    }

    /// The peer accepted. Returns the stream to use, or `nil` when the answer makes no sense.
    mutating func accepted(_ id: UInt64, offset: UInt64) -> UInt64? {
        guard let transfer = transfers[id], case .offered = transfer.state, offset <= transfer.size else { return nil }
        unanswered -= 1
        let stream = nextStream
        nextStream += 1
        transfers[id]?.state = .sending(stream: stream, offset: offset)
        return stream
    }

    func transfer(on stream: UInt64) -> (id: UInt64, offset: UInt64, size: UInt64)? {
        for (id, transfer) in transfers {
            if case .sending(stream, let offset) = transfer.state { return (id, offset, transfer.size) }
        }
        return nil
    }

    /// Returns whether to ask the application now: one question at a time.
    mutating func ask(_ id: UInt64) -> Bool {
        guard transfers[id]?.isAsked == false else { return false }
        transfers[id]?.isAsked = true
        return true
    }

    func stream(of id: UInt64) -> UInt64? {
        switch transfers[id]?.state {
        case .sending(let stream, _), .finishing(let stream): stream
        case .waiting, .offered, nil: nil
        }
    }

    /// `count` bytes were written. Returns the stream and whether they were the last.
    mutating func advanced(_ id: UInt64, by count: Int) -> (stream: UInt64, isLast: Bool)? {
        guard let transfer = transfers[id], case .sending(let stream, let offset) = transfer.state else { return nil }
        let next = offset + UInt64(count)
        guard next <= transfer.size else { return nil }
        let isLast = next == transfer.size
        transfers[id]?.isAsked = false
        transfers[id]?.state = isLast ? .finishing(stream: stream) : .sending(stream: stream, offset: next)
        return (stream, isLast)
    }

    /// Returns whether the transfer existed.
    mutating func remove(_ id: UInt64) -> Bool {
        guard let transfer = transfers.removeValue(forKey: id) else { return false }
        order.removeAll { $0 == id }
        if case .offered = transfer.state { unanswered -= 1 }
        return true
    }
}
