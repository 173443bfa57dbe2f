import CDatagram
import Glibc
import PinholeWire

/// One UDP socket of one address family, with a bounded queue of what is to be sent.
///
/// An error of one datagram is that datagram's: it is counted and the socket stays. A socket that died is bound anew to
/// the same port, so that NAT mappings live on. Confined to the loop's thread.
final class DatagramSocket {
    let family: IPAddress.Family
    let port: UInt16
    /// −1 from a death until the port could be bound again.
    private(set) var descriptor: Int32
    /// Whether the kernel's buffer is full: what is queued waits until the socket is writable.
    private(set) var isBlocked = false
    /// When to try to bind again, after a death; the past means at once.
    private(set) var rebindTime: Instant?
    private(set) var statistics = DatagramStatistics()

    private let local: datagram_ip
    private var cutsRuns: Bool
    private let queue: OpaquePointer
    private let slots: UnsafeMutablePointer<datagram_slot>
    private var head = 0
    private var count = 0

    init(family: IPAddress.Family, port: UInt16, isLoopback: Bool) throws(SocketError) {
        self.family = family
        local = datagram_ip(high: 0, low: isLoopback ? Self.loopback(family) : 0, family: family.rawValue)
        descriptor = datagram_open(local, port, Self.bufferSize, Int32(DATAGRAM_COALESCE))
        guard descriptor >= 0 else { throw SocketError(errno: -descriptor, port: port) }
        self.port = UInt16(truncatingIfNeeded: datagram_local_port(descriptor))
        cutsRuns = datagram_can_segment(descriptor)
        guard let queue = datagram_batch_create(UInt32(Self.queueLength), UInt32(Self.slotSize)) else {
            close(descriptor)
            throw .unavailable(ENOMEM)
        }
        self.queue = queue
        slots = datagram_batch_slots(queue)
    }

    deinit {
        datagram_batch_destroy(queue)
        if descriptor >= 0 { close(descriptor) }
    }

    private static func loopback(_ family: IPAddress.Family) -> UInt64 {
        switch family {
        case .v4: 0x7f00_0001
        case .v6: 1
        }
    }

    /// Bytes asked for in each direction.
    private static let bufferSize: Int32 = 4 * 1024 * 1024
    private static let queueLength = 64
    private static let slotSize = 65_536
    /// The largest payload of a UDP datagram over IPv4, and so of a run.
    private static let maxPayload = 65_507
    /// Linux, UDP_MAX_SEGMENTS before 6.9.
    private static let maxRun = 64
}

// MARK: Sending

extension DatagramSocket {
    /// Queues a datagram; it leaves with the next `flush`.
    func send(_ bytes: Span<UInt8>, to destination: TransportAddress) {
        guard bytes.count <= Self.maxPayload else { return fail(EMSGSIZE, 1) }
        if extendsLastRun(bytes, to: destination) { return }
        if count == Self.queueLength { flush() }
        guard count < Self.queueLength else {
            statistics.dropped += 1
            return
        }
        let slot = slots + (head + count) % Self.queueLength
        slot.pointee.remote = datagram_ip(destination.ip)
        slot.pointee.port = destination.port
        slot.pointee.local.family = 0
        slot.pointee.segment = 0
        slot.pointee.length = 0
        append(bytes, to: slot)
        count += 1
    }

    /// A run is what UDP_SEGMENT can cut again: datagrams of one size to one destination, of which the last may be shorter.
    private func extendsLastRun(_ bytes: Span<UInt8>, to destination: TransportAddress) -> Bool {
        guard cutsRuns, count > 0 else { return false }
        let slot = slots + (head + count - 1) % Self.queueLength
        let length = Int(slot.pointee.length)
        let size = slot.pointee.segment == 0 ? length : Int(slot.pointee.segment)
        guard bytes.count > 0, bytes.count <= size, length % size == 0, length / size < Self.maxRun,
            length + bytes.count <= Self.maxPayload, slot.pointee.port == destination.port,
            slot.pointee.remote == datagram_ip(destination.ip)
        else { return false }
        slot.pointee.segment = UInt16(size)
        append(bytes, to: slot)
        return true
    }

