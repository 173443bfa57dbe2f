import Dispatch
package import Pinhole

extension Methods {
    static let historyPages: [any Method.Type] = [HistoryPageMethod.self, HistoryAfter.self, HistoryPurge.self]
}

/// A message of the history and its place in it.
package struct PlacedMessage: Codable, Sendable {
    package let place: Int64
    package let message: HistoryShape

    static let notes = HistoryShape.notes.merging([
        "place": "Where the message is in the history: later ones have higher places.",
        "message": "The message.",
    ]) { $1 }

    init(_ entry: HistoryEntry, in call: Call) throws(PinholeError) {
        guard let contact = call.host.contact(with: entry.message.contact) else {
            throw PinholeError(.other, "a contact was removed meanwhile", hint: "try again")
        }
        place = entry.place
        message = HistoryShape(entry.message, contact: contact)
    }

    /// As many as an answer has room for: all of them, or those that come first.
    static func fitting(_ entries: some Sequence<HistoryEntry>, in call: Call) throws(PinholeError) -> [PlacedMessage] {
        try Answer.fitting(entries) { entry throws(PinholeError) in try PlacedMessage(entry, in: call) }
    }

    static let limits = 1...400

    static func limit(_ limit: Int?) throws(PinholeError) -> Int {
        guard let limit else { return 50 }
        guard limits.contains(limit) else { throw PinholeError(.usage, "the limit is from 1 to 400") }
        return limit
    }
}

package enum HistoryPageMethod: Method {
    package struct Params: Codable, Sendable {
        let contact: String?
        let search: String?
        let before: Int64?
        let until: String?
        let limit: Int?

        package init(contact: String?, search: String?, before: Int64?, until: UInt64?, limit: Int) {
            (self.contact, self.search, self.before, self.limit) = (contact, search, before, limit)
            self.until = until.map(Timestamp.text)
        }
    }

    package struct Result: Codable, Sendable {
        package let messages: [PlacedMessage]
        package let before: Int64?
    }

    package static let name = "history.page"
    package static let summary =
        "A page of the history: the newest messages that are asked for, the oldest of them first."
    package static let notes = PlacedMessage.notes.merging([
        "contact": "The contact's name or public key; everybody without it.",
        "search": "Words that a message must contain, in any order; in double quotes what is looked for as it is.",
        "before":
            "A place: only what stands before it. In the answer: what to ask for the page before; absent at the end.",
        "until": "A time: only what was sent or received before it, by this machine's clock.",
        "limit": "How many messages at the most, from 1 to 400; 50 without it. Long ones are fewer.",
        "messages": "The messages.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        var query = HistoryQuery(
            text: params.search, before: params.before, limit: try PlacedMessage.limit(params.limit))
        if let contact = params.contact { query.contact = try call.contact(contact).key }
        query.until = try params.until.map { text throws(PinholeError) in try Timestamp.required(text) }
        call.letOthersProceed()
        if let before = params.before, before < 0 { throw PinholeError(.usage, "a place is a number from 0 on") }
        let page = try call.profile.history(query)
        let shapes = try PlacedMessage.fitting(page.entries.reversed(), in: call)
        let isWhole = shapes.count == page.entries.count
        return Result(messages: shapes.reversed(), before: isWhole ? page.before : shapes.last?.place)
    }
}

package enum HistoryAfter: Method {
    package struct Params: Codable, Sendable {
        let contact: String?
        let after: Int64
        let limit: Int?

        package init(contact: String?, after: Int64) { (self.contact, self.after, limit) = (contact, after, 400) }
    }

    package struct Result: Codable, Sendable {
        package let messages: [PlacedMessage]
    }

    package static let name = "history.after"
    package static let summary = "The next messages after a place, oldest first: how all of the history is read."
    package static let notes = PlacedMessage.notes.merging([
        "contact": "The contact's name or public key; everybody without it.",
        "after": "A place; 0 is before the first message.",
        "limit": "How many messages at the most, from 1 to 400; 50 without it. Long ones are fewer.",
        "messages": "The messages; none at the end.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let contact = try params.contact.map { name throws(PinholeError) in try call.contact(name).key }
        let limit = try PlacedMessage.limit(params.limit)
        call.letOthersProceed()
        let entries = try call.profile.history(after: params.after, with: contact, limit: limit)
        return Result(messages: try PlacedMessage.fitting(entries, in: call))
    }
}

package enum HistoryPurge: Method {
    package struct Params: Codable, Sendable {
        let contact: String?
        let until: String?

        package init(contact: String?, until: UInt64?) {
            self.contact = contact
            self.until = until.map(Timestamp.text)
        }
    }

    package struct Result: Codable, Sendable {
        package let removed: Int
    }

    package static let name = "history.purge"
    package static let summary =
        "Removes messages from the disk for good. What has not been delivered stays: it is cancelled in the outbox."
    package static let notes = [
        "contact": "The contact's name or public key; everybody without it.",
        "until": "A time: only what was sent or received before it; everything without it.",
        "removed": "How many messages were removed.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let contact = try params.contact.map { name throws(PinholeError) in try call.contact(name).key }
        let until = try params.until.map { text throws(PinholeError) in try Timestamp.required(text) }
        call.letOthersProceed()
        // It may take long, and the threads of other calls are few.
        let profile = call.profile
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(
                    returning: Swift.Result { () throws(PinholeError) in
                        try profile.purgeHistory(with: contact, before: until)
                    })
            }
        }
        return Result(removed: try result.get())
    }
}

extension Timestamp {
    fileprivate static func required(_ text: String) throws(PinholeError) -> UInt64 {
        guard let time = milliseconds(text) else {
            throw PinholeError(.usage, "“\(text)” is not a time", hint: "write it as 2026-11-21T14:02:11.042Z")
        }
        return time
    }
}

extension Client {
    /// A page of the history, the oldest message first.
    package func history(
        with contact: String?, search: String?, before: Int64?, until: UInt64?, limit: Int
    ) async throws(PinholeError) -> HistoryPageMethod.Result {
        let params = HistoryPageMethod.Params(
            contact: contact, search: search, before: before, until: until, limit: limit)
        return try await call(HistoryPageMethod.self, params)
    }

    /// The next messages after a place, oldest first.
    package func history(with contact: String?, after place: Int64) async throws(PinholeError) -> [PlacedMessage] {
        try await call(HistoryAfter.self, HistoryAfter.Params(contact: contact, after: place)).messages
    }

    /// Removes messages from the disk, and says how many.
    package func purgeHistory(with contact: String?, until: UInt64?) async throws(PinholeError) -> Int {
        try await call(HistoryPurge.self, HistoryPurge.Params(contact: contact, until: until)).removed
    }
}
