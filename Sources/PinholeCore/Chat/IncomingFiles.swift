internal import PinholeWire

/// The files that a peer offers or sends. Their bytes pass through to the application in order.
struct IncomingFiles {
    struct Transfer {
        let size: UInt64
        /// How much has been handed to the application, from the start of the file.
        var received: UInt64
        var isAccepted: Bool
        /// Of these, how much the application has not written yet.
        var unwritten = 0
        /// Whether the application was told that it has everything.
        var isComplete = false
    }

    private(set) var transfers: [UInt64: Transfer] = [:]
    private var streams: [UInt64: UInt64] = [:]
    /// The bytes of all transfers that the application has and has not written yet.
    private var unwritten = 0

    /// More offers than this at once are refused: each costs memory.
    static let maxTransfers = 1024

    /// A new session brings new offers, and new streams.
    mutating func sessionBegan() {
        transfers.removeAll()
        streams.removeAll()
        unwritten = 0
    }

    mutating func offered(_ id: UInt64, size: UInt64) -> Bool {
        guard transfers[id] == nil, transfers.count < Self.maxTransfers else { return false }
        transfers[id] = Transfer(size: size, received: 0, isAccepted: false)
        return true
    }

    mutating func accept(_ id: UInt64, offset: UInt64) -> Bool {
        guard let transfer = transfers[id], !transfer.isAccepted, offset <= transfer.size else { return false }
        transfers[id]?.received = offset
        transfers[id]?.isAccepted = true
        return true
    }

    /// The peer says on which stream an accepted file comes.
    mutating func began(_ id: UInt64, stream: UInt64) -> Bool {
        guard let transfer = transfers[id], transfer.isAccepted, stream >= StreamID.firstFile,
            streams[stream] == nil
        else { return false }
        streams[stream] = id
        return true
    }

    func transfer(on stream: UInt64) -> UInt64? {
        streams[stream]
    }

    /// `count` more bytes came. Returns their offset, or `nil` when they are more than was offered.
    mutating func advanced(_ id: UInt64, by count: Int) -> UInt64? {
        guard let transfer = transfers[id], transfer.received + UInt64(count) <= transfer.size else { return nil }
        transfers[id]?.received += UInt64(count)
        transfers[id]?.unwritten += count
        unwritten += count
        return transfer.received
    }

    /// How much more may be read for the application: none while it does not keep up.
    var room: Int { max(0, Limits.maxUnwritten - unwritten) }

    /// The application has written `count` bytes more of what it was given.
    mutating func written(_ count: Int, of id: UInt64) {
        // It may be of a transfer that another session began.
        let count = min(count, transfers[id]?.unwritten ?? 0)
        transfers[id]?.unwritten -= count
        unwritten -= count
    }

    /// Whether the transfer has just become whole; true once.
    mutating func takeCompletion(_ id: UInt64) -> Bool {
        guard let transfer = transfers[id], transfer.isAccepted, !transfer.isComplete,
            transfer.received == transfer.size
        else { return false }
        transfers[id]?.isComplete = true
        return true
    }

    /// Returns the stream that the transfer used, if it had one.
    mutating func remove(_ id: UInt64) -> UInt64? {
        unwritten -= transfers.removeValue(forKey: id)?.unwritten ?? 0
        guard let stream = streams.first(where: { $0.value == id })?.key else { return nil }
        streams.removeValue(forKey: stream)
        return stream
    }
}
