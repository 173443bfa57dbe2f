import CDatagram
import Glibc
package import PinholeWire
import Synchronization

/// What the loop drives: called on the loop's thread, and on no other.
package protocol LoopDelegate: AnyObject {
    /// A datagram arrived; the bytes are valid during the call.
    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant)
    /// A session packet of `size` bytes did not leave: the interface carries less in one packet.
    func refused(_ size: Int, over route: Route, at now: Instant)
    /// Everything of this turn has been told: send what is to be sent. Returns when to be called again at the latest.
    func drain(at now: Instant) -> Instant?
    /// This machine's addresses or routes may have changed.
    func addressesChanged(at now: Instant)
}

/// One thread around one UDP socket for each address family, and extra ones for as long as they are needed: mutate, drain
/// until idle, flush once, set one timer.
package final class DatagramLoop: Sendable {
    private let mailbox = Mutex(Mailbox())
    private let wakeup: Int32
    private let ports: [IPAddress.Family: UInt16]
    /// Touched by the creator until `start`, and from then on by the loop's thread alone.
    private nonisolated(unsafe) let turn: LoopTurn

    /// Binds `port`, or any (0), for each address family that this machine has; with `isLoopback` to the loopback
    /// addresses only. Both families get the same number if it can be had.
    package init(port: UInt16 = 0, isLoopback: Bool = false) throws(SocketError) {
        let sockets = try Self.bind(port: port, isLoopback: isLoopback)
        guard let batch = datagram_batch_create(UInt32(LoopTurn.batchLength), 65_536) else {
            throw .unavailable(ENOMEM)
        }
        wakeup = wakeup_open()
        turn = LoopTurn(sockets: sockets, extras: ExtraSockets(isLoopback: isLoopback), batch: batch)
        ports = Dictionary(uniqueKeysWithValues: sockets.map { ($0.family, $0.port) })
        guard wakeup >= 0 else { throw .unavailable(-wakeup) }
    }

    deinit {
        if wakeup >= 0 { Glibc.close(wakeup) }
    }

    /// The local port of an address family; nil when this machine does not have the family.
    package func localPort(_ family: IPAddress.Family) -> UInt16? {
        ports[family]
    }

    /// Starts the thread. The delegate belongs to it from now on; the thread lives until `stop`. Returns false, and does
    /// nothing, where it was started or stopped before.
    @discardableResult
    package func start(_ delegate: any LoopDelegate) throws(SocketError) -> Bool {
        try mailbox.withLock { mailbox throws(SocketError) in
            guard mailbox.thread == nil, !mailbox.isStopping else { return false }
            turn.delegate = delegate
            do throws(SocketError) {
                // It waits for the mailbox first of all.
                mailbox.thread = try startThread { self.run() }
            } catch {
                turn.delegate = nil
                throw error
            }
            return true
        }
    }

    /// Whether what is given to `perform` will run: after `start`, until `stop`.
    package var isRunning: Bool {
        mailbox.withLock { $0.thread != nil && !$0.isStopping }
    }

    /// Runs `work` on the loop, in the order of the calls, and drains afterwards; what is given before `start` waits
    /// for it. Returns false, and does not run it, once the loop has been stopped.
    @discardableResult
    package func perform(_ work: @escaping @Sendable () -> Void) -> Bool {
        let (isAccepted, isFirst) = mailbox.withLock { mailbox in
            guard !mailbox.isStopping else { return (false, false) }
            mailbox.work.append(work)
            return (true, mailbox.work.count == 1)
        }
        if isFirst { wakeup_ring(wakeup) }
        return isAccepted
    }

    /// Runs what was given to `perform`, drains to the end, and waits until the thread has ended and its sockets are closed.
    ///
    /// Without a thread it closes the sockets, and what was given to `perform` never runs.
    package func stop() {
        let (thread, isFirst) = mailbox.withLock { mailbox in
            defer {
                mailbox.isStopping = true
                mailbox.thread = nil
            }
            return (mailbox.thread, !mailbox.isStopping)
        }
        guard let thread else {
            if isFirst {
                mailbox.withLock { $0.work = [] }
                turn.finish()
            }
            return
        }
        wakeup_ring(wakeup)
        // On the loop itself nobody can wait for it: the thread ends after this turn.
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }

    private struct Mailbox {
        var work: [@Sendable () -> Void] = []
        var isStopping = false
        var thread: pthread_t?
    }
}

