import GRDB

extension Store {
    /// What is remembered of the times of sessions with one contact; nil where there is nothing new.
    package struct SessionTimes: Sendable {
        /// The timestamp of the last HELLO that was sent: later ones must be greater.
        package var own: UInt64?
        /// The timestamp of the last HELLO that was authenticated: earlier ones are replays from now on.
        package var authenticated: UInt64?
        /// When a session was last up, Unix milliseconds by this machine's clock at that time.
        package var seen: UInt64?

        package init(own: UInt64? = nil, authenticated: UInt64? = nil, seen: UInt64? = nil) {
            (self.own, self.authenticated, self.seen) = (own, authenticated, seen)
        }

        /// Takes over what earlier times say beside these.
        mutating func merge(before earlier: SessionTimes) {
            self = SessionTimes(
                own: [own, earlier.own].compactMap(\.self).max(),
                authenticated: [authenticated, earlier.authenticated].compactMap(\.self).max(),
                seen: seen ?? earlier.seen)
        }
    }

    /// Remembers times of sessions, all at once. Timestamps never become smaller; of those who are no contacts any more
    /// nothing is kept.
    package func note(_ times: [PublicKey: SessionTimes]) throws(PinholeError) {
        try write { database in
            let statement = try database.makeStatement(
                sql: """
                    UPDATE contact SET ownTimestamp = max(ownTimestamp, ?),
                        authenticatedTimestamp = max(authenticatedTimestamp, ?), lastSeen = coalesce(?, lastSeen)
                    WHERE keyTag = ?
                    """)
            for (key, times) in times {
                try statement.execute(arguments: [
                    Int64(clamping: times.own ?? 0), Int64(clamping: times.authenticated ?? 0),
                    times.seen.map { Int64(clamping: $0) }, keyTag(key),
                ])
            }
        }
    }

    /// Whether there is a contact with whom there was no session yet.
    func isUnmet(_ key: PublicKey, _ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database, sql: "SELECT lastSeen IS NULL FROM contact WHERE keyTag = ?", arguments: [keyTag(key)]) ?? false
    }

    /// When contacts were last connected, unix milliseconds by this machine's clock at that time.
    package func lastSeen() throws(PinholeError) -> [PublicKey: UInt64] {
        try read { database in
            var times: [PublicKey: UInt64] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT * FROM contact WHERE lastSeen IS NOT NULL") {
                times[try PublicKey(sealed: row, row.decode(forColumn: "id"), vault)] = try row.bits("lastSeen")
            }
            return times
        }
    }
}
