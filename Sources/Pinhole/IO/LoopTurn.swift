import CDatagram
import Glibc
import PinholeWire

/// One turn of the loop: wait, receive, drain, flush. Confined to the loop's thread.
final class LoopTurn {
    /// Datagrams, or runs of them, that are taken from one socket before the delegate drains.
    static let batchLength = 64
    /// Enough for the farewells of ten thousand sessions.
    private static let lastDrains = 1024

    var delegate: (any LoopDelegate)?
    /// The thread that runs the loop, for assertions.
    var thread: pthread_t?
    private(set) var sockets: [DatagramSocket]
    let extras: ExtraSockets
    /// The interfaces, by their indices, on which beacons are listened for.
    private var beaconInterfaces: Set<UInt32> = []
    private let watcher = NetlinkWatcher()
    private let timer = BootTimer()
    private let batch: OpaquePointer
    private var deadline: Instant?
    private var polled: [pollfd] = []
    /// Datagrams that came and went since the loop last slept.
    private var moved = 0
    private var alertness = Alertness()

    init(sockets: [DatagramSocket], extras: ExtraSockets, batch: OpaquePointer) {
        self.sockets = sockets
        self.extras = extras
        self.batch = batch
    }

    deinit {
        datagram_batch_destroy(batch)
    }

    /// The main socket of an address family; nil when this machine does not have the family.
    func socket(_ family: IPAddress.Family) -> DatagramSocket? {
        for socket in sockets where socket.family == family { return socket }
        return nil
    }

    /// Sends one datagram, or several of `size` bytes that lie back to back.
    func send(_ bytes: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, over route: Route) {
        moved += bytes.count <= size ? 1 : (bytes.count + size - 1) / size
        if route.socket == .main {
            socket(route.remote.family)?.send(bytes, of: size, ecn, to: route.remote)
        } else {
            extras.send(bytes, of: size, ecn, over: route)
        }
    }

    /// Listens for beacons on these interfaces, and on no others. Joining again changes nothing.
    func listenForBeacons(on interfaces: Set<UInt32>) {
        for socket in sockets {
            let group = Beacon.group(socket.family)
            guard !interfaces.isEmpty || extras[.beacon, socket.family] != nil,
                extras.open(.beacon, socket.family, purpose: .group(group.ip), port: group.port) != nil,
                let listener = extras[.beacon, socket.family]
            else { continue }
            listener.leave(beaconInterfaces.subtracting(interfaces))
            listener.join(interfaces)
        }
        beaconInterfaces = interfaces
    }

    /// Lets the delegate send, and hands that to the kernel.
    func drain() {
        let now = MonotonicClock.now
        deadline = delegate?.drain(at: now)
        for socket in sockets where !socket.isBlocked { socket.flush() }
        extras.flush()
        tellRefusals(at: now)
    }

    /// Drains as often as the delegate has more to send at once: for the last time.
    func drainToTheEnd() {
        for _ in 0..<Self.lastDrains {
            drain()
            guard let deadline, deadline <= MonotonicClock.now else { return }
        }
    }

    /// What was too long is told of at once, and then there is something to send instead.
    private func tellRefusals(at now: Instant) {
        for socket in sockets {
            for refusal in socket.takeRefusals() { tell(refusal, via: .main, at: now) }
        }
        for (id, refusal) in extras.takeRefusals() { tell(refusal, via: id, at: now) }
    }

    private func tell(_ refusal: DatagramSocket.Refusal, via id: SocketID, at now: Instant) {
        delegate?.refused(refusal.size, over: Route(refusal.destination, via: id), at: now)
        deadline = now
    }

