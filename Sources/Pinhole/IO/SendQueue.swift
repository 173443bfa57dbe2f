import CDatagram
import Glibc
import PinholeWire

/// Datagrams on their way to the kernel, in order; those of one size to one place share a slot, as a run that UDP_SEGMENT
/// can cut again. Confined to the loop's thread.
final class SendQueue {
    private let batch: OpaquePointer
    private let slots: UnsafeMutablePointer<datagram_slot>
    private var head = 0
    private(set) var count = 0

    /// nil when there is no memory.
    init?() {
        guard let batch = datagram_batch_create(UInt32(Self.length), UInt32(Self.slotSize)) else { return nil }
        self.batch = batch
        slots = datagram_batch_slots(batch)
    }

    deinit {
        datagram_batch_destroy(batch)
    }

    var isFull: Bool { count == Self.length }
    /// The oldest slot, which leaves next.
    var first: UnsafeMutablePointer<datagram_slot> { slots + head }

    private static let length = 64
    private static let slotSize = 65_536
    /// The largest payload of a UDP datagram over IPv4, and so of a run.
    static let maxPayload = 65_507
    /// Linux, UDP_MAX_SEGMENTS before 6.9.
    private static let maxRun = 64

    /// Adds a datagram in a slot of its own; there must be room.
    func append(
        _ bytes: Span<UInt8>, _ ecn: ECNCodepoint, to destination: TransportAddress, from source: DatagramSource? = nil
    ) {
        let slot = slots + (head + count) % Self.length
        slot.pointee.remote = datagram_ip(destination.ip)
        slot.pointee.port = destination.port
        slot.pointee.local = source.map { datagram_ip($0.ip) } ?? datagram_ip(high: 0, low: 0, family: 0)
        slot.pointee.interface = source?.interface ?? 0
        slot.pointee.ecn = ecn.rawValue
        slot.pointee.segment = 0
        slot.pointee.length = 0
        append(bytes, to: slot)
        count += 1
    }

    /// Adds a datagram to the newest slot: all of a run have one size, one codepoint and one destination; the last may be
    /// shorter.
    func extendLastRun(_ bytes: Span<UInt8>, _ ecn: ECNCodepoint, to destination: TransportAddress) -> Bool {
        guard count > 0 else { return false }
        let slot = slots + (head + count - 1) % Self.length
        let length = Int(slot.pointee.length)
        let size = slot.pointee.segment == 0 ? length : Int(slot.pointee.segment)
        guard bytes.count > 0, bytes.count <= size, length % size == 0, length / size < Self.maxRun,
            length + bytes.count <= Self.maxPayload, slot.pointee.port == destination.port,
            slot.pointee.ecn == ecn.rawValue, slot.pointee.remote == datagram_ip(destination.ip),
            slot.pointee.local.family == 0
        else { return false }
        slot.pointee.segment = UInt16(size)
        append(bytes, to: slot)
        return true
    }

    /// Sends a run at once and from where it lies, as long as a slot may be. Returns 0 or a negative errno.
    static func send(
        _ run: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, to destination: TransportAddress,
        through descriptor: Int32
    ) -> Int32 {
        // Not an answer of the kernel, after which runs would be tried less often.
        guard run.count <= maxPayload, (run.count + size - 1) / size <= maxRun else { return -E2BIG }
        return run.withUnsafeBufferPointer { run in
            var slot = datagram_slot()
            // Only read.
            slot.bytes = UnsafeMutablePointer(mutating: run.baseAddress)
            slot.length = UInt32(run.count)
            slot.segment = UInt16(size)
            slot.ecn = ecn.rawValue
            slot.remote = datagram_ip(destination.ip)
            slot.port = destination.port
            return datagram_send_slot(&slot, descriptor)
        }
    }

    private func append(_ bytes: Span<UInt8>, to slot: UnsafeMutablePointer<datagram_slot>) {
        bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress {
                (slot.pointee.bytes + Int(slot.pointee.length)).update(from: base, count: source.count)
            }
        }
        slot.pointee.length += UInt32(bytes.count)
    }

    /// Hands the oldest slots to the kernel, which stay until they are removed. Returns how many it took, or a negative
    /// errno of the first.
    func send(through descriptor: Int32) -> Int32 {
        datagram_batch_send(batch, descriptor, UInt32(head), UInt32(min(count, Self.length - head)))
    }

    func removeFirst() {
        count -= 1
        head = count == 0 ? 0 : (head + 1) % Self.length
    }
}

@available(*, unavailable)
extension SendQueue: Sendable {}

/// Where a datagram is to leave, if that is not left to the routing table.
struct DatagramSource {
    let ip: IPAddress
    /// The index of the interface.
    let interface: UInt32
}

/// Queues that are lent to sockets while they have something to send, so that a socket without costs next to nothing.
/// Confined to the loop's thread.
final class SendQueuePool {
    private var idle: [SendQueue] = []
    private var lent = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether no socket can get a queue now.
    var isExhausted: Bool { lent == limit }

    func take() -> SendQueue? {
        guard !isExhausted, let queue = idle.popLast() ?? SendQueue() else { return nil }
        lent += 1
        return queue
    }

    func giveBack(_ queue: SendQueue) {
        lent -= 1
        idle.append(queue)
    }
}

@available(*, unavailable)
extension SendQueuePool: Sendable {}

extension datagram_slot {
    var datagrams: Int {
        segment == 0 ? 1 : (Int(length) + Int(segment) - 1) / Int(segment)
    }
}

extension datagram_ip {
    init(_ ip: IPAddress) {
        switch ip.family {
        case .v4: self.init(high: 0, low: UInt64(ip.v4Bits), family: 4)
        case .v6:
            let (high, low) = ip.v6Bits
            self.init(high: high, low: low, family: 6)
        }
    }

    fileprivate static func == (left: datagram_ip, right: datagram_ip) -> Bool {
        left.low == right.low && left.high == right.high && left.family == right.family
    }
}

extension IPAddress {
    init(_ ip: datagram_ip) {
        if ip.family == 4 {
            self.init(v4: UInt32(truncatingIfNeeded: ip.low))
        } else {
            self.init(v6High: ip.high, low: ip.low)
        }
    }
}
