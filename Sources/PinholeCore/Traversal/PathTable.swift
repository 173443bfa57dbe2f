internal import PinholeWire

/// The routes by which a peer's authenticated packets came or may come, and what is known of each
/// (RFC 9000 §8.2 and §9).
struct PathTable {
    struct Path {
        let route: Route
        var kind: Candidate.Kind
        /// Counts the paths in the order in which they became known.
        let serial: UInt64
        /// When a packet last went there and its answer came back.
        var validated: Instant?
        var rtt: Duration?
        var bytesReceived = 0
        var bytesSent = 0
        /// Of these, what went because something had come from there, and not to find out whether it would.
        var bytesProvoked = 0
        /// Of the active path the session's transport knows more.
        var capacity = PathMTU.Capacity.unknown

        var isValidated: Bool { validated != nil }
    }

    private struct Challenge {
        let route: Route
        let isFull: Bool
        let sent: Instant
    }

    private var paths = LinearMap<Route, Path>()
    private var pathsSeen: UInt64 = 0
    private var challenges: [UInt64: Challenge] = [:]
    private var challengeOrder: [UInt64] = []
    /// Where packets are sent.
    private(set) var active: Route?
    /// The last address that was active and validated, to fall back to.
    private(set) var lastValidated: Route?

    static let maxPaths = 32
    /// How many of them are probed again: the others are left to a peer that names them.
    static let maxLikely = 8
    private static let maxChallenges = 128

    subscript(route: Route) -> Path? { paths[route] }

    /// Two optional routes are compared by a generic function, and this is asked for each packet.
    func isActive(_ route: Route) -> Bool {
        guard let active else { return false }
        return active == route
    }

    var activePath: Path? { active.flatMap { paths[$0] } }
    /// In the order in which they became known.
    var routes: [Route] { all.map(\.route) }
    var all: [Path] { paths.values.sorted { $0.serial < $1.serial } }

    /// Where the peer may be heard again: at the active path and the one before it, where it answered last, and at the
    /// newest; in the order in which they became known. A peer that roams leaves a full table of dead routes behind,
    /// which must not keep others from being probed.
    var likely: [Path] {
        let all = all
        guard all.count > Self.maxLikely else { return all }
        let inUse = all.filter { isActive($0.route) || $0.route == lastValidated }
        let answered = all.filter(\.isValidated).sorted { $0.worth > $1.worth }
        let ranked = [inUse, Array(answered.prefix(Self.maxLikely / 2)), Array(all.reversed())].joined()
        var likely: Set<Route> = []
        for path in ranked where likely.count < Self.maxLikely { likely.insert(path.route) }
        return all.filter { likely.contains($0.route) }
    }

    /// An authenticated packet of `count` bytes came from `route`: false, and nothing is noted, if that is not known.
    mutating func received(_ count: Int, from route: Route) -> Bool {
        guard let position = paths.position(of: route) else { return false }
        paths.values[position].bytesReceived += count
        return true
    }

    /// An authenticated packet of `count` bytes came from `route`.
    mutating func received(_ count: Int, from route: Route, kind: Candidate.Kind) {
        admit(route, kind: kind)
        paths[route]?.bytesReceived += count
    }

    mutating func sent(_ count: Int, to route: Route, isProvoked: Bool = true) {
        guard let position = paths.position(of: route) else { return }
        paths.values[position].bytesSent += count
        if isProvoked { paths.values[position].bytesProvoked += count }
    }

    /// How much may be sent to a path in answer to what came from it: who speaks in the name of another address must not
    /// bring it more than three times as much (RFC 9000 §8.1).
    func allowance(for route: Route) -> Int {
        guard let path = paths[route] else { return 0 }
        return path.isValidated ? .max : max(0, 3 * path.bytesReceived - path.bytesProvoked)
    }

    /// How much may be sent to the active path now: RFC 9000 §8.1 allows three times what came until it is validated.
    var budget: Int {
        guard let position = active.flatMap({ paths.position(of: $0) }) else { return 0 }
        let path = paths.values[position]
        return path.isValidated ? .max : max(0, 3 * path.bytesReceived - path.bytesSent)
    }

