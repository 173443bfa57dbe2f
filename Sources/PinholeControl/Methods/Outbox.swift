package import Pinhole

extension Methods {
    static let outbox: [any Method.Type] = [OutboxList.self, OutboxCancel.self, OutboxRetry.self]
}

/// A message that has not arrived, with the members of `outbox list --json`.
package struct OutboxShape: Codable, Sendable {
    package let id: String
    package let contact: String
    package let state: String
    package let reason: String?
    package let queuedAt: String
    package let bytes: Int
    package let text: String

    init(_ message: Message, to name: String) {
        (id, contact, state) = (message.id, name, message.state.rawValue)
        (reason, queuedAt) = (message.failure?.rawValue, Timestamp.text(message.sentAt))
        (bytes, text) = (message.text.utf8.count, message.text)
    }

    static let notes = [
        "id": "The message's name, the same on both sides.", "contact": "The contact's name.",
        "state": "queued: certainly not sent; sent: on its way, not confirmed; failed: given up.",
        "reason": "Why it failed: cancelled, or cancelled-after-sending (then it may have arrived).",
        "queuedAt": "When it was accepted.", "bytes": "Its length.", "text": "What it says.",
    ]
}

extension Call {
    /// The names of contacts, by key.
    fileprivate func names() throws(PinholeError) -> [PublicKey: String] {
        Dictionary(try profile.contacts().map { ($0.key, $0.name) }) { first, _ in first }
    }

    /// The message of the outbox with that name, or that way of beginning it.
    fileprivate func waiting(_ id: String) throws(PinholeError) -> MessageReference {
        let found = try profile.store.outbox(named: id)
        if let exact = found.first(where: { $0.id == id }) { return exact }
        guard id.count >= 6, let first = found.first else {
            throw PinholeError(
                .usage, "there is no message “\(id)” in the outbox", hint: "'pinhole outbox list' shows what waits")
        }
        guard found.count == 1 else { throw PinholeError(.usage, "several messages begin with “\(id)”") }
        return first
    }
}

package enum OutboxList: Method {
    package struct Params: Codable, Sendable {
        let to: String?
        let failed: Bool?
        let after: Int64?

        init(to: String?, failed: Bool, after: Int64) { (self.to, self.failed, self.after) = (to, failed, after) }
    }

    package struct Result: Codable, ListPart {
        let messages: [OutboxShape]
        let after: Int64?

        var elements: [OutboxShape] { messages }
    }

    package static let name = "outbox.list"
    package static let summary = "Lists what was accepted and has not arrived, in the order in which it will be sent."
    package static let notes = OutboxShape.notes.merging(Notes.after) { $1 }.merging([
        "to": "Only what is for this contact, by name or public key.",
        "failed": "Whether to list also what was given up.",
        "messages": "What waits, as much as an answer has room for.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let key: PublicKey? = if let to = params.to { try call.contact(to).key } else { nil }
        let names = try call.names()
        let entries = try call.profile.store.outbox(
            to: key, failed: params.failed ?? false, after: params.after ?? 0, limit: most)
        let shapes = try Answer.fitting(entries) { entry throws(PinholeError) in
            OutboxShape(entry.message, to: names[entry.message.contact] ?? entry.message.contact.text)
        }
        let isWhole = shapes.count == entries.count && entries.count < most
        return Result(messages: shapes, after: isWhole ? nil : entries[shapes.count - 1].place)
    }

    private static let most = 1000
}

extension Client {
    /// What was accepted and has not arrived, in the order in which it will be sent: to a contact, or to all.
    package func outbox(to name: String?, failed: Bool = false) async throws(PinholeError) -> [OutboxShape] {
        try await list(OutboxList.self) { OutboxList.Params(to: name, failed: failed, after: $0) }
    }
}

package enum OutboxCancel: Method {
    package struct Params: Codable, Sendable {
        let id: String

        package init(id: String) { self.id = id }
    }

    package enum Outcome: String, Codable, CaseIterable, Sendable {
        case cancelled
        case mayHaveArrived = "may-have-arrived"
        case delivered
        case failedBefore = "failed-before"

        init(_ outcome: Node.Cancellation) {
            switch outcome {
            case .cancelled: self = .cancelled
            case .mayHaveArrived: self = .mayHaveArrived
            case .delivered: self = .delivered
            case .failedBefore: self = .failedBefore
            }
        }
    }

    package struct Result: Codable, Sendable {
        package let id: String
        package let contact: String
        package let outcome: Outcome
    }

    package static let name = "outbox.cancel"
    package static let summary = "Gives up on a message that has not arrived."
    package static let notes = [
        "id": "The message's name, or at least six characters of its beginning.", "contact": "The contact's name.",
        "outcome":
            "cancelled: it was certainly not sent; may-have-arrived: it may have been; delivered: it is too late; "
            + "failed-before: it had been given up.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let message = try call.waiting(params.id)
        // Where a node runs it must not send the message any more.
        let outcome =
            call.host.isNetworked ? try await call.node().cancel(message) : try call.profile.cancel(message)
        return Result(
            id: message.id, contact: try call.names()[message.contact] ?? message.contact.text,
            outcome: Outcome(outcome))
    }
}

package enum OutboxRetry: Method {
    package struct Params: Codable, Sendable {
        let to: String?
        let failed: Bool?

        package init(to: String?, failed: Bool) { (self.to, self.failed) = (to, failed) }
    }

    package struct Result: Codable, Sendable {
        package let waiting: Int
    }

    package static let name = "outbox.retry"
    package static let summary = "Tries at once to reach the contacts that something waits for."
    package static let notes = [
        "to": "Only this contact, by name or public key.",
        "failed": "Whether to send also what was given up, as new messages; each once, however often it is asked for.",
        "waiting": "How many messages wait.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let key: PublicKey? = if let to = params.to { try call.contact(to).key } else { nil }
        let node = try call.node()
        if params.failed ?? false {
            for message in try call.profile.outbox(to: key, failed: true) where message.state == .failed {
                _ = try await node.send(message.text, to: message.contact, token: "again:\(message.id)")
            }
        }
        try await node.retryOutbox(to: key)
        return Result(waiting: try call.profile.outbox(to: key).count)
    }
}