    private func append(_ bytes: Span<UInt8>, to slot: UnsafeMutablePointer<datagram_slot>) {
        bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress {
                (slot.pointee.bytes + Int(slot.pointee.length)).update(from: base, count: source.count)
            }
        }
        slot.pointee.length += UInt32(bytes.count)
    }

    /// Hands everything queued to the kernel, as far as it takes it.
    func flush() {
        isBlocked = false
        while count > 0, descriptor >= 0 {
            let contiguous = min(count, Self.queueLength - head)
            let result = datagram_batch_send(queue, descriptor, UInt32(head), UInt32(contiguous))
            if result > 0 {
                for _ in 0..<result {
                    statistics.sent += slots[head].datagrams
                    removeFirst()
                }
            } else {
                handleSendError(-result)
            }
            if isBlocked { return }
        }
        if descriptor < 0 { discardQueue() }
    }

    private func handleSendError(_ code: Int32) {
        switch code {
        case EAGAIN:
            isBlocked = true
        case _ where Self.isDeath(code):
            fail(code, 1)
            die(code)
        case _ where slots[head].segment != 0 && Self.refusesRuns(code):
            // EIO: the interface cannot checksum what it would have to cut.
            if code == EIO { cutsRuns = false }
            sendFirstRunInParts()
        default:
            fail(code, slots[head].datagrams)
            removeFirst()
        }
    }

    private func sendFirstRunInParts() {
        let slot = slots + head
        let size = UInt32(slot.pointee.segment)
        var offset: UInt32 = 0
        while offset < slot.pointee.length {
            let length = min(size, slot.pointee.length - offset)
            switch -datagram_send_part(slot, descriptor, offset, length) {
            case 0: statistics.sent += 1
            case EAGAIN:
                slot.pointee.length -= offset
                slot.pointee.bytes.update(from: slot.pointee.bytes + Int(offset), count: Int(slot.pointee.length))
                isBlocked = true
                return
            case let code: fail(code, 1)
            }
            offset += length
        }
        removeFirst()
    }

    /// Errors of a run that its datagrams, sent one by one, need not have.
    private static func refusesRuns(_ code: Int32) -> Bool {
        code == EIO || code == EINVAL || code == EMSGSIZE || code == EOPNOTSUPP
    }

    private func removeFirst() {
        count -= 1
        head = count == 0 ? 0 : (head + 1) % Self.queueLength
    }

    private func discardQueue() {
        while count > 0 {
            statistics.dropped += slots[head].datagrams
            removeFirst()
        }
    }

    private func fail(_ code: Int32, _ datagrams: Int) {
        statistics.errors[code, default: 0] += datagrams
    }
}

// MARK: Receiving

extension DatagramSocket {
    /// Takes one batch of what has arrived.
    func receive(
        through batch: OpaquePointer, _ body: (_ datagram: Span<UInt8>, _ source: TransportAddress) -> Void
    ) {
        guard descriptor >= 0, let slots = datagram_batch_slots(batch) else { return }
        let result = datagram_batch_receive(batch, descriptor)
        guard result >= 0 else {
            if result != -EAGAIN {
                fail(-result, 1)
                if Self.isDeath(-result) { die(-result) }
            }
            return
        }
        for index in 0..<Int(result) {
            deliver(slots[index], body)
        }
    }

    private func deliver(
        _ slot: datagram_slot, _ body: (_ datagram: Span<UInt8>, _ source: TransportAddress) -> Void
    ) {
        guard !slot.truncated else {
            statistics.truncated += 1
            return
        }
        let source = TransportAddress(IPAddress(slot.remote), port: slot.port)
        let bytes = Span(_unsafeStart: slot.bytes, count: Int(slot.length))
        let size = slot.segment == 0 ? bytes.count : Int(slot.segment)
        var offset = 0
        repeat {
            let end = min(offset + size, bytes.count)
            statistics.received += 1
            body(bytes.extracting(offset..<end), source)
            offset = end
        } while offset < bytes.count
    }
}

// MARK: Death

extension DatagramSocket {
    /// Whether the descriptor is a working socket no more: closed or replaced under us, or destroyed by an administrator.
    private static func isDeath(_ code: Int32) -> Bool {
        code == EBADF || code == ENOTSOCK || code == ECONNABORTED
    }

    func die(_ code: Int32) {
        if descriptor >= 0, code != EBADF { close(descriptor) }
        descriptor = -1
        rebindTime = Instant(nanoseconds: 0)
    }

    /// Binds the same port again, or sets the time of the next try.
    func rebind(at now: Instant) {
        let reopened = datagram_open(local, port, Self.bufferSize, Int32(DATAGRAM_COALESCE))
        guard reopened >= 0 else {
            fail(-reopened, 1)
            rebindTime = now + .milliseconds(500)
            return
        }
        descriptor = reopened
        cutsRuns = datagram_can_segment(reopened)
        isBlocked = false
        rebindTime = nil
        statistics.rebinds += 1
    }
}

// MARK: Conversions

extension SocketError {
    init(errno code: Int32, port: UInt16) {
        switch code {
        case EADDRINUSE: self = .portInUse(port)
        case EACCES: self = .notPermitted(port)
        default: self = .unavailable(code)
        }
    }
}

extension datagram_slot {
    fileprivate var datagrams: Int {
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

@available(*, unavailable)
extension DatagramSocket: Sendable {}
