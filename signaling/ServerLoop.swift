import CDatagram
import Glibc
import PinholeWire

/// The shell around ``Service``: sockets, clocks and log lines, on one thread. [SIG-42]
final class ServerLoop {
    private var service: Service
    private let sockets: ServerSockets
    /// Readable when the loop is to stop.
    private let stopDescriptor: Int32
    private let log: @Sendable (String) -> Void
    private let onFailure: @Sendable () -> Void
    private let received: Batch
    private let sending: Batch
    private var outbox = Outbox()
    private var unsent = 0
    private var logged = Service.Statistics()
    private var nextLogLine: Instant

    init(
        service: Service, sockets: consuming ServerSockets, stopDescriptor: Int32,
        log: @escaping @Sendable (String) -> Void, onFailure: @escaping @Sendable () -> Void
    ) throws(ServerError) {
        guard let received = Batch(slotSize: Self.receiveSize), let sending = Batch(slotSize: Self.sendSize) else {
            throw ServerError(.unavailable, "there is no memory for the service's buffers")
        }
        self.service = service
        self.sockets = sockets
        self.stopDescriptor = stopDescriptor
        self.log = log
        self.onFailure = onFailure
        self.received = received
        self.sending = sending
        nextLogLine = Self.now + Self.logInterval
    }

    /// Serves until ``stopDescriptor`` is readable, and then tells the clients.
    func run() {
        var polled = (sockets.descriptors + [stopDescriptor]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var deadline: Instant?
        while true {
            let ready = poll(&polled, nfds_t(polled.count), milliseconds(until: deadline))
            guard ready >= 0 || errno == EINTR else {
                log("error: the sockets cannot be waited for: \(errorText())")
                return onFailure()
            }
            if polled[polled.count - 1].revents != 0 { break }
            if ready > 0 {
                for index in sockets.descriptors.indices where polled[index].revents != 0 { receiveAll(from: index) }
            }
            let now = Self.now
            deadline = service.handleTimeout(at: now, into: &outbox)
            flush()
            if now >= nextLogLine { writeStatistics(at: now) }
        }
        drain()
        writeStatistics(at: Self.now)
    }

    /// Handles what waits at one socket, but not so much that the others starve.
    private func receiveAll(from index: Int) {
        let listensOnAll = service.topology.sockets[index].address.ip.isUnspecified
        for _ in 0..<Self.roundsPerSocket {
            let count = datagram_batch_receive(received.batch, sockets.descriptors[index])
            // A negative count is an error of one datagram that was sent before, or nothing to read; both pass.
            guard count > 0 else { return }
            let now = Self.now
            service.setWallClock(unixMilliseconds: Self.unixMilliseconds, at: now)
            for slot in UnsafeBufferPointer(start: received.slots, count: Int(count)) where !slot.truncated {
                guard let ip = slot.remote.address else { continue }
                var endpoint = LocalEndpoint(socket: UInt8(index))
                if listensOnAll, let local = slot.local.address { endpoint.address = service.topology.intern(local) }
                let datagram = UnsafeBufferPointer(start: slot.bytes, count: Int(slot.length)).span
                service.receive(
                    datagram, from: TransportAddress(ip, port: slot.port), at: endpoint, now: now, into: &outbox)
            }
            flush()
            if count < Batch.capacity { return }
        }
    }

    /// Sends the outbox in order, as many datagrams of one socket at a time as stand together.
    private func flush() {
        var filled = 0
        for entry in outbox.entries {
            if filled == Batch.capacity || filled > 0 && sending.socket != entry.endpoint.socket {
                send(filled)
                filled = 0
            }
            sending.socket = entry.endpoint.socket
            let slot = sending.slots + filled
            outbox.bytes.withUnsafeBytes {
                slot.pointee.bytes.update(
                    from: $0.baseAddress!.advanced(by: entry.bytes.lowerBound).assumingMemoryBound(to: UInt8.self),
                    count: entry.bytes.count)
            }
            slot.pointee.length = UInt32(entry.bytes.count)
            slot.pointee.segment = 0
            slot.pointee.remote = datagram_ip(entry.destination.ip)
            slot.pointee.port = entry.destination.port
            slot.pointee.local =
                service.topology.internedAddress(entry.endpoint.address).map { datagram_ip($0) } ?? datagram_ip()
            filled += 1
        }
        if filled > 0 { send(filled) }
        outbox.removeAll()
    }

    /// A datagram that cannot be sent is lost, as it could be anywhere on its way.
    private func send(_ count: Int) {
        var first = 0
        while first < count {
            let sent = datagram_batch_send(
                sending.batch, sockets.descriptors[Int(sending.socket)], UInt32(first), UInt32(count - first))
            if sent < 0 { unsent += 1 }
            first += max(Int(sent), 1)
        }
    }

    /// Tells the clients that the service stops, those heard of last first; what is not sent within a second is not sent.
    private func drain() {
        let end = Self.now + .seconds(1)
        var next = service.registry.newestSlot
        while let slot = next, Self.now < end {
            next = service.registry.older(than: slot)
            service.drain(slot, into: &outbox)
            if outbox.entries.count == Batch.capacity { flush() }
        }
        flush()
    }

    private func writeStatistics(at now: Instant) {
        nextLogLine = now + Self.logInterval
        let current = service.statistics
        guard current != logged else { return }
        logged = current
        log(
            "registered now: \(service.registry.count), tags: \(service.registry.tagCount); since the start: "
                + "registrations \(current.registered), introductions \(current.introduced), STUN answers "
                + "\(current.stunAnswers), datagrams \(current.received), of them malformed \(current.malformed), "
                + "not authentic \(current.unauthentic), over a rate limit \(current.limited), refused "
                + "\(current.refused), not sent \(unsent)")
    }

    private func milliseconds(until deadline: Instant?) -> Int32 {
        let wake = min(deadline ?? nextLogLine, nextLogLine)
        return Int32(clamping: (wake - Self.now).nanoseconds / 1_000_000 + 1).clamped(to: 1...60_000)
    }

    private static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    private static var unixMilliseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    /// Larger than any datagram that has a meaning, so that a truncated one has none.
    private static let receiveSize: UInt32 = 2048
    private static let sendSize: UInt32 = 1280
    private static let roundsPerSocket = 16
    private static let logInterval: Duration = .seconds(600)
}

@available(*, unavailable)
extension ServerLoop: Sendable {}

/// Slots for one batch system call.
private final class Batch {
    static let capacity = 64

    let batch: OpaquePointer
    let slots: UnsafeMutablePointer<datagram_slot>
    /// Which socket the slots are being filled for.
    var socket: UInt8 = 0

    init?(slotSize: UInt32) {
        guard let batch = datagram_batch_create(UInt32(Self.capacity), slotSize) else { return nil }
        self.batch = batch
        slots = datagram_batch_slots(batch)
    }

    deinit {
        datagram_batch_destroy(batch)
    }
}

extension Int32 {
    fileprivate func clamped(to range: ClosedRange<Int32>) -> Int32 {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
