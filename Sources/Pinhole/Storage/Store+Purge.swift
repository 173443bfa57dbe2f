import GRDB
import Glibc
import PinholeWire

// The history, removed: when a person says so, when it is old enough, or as soon as it has done its service.

extension Store {
    /// Removes messages, and returns how many. Pending ones stay.
    func purge(with key: PublicKey?, before time: UInt64?) throws(PinholeError) -> Int {
        var condition = "true"
        var arguments: [Int64] = []
        if let key {
            condition += " AND contact = ?"
            arguments.append(try read { try contactID(key, $0) })
        }
        if let time {
            condition += " AND storedAt < ?"
            arguments.append(Int64(clamping: time))
        }
        let count = try delete(where: condition, StatementArguments(arguments))
        _ = try deleteTransfers(with: key, before: time ?? .max)
        if key == nil { try forgetRemoved(before: time ?? .max) }
        try shrink()
        return count
    }

    /// Deletes messages in batches, so that nobody waits long for the database, and the log does not grow without end.
    private func delete(where condition: String, _ arguments: StatementArguments) throws(PinholeError) -> Int {
        var total = 0
        while true {
            let count = try write { database in
                let rows = try Int64.fetchAll(
                    database,
                    sql: """
                        SELECT id FROM message
                        WHERE NOT (direction = 'outgoing' AND state IN ('queued', 'sent')) AND \(condition) LIMIT 5000
                        """, arguments: arguments)
                try rememberOutcomes(of: rows, database)
                let statement = try database.makeStatement(sql: "DELETE FROM message WHERE id = ?")
                for row in rows { try statement.execute(arguments: [row]) }
                try trimSendings(database)
                try forget(inBuckets: Set(rows.map(SearchBlock.bucket)), database)
                return rows.count
            }
            total += count
            guard count > 0 else { return total }
        }
    }

    /// Deletes what is remembered of transfers that have ended, but for those of the last hour: their senders may not know
    /// yet that they have ended, and would send them again. With `isTold` also but for those that somebody who follows the
    /// events has not heard of. Returns whether there were any.
    private func deleteTransfers(
        with key: PublicKey? = nil, before time: UInt64, isTold: Bool = false
    ) throws(PinholeError) -> Bool {
        let now = WallClock.unixMilliseconds
        let end = min(time, now - min(now, 3_600_000))
        return try write { database in
            let contact = try key.map { try contactID($0, database) }
            let arguments: StatementArguments = [Int64(clamping: end), contact, contact, isTold]
            try database.execute(
                sql: """
                    DELETE FROM transfer WHERE state IN ('done', 'refused', 'failed') AND endedAt < ?
                        AND (? IS NULL OR contact = ?)
                        AND NOT (? AND EXISTS (
                            SELECT 1 FROM event JOIN consumer ON consumer.cursor < event.cursor
                            WHERE event.contact = transfer.contact AND event.number = transfer.number))
                    """, arguments: arguments)
            let count = database.changesCount
            try database.execute(
                sql: """
                    DELETE FROM event WHERE number IS NOT NULL AND time < ? AND (? IS NULL OR contact = ?)
                        AND NOT (? AND EXISTS (SELECT 1 FROM consumer WHERE consumer.cursor < event.cursor))
                    """, arguments: arguments)
            return count + database.changesCount > 0
        }
    }

    /// Deletes what the event log says of contacts who are contacts no more, or never became some, by their key and their
    /// name: once it is older than `time`, Unix milliseconds, and all who follow the events have dealt with it.
    func forgetRemoved(before time: UInt64) throws(PinholeError) {
        try change(
            """
            DELETE FROM event WHERE kind IN (?, ?) AND contact IS NULL AND time < ?
                AND NOT EXISTS (SELECT 1 FROM consumer WHERE consumer.cursor < event.cursor)
            """,
            [
                LoggedEvent.Kind.contactChanged.rawValue, LoggedEvent.Kind.contactRequest.rawValue,
                Int64(clamping: time),
            ])
    }

    /// Milliseconds for which the event log names a contact who was removed, for who looks at it without following it.
    static let removedTime: UInt64 = 3_600_000

    /// Gives the room back. What was deleted is overwritten already, but not in the write-ahead log.
    private func shrink() throws(PinholeError) {
        try truncateLog()
        try withoutTransaction { database in
            do {
                try database.execute(sql: "VACUUM")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
                // Then the file keeps its size; there is nothing in the room that is left.
            }
        }
        try truncateLog()
    }

    /// Empties the write-ahead log. A reader in another process may hold it up for a while.
    func truncateLog() throws(PinholeError) {
        let end = MonotonicClock.now + Self.readersPatience
        repeat {
            // A try waits for readers itself, for as long as any statement does.
            let isBusy = try withoutTransaction { database in
                try Int.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)") != 0
            }
            guard isBusy else { return }
            usleep(100_000)
        } while MonotonicClock.now < end
        throw PinholeError(
            .other, "the messages are deleted, but another process still reads the log that held them",
            hint: "end it, then purge again")
    }

    private static let readersPatience: Duration = .seconds(5)
}

// MARK: By themselves

/// How long messages stay on the disk once they have done their service: delivered, or seen, and told to all programs that
/// follow the events. What is remembered of files that were sent or received goes with them, an hour after their end at
/// the earliest.
public enum HistoryPolicy: Hashable, Sendable {
    /// Until they are purged.
    case keep
    /// For this long after they were sent or received.
    case keepFor(Duration)
    /// Not at all.
    case off
}

