import CDatagram
import Glibc
import PinholeWire

/// One turn of the loop: wait, receive, drain, flush. Confined to the loop's thread.
final class LoopTurn {
    /// Datagrams, or runs of them, that are taken from one socket before the delegate drains.
    static let batchLength = 64

    var delegate: (any LoopDelegate)?
    /// The thread that runs the loop, for assertions.
    var thread: pthread_t?
    private(set) var sockets: [DatagramSocket]
    private let watcher = NetlinkWatcher()
    private let batch: OpaquePointer
    private var deadline: Instant?

    init(sockets: [DatagramSocket], batch: OpaquePointer) {
        self.sockets = sockets
        self.batch = batch
    }

    deinit {
        datagram_batch_destroy(batch)
    }

    /// The socket of an address family; nil when this machine does not have the family.
    func socket(_ family: IPAddress.Family) -> DatagramSocket? {
        for socket in sockets where socket.family == family { return socket }
        return nil
    }

    /// Lets the delegate send, and hands that to the kernel.
    func drain() {
        let now = MonotonicClock.now
        deadline = delegate?.drain(at: now)
        for socket in sockets where !socket.isBlocked { socket.flush() }
    }

    /// Sleeps until something is to be done, and does it, except for draining. Returns whether the wakeup rang.
    func wait(wakeup: Int32) -> Bool {
        var polled = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
        polled.append(pollfd(fd: watcher?.descriptor ?? -1, events: Int16(POLLIN), revents: 0))
        for socket in sockets {
            let events = socket.isBlocked ? POLLIN | POLLOUT : POLLIN
            polled.append(pollfd(fd: socket.descriptor, events: Int16(events), revents: 0))
        }
        sleep(&polled)
        let now = MonotonicClock.now
        if polled[1].revents != 0 { watcher?.receive(at: now) }
        if watcher?.takeChange(at: now) == true { delegate?.addressesChanged(at: now) }
        for (socket, entry) in zip(sockets, polled[2...]) {
            attend(to: socket, Int32(entry.revents), at: now)
        }
        return polled[0].revents != 0
    }

    private func sleep(_ polled: inout [pollfd]) {
        let wakeTime = (sockets.map(\.rebindTime) + [deadline, watcher?.dueTime]).compactMap { $0 }.min()
        let timeout = wakeTime.map { max(0, ($0 - MonotonicClock.now).nanoseconds) } ?? -1
        if wait_ready(&polled, UInt32(polled.count), timeout) <= 0 {
            for index in polled.indices { polled[index].revents = 0 }
        }
    }

    private func attend(to socket: DatagramSocket, _ events: Int32, at now: Instant) {
        if let rebindTime = socket.rebindTime {
            if rebindTime <= now { socket.rebind(at: now) }
            return
        }
        if events & POLLNVAL != 0 { return socket.die(EBADF) }
        if events & POLLOUT != 0 { socket.flush() }
        if events & (POLLIN | POLLERR | POLLHUP) != 0, let delegate {
            socket.receive(through: batch) { datagram, source in
                delegate.receive(datagram, from: source, at: now)
            }
        }
    }

    /// Closes the sockets and lets the delegate go.
    func finish() {
        delegate = nil
        sockets = []
    }
}

@available(*, unavailable)
extension LoopTurn: Sendable {}
