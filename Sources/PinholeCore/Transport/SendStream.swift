internal import PinholeWire

/// The sending half of a stream: what was written and is not yet acknowledged, and which of it must (still) be sent.
struct SendStream: Sendable {
    /// How the stream ends.
    enum Phase: Equatable, Sendable {
        /// More may be written.
        case open
        /// Everything is written; the end of it was sent or not, and acknowledged or not.
        case finishing(Fin)
        /// Given up; RESET_STREAM says so.
        case reset(errorCode: UInt64)
    }

    enum Fin: Equatable, Sendable { case pending, sent, acknowledged }

    /// A STREAM frame to write: bytes of the buffer, and whether the stream ends with them.
    struct Chunk: Equatable, Sendable {
        let offset: UInt64
        let length: Int
        let fin: Bool
        /// Bytes that were never sent before: they use up credit.
        let isNew: Bool
    }

    private var buffer = ChunkQueue()
    /// The offset of the first byte in the buffer: everything before it was acknowledged.
    private var base: UInt64 = 0
    /// The offset of the first byte that was never sent: the final size when the stream is reset.
    private(set) var nextOffset: UInt64 = 0
    /// What was acknowledged beyond `base`.
    private var acknowledged = IntervalSet()
    /// What was sent and must be sent again.
    private var lost = IntervalSet()
    private(set) var phase = Phase.open
    private(set) var credit = SendWindow(limit: Limits.maxStreamData)

    /// Where a file stands with the scheduler.
    enum Turn: Equatable, Sendable {
        /// It has nothing to send, and never had.
        case new
        /// It may not start yet.
        case waiting
        /// It is among the turns.
        case queued
        /// It has started and has nothing to send now.
        case idle
    }
    var turn = Turn.new
    /// Whether the next time that little is left unsent is to be told.
    private var tellsWhenWritable = false

    /// The end of what was written.
    var written: UInt64 { base + UInt64(buffer.count) }
    var unsent: Int { Int(written - nextOffset) }
    /// What was sent and is kept, because it or something before it is not acknowledged.
    var held: Int { Int(nextOffset - base) }
    /// What may be sent for the first time. More credit than the largest window counts as that: a peer that raises it and
    /// never acknowledges the beginning must not have us keep a whole file.
    private var allowance: Int { min(credit.available, Int(Limits.maxStreamWindow) - held) }

    /// Whether the peer does not have everything yet.
    var isUnacknowledged: Bool {
        switch phase {
        case .open: !buffer.isEmpty
        case .finishing, .reset: true
        }
    }

    /// Appends bytes to what is to be sent; false if the stream has ended.
    mutating func write(_ bytes: [UInt8], fin: Bool) -> Bool {
        guard phase == .open else { return false }
        buffer.append(bytes)
        if fin { phase = .finishing(.pending) }
        tellsWhenWritable = !fin
        return true
    }

    /// Whether a packet could carry something of this stream now.
    func canSend(connectionCredit: Int) -> Bool {
        switch phase {
        case .reset: return false
        case .finishing(.pending) where lost.isEmpty && unsent == 0: return true
        case .open, .finishing: break
        }
        return !lost.isEmpty || (unsent > 0 && allowance > 0 && connectionCredit > 0)
    }

    /// Appends a STREAM frame with the next piece to send, lost ones first, that ends at most where the writer then
    /// counts `end` bytes; nil if there is nothing to send or no room.
    mutating func writeFrame(
        id: UInt64, to writer: inout ByteWriter, end: Int, connectionCredit: Int
    ) -> Chunk? {
        let space = end - writer.count
        let offset = lost.first?.lowerBound ?? nextOffset
        let room = space - StreamFrame.overhead(id: id, offset: offset, length: max(space, 0))
        guard room > 0, let chunk = next(room: room, connectionCredit: connectionCredit) else { return nil }
        let start = Int(chunk.offset - base)
        writer.streamHeader(id: id, offset: chunk.offset, length: chunk.length, fin: chunk.fin)
        buffer.write(start..<start + chunk.length, to: &writer)
        return chunk
    }

    private mutating func next(room: Int, connectionCredit: Int) -> Chunk? {
        if case .reset = phase { return nil }
        if let range = lost.first {
            let length = min(range.count, room)
            let end = range.lowerBound + UInt64(length)
            lost.remove(range.lowerBound..<end)
            return Chunk(offset: range.lowerBound, length: length, fin: markFin(endingAt: end), isNew: false)
        }
        let length = min(unsent, room, allowance, connectionCredit)
        let offset = nextOffset
        let end = offset + UInt64(length)
        guard length > 0 || (end == written && phase == .finishing(.pending)) else { return nil }
        credit.use(length)
        nextOffset = end
        return Chunk(offset: offset, length: length, fin: markFin(endingAt: end), isNew: true)
    }

    /// The peer has these bytes, and the end if `fin`; true when it has everything.
    mutating func acknowledge(offset: UInt64, length: Int, fin: Bool) -> Bool {
        let end = offset + UInt64(length)
        if fin, case .finishing = phase { phase = .finishing(.acknowledged) }
        if end > base {
            acknowledged.insert(max(offset, base)..<end)
            lost.remove(offset..<end)
            if let first = acknowledged.first, first.lowerBound == base {
                acknowledged.removeFirst()
                buffer.removeFirst(Int(first.upperBound - base))
                base = first.upperBound
            }
        }
        return phase == .finishing(.acknowledged) && buffer.isEmpty
    }

    /// These bytes, and the end if `fin`, must be sent again unless they arrived by other means.
    mutating func lose(offset: UInt64, length: Int, fin: Bool) {
        if fin, phase == .finishing(.sent) { phase = .finishing(.pending) }
        let end = offset + UInt64(length)
        guard end > base else { return }
        lost.insert(max(offset, base)..<end)
        for range in acknowledged.overlapping(offset..<end) { lost.remove(range) }
    }

    /// Forgets what was written and not acknowledged.
    mutating func reset(errorCode: UInt64) {
        buffer.removeAll()
        acknowledged.removeAll()
        lost.removeAll()
        base = nextOffset
        phase = .reset(errorCode: errorCode)
    }

    /// Whether so little is left unsent that more should be asked for; once per write.
    mutating func isToldWritable() -> Bool {
        guard tellsWhenWritable, unsent < Limits.sendLowWater else { return false }
        tellsWhenWritable = false
        return true
    }

    /// Gives back memory that waits for more to be written.
    mutating func giveBack() {
        buffer.giveBack()
    }

    /// Bytes of memory for what was written.
    var reserved: Int { buffer.reserved }

    mutating func raiseCredit(to limit: UInt64) {
        credit.raise(to: limit)
    }

    private mutating func markFin(endingAt end: UInt64) -> Bool {
        guard case .finishing(let fin) = phase, end == written else { return false }
        if fin == .pending { phase = .finishing(.sent) }
        return true
    }
}
