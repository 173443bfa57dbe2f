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
    /// What passed by HELLOs with MACs, by the address that they went to.
    var calls: [TransportAddress: DirectCall] = [:]
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

    /// HELLOs to where the peer is known to listen, and when they are repeated.
    struct DirectHello {
        var timesSent = 0
        var resend: Instant
    }

    /// HELLOs to one address that a COOKIE may answer.
    struct DirectCall {
        /// What the latest COOKIE brought.
        private(set) var cookie: [UInt8]?
        /// `mac1` of the latest.
        private var sent: [[UInt8]] = []
        /// Whether a COOKIE drew a HELLO since they were last repeated.
        private var isAnswered = false

        /// More than one repeats while the answer to it is on its way.
        private static let remembered = 4

        mutating func didSend(_ hello: [UInt8]) {
            sent = sent.suffix(Self.remembered - 1) + [CookieGate.mac1(of: hello)]
        }

        mutating func willRepeat() {
            isAnswered = false
        }

        /// The cookie of a COOKIE that answers one of them.
        func open(_ datagram: Span<UInt8>, of peer: IdentityKey) -> [UInt8]? {
            for mac1 in sent.reversed() {
                if let cookie = CookieGate.open(datagram, peer: peer, sentMAC1: mac1) { return cookie }
            }
            return nil
        }

        /// Returns whether a HELLO with it is sent at once. Who sees a HELLO can make any number of COOKIEs that are
        /// all different: what comes beyond the first waits for the repetition.
        mutating func take(_ cookie: [UInt8]) -> Bool {
            guard cookie != self.cookie else { return false }
            self.cookie = cookie
            defer { isAnswered = true }
            return !isAnswered
        }
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
