internal import PinholeWire

/// What a peer offers or sends. The bytes pass through to the application in order.
struct IncomingFiles {
    struct Transfer: Sendable {
        enum State: Equatable, Sendable {
            /// The application has not answered, or not for good.
            case offered
            /// The peer is to say on which stream it comes.
            case accepted
            case receiving(stream: UInt64)
            /// The application was told that it has everything.
            case complete(stream: UInt64)
        }

        var state = State.offered
        /// How much of what the application was given it has not written yet.
        var unwritten = 0
    }

    /// Changed where they lie, for each piece of a file: a dictionary takes memory for that.
    private(set) var transfers = StreamTable<Transfer>()
    private var streams: [UInt64: UInt64] = [:]
    /// The bytes of all transfers that the application has and has not written yet.
    private var unwritten = 0
    /// What earlier sessions offered and this one did not, of which the peer was asked what became of it.
    private var inquired: Set<UInt64> = []
    private var inquiries = 0
    /// What the application was told of and has not noted on its disk yet, whatever session it was in: offers, and ends
    /// of transfers.
    private var unnotedOffers: Set<UInt64> = []
    private var unnotedEnds = 0

    /// Whether the disk does not keep up with what the peer says of files: then it is not read.
    var isFull: Bool { unnotedOffers.count + unnotedEnds >= Limits.maxUnnoted }

    mutating func offerNoted(_ id: UInt64) {
        unnotedOffers.remove(id)
    }

    mutating func endNoted() {
        unnotedEnds = max(0, unnotedEnds - 1)
    }

    /// A new session brings new offers, and new streams.
    mutating func sessionBegan() {
        transfers = StreamTable()
        streams.removeAll()
        inquired.removeAll()
        inquiries = 0
        unwritten = 0
    }

    /// Returns whether the peer is to be asked what became of a transfer: not of one that it has offered.
    mutating func inquire(_ id: UInt64) -> Bool {
        guard transfers[id] == nil, inquiries < Limits.maxOffers, inquired.insert(id).inserted else { return false }
        inquiries += 1
        return true
    }

    /// Whether it was offered, or asked about.
    func isKnown(_ id: UInt64) -> Bool { transfers[id] != nil || inquired.contains(id) }

    /// Takes note of an offer, or says why it is refused.
    mutating func offered(_ id: UInt64) -> FileRecord.Refusal? {
        guard transfers[id] == nil else { return .unacceptable }
        // The place of one that has ended is free when the application has noted that.
        guard transfers.count + unnotedEnds < Limits.maxOffers else { return .tooMany }
        transfers.insert(Transfer(), forKey: id)
        inquired.remove(id)
        unnotedOffers.insert(id)
        return nil
    }

    /// The application is told that a transfer, either way, came to its end by the peer's word.
    mutating func ended() {
        unnotedEnds += 1
    }

    mutating func accept(_ id: UInt64) -> Bool {
        guard let index = transfers.index(forKey: id), transfers.values[index].state == .offered else { return false }
        transfers.values[index].state = .accepted
        return true
    }

    /// The application cannot take it now. Returns whether it was open, and the stream that it used.
    mutating func postpone(_ id: UInt64) -> (isOpen: Bool, stream: UInt64?) {
        guard let index = transfers.index(forKey: id) else { return (false, nil) }
        let transfer = transfers.values[index]
        unwritten -= transfer.unwritten
        transfers.values[index] = Transfer()
        return (true, forgetStream(of: transfer))
    }

    /// The peer says on which stream an accepted transfer comes.
    mutating func began(_ id: UInt64, stream: UInt64) -> Bool {
        guard let index = transfers.index(forKey: id), transfers.values[index].state == .accepted,
            StreamID.files.contains(stream), streams[stream] == nil
        else { return false }
        transfers.values[index].state = .receiving(stream: stream)
        streams[stream] = id
        return true
    }

    func transfer(on stream: UInt64) -> UInt64? {
        streams[stream]
    }

    /// `count` more bytes were handed to the application.
    mutating func advanced(_ id: UInt64, by count: Int) {
        guard let index = transfers.index(forKey: id) else { return }
        transfers.values[index].unwritten += count
        unwritten += count
    }

    /// How much more may be read for the application: none while it does not keep up. Each transfer has its own share,
    /// so that a disk that is stuck holds up what goes there and nothing else.
    func room(of id: UInt64) -> Int {
        let own = transfers[id]?.unwritten ?? 0
        let share = (Limits.maxUnwrittenTogether - (unwritten - own)) / 2
        return max(0, min(Limits.maxUnwritten, share) - own)
    }

    /// The application has written `count` bytes more of what it was given.
    mutating func written(_ count: Int, of id: UInt64) {
        // It may be of a transfer that another session began.
        guard let index = transfers.index(forKey: id) else { return }
        let count = min(count, transfers.values[index].unwritten)
        transfers.values[index].unwritten -= count
        unwritten -= count
    }

    /// All of the stream was handed on. Returns whether the application is to hear that it has everything; true once.
    mutating func takeCompletion(_ id: UInt64) -> Bool {
        guard let index = transfers.index(forKey: id), case .receiving(let stream) = transfers.values[index].state
        else { return false }
        transfers.values[index].state = .complete(stream: stream)
        return true
    }

    /// Returns the stream that the transfer used, if it had one.
    mutating func remove(_ id: UInt64) -> UInt64? {
        inquired.remove(id)
        guard let transfer = transfers.removeValue(forKey: id) else { return nil }
        unwritten -= transfer.unwritten
        return forgetStream(of: transfer)
    }

    private mutating func forgetStream(of transfer: Transfer) -> UInt64? {
        switch transfer.state {
        case .offered, .accepted: return nil
        case .receiving(let stream), .complete(let stream):
            streams[stream] = nil
            return stream
        }
    }
}
