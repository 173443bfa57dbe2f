internal import PinholeCrypto
internal import PinholeWire

/// What is under way to reach the peer. It ends with a session, by its deadline, or when nobody wants it any more, and
/// nothing that it found out is there for the next.
struct Attempt {
    /// When it has failed.
    var deadline: Instant
    /// Our half of its handshakes; nil while there is neither a service nor an address to send it to.
    var hello: OwnHello?
    var introduction: OutgoingIntroduction?
    var directHello: DirectHello?
    /// What a HELLO showed that no session can come of.
    var incompatibility: UnreachableReason?
    /// What the peer said about itself in its last introduction.
    var peerIntroduction: Introduction?

    init(until deadline: Instant) {
        self.deadline = deadline
    }

    /// An introduction, until the peer itself is heard.
    struct OutgoingIntroduction {
        var timesSent = 0
        var resend: Instant
        var absentFrom: Set<Int> = []
        /// When the peer counts as absent, though not all services said so.
        var verdict: Instant?
        var isPeerKnown = false

        /// A service says that the peer is there.
        mutating func peerIsKnown() {
            isPeerKnown = true
            absentFrom.removeAll()
            verdict = nil
        }

        /// The peer has answered and should be heard soon; if it is not, it may have started again and forgotten us.
        mutating func wasAnswered(at now: Instant) {
            timesSent = max(timesSent, 3)
            resend = now + .seconds(2)
        }
    }

    /// HELLOs to where the peer is known to listen.
    struct DirectHello {
        var timesSent = 0
        var resend: Instant
        var cookie: [UInt8]?
        var lastMAC1: [[UInt8]] = []
    }
}

extension Connection {
    /// The attempt that is under way has more time.
    func extendAttempt(until deadline: Instant) {
        guard let present = attempt?.deadline, present < deadline else { return }
        attempt?.deadline = deadline
    }

    /// The attempt is over, and with it what it waits for. A handshake whose peer is authenticated goes on.
    func endAttempt() {
        attempt = nil
        early.removeAll()
        pairings.removeAll { !$0.isAuthenticated }
        abandonPunch()
    }

    /// The attempt ends without a session, and so does the call that it made or answered. What still comes of that is
    /// late, and begins no other: two who take turns in answering each other's late answers would never end.
    func giveUpAttempt() {
        if let ownHello {
            closedCalls.append(ownHello.handshake.plaintext.introID)
            if closedCalls.count > Self.rememberedCalls { closedCalls.removeFirst() }
        }
        endAttempt()
    }

    /// More than can have anything on its way.
    private static let rememberedCalls = 4
}
