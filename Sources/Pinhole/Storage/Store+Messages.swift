import Foundation
import GRDB
package import PinholeWire

extension Store {
    /// A message as it came from a contact.
    package struct Incoming: Sendable {
        package let contact: PublicKey
        package let message: ChatMessage
        /// Unix milliseconds by this machine's clock.
        package let receivedAt: UInt64

        package init(contact: PublicKey, message: ChatMessage, receivedAt: UInt64) {
            self.contact = contact
            self.message = message
            self.receivedAt = receivedAt
        }
    }

    /// Puts texts into the outbox, in order, and gives them their names.
    package func append(
        _ texts: [String], to key: PublicKey, sentAt time: UInt64
    ) throws(PinholeError) -> [ChatMessage] {
        for text in texts where text.utf8.count > Limits.maxMessageBody {
            throw PinholeError(
                .usage, "the message has \(text.utf8.count) bytes, and \(Limits.maxMessageBody) are the most",
                hint: "send it as a file")
        }
        return try write { database in
            let contact = try Self.contactID(key, database)
            let row = try Row.fetchOne(
                database,
                sql: "UPDATE contact SET lastCounter = lastCounter + ? WHERE id = ? RETURNING epoch, lastCounter",
                arguments: [texts.count, contact])
            guard let row else { throw PinholeError(.usage, "\(key) is not a contact") }
            let first = row.bits("lastCounter") - UInt64(texts.count) + 1
            return try texts.enumerated().map { index, text in
                let id = MessageID(epoch: row.bits("epoch"), counter: first + UInt64(index))
                let message = ChatMessage(id: id, time: time, body: Array(text.utf8))
                try Self.insert(message, contact, .outgoing, receivedAt: nil, .queued, database)
                return message
            }
        }
    }

    /// Stores messages in one transaction. Returns for each whether it is new: one that was stored before changes nothing.
    package func insert(_ messages: [Incoming]) throws(PinholeError) -> [Bool] {
        try write { database in
            try messages.map { incoming in
                guard (1...UInt64(Int64.max)).contains(incoming.message.id.counter) else {
                    throw PinholeError(.badData, "a message has the impossible number \(incoming.message.id.counter)")
                }
                try Self.insert(
                    incoming.message, try Self.contactID(incoming.contact, database), .incoming,
                    receivedAt: incoming.receivedAt, .delivered, database)
                return database.changesCount > 0
            }
        }
    }

    private static func insert(
        _ message: ChatMessage, _ contact: Int64, _ direction: Message.Direction, receivedAt: UInt64?,
        _ state: Message.State, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO message (contact, direction, epoch, counter, body, sentAt, receivedAt, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (contact, direction, epoch, counter) DO NOTHING
                """,
            arguments: [
                contact, direction.rawValue, Int64(bitPattern: message.id.epoch),
                Int64(bitPattern: message.id.counter), Data(message.body), Int64(bitPattern: message.time),
                receivedAt.map { Int64(bitPattern: $0) }, state.rawValue,
            ])
    }

    /// Moves an outgoing message on. A message never goes back: a late `sent` or a doubled receipt changes nothing.
    package func setState(
        _ state: Message.State, of id: MessageID, to key: PublicKey, at time: UInt64
    ) throws(PinholeError) {
        try setState(state, of: [id], to: key, at: time)
    }

    /// Moves outgoing messages on, in one transaction.
    package func setState(
        _ state: Message.State, of ids: [MessageID], to key: PublicKey, at time: UInt64
    ) throws(PinholeError) {
        let before: String
        switch state {
        case .queued: return
        case .sent: before = "'queued'"
        case .failed: before = "'queued', 'sent'"
        case .delivered: before = "'queued', 'sent', 'failed'"
        case .read: before = "'queued', 'sent', 'failed', 'delivered'"
        }
        try write { database in
            let contact = try Self.contactID(key, database)
            for id in ids {
                try database.execute(
                    sql: """
                        UPDATE message SET state = ?, receivedAt = coalesce(receivedAt, ?)
                        WHERE contact = ? AND direction = 'outgoing' AND epoch = ? AND counter = ? AND state IN (\(before))
                        """,
                    arguments: [
                        state.rawValue, state == .delivered || state == .read ? Int64(bitPattern: time) : nil, contact,
                        Int64(bitPattern: id.epoch), Int64(bitPattern: id.counter),
                    ])
            }
        }
    }

    /// The outgoing messages that the contact has not confirmed, in order.
    package func pending(to key: PublicKey) throws(PinholeError) -> [ChatMessage] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT epoch, counter, body, sentAt FROM message
                    WHERE contact = ? AND direction = 'outgoing' AND state IN ('queued', 'sent') ORDER BY id
                    """, arguments: [try Self.contactID(key, database)]
            ).map { row in
                let body: Data = row["body"]
                return ChatMessage(
                    id: MessageID(epoch: row.bits("epoch"), counter: row.bits("counter")), time: row.bits("sentAt"),
                    body: Array(body))
            }
        }
    }

    /// The newest `limit` messages with a contact, the oldest of them first.
    package func messages(with key: PublicKey, limit: Int) throws(PinholeError) -> [Message] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM message WHERE contact = ? ORDER BY id DESC LIMIT ?",
                arguments: [try Self.contactID(key, database), max(0, limit)]
            ).reversed().map { try Message($0, contact: key) }
        }
    }

    /// An outgoing message; nil when there is none of that name.
    package func outgoingMessage(_ id: MessageID, to key: PublicKey) throws(PinholeError) -> Message? {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT * FROM message WHERE contact = ? AND direction = 'outgoing' AND epoch = ? AND counter = ?
                    """,
                arguments: [
                    try Self.contactID(key, database), Int64(bitPattern: id.epoch), Int64(bitPattern: id.counter),
                ])
            return try row.map { try Message($0, contact: key) }
        }
    }
}

extension Message {
    fileprivate init(_ row: Row, contact: PublicKey) throws {
        let receivedAt: Int64? = row["receivedAt"]
        let body: Data = row["body"]
        guard let direction = Direction(rawValue: row["direction"]), let state = State(rawValue: row["state"]) else {
            throw PinholeError(.badData, "the database holds a message of an unknown kind")
        }
        self.init(
            contact: contact, direction: direction, epoch: row.bits("epoch"), counter: row.bits("counter"),
            text: String(decoding: body, as: UTF8.self), sentAt: row.bits("sentAt"),
            receivedAt: receivedAt.map { UInt64(bitPattern: $0) },
            state: state)
    }
}