extension Store {
    /// When it is, by two clocks, so that one that jumps is noticed.
    package struct Sighting: Sendable {
        /// Unix milliseconds.
        package var time: UInt64
        /// Milliseconds since the machine was started, and a number that each start has of its own.
        package let uptime: Int64
        package let boot: Int64

        package init(time: UInt64, uptime: Int64, boot: Int64) {
            self.time = time
            self.uptime = uptime
            self.boot = boot
        }
    }

    /// Removes what the policy does not keep, and returns how many messages. `now` is ``trustedTime(_:)``, without which a
    /// retention removes nothing.
    package func sweep(_ policy: HistoryPolicy, at now: UInt64?) throws(PinholeError) -> Int {
        guard let now else { return 0 }
        switch policy {
        case .keep: return 0
        case .off: return try sweepSeen(olderThan: now)
        case .keepFor(let duration):
            let age = min(UInt64(clamping: duration.components.seconds), .max / 1000) * 1000
            guard now > age else { return 0 }
            let count = try delete(
                where: "storedAt < ? AND NOT (direction = 'incoming' AND state = 'delivered') AND \(Self.isTold)",
                [Int64(clamping: now - age)])
            let hadFiles = try deleteTransfers(before: now - age, isTold: true)
            if count > 0 || hadFiles { try? truncateLog() }
            return count
        }
    }

    /// The time by which something may be called old; nil while the clock has not been watched for long enough.
    ///
    /// There are two clocks to look at: the one on the wall must have gone on for an hour as the other did. One that is a
    /// year ahead for a while makes nothing old.
    ///
    /// What was believed before is kept beside what is being watched: a clock that is wrong after a restart is not
    /// believed because of another restart, and one that has leapt, or was set forward, must stand for a day.
    package func trustedTime(_ now: Sighting) throws(PinholeError) -> UInt64? {
        try write { database in
            let row = try Row.fetchOne(database, sql: "SELECT * FROM history WHERE sightedAt IS NOT NULL")
            func watch(from time: UInt64) throws {
                try database.execute(
                    sql: "UPDATE history SET sightedAt = ?, uptime = ?, boot = ?",
                    arguments: [Int64(clamping: time), now.uptime, now.boot])
            }
            guard let row else {
                try watch(from: now.time)
                return nil
            }
            let sighted: Int64 = try row.decode(forColumn: "sightedAt")
            let uptime: Int64 = try row.decode(forColumn: "uptime")
            let trusted: Int64? = try row.decode(forColumn: "trustedAt")
            guard [sighted, uptime, trusted ?? 0].allSatisfy(Self.possibleTimes.contains) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT)
            }
            guard try row.decode(forColumn: "boot") == now.boot else {
                // How long the machine was off nobody knows.
                try watch(from: now.time)
                return trusted.map { min(UInt64(clamping: $0), now.time) }
            }
            let elapsed = now.uptime - uptime
            let ahead = Int64(clamping: now.time) - sighted - elapsed
            guard ahead >= -Self.clockTolerance else {
                // It was set back: what was seen before may have been wrong.
                try watch(from: now.time)
                return nil
            }
            guard ahead <= Self.clockTolerance else {
                // It was set forward, perhaps rightly: less is believed of it than before, until it has stood for a day.
                try watch(from: now.time)
                let known = trusted.map { min($0, Int64(clamping: now.time) - Self.clockLeap - 1) }
                try database.execute(sql: "UPDATE history SET trustedAt = ?", arguments: [known])
                return known.map { UInt64(clamping: $0) }
            }
            let hasLeapt = trusted.map { sighted - $0 > Self.clockLeap } ?? false
            guard elapsed >= (hasLeapt ? Self.leapWatch : Self.clockWatch) else { return nil }
            try watch(from: now.time)
            try database.execute(sql: "UPDATE history SET trustedAt = ?", arguments: [Int64(clamping: now.time)])
            return now.time
        }
    }

    /// What was delivered, read or given up, and what was seen here.
    private func sweepSeen(olderThan time: UInt64) throws(PinholeError) -> Int {
        let settled = Int64(clamping: time) - Self.settlingTime
        let forgotten = Int64(clamping: time) - Self.failureTime
        let count = try delete(
            where: """
                (direction = 'outgoing' AND coalesce(receivedAt, sentAt) < (CASE state WHEN 'failed' THEN ? ELSE ? END)
                OR direction = 'incoming' AND EXISTS (
                    SELECT 1 FROM inbox WHERE inbox.contact = message.contact AND inbox.epoch = message.epoch
                        AND inbox.read >= message.counter))
                AND \(Self.isTold)
                """, [forgotten, settled])
        let hadFiles = try deleteTransfers(before: .max, isTold: true)
        if count > 0 || hadFiles { try? truncateLog() }
        return count
    }

    /// All who follow the events have dealt with those of a message, which go with it.
    private static let isTold = """
        NOT EXISTS (SELECT 1 FROM event JOIN consumer ON consumer.cursor < event.cursor WHERE event.message = message.id)
        """

    /// Milliseconds for which a retention watches the clock before it believes it.
    static let clockWatch: Int64 = 3_600_000
    /// The same for one that has gone on by more than ``clockLeap`` while the machine was off: a clock without a battery
    /// is set right by the network long before.
    static let leapWatch: Int64 = 24 * 3_600_000
    static let clockLeap: Int64 = 14 * 24 * 3_600_000
    /// Milliseconds that a clock of 64 bits can have shown, and that sums of them do not leave.
    private static let possibleTimes: ClosedRange<Int64> = 0...1 << 61
    private static let clockTolerance: Int64 = 60_000
    /// Milliseconds for which who waits for a delivery can still ask how it went.
    private static let settlingTime: Int64 = 10_000
    /// The same for what was given up.
    private static let failureTime: Int64 = 3_600_000
}
