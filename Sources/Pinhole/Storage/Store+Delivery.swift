import Foundation
import GRDB
package import PinholeWire

// How far messages have come, in both directions.

extension Store {
    /// What became of a message that was cancelled.
    package enum Cancellation: Equatable, Sendable {
        case cancelled(Message.Failure)
        /// It is delivered, or was given up before.
        case tooLate(Message.State)
        case unknown
    }

    /// Receipts of one contact, to be noted together.
    package struct Receipts: Sendable {
        package var delivered: [MessageID] = []
        /// The highest counter that was seen, by epoch.
        package var read: [UInt64: UInt64] = [:]

        package init() {}

        /// Takes up earlier ones.
        mutating func merge(before earlier: Receipts) {
            delivered = earlier.delivered + delivered
            read.merge(earlier.read) { max($0, $1) }
        }
    }

    /// Notes that messages may have been sent, before they are. Returns those that may: the others were cancelled.
    package func markSent(_ ids: [MessageID], to key: PublicKey) throws(PinholeError) -> Set<MessageID> {
        try write { database in
            let contact = try contactID(key, database)
            let statement = try database.cachedStatement(
                sql: """
                    UPDATE message SET state = 'sent'
                    WHERE contact = ? AND direction = 'outgoing' AND epoch = ? AND counter = ?
                        AND state IN ('queued', 'sent')
                    """)
            return Set(
                try ids.filter { id in
                    try statement.execute(arguments: [contact] + Self.arguments(id))
                    return database.changesCount > 0
                })
        }
    }

    /// Notes receipts. Returns the messages that have just become delivered, and those that have just become read.
    package func note(
        _ receipts: Receipts, from key: PublicKey, at time: UInt64
    ) throws(PinholeError) -> (delivered: [MessageID], read: [MessageID]) {
        try write { database in
            let contact = try contactID(key, database)
            // A message that was cancelled too late was delivered all the same.
            let deliver = try database.cachedStatement(
                sql: """
                    UPDATE message SET state = 'delivered', failure = NULL, receivedAt = coalesce(receivedAt, ?)
                    WHERE contact = ? AND direction = 'outgoing' AND epoch = ? AND counter = ?
                        AND state IN ('queued', 'sent', 'failed')
                    RETURNING id
                    """)
            let delivered = try receipts.delivered.filter { id in
                let row = try Int64.fetchOne(
                    deliver, arguments: [Int64(bitPattern: time), contact] + Self.arguments(id))
                guard let row else { return false }
                try log(NewEvent(kind: .delivered, contact: contact, message: row, time: time), database)
                return true
            }
            let see = try database.cachedStatement(
                sql: """
                    UPDATE message SET state = 'read', failure = NULL, receivedAt = coalesce(receivedAt, ?)
                    WHERE contact = ? AND direction = 'outgoing' AND epoch = ? AND counter <= ?
                        AND state IN ('sent', 'delivered')
                    RETURNING id, counter
                    """)
            var read: [MessageID] = []
            for (epoch, counter) in receipts.read.sorted(by: { $0.key < $1.key }) {
                let rows = try Row.fetchAll(
                    see,
                    arguments: [Int64(bitPattern: time), contact]
                        + Self.arguments(MessageID(epoch: epoch, counter: min(counter, UInt64(Int64.max)))))
                for row in try rows.sorted(by: { try $0.bits("counter") < $1.bits("counter") }) {
                    try log(
                        NewEvent(kind: .read, contact: contact, message: row.decode(forColumn: "id"), time: time),
                        database)
                    read.append(MessageID(epoch: epoch, counter: try row.bits("counter")))
                }
            }
            return (delivered, read)
        }
    }

    private static func arguments(_ id: MessageID) -> StatementArguments {
        [Int64(bitPattern: id.epoch), Int64(bitPattern: id.counter)]
    }
}

// MARK: What was seen

extension Store {
    /// Notes that somebody has seen a message of a contact, and those of its epoch before it. Returns whether that is new.
    @discardableResult
    package func markRead(_ id: MessageID, from key: PublicKey) throws(PinholeError) -> Bool {
        try write { database in
            let contact = try contactID(key, database)
            try database.execute(
                sql: """
                    UPDATE message SET state = 'read'
                    WHERE contact = ? AND direction = 'incoming' AND epoch = ? AND counter <= ? AND state = 'delivered'
                    """, arguments: [contact] + Self.arguments(id))
            try database.execute(
                sql: "UPDATE inbox SET read = ? WHERE contact = ? AND epoch = ? AND read < ? AND stored >= ?",
                arguments: [
                    Int64(clamping: id.counter), contact, Int64(bitPattern: id.epoch), Int64(clamping: id.counter),
                    Int64(clamping: id.counter),
                ])
            return database.changesCount > 0
        }
    }

