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
            return try row.map { MessageID(epoch: try $0.bits("epoch"), counter: try $0.bits("counter")) }
        }
    }

    /// The transfer that was begun with a token; nil when there is none, or none any more.
    func transfer(withToken token: String, to key: PublicKey) throws(PinholeError) -> StoredTransfer? {
        try read { try transfer(withToken: token, to: key, $0) }
    }

    private func transfer(
        withToken token: String, to key: PublicKey, _ database: Database
    ) throws -> StoredTransfer? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT transfer.* FROM transfer JOIN transferToken ON transferToken.transfer = transfer.id
                WHERE transferToken.contact = ? AND tag = ?
                """, arguments: [try contactID(key, database), vault.tag(token, in: .transferToken)]
        ).map { try StoredTransfer($0, contact: key, vault) }
    }

    /// Records a transfer, unless it is, and with which token it was asked for. Returns the one that was begun with the
    /// token before, if there is one, and then changes nothing.
    func begin(_ transfer: StoredTransfer, token: String) throws(PinholeError) -> StoredTransfer {
        try write { database in
            let reference = transfer.reference
            if let known = try self.transfer(withToken: token, to: reference.contact, database) { return known }
            try insert(transfer, database)
            try database.execute(
                sql: """
                    INSERT INTO transferToken (contact, tag, transfer)
                    SELECT contact, ?, id FROM transfer WHERE contact = ? AND isOutgoing AND number = ?
                    """,
                arguments: [
                    vault.tag(token, in: .transferToken), try contactID(reference.contact, database),
                    Int64(bitPattern: reference.number),
                ])
            return transfer
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