    /// Sleeps until something is to be done, and does it, except for draining. Returns whether the wakeup rang.
    func wait(wakeup: Int32) -> Bool {
        polled.removeAll(keepingCapacity: true)
        poll(wakeup, POLLIN)
        poll(watcher?.descriptor ?? -1, POLLIN)
        poll(extras.descriptor ?? -1, POLLIN)
        poll(timer.descriptor, POLLIN)
        for socket in sockets { poll(socket.descriptor, socket.isBlocked ? POLLIN | POLLOUT : POLLIN) }
        sleep()
        let now = MonotonicClock.now
        if polled[3].revents != 0 { timer.clear() }
        if polled[1].revents != 0 { watcher?.receive(at: now) }
        if watcher?.takeChange(at: now) == true { delegate?.addressesChanged(at: now) }
        for (index, socket) in sockets.enumerated() {
            attend(to: socket, Int32(polled[4 + index].revents), at: now)
        }
        if polled[2].revents != 0, let delegate {
            extras.receive(through: batch) { datagram, source, ecn in
                delegate.receive(datagram, from: source, ecn: ecn, at: now)
            }
        }
        if extras.rebind(at: now).contains(.beacon) { listenForBeacons(on: beaconInterfaces) }
        return polled[0].revents != 0
    }

    private func poll(_ descriptor: Int32, _ events: Int32) {
        polled.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
    }

    private func sleep() {
        var wakeTime = Instant.earlier(.earlier(deadline, watcher?.dueTime), extras.rebindTime)
        for socket in sockets { wakeTime = .earlier(wakeTime, socket.rebindTime) }
        let start = MonotonicClock.now
        alertness.didMove(moved)
        moved = 0
        timer.set(wakeTime, at: start)
        let limit = wakeTime.map { max(0, $0.nanoseconds - start.nanoseconds) } ?? .max
        let isReady = limit > 0 && look(for: min(limit, alertness.span), since: start)
        if !isReady, wait_ready(&polled, UInt32(polled.count), limit == .max ? -1 : limit) <= 0 {
            for index in polled.indices { polled[index].revents = 0 }
        }
        if limit > 0 { alertness.didWait(MonotonicClock.now.nanoseconds - start.nanoseconds) }
    }

    /// Waits awake for so many nanoseconds; whoever else wants this processor gets it. Returns whether something came.
    private func look(for span: Int64, since start: Instant) -> Bool {
        while MonotonicClock.now.nanoseconds - start.nanoseconds < span {
            if wait_ready(&polled, UInt32(polled.count), 0) > 0 { return true }
            sched_yield()
        }
        return false
    }

    private func attend(to socket: DatagramSocket, _ events: Int32, at now: Instant) {
        if let rebindTime = socket.rebindTime {
            if rebindTime <= now { socket.rebind(at: now) }
            return
        }
        if events & POLLNVAL != 0 { return socket.die(EBADF) }
        if events & POLLOUT != 0 { socket.flush() }
        if events & (POLLIN | POLLERR | POLLHUP) != 0, let delegate {
            socket.receive(through: batch) { datagram, source, ecn in
                moved += 1
                delegate.receive(datagram, from: Route(source), ecn: ecn, at: now)
            }
        }
    }

    /// Closes the sockets and lets the delegate go.
    func finish() {
        delegate = nil
        sockets = []
        extras.closeAll()
    }
}

/// How long to stay awake for what comes next. Where two talk and each answers at once, falling asleep and being woken
/// takes longer than the answer; where nobody does, the processor has better things to do. So it pays after two waits that
/// were short, and at most as long again is lost by it.
private struct Alertness {
    private var shortWaits = 0
    private var hasMoved = false
    /// Eight times the mean of the datagrams in a turn.
    private var flow = 0

    /// Two wake-ups of a virtual machine's core, of 30 to 60 µs each, the work in between, and as much to spare.
    private static let longest: Int64 = 250_000
    /// Of datagrams that come at random one wait in a few is short; of a conversation's, all.
    private static let enough = 2
    /// More than four datagrams in a turn are a flow, which is not faster for it.
    private static let conversation = 8 * 4

    /// Nanoseconds to stay awake.
    var span: Int64 { shortWaits == Self.enough && hasMoved && flow <= Self.conversation ? Self.longest : 0 }

    mutating func didMove(_ datagrams: Int) {
        hasMoved = datagrams > 0
        flow += datagrams - flow / 8
    }

    mutating func didWait(_ nanoseconds: Int64) {
        shortWaits = nanoseconds < Self.longest ? min(shortWaits + 1, Self.enough) : 0
    }
}

@available(*, unavailable)
extension LoopTurn: Sendable {}
