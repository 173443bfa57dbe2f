/// Finding paths, and keeping them.
extension Limits {
    // MARK: Traversal

    /// "0, 33, 66, 133 … ms doubling, cap 2 s, at most 9 a round".
    package static let probeFirstInterval: Duration = .milliseconds(33)
    package static let probeMaxInterval: Duration = .milliseconds(2000)
    package static let probesPerRound = 9
    /// RFC 8445 §14.2 allows a Ta of 5 ms.
    package static let candidatePacing: Duration = .milliseconds(5)
    package static let maxCandidates = 16
    /// "as many as the others leave room for, but four at least": of the addresses of a machine's own interfaces.
    package static let minHostCandidates = 4
    /// "An address that only a service named is probed three times": what it opens in the own NAT lasts longer.
    package static let unconfirmedProbes = 3
    /// "and there are at most four of them": one service's PEER holds as many.
    package static let maxUnconfirmed = 4
    package static let maxObserved = 4

    /// "at most once in a second per contact": APPEARED, and a service that sees another address.
    package static let restartInterval: Duration = .seconds(1)

    // MARK: Paths (protocol §3.8)

    /// "2.5 s after a mapping is made": Linux then keeps it 120 s instead of 30 s.
    package static let firstKeepAlive: Duration = .milliseconds(2500)
    /// "less than 20 s before": the shortest life of a mapping that is common is 30 s.
    package static let mappingFreshness: Duration = .milliseconds(20_000)
    /// Linux promotes a mapping by a packet that passes it two seconds after its first.
    package static let promotionAge: Duration = .milliseconds(2200)
    /// How much longer Hi waits than Lo, so that one of them pings.
    package static let keepAliveSlack: Duration = .milliseconds(500)
    /// "20–25 s jittered", where nothing is known of the NAT.
    package static let keepAlive: Duration = .milliseconds(20_000)
    package static let keepAliveJitter: Duration = .milliseconds(5000)
    /// "0.75 × a lifetime measured …, at most 240 s".
    package static let maxKeepAlive: Duration = .milliseconds(240_000)
    package static let minKeepAlive: Duration = .milliseconds(1000)
    /// After a mapping was lost too soon: so many silences that the next ones survived, before they may be twice as long.
    package static let keepAlivesToStretch = 4
    /// "A silent NAT flush recovered ≤ 3 s": while people talk neither side is silent for longer than two.
    package static let talkingKeepAlive: Duration = .milliseconds(2000)
    package static let talkingSlack: Duration = .milliseconds(300)
    /// People talk for so long after a message or file last moved.
    package static let talkTime: Duration = .milliseconds(30_000)
    /// "LAN > IPv6 > IPv4 at ±5 ms": what a better kind of path may be slower, and what makes a path of one kind better.
    package static let pathHysteresis: Duration = .milliseconds(5)
    /// "Better paths re-tried each 60 s unless ≤ 5 ms", while people talk.
    package static let reviewInterval: Duration = .milliseconds(60_000)
    package static let goodEnoughRTT: Duration = .milliseconds(5)
    /// After Lo moved by choice the peer's packets still come by the old path for a while.
    package static let choiceGrace: Duration = .milliseconds(1000)
    /// "The first two challenges of a packet are answered", in HS as in DATA.
    package static let challengesPerPacket = 2
    /// Unanswered challenges of a full datagram after which a path counts as narrow, if it carries smaller ones.
    package static let capacityProbes = 3
    /// RFC 791: every host accepts 576 bytes; without the longest IP header and that of UDP these are left.
    package static let narrowDatagramSize = 508
    /// UDP payload: four of these fill a run of UDP_SEGMENT, whose datagrams have 65,507 bytes together at most.
    package static let largestDatagramSize = 65_507 / 4
    /// RFC 8899 §5.1.2: "The default value of MAX_PROBES is 3."
    package static let maxMTUProbes = 3
    /// RFC 8899 §5.1.1, of PMTU_RAISE_TIMER: "This timer has a period of 600 seconds".
    package static let mtuRaiseInterval: Duration = .milliseconds(600_000)
    /// Large datagrams lost in a row, while small ones arrive, after which the path carries no such any more.
    package static let blackHoleLosses = 3
    /// "Two missed probes": two probe timeouts, but not a mere pause of the network.
    package static let missedProbes = 2
    package static let minSilence: Duration = .milliseconds(800)
    /// Handshakes for sessions that stand: a seventh of what one core does on a slow day, as `pinhole-bench handshakes`
    /// measures, and less on others.
    package static let recoveriesPerSecond = 250
    /// Between two of one contact. A search pauses for three quarters of a second at least, and is not held up by it.
    package static let recoveryInterval: Duration = .milliseconds(500)
    /// After so long a path may be another than it was under the last session. RFC 9040 leaves the time open.
    package static let pathModelLifetime: Duration = .seconds(600)
    /// A session whose packets went unanswered for so long is over.
    package static let sessionPatience: Duration = .milliseconds(60_000)
    /// And one whose peer speaks, but acknowledged nothing new since so many probes: of more than two minutes.
    package static let maxUnansweredProbes = 256
    /// How often a peer whose packets come from ever other addresses is followed: so often in such a time.
    package static let followsInInterval = 4
    package static let followInterval: Duration = .milliseconds(100)
}
