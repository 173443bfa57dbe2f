import Foundation
import GRDB
import Synchronization

/// Something that happened and was stored, as programs that follow the event log see it.
package struct LoggedEvent: Sendable, Equatable {
    /// What happened; the raw value is what scripts see.
    package enum Kind: String, Sendable, CaseIterable {
        /// A message came from the contact.
        case message
        /// A message to the contact was put in the outbox.
        case queued
        /// The contact has a message on disk.
        case delivered
        /// The contact saw a message.
        case read
        /// A message will not be sent again; `detail` says why.
        case failed
        /// The contact offers a file.
        case fileOffered = "file-offered"
        /// A file came, and is at the path in `detail`.
        case fileReceived = "file-received"
        /// The contact has the whole file.
        case fileSent = "file-sent"
        /// A transfer ended without its file; `detail` says why.
        case fileFailed = "file-failed"
        /// Somebody asks to be a contact.
        case contactRequest = "contact-request"
        /// A contact was added, renamed, verified, blocked or removed; `detail` says which. What tells of a removal has no
        /// contact: its detail is the word, the key and the name. The other events of a contact go with it.
        case contactChanged = "contact-changed"
    }

    /// Where it is in the log: later ones have higher cursors, and none is given twice.
    package let cursor: Int64
    /// Unix milliseconds by this machine's clock.
    package let time: UInt64
    package let kind: Kind
    /// Who it is about.
    package let contact: PublicKey?
    /// The message it is about.
    package let message: Message?
    /// The transfer it is about.
    package let transfer: TransferReference?
    /// A reason or a path, or what else the kind says; a text that only its writer and its readers understand.
    package let detail: String?
}

/// A program that follows the event log under a name of its own.
package struct EventConsumer: Sendable, Equatable {
    package let name: String
    /// The last event that it has dealt with.
    package let cursor: Int64
    /// When it was last heard of: Unix milliseconds.
    package let seenAt: UInt64
}

// MARK: Writing

/// An event about to be written, in the transaction that stores what it tells.
struct NewEvent {
    var kind: LoggedEvent.Kind
    /// The row of the contact.
    var contact: Int64?
    /// The row of the message. The event goes when the message is purged.
    var message: Int64?
    var transfer: TransferReference?
    var detail: String?
    /// Unix milliseconds.
    var time: UInt64
}

extension Store {
    /// Writes an event. Call it in the transaction that stores what it tells: then no consumer misses it, and none sees
    /// what was not stored.
    func log(_ event: NewEvent, _ database: Database) throws {
        let cursor = try Int64.fetchOne(
            database,
            sql: """
                INSERT INTO event (time, kind, contact, message, direction, number) VALUES (?, ?, ?, ?, ?, ?)
                RETURNING cursor
                """,
            arguments: [
                Int64(bitPattern: event.time), event.kind.rawValue, event.contact, event.message,
                event.transfer?.direction.rawValue, event.transfer.map { Int64(bitPattern: $0.number) },
            ])
        guard let cursor else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        if let detail = event.detail {
            try database.execute(
                sql: "UPDATE event SET detail = ? WHERE cursor = ?",
                arguments: [vault.seal(detail, for: .eventDetail(cursor)), cursor])
        }
        if cursor % Self.trimmingInterval == 0 { try trimEvents(database) }
        events.logged(cursor, in: database)
    }

    /// Removes what nobody needs any more.
    ///
    /// An event stays until all consumers have acknowledged it, but of the newest ``maxEvents`` only: a consumer that was
    /// forgotten does not fill the disk. Where nobody follows, the newest ``unfollowedEvents`` stay for who may begin to.
    /// Age is counted in events, not in time, so that a clock that jumps removes nothing.
    private func trimEvents(_ database: Database) throws {
        let newest = try Self.newestCursor(database)
        let acknowledged = try Int64.fetchOne(database, sql: "SELECT min(cursor) FROM consumer")
        let kept = acknowledged.map { min($0, newest - Self.unfollowedEvents) } ?? newest - Self.unfollowedEvents
        try database.execute(
            sql: "DELETE FROM event WHERE cursor <= ?", arguments: [max(kept, newest - Self.maxEvents)])
    }

