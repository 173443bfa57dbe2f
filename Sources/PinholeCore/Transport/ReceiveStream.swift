internal import PinholeWire

/// The receiving half of a stream: reassembly within the credit that was given, and the rules of its end.
struct ReceiveStream: Sendable {
    /// Where the stream stands, RFC 9000 §3.2.
    enum Phase: Equatable, Sendable {
        /// The end is not known.
        case receiving
        /// The end is known; bytes before it may be missing.
        case sizeKnown(UInt64)
        /// The application wants no more of it: bytes are counted and dropped. The end is known or not.
        case discarding(finalSize: UInt64?)
    }

    /// What is in order and not read.
    private var buffer = PieceQueue()
    /// The offset of the next byte to read, the first of the buffer.
    private(set) var readOffset: UInt64 = 0
    /// The end of the bytes without a gap.
    private var contiguousEnd: UInt64 = 0
    /// What arrived beyond a gap, and where it lies.
    private var pieces = IntervalSet()
    private var pages = PageBuffer()
    private(set) var phase = Phase.receiving
    private(set) var window: ReceiveWindow

    /// Whether the peer has used the stream: the application may have spoken of it first.
    var isHeard = false
    /// Whether ``TransportEvent/readable(_:)`` waits to be taken.
    var isReadableTold = false
    /// Whether MAX_STREAM_DATA waits to be sent.
    var isUpdateQueued = false

    init(window: ReceiveWindow) {
        self.window = window
    }

    var readable: Int { Int(contiguousEnd - readOffset) }

    /// Whether every byte up to the end has arrived, read or not.
    var isComplete: Bool {
        switch phase {
        case .receiving: false
        case .sizeKnown(let size): contiguousEnd == size
        case .discarding(let size): size != nil
        }
    }

    /// Whether there is nothing left to happen: all read, or dropped, up to the end.
    var isFinished: Bool { isComplete && readable == 0 }

    var isDiscarding: Bool {
        switch phase {
        case .receiving, .sizeKnown: false
        case .discarding: true
        }
    }

    /// Whether the credit runs out while the reader waits for what was lost.
    var isHeldUp: Bool { readable == 0 && window.isNearlyUsedUp }

    var wantsMoreCredit: Bool {
        switch phase {
        case .receiving: window.isUpdateDue || isHeldUp
        case .sizeKnown, .discarding: false
        }
    }

    /// Takes a STREAM frame; returns by how much the highest offset grew, which the connection's credit pays for.
    mutating func receive(_ frame: borrowing BorrowedStreamFrame) throws(TransportError) -> UInt64 {
        var spares: [[UInt8]] = []
        return try receive(frame, in: &spares)
    }

    /// The same, in one of `spares` where that needs memory.
    mutating func receive(
        _ frame: borrowing BorrowedStreamFrame, in spares: inout [[UInt8]]
    ) throws(TransportError) -> UInt64 {
        let end = frame.offset + UInt64(frame.data.count)
        let growth = try extend(to: end, isFinal: frame.fin)
        guard !isDiscarding, end > contiguousEnd else { return growth }
        let known = max(frame.offset, contiguousEnd)
        let data = frame.data.extracting(Int(known - frame.offset)..<frame.data.count)
        if known == contiguousEnd {
            buffer.append(data, in: &spares)
            contiguousEnd = end
            if !pieces.isEmpty { closeGap(in: &spares) }
            return growth
        }
        pages.write(data, at: known, front: contiguousEnd)
        pieces.insert(known..<end)
        guard pieces.count <= Limits.maxStreamGaps else { throw .tooManyGaps }
        return growth
    }

    /// What waited behind the bytes that came now is in order too.
    private mutating func closeGap(in spares: inout [[UInt8]]) {
        pieces.remove(0..<contiguousEnd)
        if let next = pieces.first, next.lowerBound == contiguousEnd {
            pages.move(next, to: &buffer, in: &spares)
            contiguousEnd = next.upperBound
            pieces.removeFirst()
        }
        if pieces.isEmpty { pages.removeAll() } else { pages.removeAll(before: contiguousEnd) }
    }

    /// Bytes of memory for what arrived beyond a gap.
    var allocatedBeyondGaps: Int { pages.allocated }

    /// Takes RESET_STREAM: what is missing will not come, and what is here is not worth reading. Returns by how much
    /// the highest offset grew. Nothing changes when everything has arrived already.
    mutating func reset(finalSize: UInt64) throws(TransportError) -> UInt64 {
        let wasComplete = isComplete
        let growth = try extend(to: finalSize, isFinal: true)
        if !wasComplete { discard() }
        return growth
    }

    /// Removes up to `limit` bytes that are in order.
    mutating func read(upTo limit: Int) -> [UInt8] {
        let count = min(readable, max(limit, 0))
        guard count > 0 else { return [] }
        readOffset += UInt64(count)
        window.consume(UInt64(count))
        return buffer.take(count)
    }

    /// Removes bytes that are in order, at most `limit`, in the memory in which they lie: more may be left.
    mutating func readPiece(upTo limit: Int) -> [UInt8] {
        guard readable > 0, limit > 0 else { return [] }
        let bytes = buffer.takePiece(upTo: limit)
        readOffset += UInt64(bytes.count)
        window.consume(UInt64(bytes.count))
        return bytes
    }

    /// The application wants no more: what is here is dropped.
    mutating func stop() {
        if !isDiscarding { discard() }
    }

    /// Gives back memory that waits for more to arrive.
    mutating func giveBack() {
        buffer.giveBack()
    }

    /// Bytes of memory for what arrived.
    var reserved: Int { buffer.reserved + pages.allocated }

    mutating func updateCredit(rtt: RTTEstimator, growth: UInt64, at now: Instant) -> UInt64 {
        window.update(rtt: rtt, isBehindLoss: isHeldUp, growth: growth, at: now)
    }

    /// Credit that was used and not given back: bytes neither read nor dropped, and the gaps between them.
    var unread: UInt64 { isDiscarding ? 0 : window.received - readOffset }

    private mutating func extend(to end: UInt64, isFinal: Bool) throws(TransportError) -> UInt64 {
        // RFC 9000 §4.5: "Once a final size for a stream is known, it cannot change", and nothing lies beyond it.
        if let finalSize {
            guard end <= finalSize, !isFinal || end == finalSize else { throw .finalSizeChanged }
        } else if isFinal {
            guard end >= window.received else { throw .finalSizeChanged }
        }
        let growth = end > window.received ? end - window.received : 0
        guard window.receive(growth) else { throw .beyondCredit }
        if isFinal {
            switch phase {
            case .receiving: phase = .sizeKnown(end)
            case .sizeKnown: break
            case .discarding: phase = .discarding(finalSize: end)
            }
        }
        return growth
    }

    private var finalSize: UInt64? {
        switch phase {
        case .receiving: nil
        case .sizeKnown(let size): size
        case .discarding(let size): size
        }
    }

    private mutating func discard() {
        phase = .discarding(finalSize: finalSize)
        buffer.removeAll()
        pieces.removeAll()
        pages.removeAll()
        readOffset = contiguousEnd
    }
}
