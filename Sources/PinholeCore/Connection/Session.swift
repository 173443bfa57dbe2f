internal import PinholeCrypto
internal import PinholeWire

/// An authenticated session: its keys, its transport, and the records that its streams are cut into.
///
/// A class, so that a packet which looks at it copies nothing: it belongs to one connection.
final class Session {
    /// The same on both sides, and in no key.
    let id: [UInt8]
    let keys: Epochs
    /// The id that the peer's packets carry.
    let connectionID: ConnectionID
    /// The timestamps of both HELLOs, Lo's first: of two sessions both sides keep the greater.
    let order: Order
    /// Of a pairing whose peer's clock had been set back.
    let isBehind: Bool
    let began: Instant
    var transport: Transport
    var largestReceived: UInt64 = 0
    var lastReceived: Instant
    var lastSent: Instant
    /// When the first packet left that asks for an answer and got none, nor was followed by anything else of the peer.
    var unansweredSince: Instant?
    /// Whether the latest packet of the peer that wants an answer was a mere PING; the answer is as short then.
    var wasAskedBriefly = false
    /// When a message or a file last moved, either way.
    var lastApplicationData: Instant
    /// Whether the peer has shown, by a packet of this session, that it verified our AUTH.
    var isConfirmed = false
    /// Streams whose records wait until the peer takes our answers to those before.
    var postponedReads: Set<UInt64> = []
    var control = RecordReader(limit: 1024)
    var chat = RecordReader(limit: Limits.maxMessageBody + 24)
    var receipts = RecordReader(limit: 64)
    var signs = RecordReader(limit: 64)
    /// Stream 0 of a session under an invite's key, and whether the invited one has introduced himself.
    var invites = RecordReader(limit: Limits.maxInviteRecord)
    var isIntroduced = false
    /// What the inviter said, whose word changes now and then.
    private var verdicts: [InviteRecord.Verdict] = []
    private static let maxVerdicts = 16

    /// Whether the inviter says something new, and not more than an inviter has to say.
    func takes(_ verdict: InviteRecord.Verdict) -> Bool {
        guard verdict != verdicts.last, verdicts.count < Self.maxVerdicts else { return false }
        verdicts.append(verdict)
        return true
    }

    /// Whether a session of `pairing` takes over. A peer whose clock went back has lost this one, or it would know
    /// better what time it is: then timestamps decide nothing.
    func isOutranked(by pairing: Pairing, _ role: Role) -> Bool {
        (pairing.isBehind && !isBehind) || order < pairing.order(role)
    }

    /// Whether the peers, should they have called each other at once, agree by now which session is theirs.
    func isSettled(at now: Instant) -> Bool {
        now - began >= .seconds(2)
    }

    struct Order: Comparable {
        let lo: UInt64
        let hi: UInt64

        static func < (left: Order, right: Order) -> Bool {
            (left.lo, left.hi) < (right.lo, right.hi)
        }
    }

    /// When the transport is to be called. Lent, for otherwise all of it would be copied to be looked at.
    var transportTimeout: Instant? { Self.timeout(of: &transport) }

    private static func timeout(of transport: inout Transport) -> Instant? { transport.nextTimeout }

    init(id: [UInt8], keys: Epochs, connectionID: ConnectionID, order: Order, isBehind: Bool, at now: Instant) {
        self.id = id
        self.keys = keys
        self.connectionID = connectionID
        self.order = order
        self.isBehind = isBehind
        began = now
        transport = Transport(at: now)
        lastReceived = now
        lastSent = now
        lastApplicationData = now
    }
}

/// CLOSE codes.
enum CloseCode {
    static let done: UInt64 = 0
    static let protocolViolation: UInt64 = 1
    static let storage: UInt64 = 2
}
