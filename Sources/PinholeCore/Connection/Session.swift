internal import PinholeCrypto
internal import PinholeWire

/// An authenticated session: its keys, its transport, and the records that its streams are cut into.
struct Session {
    let keys: SessionKeys
    /// The id that the peer's packets carry.
    let connectionID: ConnectionID
    /// The timestamps of both HELLOs, Lo's first: of two sessions both sides keep the greater.
    let order: Order
    let began: Instant
    var transport: Transport
    var largestReceived: UInt64 = 0
    var lastReceived: Instant
    var lastSent: Instant
    /// When a message or a file last moved, either way.
    var lastApplicationData: Instant
    /// Whether the peer has shown, by a packet of this session, that it verified our AUTH.
    var isConfirmed = false
    var control = RecordReader(limit: 1024)
    var chat = RecordReader(limit: Limits.maxMessageBody + 24)
    var receipts = RecordReader(limit: 64)

    struct Order: Comparable {
        let lo: UInt64
        let hi: UInt64

        static func < (left: Order, right: Order) -> Bool {
            (left.lo, left.hi) < (right.lo, right.hi)
        }
    }

    init(keys: SessionKeys, connectionID: ConnectionID, order: Order, at now: Instant) {
        self.keys = keys
        self.connectionID = connectionID
        self.order = order
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
