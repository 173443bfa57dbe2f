internal import PinholeWire

/// Shows each message once and in order, though the transport delivers at least once.
///
/// Senders number their messages from 1 within an epoch and send them in order, so the highest number that is on
/// disk tells doubles from news. A sender takes a new epoch each time it starts, so only the newest are kept here; of
/// the others the disk knows, and the application drops what it has.
struct Inbox {
    enum Verdict: Equatable {
        /// Hand it to the application, which stores it and then confirms.
        case new
        /// It is on disk already: only the receipt is repeated.
        case duplicate
        /// It is with the application right now, or cannot be taken after an earlier one failed.
        case ignored
    }

    private var highestStored: Newest<UInt64>
    /// What the application has not stored yet, with its sizes in bytes.
    private var pending: [MessageID: Int] = [:]
    private var pendingSize = 0
    /// After a message could not be stored nothing later may be, or the order would break.
    private(set) var isBlocked = false

    /// `highestStored` is the highest counter on disk by sender epoch.
    init(highestStored: Newest<UInt64>) {
        self.highestStored = highestStored
    }

    /// Whether the disk is behind by so much that no more is to be taken from the network before it has stored some.
    var isFull: Bool { pending.count >= Self.maxPending || pendingSize >= Self.maxPendingSize }

    /// `size` is that of the message in bytes.
    mutating func receive(_ id: MessageID, size: Int = 0) -> Verdict {
        if id.counter <= highestStored[id.epoch] ?? 0 { return .duplicate }
        if isBlocked || pending[id] != nil { return .ignored }
        pending[id] = size
        pendingSize += size
        return .new
    }

    /// Returns whether the message was waiting for that.
    mutating func stored(_ id: MessageID) -> Bool {
        guard let size = pending.removeValue(forKey: id) else { return false }
        pendingSize -= size
        highestStored[id.epoch] = max(highestStored[id.epoch] ?? 0, id.counter)
        return true
    }

    /// Storing failed: what is pending must come again, in another session.
    mutating func failed() {
        pending.removeAll()
        pendingSize = 0
        isBlocked = true
    }

    mutating func sessionBegan() {
        isBlocked = false
    }

    /// A slow disk takes about so many in one transaction …
    private static let maxPending = 1024
    /// … and no more than this where they are long, in bytes.
    private static let maxPendingSize = 4 << 20
}