    /// The messages after a place that nobody has seen, in order: of one contact, or of all.
    package func unread(
        from key: PublicKey? = nil, after place: Int64 = 0, limit: Int = .max
    ) throws(PinholeError) -> [HistoryEntry] {
        try entries(of: key, where: "direction = 'incoming' AND state = 'delivered'", after: place, limit: limit)
    }

    /// The place of a message that a contact sent; nil where it is not in the history, or not any more.
    func place(of id: MessageID, from key: PublicKey) throws(PinholeError) -> Int64? {
        try read { database in
            let contact = try contactID(key, database)
            return try Int64.fetchOne(
                database,
                sql: """
                    SELECT id FROM message
                    WHERE contact = ? AND direction = 'incoming' AND epoch = ? AND counter = ?
                    """, arguments: [contact] + Self.arguments(id))
        }
    }

    /// The first messages after a place, of one contact or of all, in the order in which they came here.
    private func entries(
        of key: PublicKey?, where condition: String, after place: Int64, limit: Int
    ) throws(PinholeError) -> [HistoryEntry] {
        try read { database in
            let contacts =
                if let key { [try contactID(key, database)] } else {
                    try Int64.fetchAll(database, sql: "SELECT id FROM contact")
                }
            // For each contact there is an index of those that are asked for.
            let statement = try database.makeStatement(
                sql: "SELECT id FROM message WHERE contact = ? AND \(condition) AND id > ? ORDER BY id LIMIT ?")
            let places = try contacts.flatMap {
                try Int64.fetchAll(statement, arguments: [$0, place, max(0, limit)])
            }
            let first = places.sorted().prefix(max(0, limit))
            return try first.flatMap { try rows("message.id = ?", [$0], order: "ASC", limit: 1, database) }
        }
    }
}

// MARK: The outbox

extension Store {
    /// What was accepted and has not arrived, after a place and in order; with `failed` also what was given up.
    package func outbox(
        to key: PublicKey? = nil, failed: Bool = false, after place: Int64 = 0, limit: Int = .max
    ) throws(PinholeError) -> [HistoryEntry] {
        let states = failed ? "'queued', 'sent', 'failed'" : "'queued', 'sent'"
        return try entries(
            of: key, where: "direction = 'outgoing' AND state IN (\(states))", after: place, limit: limit)
    }

    /// The messages of the outbox whose names begin so, what was given up among them.
    package func outbox(named beginning: String) throws(PinholeError) -> [MessageReference] {
        try read { database in
            var keys: [Int64: PublicKey] = [:]
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT contact.key, message.contact, message.epoch, message.counter
                    FROM message JOIN contact ON contact.id = message.contact
                    WHERE direction = 'outgoing' AND state IN ('queued', 'sent', 'failed') ORDER BY message.id
                    """)
            var found: [MessageReference] = []
            while let row = try rows.next() {
                let (epoch, counter) = (try row.bits("epoch"), try row.bits("counter"))
                guard messageName(epoch: epoch, counter: counter).hasPrefix(beginning) else { continue }
                let contact: Int64 = try row.decode(forColumn: "contact")
                let key = try keys[contact] ?? PublicKey(sealed: row, contact, vault)
                keys[contact] = key
                found.append(MessageReference(contact: key, epoch: epoch, counter: counter))
            }
            return found
        }
    }

    /// What a contact has not confirmed, in order, and of each whether it may have been sent.
    package func pendingMessages(to key: PublicKey) throws(PinholeError) -> [(message: ChatMessage, isSent: Bool)] {
        try outbox(to: key).map(\.message).map { message in
            (
                ChatMessage(id: message.messageID, time: message.sentAt, body: Array(message.text.utf8)),
                message.state == .sent
            )
        }
    }

    /// Gives up on a message that has not arrived. Whether it had been sent stands in the outcome.
    package func cancel(_ id: MessageID, to key: PublicKey, at time: UInt64) throws(PinholeError) -> Cancellation {
        try write { database in
            let contact = try contactID(key, database)
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT id, state FROM message WHERE contact = ? AND direction = 'outgoing' AND epoch = ? AND counter = ?
                    """, arguments: [contact] + Self.arguments(id))
            let failure: Message.Failure
            switch try (row?.decode(String.self, forColumn: "state")).flatMap(Message.State.init(rawValue:)) {
            case nil: return .unknown
            case .queued?: failure = .cancelled
            case .sent?: failure = .cancelledAfterSending
            case .delivered?: return .tooLate(.delivered)
            case .read?: return .tooLate(.read)
            case .failed?: return .tooLate(.failed)
            }
            try database.execute(
                sql: """
                    UPDATE message SET state = 'failed', failure = ?
                    WHERE contact = ? AND direction = 'outgoing' AND epoch = ? AND counter = ?
                    """, arguments: [failure.rawValue, contact] + Self.arguments(id))
            try log(
                NewEvent(
                    kind: .failed, contact: contact, message: try row?.decode(forColumn: "id"),
                    detail: failure.rawValue, time: time),
                database)
            return .cancelled(failure)
        }
    }
}
