package import Pinhole

extension Methods {
    static let history: [any Method.Type] = [HistoryRecent.self]
}

extension Message.Direction: Codable {}
extension Message.State: Codable {}

/// A message of the history.
package struct HistoryShape: Codable, Sendable {
    let id: String
    package let contact: String
    let key: String
    let direction: Message.Direction
    let state: Message.State
    let text: String
    let sentAt: String
    let receivedAt: String?
    let reason: String?

    init(_ message: Message, contact: Contact) {
        (id, self.contact, key) = (message.id, contact.name, contact.key.text)
        (direction, state, text) = (message.direction, message.state, message.text)
        sentAt = Timestamp.text(message.sentAt)
        receivedAt = message.receivedAt.map(Timestamp.text)
        reason = message.failure?.rawValue
    }

    package var message: Message? {
        guard let key = try? PublicKey(key), let reference = MessageReference(id: id, contact: key) else { return nil }
        return Message(
            contact: key, direction: direction, epoch: reference.epoch, counter: reference.counter, text: text,
            sentAt: Timestamp.milliseconds(sentAt) ?? 0, receivedAt: receivedAt.flatMap(Timestamp.milliseconds),
            state: state, failure: reason.flatMap(Message.Failure.init))
    }

    static let notes = [
        "id": "The message's name, the same on both sides.", "contact": "The contact's name.",
        "key": "The contact's public key.", "direction": "Who wrote it.", "state": "How far it has come.",
        "text": "What was written.", "sentAt": "When, by the clock of who wrote it.",
        "receivedAt": "When it arrived here, or its delivery was confirmed, by this machine's clock.",
        "reason": "Why it failed.",
    ]
}

package enum HistoryRecent: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        let limit: Int

        package init(contact: String, limit: Int) { (self.contact, self.limit) = (contact, limit) }
    }

    package struct Result: Codable, Sendable {
        package let messages: [HistoryShape]
    }

    package static let name = "history.recent"
    package static let summary = "The newest messages with a contact, the oldest of them first."
    package static let notes = HistoryShape.notes.merging([
        "limit": "How many messages, from 1 to 1000.", "messages": "The messages.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let contact = try call.contact(params.contact)
        guard (1...1000).contains(params.limit) else { throw PinholeError(.usage, "the limit is from 1 to 1000") }
        let messages = try call.profile.messages(with: contact.key, limit: params.limit)
        return Result(messages: messages.map { HistoryShape($0, contact: contact) })
    }
}
