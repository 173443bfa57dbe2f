internal import PinholeWire

/// The messages that were accepted for a peer and are not yet known to be on its disk, in order.
///
/// The outbox outlives sessions: each new one gets everything again that was not confirmed, and the peer's inbox
/// drops what it already has.
struct Outbox {
    private var waiting: [ChatMessage] = []
    /// How many of `waiting` were written to the present session's stream.
    private var written = 0

    var isEmpty: Bool { waiting.isEmpty }
    var hasUnwritten: Bool { written < waiting.count }

    mutating func enqueue(_ message: ChatMessage) {
        waiting.append(message)
    }

    /// A new session knows nothing: all that is unconfirmed is written again.
    mutating func sessionBegan() {
        written = 0
    }

    /// The next message for the stream, as a framed record.
    mutating func nextRecord() -> [UInt8]? {
        guard written < waiting.count else { return nil }
        defer { written += 1 }
        return RecordReader.framed(waiting[written].encoded)
    }

    /// The peer has a message on disk. Returns whether it was waiting for that.
    mutating func confirm(_ id: MessageID) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return false }
        waiting.remove(at: index)
        if index < written { written -= 1 }
        return true
    }
}
