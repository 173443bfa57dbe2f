import CDatagram
import Glibc
import PinholeWire

/// One UDP socket of one address family, with a bounded queue of what is to be sent.
///
/// An error of one datagram is that datagram's: it is counted and the socket stays. A socket that died is bound anew to
/// the same port, so that NAT mappings live on. Confined to the loop's thread.
final class DatagramSocket {
    /// What a socket is for, and so how it is opened.
    enum Purpose {
        /// Everything; with buffers for it.
        case main
        /// One of many that live for a short while. It has the buffers of one that carries traffic once it does.
        case extra
        /// To hear what comes to a group.
        case group(IPAddress)
    }

    let family: IPAddress.Family
    let port: UInt16
    /// −1 from a death until the port could be bound again.
    private(set) var descriptor: Int32
    /// Whether the kernel's buffer is full: what is queued waits until the socket is writable.
    private(set) var isBlocked = false
    /// When to try to bind again, after a death; the past means at once.
    private(set) var rebindTime: Instant?
    private(set) var statistics = DatagramStatistics()
    /// Session packets that were longer than the interface carries, until somebody takes note; a few of them will do.
    private var refusals: [Refusal] = []

    private let purpose: Purpose
    private let local: datagram_ip
    /// Whether the kernel cuts runs of datagrams apart.
    private var cutsRuns: Bool
    /// Datagrams that go by themselves before a run is tried again, after one was refused.
    private var runPause = 0
    private var hasLargeBuffers: Bool
    private let queues: SendQueuePool
    /// Lent while there is something to send.
    private var queue: SendQueue?

    init(
        _ purpose: Purpose = .main, family: IPAddress.Family, port: UInt16, isLoopback: Bool, queues: SendQueuePool
    ) throws(SocketError) {
        self.purpose = purpose
        self.family = family
        self.queues = queues
        local = Self.localAddress(purpose, family, isLoopback: isLoopback)
        (descriptor, hasLargeBuffers) = Self.open(purpose, local, port)
        guard descriptor >= 0 else { throw SocketError(errno: -descriptor, port: port) }
        self.port = UInt16(truncatingIfNeeded: datagram_local_port(descriptor))
        cutsRuns = datagram_can_segment(descriptor)
    }

    deinit {
        discardQueue()
        if descriptor >= 0 { close(descriptor) }
    }

    private static func open(_ purpose: Purpose, _ local: datagram_ip, _ port: UInt16) -> (Int32, Bool) {
        switch purpose {
        case .main: (datagram_open(local, port, bufferSize, flags), true)
        case .extra: (datagram_open(local, port, 0, flags), false)
        case .group: (datagram_open(local, port, 0, Int32(DATAGRAM_SHARE_GROUP)), true)
        }
    }

    private static func localAddress(
        _ purpose: Purpose, _ family: IPAddress.Family, isLoopback: Bool
    ) -> datagram_ip {
        switch (purpose, family) {
        // Linux binds to no group of one link without being told the link, and these are of all links.
        case (.group, .v6): datagram_ip(high: 0, low: 0, family: 6)
        case (.group(let group), .v4): datagram_ip(group)
        case (.main, .v4), (.extra, .v4): datagram_ip(high: 0, low: isLoopback ? 0x7f00_0001 : 0, family: 4)
        case (.main, .v6), (.extra, .v6): datagram_ip(high: 0, low: isLoopback ? 1 : 0, family: 6)
        }
    }

    private static let flags = Int32(DATAGRAM_COALESCE | DATAGRAM_WHOLE | DATAGRAM_CODEPOINT)

    /// Bytes asked for in each direction.
    private static let bufferSize: Int32 = 4 * 1024 * 1024
}

// MARK: Sending

extension DatagramSocket {
    /// Whether something waits for ``flush()``.
    var hasQueued: Bool { queue != nil }

