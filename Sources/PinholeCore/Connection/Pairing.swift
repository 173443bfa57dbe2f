internal import PinholeCrypto
internal import PinholeWire

/// One of our HELLOs together with one of the peer's: a handshake in progress.
///
/// ```
/// keyed ──valid AUTH of the peer──▶ authenticated ──a session packet of the peer──▶ confirmed, then forgotten
/// ```
struct Pairing {
    enum State {
        case keyed
        case authenticated(at: Instant)
    }

    let own: OwnHello
    /// Whether a HELLO with this timestamp or a later one was authenticated before: the peer's clock was set back, and an
    /// echo or a cookie spoke for this one.
    let isBehind: Bool
    /// Whether the HELLO cannot have been sent again by somebody else: it was newer than any before, or it is an echo.
    let isProven: Bool
    let keys: HandshakeKeys
    var state = State.keyed
    /// Whether a packet of the peer under these keys came: it has our HELLO.
    var hasHeard = false

    var peer: PeerHello { keys.peer }
    /// Whether the peer itself has sent the HELLO in this attempt.
    var isBelieved: Bool { isProven || hasHeard }

    /// The less, the sooner it gives way to another: of those that nobody was heard under, the oldest does first.
    var rank: (Int, UInt64) { (isAuthenticated ? 2 : hasHeard ? 1 : 0, peer.plaintext.timestamp) }

    /// What decides between two sessions; `role` is ours.
    func order(_ role: Role) -> Session.Order {
        let own = own.handshake.plaintext.timestamp
        let other = peer.plaintext.timestamp
        return role == .lo ? Session.Order(lo: own, hi: other) : Session.Order(lo: other, hi: own)
    }

    var isAuthenticated: Bool {
        switch state {
        case .keyed: false
        case .authenticated: true
        }
    }
}

/// Our half of a handshake: one ephemeral key, one HELLO plaintext.
struct OwnHello {
    let handshake: HandshakeAttempt
    let began: Instant
    /// The peer's, if it was made because the peer called; it then echoes that one's introduction id.
    let call: PeerHello?

    var isAnswer: Bool { call != nil }

    var connectionID: ConnectionID { handshake.connectionID }

    /// Whether `hello` answers this, although this is an answer: who sent it has forgotten his call.
    func isAnswered(by hello: PeerHello) -> Bool {
        guard let call else { return false }
        return hello != call && hello.plaintext.introID == handshake.plaintext.introID
    }
}
