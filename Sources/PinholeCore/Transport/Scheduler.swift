internal import PinholeWire

/// Whose turn it is: streams 0, 2, 1 strictly in this order, then files in turn, one packet each; but files get one
/// byte in twenty when all want to send.
struct Scheduler: Sendable {
    /// Protocol §3: "Strict priority 0 > 2 > 1 > files".
    static func urgent(_ position: Int) -> UInt64 {
        switch position {
        case 0: StreamID.control
        case 1: StreamID.receipts
        default: StreamID.chat
        }
    }
    static let urgentCount = 3

    static func isUrgent(_ id: UInt64) -> Bool {
        id == StreamID.control || id == StreamID.receipts || id == StreamID.chat
    }

    /// Files with something to send, and signs, in turn; they are few (``Limits/maxStreams``).
    private(set) var turns = Queue<UInt64>()
    /// Files that have not started, until the peer has fewer of them open.
    private var waiting = Queue<UInt64>()
    /// Files that the peer may have heard of and has not acknowledged whole.
    private var started = 0
    /// Bytes that went before files that wanted to send.
    private var debt = 0

    /// Whether a file goes before the urgent streams, to get its share.
    func favorsFiles(packetSize: Int) -> Bool {
        !turns.isEmpty && debt >= packetSize * Limits.urgentBytesPerFileByte
    }

    /// At the peer the urgent streams count as well, which never end.
    private static let maxStarted = Limits.maxStreams - urgentCount

    /// Lets a file start, now (true) or when ``nextWaiting()`` names it.
    mutating func start(_ id: UInt64) -> Bool {
        guard started < Self.maxStarted else {
            waiting.append(id)
            return false
        }
        started += 1
        return true
    }

    /// One file is through, and another may start.
    mutating func fileDidEnd() {
        started -= 1
    }

    /// A file that has waited and may ask for its ``start(_:)`` now.
    mutating func nextWaiting() -> UInt64? {
        started < Self.maxStarted ? waiting.popFirst() : nil
    }

    mutating func enqueue(_ id: UInt64) {
        turns.append(id)
    }

    /// Takes the file at the head out of the turns.
    mutating func dequeue() {
        turns.removeFirst()
    }

    /// Puts the file at the head behind the others.
    mutating func rotate() {
        if let file = turns.popFirst() { turns.append(file) }
    }

    mutating func didSendUrgent(_ bytes: Int) {
        // A share that nobody claims must not grow.
        debt = turns.isEmpty ? 0 : min(debt + bytes, Limits.maxFileDebt * Limits.urgentBytesPerFileByte)
    }

    mutating func didSendFile(_ bytes: Int) {
        debt = max(0, debt - bytes * Limits.urgentBytesPerFileByte)
    }
}