    /// Queues a datagram; it leaves with the next `flush`.
    func send(
        _ bytes: Span<UInt8>, _ ecn: ECNCodepoint = .notECT, to destination: TransportAddress,
        from source: DatagramSource? = nil
    ) {
        guard bytes.count <= SendQueue.maxPayload else { return fail(EMSGSIZE, 1) }
        if runPause > 0 {
            runPause -= 1
        } else if cutsRuns, source == nil, let queue, queue.extendLastRun(bytes, ecn, to: destination) {
            return
        }
        if queue?.isFull ?? false { flush() }
        if queue == nil { queue = queues.take() }
        guard let queue, !queue.isFull else {
            statistics.dropped += 1
            return
        }
        queue.append(bytes, ecn, to: destination, from: source)
    }

    /// Sends datagrams that lie back to back, each `size` bytes but for the last, which may be shorter. Where the kernel
    /// cuts them apart it reads them from where they are; else they are queued.
    func send(
        _ run: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint = .notECT, to destination: TransportAddress
    ) {
        guard run.count > size, size > 0 else { return send(run, ecn, to: destination) }
        if hasQueued, !isBlocked { flush() }
        if cutsRuns, runPause == 0, !hasQueued, !isBlocked, descriptor >= 0 {
            switch SendQueue.send(run, of: size, ecn, to: destination, through: descriptor) {
            case 0:
                statistics.sent += (run.count + size - 1) / size
                return
            case -EAGAIN:
                isBlocked = true
            case let code:
                if Self.refusesRuns(-code) { runRefused(-code) }
            }
        }
        var offset = 0
        while offset < run.count {
            let end = min(offset + size, run.count)
            send(run.extracting(offset..<end), ecn, to: destination)
            offset = end
        }
    }

    /// Hands everything queued to the kernel, as far as it takes it.
    func flush() {
        isBlocked = false
        guard let queue else { return }
        while queue.count > 0, descriptor >= 0 {
            let result = queue.send(through: descriptor)
            if result > 0 {
                for _ in 0..<result {
                    statistics.sent += queue.first.pointee.datagrams
                    queue.removeFirst()
                }
            } else {
                handleSendError(-result, queue)
            }
            if isBlocked { return }
        }
        discardQueue()
    }

    private func handleSendError(_ code: Int32, _ queue: SendQueue) {
        switch code {
        case EAGAIN:
            isBlocked = true
        case _ where Self.isDeath(code):
            fail(code, 1)
            die(code)
        case _ where queue.first.pointee.segment != 0 && Self.refusesRuns(code):
            runRefused(code)
            sendFirstRunInParts(queue)
        case EMSGSIZE:
            refuse(queue.first, from: 0, queue.first.pointee.length)
            queue.removeFirst()
        default:
            fail(code, queue.first.pointee.datagrams)
            queue.removeFirst()
        }
    }

    /// EIO: the interface cannot checksum what it would have to cut, ever. What else is refused may pass another time, on
    /// another way or in another size.
    private func runRefused(_ code: Int32) {
        if code == EIO { cutsRuns = false } else { runPause = Self.runPause }
    }

    /// One call in so many is wasted where runs are refused.
    private static let runPause = 256

