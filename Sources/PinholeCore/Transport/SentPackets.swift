internal import PinholeWire

/// What a packet carried that must arrive; the bytes stay in their stream, a retransmission reads them from there.
enum SentFrame: Equatable, Sendable {
    case stream(id: UInt64, offset: UInt64, length: UInt32, fin: Bool)
    case resetStream(id: UInt64)
    case stopSending(id: UInt64)
    case maxData
    case maxStreamData(id: UInt64)
    case ackFrequency
    case rekey(epoch: UInt32)
    case reauth(epoch: UInt32)
}

/// The frames of one packet, without memory of their own. A window has thousands of packets, whose records should stay in
/// the cache: so each frame is taken apart into as few bytes as it needs.
struct SentFrames: Sendable {
    /// A packet that would carry more leaves the rest to the next one.
    static let capacity = 5

    private enum Kind: UInt8 {
        case stream, streamFin, resetStream, stopSending, maxData, maxStreamData, ackFrequency, rekey, reauth
    }

    /// Streams, or epochs.
    private var ids = InlineArray<5, UInt64>(repeating: 0)
    private var offsets = InlineArray<5, UInt64>(repeating: 0)
    /// A datagram has no more than 65,507 bytes.
    private var lengths = InlineArray<5, UInt16>(repeating: 0)
    private var kinds = InlineArray<5, Kind>(repeating: .maxData)
    private var used: UInt8 = 0

    var count: Int { Int(used) }
    var isFull: Bool { count == Self.capacity }

    subscript(index: Int) -> SentFrame {
        let id = ids[index]
        switch kinds[index] {
        case .stream, .streamFin:
            let isLast = kinds[index] == .streamFin
            return .stream(id: id, offset: offsets[index], length: UInt32(lengths[index]), fin: isLast)
        case .resetStream: return .resetStream(id: id)
        case .stopSending: return .stopSending(id: id)
        case .maxData: return .maxData
        case .maxStreamData: return .maxStreamData(id: id)
        case .ackFrequency: return .ackFrequency
        case .rekey: return .rekey(epoch: UInt32(id))
        case .reauth: return .reauth(epoch: UInt32(id))
        }
    }

    mutating func append(_ frame: SentFrame) {
        switch frame {
        case .stream(let id, let offset, let length, let fin):
            offsets[count] = offset
            lengths[count] = UInt16(length)
            add(fin ? .streamFin : .stream, id)
        case .resetStream(let id): add(.resetStream, id)
        case .stopSending(let id): add(.stopSending, id)
        case .maxData: add(.maxData)
        case .maxStreamData(let id): add(.maxStreamData, id)
        case .ackFrequency: add(.ackFrequency)
        case .rekey(let epoch): add(.rekey, UInt64(epoch))
        case .reauth(let epoch): add(.reauth, UInt64(epoch))
        }
    }

    private mutating func add(_ kind: Kind, _ id: UInt64 = 0) {
        ids[count] = id
        kinds[count] = kind
        used += 1
    }
}

/// An ack-eliciting packet that was sent and whose fate is open.
struct SentPacket: Sendable {
    let number: UInt64
    let sentAt: Instant
    /// What had been delivered when it was sent.
    let stamp: DeliveryStamp
    /// Whether it left with ECT(0).
    let isMarked: Bool
    /// Whether it only tries whether the path carries its size: then its loss says nothing else.
    let isMTUProbe: Bool
    fileprivate(set) var isAcknowledged = false
    private let bytes: UInt16
    /// `.max` stands for none; packet numbers end before.
    private let acknowledges: UInt64
    let frames: SentFrames

    /// What it counts in flight: the whole datagram.
    var size: Int { Int(bytes) }
    /// The largest number of the ACK frame in it.
    var largestAcknowledged: UInt64? { acknowledges == .max ? nil : acknowledges }

    init(
        number: UInt64, sentAt: Instant, size: Int, largestAcknowledged: UInt64?, frames: SentFrames,
        stamp: DeliveryStamp = DeliveryStamp(), isMarked: Bool = false, isMTUProbe: Bool = false
    ) {
        self.number = number
        self.sentAt = sentAt
        bytes = UInt16(size)
        acknowledges = largestAcknowledged ?? .max
        self.frames = frames
        self.stamp = stamp
        self.isMarked = isMarked
        self.isMTUProbe = isMTUProbe
    }
}

/// The ack-eliciting packets whose fate is open, by number, and the latest ones that were given up.
struct SentPackets: Sendable {
    /// Ascending numbers, not all of them: packets that only acknowledge are not here. The first is always open.
    private var packets = Queue<SentPacket>()
    /// Ascending; remembered so that a late acknowledgement can still take back a retransmission.
    private var lost = Queue<SentPacket>()

    var isEmpty: Bool { packets.isEmpty }
    /// Open packets and the acknowledged ones between them.
    var count: Int { packets.count }
    /// Bytes of memory for open packets and lost ones.
    var reserved: Int { packets.reserved + lost.reserved }
    /// The oldest packet whose fate is open.
    var first: SentPacket? { packets.first }

    mutating func append(_ packet: SentPacket) {
        packets.append(packet)
    }

    /// The packet at `position` if it is still open.
    func open(at position: Int) -> SentPacket? {
        packets[position].isAcknowledged ? nil : packets[position]
    }

    /// Marks the open packets of `range` as acknowledged and appends them to `acknowledged`; those that were given up
    /// too early go to `spurious`.
    mutating func acknowledge(
        _ range: ClosedRange<UInt64>, into acknowledged: inout [SentPacket], spurious: inout [SentPacket]
    ) {
        var position = Self.position(of: range.lowerBound, in: packets)
        while position < packets.count, packets[position].number <= range.upperBound {
            if !packets[position].isAcknowledged {
                packets[position].isAcknowledged = true
                acknowledged.append(packets[position])
            }
            position += 1
        }
        guard let lastLost = lost.last, lastLost.number >= range.lowerBound else { return }
        position = Self.position(of: range.lowerBound, in: lost)
        var end = position
        while end < lost.count, lost[end].number <= range.upperBound {
            spurious.append(lost[end])
            end += 1
        }
        lost.removeSubrange(position..<end)
    }

    /// Gives up the first packet; true if acknowledged packets followed it.
    mutating func loseFirst() -> Bool {
        guard let first = packets.popFirst() else { return false }
        if lost.count == Limits.maxLostPackets { lost.removeFirst() }
        lost.append(first)
        return trim()
    }

    /// Drops acknowledged packets at the front.
    @discardableResult
    mutating func trim() -> Bool {
        var done = 0
        while done < packets.count, packets[done].isAcknowledged { done += 1 }
        guard done > 0 else { return false }
        packets.removeFirst(done)
        return true
    }

    /// The position of the first packet whose number is not below `number`.
    private static func position(of number: UInt64, in queue: Queue<SentPacket>) -> Int {
        var low = 0
        var high = queue.count
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
