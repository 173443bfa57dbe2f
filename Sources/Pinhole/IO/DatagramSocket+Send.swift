import CDatagram
import Glibc
import PinholeWire

/// To the kernel.
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

    /// EIO: the way there cannot checksum what it would have to cut, and will not soon; but it may be the way to one of
    /// many peers, through IPsec for instance. What else is refused may pass another time, on another way or in another
    /// size.
    func runRefused(_ code: Int32) {
        runPause = max(runPause, code == EIO ? Self.longRunPause : Self.runPause)
    }

    /// One call in so many is wasted where runs are refused.
    private static let runPause = 256
    private static let longRunPause = 65_536

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
    func discardQueue() {
        guard let queue else { return }
        while queue.count > 0 {
            statistics.dropped += queue.first.pointee.datagrams
            queue.removeFirst()
        }
        queues.giveBack(queue)
        self.queue = nil
    }

    func fail(_ code: Int32, _ datagrams: Int) {
        statistics.errors[code, default: 0] += datagrams
    }
}
