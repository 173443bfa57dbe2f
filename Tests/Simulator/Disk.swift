package import PinholeCore
package import PinholeWire

/// What a ``Peer`` keeps when its process dies, as of one contact.
package struct Disk {
    package var state = ContactState()
    /// The highest counter in `texts`, by the sender's epoch: for all epochs, of which an endpoint is told the newest.
    package var highestStored: [UInt64: UInt64] = [:]
    /// What is shown, in the order in which it came.
    package var texts: [String] = []
    /// Our messages that the contact has confirmed.
    package private(set) var delivered: [MessageID] = []
    /// Our messages that it has not.
    package private(set) var outbox: [ChatMessage] = []
    package var received: [UInt64: [UInt8]] = [:]
    package var stored: [String: [UInt8]] = [:]
    /// Files of ours that the contact has, and the names of those that it has not.
    package var sentFiles: [UInt64] = []
    package var openFiles: [UInt64: String] = [:]
    package private(set) var epoch: UInt64
    private var counter: UInt64 = 0

    init(epoch: UInt64) {
        self.epoch = epoch
    }

    /// Names of an older copy of this disk were given away already: each start of the process has its own epoch.
    mutating func beginEpoch(_ epoch: UInt64) {
        self.epoch = epoch
        counter = 0
    }

    mutating func append(_ text: String) -> ChatMessage {
        counter += 1
        let message = ChatMessage(id: MessageID(epoch: epoch, counter: counter), time: 0, body: Array(text.utf8))
        outbox.append(message)
        return message
    }

    mutating func takeBack(_ id: MessageID) {
        outbox.removeAll { $0.id == id }
    }

    mutating func confirm(_ id: MessageID) {
        delivered.append(id)
        outbox.removeAll { $0.id == id }
    }
}
