internal import PinholeWire

/// The routes by which a peer\'s authenticated packets came or may come, and what is known of each
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

        var isValidated: Bool { validated != nil }
    }

    private struct Challenge {
        let route: Route
        let sent: Instant
    }

    private var paths: [Route: Path] = [:]
    private var pathsSeen: UInt64 = 0
    private var challenges: [UInt64: Challenge] = [:]
    private var challengeOrder: [UInt64] = []
    /// Where packets are sent.
    private(set) var active: Route?
    /// The last address that was active and validated, to fall back to.
    private(set) var lastValidated: Route?

    private static let maxPaths = 32
    private static let maxChallenges = 128

    subscript(route: Route) -> Path? { paths[route] }

    var activePath: Path? { active.flatMap { paths[$0] } }
    var routes: [Route] { Array(paths.keys) }

    /// An authenticated packet of `count` bytes came from `route`.
    mutating func received(_ count: Int, from route: Route, kind: Candidate.Kind) {
        admit(route, kind: kind)
        paths[route]?.bytesReceived += count
    }

    mutating func sent(_ count: Int, to route: Route) {
        paths[route]?.bytesSent += count
    }

    /// How much may be sent to the active path now: RFC 9000 §8.1 allows three times what came until it is validated.
    var budget: Int {
        guard let path = activePath else { return 0 }
        return path.isValidated ? .max : max(0, 3 * path.bytesReceived - path.bytesSent)
    }

    mutating func activate(_ route: Route) {
        if let path = activePath, path.isValidated { lastValidated = path.route }
        active = route
    }

    /// What was validated before `instant` counts no more: a new session may have been needed because a path died.
    mutating func invalidate(before instant: Instant) {
        for (route, path) in paths {
            if let validated = path.validated, validated < instant {
                paths[route]?.validated = nil
                paths[route]?.rtt = nil
            }
        }
        lastValidated = nil
    }

    /// Remembers that `data` went to `route` as a PATH_CHALLENGE.
    mutating func challenge(_ data: UInt64, to route: Route, at now: Instant) {
        challenges[data] = Challenge(route: route, sent: now)
        challengeOrder.append(data)
        if challengeOrder.count > Self.maxChallenges {
            challenges[challengeOrder.removeFirst()] = nil
        }
    }

    /// A PATH_RESPONSE came: the address that was challenged is validated, wherever the response came from
    /// (RFC 9000 §8.2.3). Returns it, with the round trip.
    mutating func response(_ data: UInt64, at now: Instant) -> (route: Route, rtt: Duration)? {
        guard let challenge = challenges.removeValue(forKey: data) else { return nil }
        let rtt = now - challenge.sent
        admit(challenge.route, kind: .host)
        paths[challenge.route]?.validated = now
        let known = paths[challenge.route]?.rtt
        paths[challenge.route]?.rtt = known.map { min($0, rtt) } ?? rtt
        return (challenge.route, rtt)
    }

    mutating func setKind(_ kind: Candidate.Kind, of route: Route) {
        paths[route]?.kind = kind
    }

    /// The best path that was validated since `instant`: the shortest round trip, where LAN is forgiven 10 ms and
    /// IPv6 5 ms.
    func best(since instant: Instant) -> Route? {
        paths.values.filter { $0.validated.map { $0 >= instant } ?? false }.min { $0.score < $1.score }?.route
    }

    /// Whether moving is worth it: differences below 2 ms are noise, and both sides would follow each other for nothing.
    func isClearlyBetter(_ route: Route, than other: Route) -> Bool {
        guard let path = paths[route], let known = paths[other], known.isValidated else { return true }
        return path.score < known.score - .milliseconds(2)
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

    fileprivate var score: Duration {
        let rtt = rtt ?? Limits.initialRTT
        if route.remote.ip.isPrivate || route.remote.ip.isLoopback { return rtt - .milliseconds(10) }
        return route.remote.family == .v6 ? rtt - .milliseconds(5) : rtt
    }
}
