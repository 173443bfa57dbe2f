internal import PinholeWire

/// What this side sends to one peer. Bytes are asked for piece by piece; none are kept here.
struct OutgoingFiles {
    struct Transfer: Sendable {
        enum State: Equatable, Sendable {
            /// Others are offered first.
            case waiting
            /// The peer has not answered the offer, or said that it will do so later.
            case offered(isAnswered: Bool)
            /// The peer wants it. Others are sent first.
            case accepted(FileHoldings)
            /// The application looks at what the peer has already.
            case beginning
            /// Bytes flow on `stream`, of which `position` were written.
            case sending(stream: UInt64, position: UInt64)
            /// Everything was written; the peer verifies and stores.
            case finishing(stream: UInt64)
        }

        let offer: FileOffer
        var state: State
        /// Whether the application was asked for bytes and has not given them.
        var isAsked = false
    }

    /// Changed where they lie, for each piece of a file: a dictionary takes memory for that.
    private(set) var transfers = StreamTable<Transfer>()
    private var order: [UInt64] = []
    private var sendingStreams: [UInt64: UInt64] = [:]
    /// Transfers to offer; some may be gone meanwhile.
    private var waiting = Queue<UInt64>()
    /// Transfers that the peer wants and that have not begun; some may be gone meanwhile.
    private var accepted = Queue<UInt64>()
    /// Offers that the peer has not answered.
    private var unanswered = 0
    private var active = 0
    /// What the peer has asked about in this session.
    private var inquiries = 0
    private var nextStream = StreamID.firstFile

    /// Whether there is nothing that the peer has not got, or refused.
    var isEmpty: Bool { transfers.isEmpty }

    mutating func add(_ offer: FileOffer) {
        guard transfers[offer.transfer] == nil else { return }
        transfers.insert(Transfer(offer: offer, state: .waiting), forKey: offer.transfer)
        order.append(offer.transfer)
        waiting.append(offer.transfer)
    }

    /// The next to offer, unless ``Limits/maxOpenOffers`` wait for an answer.
    mutating func nextOffer() -> FileRecord? {
        while unanswered < Limits.maxOpenOffers, let id = waiting.popFirst() {
            guard let transfer = transfers[id], transfer.state == .waiting else { continue }
            change(id, to: .offered(isAnswered: false))
            return .offer(transfer.offer)
        }
        return nil
    }

    /// A new session: everything unfinished is offered again, and resumes where the peer says.
    mutating func sessionBegan() {
        nextStream = StreamID.firstFile
        inquiries = 0
        waiting.removeAll()
        accepted.removeAll()
        for id in order {
            change(id, to: .waiting)
            setAsked(false, id)
            waiting.append(id)
        }
    }

    /// The peer asks about what is not offered. Returns whether the application has to answer: not where it is about to be
    /// offered, and not to more than it can have kept of earlier sessions.
    mutating func inquired(_ id: UInt64) -> Bool {
        guard transfers[id] == nil, inquiries < Limits.maxOffers else { return false }
        inquiries += 1
        return true
    }

    /// The peer wants it. Returns whether that makes sense.
    mutating func accepted(_ id: UInt64, _ holdings: FileHoldings) -> Bool {
        guard case .offered = transfers[id]?.state else { return false }
        change(id, to: .accepted(holdings))
        accepted.append(id)
        return true
    }

    /// The next that may begin, and what the peer has of it.
    mutating func nextToBegin() -> (id: UInt64, holdings: FileHoldings)? {
        while active < Limits.maxActiveFiles, let id = accepted.popFirst() {
            guard case .accepted(let holdings) = transfers[id]?.state else { continue }
            change(id, to: .beginning)
            return (id, holdings)
        }
        return nil
    }

    /// The peer will say later whether and when. Returns whether it was offered, and the stream that it used.
    mutating func postponed(_ id: UInt64) -> (isOpen: Bool, stream: UInt64?) {
        guard let transfer = transfers[id] else { return (false, nil) }
        let stream = stream(of: id)
        switch transfer.state {
        case .waiting: return (false, nil)
        case .offered, .accepted, .beginning, .sending, .finishing:
            change(id, to: .offered(isAnswered: true))
            setAsked(false, id)
            return (true, stream)
        }
    }

    /// The application knows where to go on. Returns the stream to use.
    mutating func begin(_ id: UInt64) -> UInt64? {
        guard transfers[id]?.state == .beginning else { return nil }
        let stream = nextStream
        nextStream += 1
        change(id, to: .sending(stream: stream, position: 0))
        return stream
    }

    func transfer(on stream: UInt64) -> (id: UInt64, position: UInt64)? {
        guard let id = sendingStreams[stream], let index = transfers.index(forKey: id),
            case .sending(_, let position) = state(at: index)
        else { return nil }
        return (id, position)
    }

    /// Returns whether to ask the application now: one question at a time.
    mutating func ask(_ id: UInt64) -> Bool {
        guard let index = transfers.index(forKey: id), !transfers.values[index].isAsked else { return false }
        transfers.values[index].isAsked = true
        return true
    }

    func stream(of id: UInt64) -> UInt64? {
        switch transfers[id]?.state {
        case .sending(let stream, _), .finishing(let stream): stream
        case .waiting, .offered, .accepted, .beginning, nil: nil
        }
    }

    /// `count` bytes were given, the last of all or not. Returns the stream.
    mutating func advanced(_ id: UInt64, by count: Int, isLast: Bool) -> UInt64? {
        guard let index = transfers.index(forKey: id), case .sending(let stream, let position) = state(at: index)
        else { return nil }
        transfers.values[index].isAsked = false
        if isLast {
            change(id, to: .finishing(stream: stream))
        } else {
            transfers.values[index].state = .sending(stream: stream, position: position + UInt64(count))
        }
        return stream
    }

    /// Returns whether the transfer existed.
    mutating func remove(_ id: UInt64) -> Bool {
        guard transfers[id] != nil else { return false }
        change(id, to: .waiting)
        transfers.removeValue(forKey: id)
        order.removeAll { $0 == id }
        return true
    }

    /// The one place where states change, and where what is counted of them does.
    private mutating func change(_ id: UInt64, to state: Transfer.State) {
        guard let index = transfers.index(forKey: id) else { return }
        let old = transfers.values[index].state
        if old == .offered(isAnswered: false) { unanswered -= 1 }
        if old.isActive { active -= 1 }
        if case .sending(let stream, _) = old { sendingStreams[stream] = nil }
        if state == .offered(isAnswered: false) { unanswered += 1 }
        if state.isActive { active += 1 }
        if case .sending(let stream, _) = state { sendingStreams[stream] = id }
        transfers.values[index].state = state
    }

    private mutating func setAsked(_ isAsked: Bool, _ id: UInt64) {
        if let index = transfers.index(forKey: id) { transfers.values[index].isAsked = isAsked }
    }

    private func state(at index: StreamTable<Transfer>.Index) -> Transfer.State {
        transfers.values[index].state
    }
}

extension OutgoingFiles.Transfer.State {
    /// Whether bytes of it are, or will soon be, in memory.
    fileprivate var isActive: Bool {
        switch self {
        case .waiting, .offered, .accepted, .finishing: false
        case .beginning, .sending: true
        }
    }
}
