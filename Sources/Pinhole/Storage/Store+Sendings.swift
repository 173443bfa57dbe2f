import GRDB
package import PinholeWire

// What was accepted to be sent, remembered for who asks again: longer than the messages themselves.

extension Store {
    /// Notes with which token a message was accepted.
    func remember(
        _ token: String, _ id: MessageID, _ contact: Int64, message: Int64, _ database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO sending (contact, epoch, counter, tokenTag, message) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                contact, Int64(bitPattern: id.epoch), Int64(bitPattern: id.counter),
                vault.tag(token, in: .messageToken), message,
            ])
    }

    /// The message that was accepted with a token; nil when there is none.
    package func message(withToken token: String, to key: PublicKey) throws(PinholeError) -> MessageID? {
        try read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT epoch, counter FROM sending WHERE contact = ? AND tokenTag = ?",
                arguments: [try contactID(key, database), vault.tag(token, in: .messageToken)])
            return row.map { MessageID(epoch: $0.bits("epoch"), counter: $0.bits("counter")) }
        }
    }

    /// How far an outgoing message had come that was removed since; nil for one of which nothing is known.
    func outcome(of id: MessageID, to key: PublicKey) throws(PinholeError) -> Message.State? {
        try read { database in
            let state = try String.fetchOne(
                database,
                sql: "SELECT state FROM sending WHERE contact = ? AND epoch = ? AND counter = ? AND message IS NULL",
                arguments: [
                    try contactID(key, database), Int64(bitPattern: id.epoch), Int64(bitPattern: id.counter),
                ])
            return state.flatMap(Message.State.init)
        }
    }

    /// Notes what has become of messages that are about to be removed. Call it in the transaction that removes them.
    func rememberOutcomes(of rows: [Int64], _ database: Database) throws {
        let statement = try database.makeStatement(
            sql: """
                INSERT INTO sending (contact, epoch, counter, message, state)
                SELECT contact, epoch, counter, id, state FROM message WHERE id = ? AND direction = 'outgoing'
                ON CONFLICT (contact, epoch, counter) DO UPDATE SET state = excluded.state
                """)
        for row in rows { try statement.execute(arguments: [row]) }
    }

    /// Forgets all but the newest of what was removed. Their number is bounded, and not their age: a clock that jumps
    /// would make who asks again send a message twice.
    func trimSendings(_ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM sending WHERE message IS NULL AND id <= (
                    SELECT id FROM sending WHERE message IS NULL ORDER BY id DESC LIMIT 1 OFFSET ?)
                """, arguments: [Self.maxSendings])
    }

    /// The messages that were removed and of which it is still known that they were accepted, and what became of them.
    static let maxSendings = 10_000
}
