package import Pinhole

extension Methods {
    static let delivery: [any Method.Type] = [
        MessageRead.self, MessageUnread.self, MessageTyping.self, ContactPresence.self,
    ]
}

package enum MessageRead: Method {
    package struct Params: Codable, Sendable {
        let from: String
        let id: String

        package init(_ message: MessageReference) { (from, id) = (message.contact.text, message.id) }
    }

    package static let name = "message.read"
    package static let summary =
        "Notes that somebody has seen a message, and those before it; the contact is told unless that is turned off."
    package static let notes = [
        "from": "The contact's name or public key.", "id": "The message's name, the same on both sides.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        let contact = try call.contact(params.from)
        guard let message = MessageReference(id: params.id, contact: contact.key) else {
            throw PinholeError(.usage, "“\(params.id)” is not the name of a message", hint: "events give it")
        }
        if call.host.isNetworked {
            try await call.node().markRead(message)
        } else {
            try call.profile.markRead(message)
        }
        return Nothing()
    }
}

package enum MessageUnread: Method {
    package struct Params: Codable, Sendable {
        let from: String?
        let after: Int64?
        let limit: Int?

        package init(from: String?, after: Int64) { (self.from, self.after, limit) = (from, after, nil) }
    }

    package struct Item: Codable, Sendable {
        let id: String
        package let contact: String
        let key: String
        let text: String
        let sentAt: String
        let receivedAt: String

        init(_ message: Message, from name: String) {
            (id, contact, key, text) = (message.id, name, message.contact.text, message.text)
            (sentAt, receivedAt) = (
                Timestamp.text(message.sentAt), Timestamp.text(message.receivedAt ?? message.sentAt)
            )
        }

        package var message: IncomingMessage? {
            guard let key = try? PublicKey(key), let name = MessageReference(id: id, contact: key) else { return nil }
            return IncomingMessage(
                contact: key, epoch: name.epoch, counter: name.counter, text: text,
                sentAt: Timestamp.milliseconds(sentAt) ?? 0, receivedAt: Timestamp.milliseconds(receivedAt) ?? 0)
        }
    }

    package struct Result: Codable, Sendable {
        package let messages: [Item]
        package let after: Int64?
    }

    package static let name = "message.unread"
    package static let summary = "Lists the messages that nobody has seen, in the order in which they came."
    package static let notes = Notes.after.merging([
        "from": "Only those of this contact, by name or public key.",
        "limit": "How many at most, the oldest first; never more than 1000. Long ones are fewer.",
        "messages": "What was not seen.", "id": "The message's name, the same on both sides.",
        "contact": "The contact's name.", "key": "The contact's public key.", "text": "What it says.",
        "sentAt": "When it was sent, by the sender's clock.", "receivedAt": "When it came here.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let contacts = try call.profile.contacts()
        let names = Dictionary(contacts.map { ($0.key, $0.name) }) { first, _ in first }
        let key: PublicKey? = if let from = params.from { try call.contact(from).key } else { nil }
        guard params.limit ?? 1 > 0 else { throw PinholeError(.usage, "the limit is from 1 to 1000") }
        let limit = min(params.limit ?? 1000, 1000)
        let entries = try call.profile.store.unread(from: key, after: params.after ?? 0, limit: limit)
        let items = try Answer.fitting(entries) { entry throws(PinholeError) in
            Item(entry.message, from: names[entry.message.contact] ?? entry.message.contact.text)
        }
        let isWhole = items.count == entries.count && entries.count < limit
        return Result(messages: items, after: isWhole ? nil : entries[items.count - 1].place)
    }
}

package enum MessageTyping: Method {
    package struct Params: Codable, Sendable {
        let to: String
        let typing: Bool

        package init(to: String, typing: Bool) { (self.to, self.typing) = (to, typing) }
    }

    package static let name = "message.typing"
    package static let summary = "Tells a contact that you type a message, or have stopped. Call it while it lasts."
    package static let notes = [
        "to": "The contact's name or public key.", "typing": "Whether you type.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        try call.node().setTyping(params.typing, to: try call.contact(params.to).key)
        return Nothing()
    }
}

package enum ContactPresence: Method {
    package struct Params: Codable, Sendable {
        let settle: Double?

        package init(settle: Double? = nil) { self.settle = settle }
    }

    package struct Item: Codable, Sendable {
        package let contact: String
        package let key: String
        package let online: Bool
        package let connected: Bool
        package let lastSeen: String?
    }

    package struct Result: Codable, Sendable {
        package let contacts: [Item]
    }

    package static let name = "contact.presence"
    package static let summary =
        "Says which contacts are there, as far as services, the local network and sessions tell."
    package static let notes = [
        "settle": "How many seconds to wait at most for the services to answer, when the node has just started.",
        "contacts": "All of them, by name.", "contact": "The contact's name.", "key": "The contact's public key.",
        "online": "Whether anybody says that the contact is there.", "connected": "Whether a session is up.",
        "lastSeen": "When a session was last up, by this machine's clock.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let seen = try call.profile.lastSeen()
        var presence: [PublicKey: Presence] = [:]
        if call.host.isNetworked {
            call.letOthersProceed()
            let node = try call.node()
            if let settle = params.settle { await node.presenceSettled(within: .seconds(min(max(settle, 0), 30))) }
            presence = await node.presence()
        }
        return Result(
            contacts: try call.profile.contacts().filter { $0.key != call.profile.identity.publicKey }.map { contact in
                let now = presence[contact.key]
                return Item(
                    contact: contact.name, key: contact.key.text, online: now?.isOnline ?? false,
                    connected: now?.isConnected ?? false,
                    lastSeen: (now?.lastSeen ?? seen[contact.key]).map { Timestamp.text($0) })
            })
    }
}
