internal import PinholeWire

/// The addresses from which a peer's authenticated packets came or may come, and what is known of each
/// (RFC 9000 §8.2 and §9).
struct PathTable {
    struct Path {
        let remote: TransportAddress
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
        let remote: TransportAddress
        let sent: Instant
    }

    private var paths: [TransportAddress: Path] = [:]
    private var pathsSeen: UInt64 = 0
    private var challenges: [UInt64: Challenge] = [:]
    private var challengeOrder: [UInt64] = []
    /// Where packets are sent.
    private(set) var active: TransportAddress?
    /// The last address that was active and validated, to fall back to.
    private(set) var lastValidated: TransportAddress?

    private static let maxPaths = 32
    private static let maxChallenges = 128

    subscript(remote: TransportAddress) -> Path? { paths[remote] }

    var activePath: Path? { active.flatMap { paths[$0] } }
    var remotes: [TransportAddress] { Array(paths.keys) }

    /// An authenticated packet of `count` bytes came from `remote`.
    mutating func received(_ count: Int, from remote: TransportAddress, kind: Candidate.Kind) {
        admit(remote, kind: kind)
        paths[remote]?.bytesReceived += count
    }

    mutating func sent(_ count: Int, to remote: TransportAddress) {
        paths[remote]?.bytesSent += count
    }

    /// How much may be sent to the active path now: RFC 9000 §8.1 allows three times what came until it is validated.
    var budget: Int {
        guard let path = activePath else { return 0 }
        return path.isValidated ? .max : max(0, 3 * path.bytesReceived - path.bytesSent)
    }

    mutating func activate(_ remote: TransportAddress) {
        if let path = activePath, path.isValidated { lastValidated = path.remote }
        active = remote
    }

    /// What was validated before `instant` counts no more: a new session may have been needed because a path died.
    mutating func invalidate(before instant: Instant) {
        for (remote, path) in paths {
            if let validated = path.validated, validated < instant {
                paths[remote]?.validated = nil
                paths[remote]?.rtt = nil
            }
        }
        lastValidated = nil
    }

    /// Remembers that `data` went to `remote` as a PATH_CHALLENGE.
    mutating func challenge(_ data: UInt64, to remote: TransportAddress, at now: Instant) {
        challenges[data] = Challenge(remote: remote, sent: now)
        challengeOrder.append(data)
        if challengeOrder.count > Self.maxChallenges {
            challenges[challengeOrder.removeFirst()] = nil
        }
    }

    /// A PATH_RESPONSE came: the address that was challenged is validated, wherever the response came from
    /// (RFC 9000 §8.2.3). Returns it, with the round trip.
    mutating func response(_ data: UInt64, at now: Instant) -> (remote: TransportAddress, rtt: Duration)? {
        guard let challenge = challenges.removeValue(forKey: data) else { return nil }
        let rtt = now - challenge.sent
        admit(challenge.remote, kind: .host)
        paths[challenge.remote]?.validated = now
        let known = paths[challenge.remote]?.rtt
        paths[challenge.remote]?.rtt = known.map { min($0, rtt) } ?? rtt
        return (challenge.remote, rtt)
    }

    mutating func setKind(_ kind: Candidate.Kind, of remote: TransportAddress) {
        paths[remote]?.kind = kind
    }

    /// The best path that was validated since `instant`: the shortest round trip, where LAN is forgiven 10 ms and
    /// IPv6 5 ms.
    func best(since instant: Instant) -> TransportAddress? {
        paths.values.filter { $0.validated.map { $0 >= instant } ?? false }.min { $0.score < $1.score }?.remote
    }

    /// Whether moving is worth it: differences below 2 ms are noise, and both sides would follow each other for nothing.
    func isClearlyBetter(_ remote: TransportAddress, than other: TransportAddress) -> Bool {
        guard let path = paths[remote], let known = paths[other], known.isValidated else { return true }
        return path.score < known.score - .milliseconds(2)
    }

    /// Makes sure that `remote` is known. Where a peer is now matters more than where it was long ago, so a full table
    /// forgets a path that never answered, the oldest first, or else the one whose last answer is oldest.
    private mutating func admit(_ remote: TransportAddress, kind: Candidate.Kind) {
        guard paths[remote] == nil else { return }
        if paths.count >= Self.maxPaths {
            let victim = paths.values.filter { $0.remote != active && $0.remote != lastValidated }
                .min { $0.worth < $1.worth }
            if let victim { paths[victim.remote] = nil }
        }
        paths[remote] = Path(remote: remote, kind: kind, serial: pathsSeen)
        pathsSeen += 1
    }
}

extension PathTable.Path {
    /// What a full table keeps: answers, the latest before the others.
    fileprivate var worth: (Int64, UInt64) { (validated?.nanoseconds ?? .min, serial) }

    fileprivate var score: Duration {
        let rtt = rtt ?? Limits.initialRTT
        if remote.ip.isPrivate || remote.ip.isLoopback { return rtt - .milliseconds(10) }
        return remote.family == .v6 ? rtt - .milliseconds(5) : rtt
    }
}
