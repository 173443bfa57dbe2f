internal import PinholeWire

/// The messages that were accepted for a peer and are not yet known to be on its disk, in order.
///
/// The outbox outlives sessions: each new one gets everything again that was not confirmed, and the peer's inbox
/// drops what it already has. A message leaves only when the disk says that it may have left (``release(_:)``): so a
/// message that somebody cancels has either certainly not been sent, or is known to have been on its way.
struct Outbox {
    private struct Entry {
        let message: ChatMessage
        /// Whether the disk says that it may have been sent.
        var isReleased: Bool
        /// Whether the application was asked to note that.
        var isAsked = false
        /// Whether the application was told that it was sent.
        var isTold = false
    }

    private var entries: [Entry] = []
    /// The names of those that wait: of others there is nothing to look for.
    private var waiting: Set<MessageID> = []
    /// How many entries at the beginning are gone; they are cut off together.
    private var start = 0
    /// Where the next entry for the present session's stream is.
    private var next = 0
    private var unasked = 0

    var isEmpty: Bool { start == entries.count }
    var hasUnwritten: Bool { next < entries.count }

    mutating func enqueue(_ message: ChatMessage, isReleased: Bool) {
        guard waiting.insert(message.id).inserted else { return }
        entries.append(Entry(message: message, isReleased: isReleased))
        if !isReleased { unasked += 1 }
    }

    /// A new session knows nothing: all that is unconfirmed is written again.
    mutating func sessionBegan() {
        next = start
    }

    /// The messages of which the disk is to note that they may have been sent; each once.
    mutating func takeUnasked() -> [MessageID] {
        guard unasked > 0 else { return [] }
        unasked = 0
        var ids: [MessageID] = []
        for index in next..<entries.count where !entries[index].isReleased && !entries[index].isAsked {
            entries[index].isAsked = true
            ids.append(entries[index].message.id)
        }
        return ids
    }

    /// The disk says of these that they may have been sent.
    mutating func release(_ ids: Set<MessageID>) {
        for index in start..<entries.count where ids.contains(entries[index].message.id) {
            entries[index].isReleased = true
        }
    }

    /// The disk could not be asked: these are asked about once more.
    mutating func askAgain(_ ids: Set<MessageID>) {
        for index in start..<entries.count
        where entries[index].isAsked && !entries[index].isReleased && ids.contains(entries[index].message.id) {
            entries[index].isAsked = false
            unasked += 1
        }
    }

    /// The next message for the stream, as a framed record; with its name when it is sent for the first time.
    mutating func nextRecord() -> (record: [UInt8], news: MessageID?)? {
        guard next < entries.count, entries[next].isReleased else { return nil }
        defer { next += 1 }
        let message = entries[next].message
        let isTold = entries[next].isTold
        entries[next].isTold = true
        return (RecordReader.framed(message.encoded), isTold ? nil : message.id)
    }

    /// The peer has a message on disk, or it is cancelled. Returns whether it was waiting.
    mutating func remove(_ id: MessageID) -> Bool {
        guard waiting.remove(id) != nil, let index = entries[start...].firstIndex(where: { $0.message.id == id })
        else { return false }
        if !entries[index].isReleased, !entries[index].isAsked { unasked -= 1 }
        if index == start {
            // Receipts come in the order of the messages.
            start += 1
            if next < start { next = start }
            if start == entries.count || start > 64 && start > entries.count / 2 { cutOff() }
        } else {
            entries.remove(at: index)
            if index < next { next -= 1 }
        }
        return true
    }

    private mutating func cutOff() {
        entries.removeFirst(start)
        next -= start
        start = 0
    }
}