    /// What grows is looked at when so much has come.
    static let trimmingInterval: Int64 = 64
    /// The events that are kept for consumers that do not come.
    static let maxEvents: Int64 = 100_000
    /// The events that are kept for who has not asked yet.
    static let unfollowedEvents: Int64 = 1000

    private static func newestCursor(_ database: Database) throws -> Int64 {
        let newest = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'event'") ?? 0
        guard newest >= 0 else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        return newest
    }
}

// MARK: Reading

extension Store {
    /// The cursor of the newest event that was ever written; 0 when there was none.
    package func newestEvent() throws(PinholeError) -> Int64 {
        try read(Self.newestCursor)
    }

    /// The events after a cursor, in order; `limit` of them at most. Those that were removed meanwhile are missing.
    package func events(after cursor: Int64, limit: Int) throws(PinholeError) -> [LoggedEvent] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT event.cursor, event.time AS eventTime, event.kind, event.contact AS eventContact, event.detail,
                        event.direction AS transferDirection, event.number AS transferNumber,
                        contact.key, message.*
                    FROM event LEFT JOIN contact ON contact.id = event.contact
                        LEFT JOIN message ON message.id = event.message
                    WHERE event.cursor > ? ORDER BY event.cursor LIMIT ?
                    """, arguments: [cursor, max(0, limit)])
            return try rows.compactMap { try LoggedEvent($0, vault) }
        }
    }

    /// The events that a consumer has not acknowledged, in order. A name that is new begins with the next event.
    package func events(for consumer: String, limit: Int, at time: UInt64) throws(PinholeError) -> [LoggedEvent] {
        try events(after: try follow(as: consumer, at: time).cursor, limit: limit)
    }

    /// Registers a consumer, or says how far it has come. One that is new begins after `cursor`: nil is the newest event.
    @discardableResult
    package func follow(
        as name: String, after cursor: Int64? = nil, at time: UInt64
    ) throws(PinholeError) -> EventConsumer {
        guard (1...200).contains(name.utf8.count) else {
            throw PinholeError(.usage, "the name of a consumer of events has 1 to 200 bytes")
        }
        return try write { database in
            let tag = vault.tag(name, in: .consumerName)
            try database.execute(
                sql: "UPDATE consumer SET seenAt = ? WHERE nameTag = ?", arguments: [Int64(bitPattern: time), tag])
            if database.changesCount == 0 {
                let newest = try Self.newestCursor(database)
                let first = min(max(0, cursor ?? newest), newest)
                try database.execute(
                    sql: "INSERT INTO consumer (nameTag, name, cursor, since, seenAt) VALUES (?, ?, ?, ?, ?)",
                    arguments: [
                        tag, vault.seal(name, for: .consumerName(tag)), first, first,
                        Int64(bitPattern: time),
                    ])
            }
            let row = try Row.fetchOne(database, sql: "SELECT * FROM consumer WHERE nameTag = ?", arguments: [tag])
            guard let row else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
            return try EventConsumer(row, vault)
        }
    }

    /// A consumer has dealt with all events up to a cursor. It never goes back. Throws for a name that does not follow.
    package func acknowledge(_ cursor: Int64, by name: String, at time: UInt64) throws(PinholeError) {
        let isKnown = try change(
            """
            UPDATE consumer SET seenAt = ?, cursor = max(cursor, min(?,
                (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event')))
            WHERE nameTag = ?
            """, [Int64(bitPattern: time), cursor, vault.tag(name, in: .consumerName)])
        guard isKnown else {
            throw PinholeError(.usage, "nobody follows the events as “\(name)”", hint: "follow them first")
        }
    }

    /// Forgets a consumer: events wait for it no longer. Returns false when there was none.
    @discardableResult
    package func unfollow(as name: String) throws(PinholeError) -> Bool {
        try change("DELETE FROM consumer WHERE nameTag = ?", [vault.tag(name, in: .consumerName)])
    }

    /// All that follow, by name.
    package func consumers() throws(PinholeError) -> [EventConsumer] {
        try read { try Row.fetchAll($0, sql: "SELECT * FROM consumer").map { try EventConsumer($0, vault) } }
            .sorted { $0.name < $1.name }
    }

    /// The cursor of the newest event, each time that this process has written some and they are on the disk. Nothing is
    /// told of what other processes write.
    package func newEvents() -> AsyncStream<Int64> {
        events.subscribe()
    }
}

extension LoggedEvent {
    /// nil for a kind that only a newer version knows.
    fileprivate init?(_ row: Row, _ vault: Vault) throws {
        let cursor: Int64 = try row.decode(forColumn: "cursor")
        guard let kind = Kind(rawValue: try row.decode(forColumn: "kind")) else { return nil }
        let contactID: Int64? = try row.decode(forColumn: "eventContact")
        let contact = try contactID.map { try PublicKey(sealed: row, $0, vault) }
        let messageID: Int64? = try row.decode(forColumn: "id")
        let direction: String? = try row.decode(forColumn: "transferDirection")
        let detail: Data? = try row.decode(forColumn: "detail")
        var message: Message?
        if messageID != nil, let contact { message = try Message(row, contact: contact, vault) }
        var transfer: TransferReference?
        if let contact, let direction = direction.flatMap(TransferReference.Direction.init) {
            transfer = TransferReference(contact: contact, direction: direction, number: try row.bits("transferNumber"))
        }
        self.init(
            cursor: cursor, time: try row.bits("eventTime"), kind: kind, contact: contact, message: message,
            transfer: transfer, detail: try detail.map { try vault.text($0, for: .eventDetail(cursor)) })
    }
}

extension EventConsumer {
    fileprivate init(_ row: Row, _ vault: Vault) throws {
        let name = try vault.text(row.decode(forColumn: "name"), for: .consumerName(row.decode(forColumn: "nameTag")))
        self.init(name: name, cursor: try row.decode(forColumn: "cursor"), seenAt: try row.bits("seenAt"))
    }
}

// MARK: Telling

/// Tells who waits in this process that events were written, once they are on the disk.
final class EventBell: Sendable {
    private let subscribers = Mutex<[Int: AsyncStream<Int64>.Continuation]>([:])
    /// The highest cursor of the transaction that is going on.
    private let written = Mutex<Int64?>(nil)

    func logged(_ cursor: Int64, in database: Database) {
        let isFirst = written.withLock { written in
            defer { written = cursor }
            return written == nil
        }
        guard isFirst else { return }
        database.afterNextTransaction { [weak self] _ in
            self?.ring()
        } onRollback: { [weak self] _ in
            self?.written.withLock { $0 = nil }
        }
    }

    private func ring() {
        let cursor = written.withLock { written in
            defer { written = nil }
            return written
        }
        guard let cursor else { return }
        for subscriber in subscribers.withLock({ Array($0.values) }) { subscriber.yield(cursor) }
    }

    func subscribe() -> AsyncStream<Int64> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
        let id = Int.random(in: .min ... .max)
        subscribers.withLock { $0[id] = continuation }
        continuation.onTermination = { [weak self] _ in
            self?.subscribers.withLock { _ = $0.removeValue(forKey: id) }
        }
        return stream
    }
}

extension Vault.Column {
    static let consumerName: Vault.Column = "consumer.name"
}

extension Vault.Place {
    static func eventDetail(_ cursor: Int64) -> Self { Self("event.detail", cursor) }

    /// Consumers are told apart by the tag of their name.
    static func consumerName(_ tag: Data) -> Self {
        Self("consumer.name", tag.prefix(8).reduce(0) { $0 << 8 | Int64($1) })
    }
}