// MARK: On the loop's thread

extension DatagramLoop {
    /// Queues a datagram; it leaves when the delegate has drained. On a socket that is not open it is lost.
    package func send(_ bytes: Span<UInt8>, _ ecn: ECNCodepoint = .notECT, over route: Route) {
        assert(isCurrent, "only the loop's thread may send")
        turn.send(bytes, of: bytes.count, ecn, over: route)
    }

    /// Sends datagrams that lie back to back, each `size` bytes but for the last, which may be shorter: at most
    /// 65,507 bytes and 64 datagrams (UDP_MAX_SEGMENTS). What the kernel does not take at once is queued.
    package func send(_ run: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, over route: Route) {
        assert(isCurrent, "only the loop's thread may send")
        turn.send(run, of: size, ecn, over: route)
    }

    /// Opens extra sockets on free ports and returns the ports in the same order; nil stands for one that the system does
    /// not give.
    package func open(_ ids: [SocketID], _ family: IPAddress.Family) -> [UInt16?] {
        assert(isCurrent, "only the loop's thread may open sockets")
        // A machine may open sockets of a family that it does not have.
        guard turn.socket(family) != nil else { return ids.map { _ in nil } }
        return ids.map { turn.extras.open($0, family) }
    }

    /// Closes extra sockets. What was queued on them leaves before.
    package func close(_ ids: [SocketID]) {
        assert(isCurrent, "only the loop's thread may close sockets")
        for id in ids { turn.extras.close(id) }
    }

    /// Hears beacons on the interfaces with these indices, and on no others: they come by ``SocketID/beacon``.
    package func listenForBeacons(on interfaces: Set<UInt32>) {
        assert(isCurrent, "only the loop's thread may listen")
        turn.listenForBeacons(on: interfaces)
    }

    /// Queues a beacon from an address of ours, to the network of the interface with that index.
    package func sendBeacon(_ bytes: [UInt8], from ip: IPAddress, through interface: UInt32) {
        assert(isCurrent, "only the loop's thread may send")
        turn.socket(ip.family)?.send(
            bytes.span, to: Beacon.group(ip.family), from: DatagramSource(ip: ip, interface: interface))
    }

    /// What a socket did; an extra one while it is open.
    package func statistics(_ family: IPAddress.Family, _ id: SocketID = .main) -> DatagramStatistics {
        assert(isCurrent, "only the loop's thread may look")
        let socket = id == .main ? turn.socket(family) : turn.extras[id, family]
        return socket?.statistics ?? DatagramStatistics()
    }

    /// Whether the caller is the loop's thread.
    package var isCurrent: Bool {
        turn.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }

    private func run() {
        turn.thread = pthread_self()
        while true {
            let (work, isStopping) = mailbox.withLock { mailbox in
                defer { mailbox.work = [] }
                return (mailbox.work, mailbox.isStopping)
            }
            for item in work { item() }
            guard !isStopping else { break }
            turn.drain()
            if turn.wait(wakeup: wakeup) { wakeup_clear(wakeup) }
        }
        turn.drainToTheEnd()
        turn.finish()
    }
}

// MARK: Binding

extension DatagramLoop {
    private static func bind(port: UInt16, isLoopback: Bool) throws(SocketError) -> [DatagramSocket] {
        // When a number is free in one family only, another one is tried; in the end they may differ.
        for attempt in 0..<8 {
            do throws(SocketError) {
                return try bindBoth(port: port, sameNumber: attempt < 7, isLoopback: isLoopback)
            } catch .portInUse where port == 0 {}
        }
        throw .portInUse(port)
    }

    private static func bindBoth(
        port: UInt16, sameNumber: Bool, isLoopback: Bool
    ) throws(SocketError) -> [DatagramSocket] {
        var sockets: [DatagramSocket] = []
        var failure = SocketError.unavailable(EAFNOSUPPORT)
        for family in [IPAddress.Family.v4, .v6] {
            let wanted = sameNumber ? sockets.first?.port ?? port : port
            do throws(SocketError) {
                sockets.append(
                    try DatagramSocket(
                        family: family, port: wanted, isLoopback: isLoopback, queues: SendQueuePool(limit: 1)))
            } catch .unavailable(let code) {
                failure = .unavailable(code)
            }
        }
        guard !sockets.isEmpty else { throw failure }
        return sockets
    }
}
