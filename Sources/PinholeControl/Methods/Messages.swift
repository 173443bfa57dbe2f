package import Pinhole

extension Methods {
    static let messages: [any Method.Type] = [MessageSend.self, MessageWait.self]
}

/// A message's name and how far it has come.
package struct MessageShape: Codable, Sendable {
    package let id: String
    package let contact: String
    package let key: String
    package let state: State

    package enum State: String, Codable, CaseIterable, Sendable { case queued, delivered }

    init(_ message: MessageReference, to contact: Contact, _ state: State) {
        (id, self.contact, key, self.state) = (message.id, contact.name, contact.key.text, state)
    }

    package var reference: MessageReference? {
        (try? PublicKey(key)).flatMap { MessageReference(id: id, contact: $0) }
    }

    static let notes = [
        "id": "The message's name, the same on both sides.", "contact": "The contact's name.",
        "key": "The contact's public key.",
        "state": "queued: on this disk, and delivered by a later run if need be; delivered: on the contact's disk.",
    ]
}

package enum MessageSend: Method {
    package struct Params: Codable, Sendable {
        let to: String
        let text: String
        let wait: MessageShape.State?
        let timeout: Double?
        let token: String

        /// The call may be repeated: its token sees to it that the message is accepted once.
        package init(to: String, text: String, token: String? = nil) {
            (self.to, self.text, wait, timeout) = (to, text, nil, nil)
            self.token = token ?? Token.any
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            to = try container.decode(String.self, forKey: .to)
            text = try container.decode(String.self, forKey: .text)
            wait = try container.decodeIfPresent(MessageShape.State.self, forKey: .wait)
            timeout = try container.decodeIfPresent(Double.self, forKey: .timeout)
            token = try container.decodeIfPresent(String.self, forKey: .token) ?? Token.any
        }
    }

    package static let name = "message.send"
    package static let summary = "Accepts a message for a contact: when it answers, the message is on disk."
    package static let notes = MessageShape.notes.merging(Notes.timeout) { $1 }.merging([
        "to": "The contact's name or public key.", "text": "What to say, at most 65536 bytes of UTF-8.",
        "wait": "What to wait for: queued, or delivered.",
        "token": "A word of your own for this message: sent again with it, it is the same message, and not another.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> MessageShape {
        guard !params.text.isEmpty else { throw PinholeError(.usage, "a message cannot be empty") }
        let contact = try call.contact(params.to)
        let node = try call.node()
        let message = try await node.send(params.text, to: contact.key, token: params.token)
        switch params.wait ?? .queued {
        case .queued: return MessageShape(message, to: contact, .queued)
        case .delivered:
            call.letOthersProceed()
            try await node.delivered(message, timeout: Seconds.duration(params.timeout, or: 60))
            return MessageShape(message, to: contact, .delivered)
        }
    }
}

package enum MessageWait: Method {
    package struct Params: Codable, Sendable {
        let to: String
        let id: String
        let timeout: Double?

        package init(_ message: MessageReference, timeout: Duration) {
            (to, id, self.timeout) = (message.contact.text, message.id, timeout.milliseconds / 1000)
        }
    }

    package static let name = "message.wait"
    package static let summary = "Waits until the contact has a message on disk."
    package static let notes = MessageShape.notes.merging(Notes.timeout) { $1 }.merging([
        "to": "The contact's name or public key."
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> MessageShape {
        let contact = try call.contact(params.to)
        guard let message = MessageReference(id: params.id, contact: contact.key) else {
            throw PinholeError(.usage, "“\(params.id)” is not the name of a message", hint: "'message.send' gives it")
        }
        call.letOthersProceed()
        try await call.node().delivered(message, timeout: Seconds.duration(params.timeout, or: 60))
        return MessageShape(message, to: contact, .delivered)
    }
}