    mutating func activate(_ route: Route) {
        if let path = activePath, path.isValidated { lastValidated = path.route }
        active = route
    }

    /// What was validated before `instant` counts no more: a new session may have been needed because a path died.
    mutating func invalidate(before instant: Instant) {
        for position in paths.values.indices {
            if let validated = paths.values[position].validated, validated < instant {
                paths.values[position].validated = nil
                paths.values[position].rtt = nil
            }
        }
        lastValidated = nil
    }

    /// Remembers that `data` went to `route` as a PATH_CHALLENGE, in a datagram of full size or in a small one.
    mutating func challenge(_ data: UInt64, to route: Route, isFull: Bool = false, at now: Instant) {
        challenges[data] = Challenge(route: route, isFull: isFull, sent: now)
        challengeOrder.append(data)
        if challengeOrder.count > Self.maxChallenges {
            challenges[challengeOrder.removeFirst()] = nil
        }
    }

    /// A PATH_RESPONSE came: the route that was challenged is validated, wherever the response came from
    /// (RFC 9000 §8.2.3). `size` is that of the datagram it came in.
    mutating func response(_ data: UInt64, size: Int = 0, at now: Instant) -> Response? {
        guard let challenge = challenges.removeValue(forKey: data) else { return nil }
        let rtt = now - challenge.sent
        admit(challenge.route, kind: .host)
        paths[challenge.route]?.validated = now
        let known = paths[challenge.route]?.rtt
        paths[challenge.route]?.rtt = known.map { min($0, rtt) } ?? rtt
        if challenge.isFull, size >= Limits.maxDatagramSize { paths[challenge.route]?.capacity = .full }
        return Response(route: challenge.route, rtt: rtt, sent: challenge.sent)
    }

    struct Response: Equatable {
        let route: Route
        let rtt: Duration
        /// When the challenge was.
        let sent: Instant
    }

    mutating func setCapacity(_ capacity: PathMTU.Capacity, of route: Route) {
        paths[route]?.capacity = capacity
    }

    /// What the session's own packets measured on a route.
    mutating func measure(_ rtt: Duration, of route: Route) {
        paths[route]?.rtt = rtt
    }

    /// Round trips are measured anew: what a path was once says little about what it is.
    mutating func forgetRoundTrips() {
        for route in paths.keys where route != active { paths[route]?.rtt = nil }
    }

    /// What did not carry full datagrams once may do so now.
    mutating func forgetNarrow() {
        for route in paths.keys where route != active && paths[route]?.capacity == .narrow {
            paths[route]?.capacity = .unknown
        }
    }

    mutating func setKind(_ kind: Candidate.Kind, of route: Route) {
        paths[route]?.kind = kind
    }

    /// These sockets are closed.
    mutating func forget(_ sockets: Set<SocketID>) {
        for route in paths.keys where sockets.contains(route.socket) { paths[route] = nil }
        if let route = lastValidated, sockets.contains(route.socket) { lastValidated = nil }
    }

    /// Makes sure that `route` is known. Where a peer is now matters more than where it was long ago, so a full table
    /// forgets a path that never answered, the oldest first, or else the one whose last answer is oldest.
    private mutating func admit(_ route: Route, kind: Candidate.Kind) {
        guard paths[route] == nil else { return }
        if paths.count >= Self.maxPaths {
            let victim = paths.values.filter { $0.route != active && $0.route != lastValidated }
                .min { $0.worth < $1.worth }
            if let victim { paths[victim.route] = nil }
        }
        paths[route] = Path(route: route, kind: kind, serial: pathsSeen)
        pathsSeen += 1
    }
}

extension PathTable.Path {
    /// What a full table keeps: answers, the latest before the others.
    fileprivate var worth: (Int64, UInt64) { (validated?.nanoseconds ?? .min, serial) }
}
