internal import PinholeWire

/// One plan on its way: which probe leaves when, one each ``Limits/punchInterval``.
///
/// It does not matter which side begins. A probe that comes too early is dropped by the peer's NAT, and has opened our
/// own for the one that the peer sends from the port where it went.
struct PunchRun {
    let plan: PunchPlan
    private var work: Work
    /// When the next probe leaves.
    private(set) var due: Instant

    private enum Work {
        /// From one socket after another to one address, twice as many as are open at a time: a new socket in place of an
        /// old one meets all that the peer has sent so far.
        case sockets(count: Int, ids: [SocketID], sent: Int, remote: TransportAddress)
        /// From the main socket to many ports.
        case ports(PortSequence, ip: IPAddress)
        /// From one socket after another to all ports of a search, until `left` is 0; `nil` until the next is open.
        case passes(PortSearch, PortSequence, ip: IPAddress, socket: SocketID?, left: Int)
        case finished
    }

    /// The hard side.
    init(_ plan: PunchPlan, sockets count: Int, to remote: TransportAddress, at now: Instant) {
        self.plan = plan
        work = .sockets(count: count, ids: [], sent: 0, remote: remote)
        due = now
    }

    /// The easy side.
    init(_ plan: PunchPlan, _ ports: PortSequence, of ip: IPAddress, at now: Instant) {
        self.plan = plan
        work = .ports(ports, ip: ip)
        due = now
    }

    /// Both sides are hard.
    init(_ plan: PunchPlan, passes search: PortSearch, of ip: IPAddress, at now: Instant) {
        self.plan = plan
        work = .passes(search, PortSequence(search), ip: ip, socket: nil, left: search.count)
        due = now
    }

    /// How many sockets are to be opened now: enough for a while, as the first of them may win.
    var socketsWanted: Int {
        switch work {
        case .sockets(let count, let ids, let sent, _):
            ids.count - sent < Self.batch / 2 ? min(Self.batch, 2 * count - ids.count) : 0
        case .passes(_, _, _, let socket, _): socket == nil ? 1 : 0
        case .ports, .finished: 0
        }
    }

    private static let batch = 32
    /// Probes that were late leave together, up to so many.
    private static let burst = 8

    mutating func add(_ sockets: [SocketID]) {
        switch work {
        case .sockets(let count, let ids, let sent, let remote):
            work = .sockets(count: count, ids: ids + sockets, sent: sent, remote: remote)
        case .passes(let search, let ports, let ip, _, let left):
            work = .passes(search, ports, ip: ip, socket: sockets.first, left: left)
        case .ports, .finished: break
        }
    }

    /// The socket that has to make room, once as many are open as may be.
    var socketToClose: SocketID? {
        switch work {
        case .sockets(let count, let ids, let sent, _): sent > count ? ids[sent - count - 1] : nil
        case .ports, .passes, .finished: nil
        }
    }

    /// The first sockets that were opened, in the order in which they send.
    var sockets: [SocketID] {
        switch work {
        case .sockets(_, let ids, _, _): ids
        case .ports, .passes, .finished: []
        }
    }

    enum Step {
        case probe(Route)
        case notYet
        case finished
    }

    mutating func next(at now: Instant, _ entropy: inout Entropy) -> Step {
        guard due <= now else { return .notYet }
        due = max(due, now - Limits.punchInterval * Self.burst) + Limits.punchInterval
        switch work {
        case .sockets(let count, let ids, let sent, let remote):
            guard sent < ids.count else { return .finished }
            work = .sockets(count: count, ids: ids, sent: sent + 1, remote: remote)
            return .probe(Route(remote, via: ids[sent]))
        case .ports(var ports, let ip):
            // Nobody else holds the sequence while it changes, or it would be copied for each probe.
            work = .finished
            guard let port = ports.next(&entropy) else { return .finished }
            work = .ports(ports, ip: ip)
            return .probe(Route(TransportAddress(ip, port: port)))
        case .passes(let search, var ports, let ip, let socket?, let left):
            work = .finished
            guard left > 0 else { return .finished }
            guard let port = ports.next(&entropy) else {
                work = .passes(search, PortSequence(search), ip: ip, socket: nil, left: left)
                return pause(at: now)
            }
            work = .passes(search, ports, ip: ip, socket: socket, left: left - 1)
            return .probe(Route(TransportAddress(ip, port: port), via: socket))
        case .passes(_, _, _, nil, _):
            return pause(at: now)
        case .finished:
            return .finished
        }
    }

    /// What is late makes up for it by a burst, but not here: nobody looks again at a time that is past.
    private mutating func pause(at now: Instant) -> Step {
        due = max(due, now + Limits.punchInterval)
        return .notYet
    }
}
