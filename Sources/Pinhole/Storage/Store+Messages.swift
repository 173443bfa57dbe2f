import Foundation
import GRDB
package import PinholeWire
import Synchronization

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
        _ texts: [String], to key: PublicKey, sentAt time: UInt64, as state: Message.State = .queued,
        token: String? = nil
    ) throws(PinholeError) -> [ChatMessage] {
        for text in texts where text.utf8.count > Limits.maxMessageBody {
            throw PinholeError(
                .usage, "the message has \(text.utf8.count) bytes, and \(Limits.maxMessageBody) are the most",
                hint: "send it as a file")
        }
        let (contact, epoch, messages) = try write { database in
            let contact = try contactID(key, database)
            var updated: Row?
            if let epoch = outboxesBegun.withLock({ $0[contact] }) {
                // Another process may have drawn one since, whose node knows nothing of numbers that are given out here.
                updated = try Row.fetchOne(
                    database,
                    sql: """
                        UPDATE contact SET lastCounter = lastCounter + ? WHERE id = ? AND epoch = ?
                        RETURNING epoch, lastCounter
                        """, arguments: [texts.count, contact, Int64(bitPattern: epoch)])
            }
            // Of a disk that was restored from a copy some names were given away already: each start has its own epoch.
            if updated == nil {
                updated = try Row.fetchOne(
                    database,
                    sql: "UPDATE contact SET lastCounter = ?, epoch = ? WHERE id = ? RETURNING epoch, lastCounter",
                    arguments: [texts.count, Int64.random(in: .min ... .max), contact])
            }
            guard let row = updated else { throw PinholeError(.usage, "\(key) is not a contact") }
            let (epoch, last) = (try row.bits("epoch"), try row.bits("lastCounter"))
            guard last >= texts.count, last <= Int64.max else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
            let first = last - UInt64(texts.count) + 1
            let messages = try texts.enumerated().map { index, text in
                let id = MessageID(epoch: epoch, counter: first + UInt64(index))
                let message = ChatMessage(id: id, time: time, body: Array(text.utf8))
                try insert(
                    message, contact, .outgoing, receivedAt: state == .read ? time : nil, state, database)
                let row = database.lastInsertedRowID
                if let token { try remember(token, id, contact, message: row, database) }
                try log(NewEvent(kind: .queued, contact: contact, message: row, time: time), database)
                if state == .read {
                    try log(NewEvent(kind: .delivered, contact: contact, message: row, time: time), database)
                    try log(NewEvent(kind: .read, contact: contact, message: row, time: time), database)
                }
                return message
            }
            try Self.index(database, vault)
            return (contact, epoch, messages)
        }
        outboxesBegun.withLock { $0[contact] = epoch }
        return messages
    }

    /// Stores messages in one transaction. Returns for each whether it is new: one that was stored before changes nothing.
    package func insert(_ messages: [Incoming]) throws(PinholeError) -> [Bool] {
        try write { database in
            let areNew = try messages.map { incoming in
                let id = incoming.message.id
                guard (1...UInt64(Int64.max)).contains(id.counter) else {
                    throw PinholeError(.badData, "a message has the impossible number \(id.counter)")
                }
                let contact = try contactID(incoming.contact, database)
                guard try advance(contact, to: id, database) else { return false }
                try insert(
                    incoming.message, contact, .incoming, receivedAt: incoming.receivedAt, .delivered, database)
                try log(
                    NewEvent(
                        kind: .message, contact: contact, message: database.lastInsertedRowID,
                        time: incoming.receivedAt), database)
                return true
            }
            try Self.index(database, vault)
            return areNew
        }
    }

    /// Whether a message is beyond all that came before in its epoch. Messages come in order, and those that were purged
    /// are still known by that.
    private func advance(_ contact: Int64, to id: MessageID, _ database: Database) throws -> Bool {
        let epoch = Int64(bitPattern: id.epoch)
        let counter = Int64(bitPattern: id.counter)
        try database.execute(
            sql: "UPDATE inbox SET stored = ? WHERE contact = ? AND epoch = ? AND stored < ?",
            arguments: [counter, contact, epoch, counter])
        guard database.changesCount == 0 else { return true }
        try database.execute(
            sql: "INSERT INTO inbox (contact, epoch, stored) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [contact, epoch, counter])
        guard database.changesCount > 0 else { return false }
        try database.execute(
            sql: """
                DELETE FROM inbox WHERE contact = ? AND id <= (
                    SELECT id FROM inbox WHERE contact = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
                """, arguments: [contact, contact, Self.maxEpochs])
        return true
    }

    /// The epochs that are kept of a contact's outbox, which begins another one each time that its node starts.
    private static let maxEpochs = 4096

    private func insert(
        _ message: ChatMessage, _ contact: Int64, _ direction: Message.Direction, receivedAt: UInt64?,
        _ state: Message.State, _ database: Database
    ) throws {
        let place = Vault.Place.messageBody(
            contact: contact, isOutgoing: direction == .outgoing, epoch: message.id.epoch, counter: message.id.counter)
        try database.execute(
            sql: """
                INSERT INTO message (contact, direction, epoch, counter, body, sentAt, receivedAt, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                contact, direction.rawValue, Int64(bitPattern: message.id.epoch),
                Int64(bitPattern: message.id.counter), vault.seal(message.body, for: place),
                Int64(bitPattern: message.time),
                receivedAt.map { Int64(bitPattern: $0) }, state.rawValue,
            ])
    }

    /// The newest `limit` messages with a contact, the oldest of them first.
    package func messages(with key: PublicKey, limit: Int) throws(PinholeError) -> [Message] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM message WHERE contact = ? ORDER BY id DESC LIMIT ?",
                arguments: [try contactID(key, database), max(0, limit)]
            ).reversed().map { try Message($0, contact: key, vault) }
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
                    try contactID(key, database), Int64(bitPattern: id.epoch), Int64(bitPattern: id.counter),
                ])
            return try row.map { try Message($0, contact: key, vault) }
        }
    }
}

extension Message {
    init(_ row: Row, contact: PublicKey, _ vault: Vault) throws {
        let receivedAt: Int64? = try row.decode(forColumn: "receivedAt")
        guard let direction = Direction(rawValue: try row.decode(forColumn: "direction")),
            let state = State(rawValue: try row.decode(forColumn: "state"))
        else {
            throw PinholeError(.badData, "the database holds a message of an unknown kind")
        }
        self.init(
            contact: contact, direction: direction, epoch: try row.bits("epoch"), counter: try row.bits("counter"),
            text: try vault.text(row.decode(forColumn: "body"), for: try Self.bodyPlace(row)),
            sentAt: try row.bits("sentAt"),
            receivedAt: receivedAt.map { UInt64(bitPattern: $0) },
            state: state, failure: try row.decode(String?.self, forColumn: "failure").flatMap(Failure.init))
    }

    /// The place of the body in a row of the table.
    static func bodyPlace(_ row: Row) throws -> Vault.Place {
        let direction: String = try row.decode(forColumn: "direction")
        return .messageBody(
            contact: try row.decode(forColumn: "contact"), isOutgoing: direction == Direction.outgoing.rawValue,
            epoch: try row.bits("epoch"), counter: try row.bits("counter"))
    }
}