    private func sendFirstRunInParts(_ queue: SendQueue) {
        let slot = queue.first
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
            case EMSGSIZE: refuse(slot, from: offset, length)
            case let code: fail(code, 1)
            }
            offset += length
        }
        queue.removeFirst()
    }

    /// A datagram is longer than the interface carries. That a session's packet is, is what the session wants to know;
    /// others have their size from the protocol, and go in fragments.
    private func refuse(_ slot: UnsafeMutablePointer<datagram_slot>, from offset: UInt32, _ length: UInt32) {
        let firstByte = UnsafeBufferPointer(start: slot.pointee.bytes + Int(offset), count: 1)
        guard DatagramKind(Span(_unsafeElements: firstByte)) == .data else {
            switch -datagram_send_in_fragments(slot, descriptor, offset, length) {
            case 0: statistics.sent += 1
            case let code: fail(code, 1)
            }
            return
        }
        fail(EMSGSIZE, 1)
        let refusal = Refusal(
            size: Int(length), destination: TransportAddress(IPAddress(slot.pointee.remote), port: slot.pointee.port))
        if refusals.count < Self.maxRefusals, !refusals.contains(refusal) { refusals.append(refusal) }
    }

    struct Refusal: Equatable {
        let size: Int
        let destination: TransportAddress
    }

    private static let maxRefusals = 64

    /// What was refused since this was last asked.
    func takeRefusals() -> [Refusal] {
        guard !refusals.isEmpty else { return [] }
        defer { refusals = [] }
        return refusals
    }

    /// Errors of a run that its datagrams, sent one by one, need not have.
    private static func refusesRuns(_ code: Int32) -> Bool {
        code == EIO || code == EINVAL || code == EMSGSIZE || code == EOPNOTSUPP
    }

    /// Gives the queue back; what is still in it is lost.
    private func discardQueue() {
        guard let queue else { return }
        while queue.count > 0 {
            statistics.dropped += queue.first.pointee.datagrams
            queue.removeFirst()
        }
        queues.giveBack(queue)
        self.queue = nil
    }

    private func fail(_ code: Int32, _ datagrams: Int) {
        statistics.errors[code, default: 0] += datagrams
    }
}

// MARK: Receiving

extension DatagramSocket {
    /// Takes one batch of what has arrived.
    func receive(
        through batch: OpaquePointer,
        _ body: (_ datagram: Span<UInt8>, _ source: TransportAddress, _ ecn: ECNCodepoint) -> Void
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
        if !hasLargeBuffers, statistics.received >= Self.traffic {
            datagram_set_buffers(descriptor, Self.bufferSize)
            hasLargeBuffers = true
        }
    }

    /// Datagrams received by which a socket has shown that it carries more than probes.
    private static let traffic = 256

    private func deliver(
        _ slot: datagram_slot,
        _ body: (_ datagram: Span<UInt8>, _ source: TransportAddress, _ ecn: ECNCodepoint) -> Void
    ) {
        guard !slot.truncated else {
            statistics.truncated += 1
            return
        }
        let source = TransportAddress(IPAddress(slot.remote), port: slot.port)
        let bytes = Span(_unsafeStart: slot.bytes, count: Int(slot.length))
        let ecn = ECNCodepoint(rawValue: slot.ecn) ?? .notECT
        let size = slot.segment == 0 ? bytes.count : Int(slot.segment)
        var offset = 0
        repeat {
            let end = min(offset + size, bytes.count)
            statistics.received += 1
            body(bytes.extracting(offset..<end), source, ecn)
            offset = end
        } while offset < bytes.count
    }
}

// MARK: Groups

extension DatagramSocket {
    /// Hears what comes to its group through the interfaces with these indices. Where one cannot, it hears nothing.
    func join(_ interfaces: Set<UInt32>) {
        guard case .group(let group) = purpose, descriptor >= 0 else { return }
        for interface in interfaces { _ = datagram_join(descriptor, datagram_ip(group), interface) }
    }

    func leave(_ interfaces: Set<UInt32>) {
        guard case .group(let group) = purpose, descriptor >= 0 else { return }
        for interface in interfaces { datagram_leave(descriptor, datagram_ip(group), interface) }
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
        let (reopened, isLarge) = Self.open(purpose, local, port)
        guard reopened >= 0 else {
            fail(-reopened, 1)
            rebindTime = now + .milliseconds(500)
            return
        }
        descriptor = reopened
        hasLargeBuffers = isLarge
        cutsRuns = datagram_can_segment(reopened)
        runPause = 0
        isBlocked = false
        rebindTime = nil
        statistics.rebinds += 1
    }
}

extension SocketError {
    init(errno code: Int32, port: UInt16) {
        switch code {
        case EADDRINUSE: self = .portInUse(port)
        case EACCES: self = .notPermitted(port)
        default: self = .unavailable(code)
        }
    }
}

@available(*, unavailable)
extension DatagramSocket: Sendable {}
