import Foundation
import GRDB

// The migration that seals what earlier versions kept in the clear. `Store.compact` then removes what is left of it in
// the file.

extension Schema {
    static func seal(_ database: Database, _ identity: Identity, _ vault: Vault) throws {
        try requireOwner(database, identity)
        try database.execute(sql: sealedTables)
        try database.execute(
            sql: "INSERT INTO vault (id, proof) VALUES (1, ?)",
            arguments: [vault.seal(identity.publicKey.raw, for: .proof)])
        try sealContacts(database, vault)
        try sealMessages(database, vault)
        try sealTransfers(database, vault)
        try database.execute(sql: replacement)
    }

    /// Sealed with another key, the contacts and messages would be lost to their owner.
    private static func requireOwner(_ database: Database, _ identity: Identity) throws {
        let owner = try Data.fetchOne(database, sql: "SELECT key FROM owner")
        guard owner.map({ Array($0) == identity.publicKey.raw }) ?? true else { throw Store.foreign }
    }

    private static func sealContacts(_ database: Database, _ vault: Vault) throws {
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM contact")
        while let row = try rows.next() {
            let id: Int64 = try row.decode(forColumn: "id")
            let key: Data = try row.decode(forColumn: "key")
            let presharedKey: Data? = try row.decode(forColumn: "presharedKey")
            try database.execute(
                sql: """
                    INSERT INTO sealedContact (
                        id, nameTag, keyTag, name, key, addresses, services, presharedKey, isVerified, ownTimestamp,
                        authenticatedTimestamp, epoch, lastCounter)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id, vault.tag(row.decode(String.self, forColumn: "foldedName"), in: .contactName),
                    vault.tag(Array(key), in: .contactKey),
                    vault.seal(row.decode(String.self, forColumn: "name"), for: .contactName(id)),
                    vault.seal(Array(key), for: .contactKey(id)),
                    vault.seal(row.decode(String.self, forColumn: "addresses"), for: .contactAddresses(id)),
                    vault.seal(row.decode(String.self, forColumn: "services"), for: .contactServices(id)),
                    presharedKey.map { vault.seal(Array($0), for: .contactPresharedKey(id)) },
                    row.decode(Int64.self, forColumn: "isVerified"), row.decode(Int64.self, forColumn: "ownTimestamp"),
                    row.decode(Int64.self, forColumn: "authenticatedTimestamp"),
                    row.decode(Int64.self, forColumn: "epoch"), row.decode(Int64.self, forColumn: "lastCounter"),
                ])
        }
    }

    private static func sealMessages(_ database: Database, _ vault: Vault) throws {
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM message ORDER BY id")
        while let row = try rows.next() {
            let direction: String = try row.decode(forColumn: "direction")
            let place = try Vault.Place.messageBody(
                contact: row.decode(forColumn: "contact"), isOutgoing: direction == "outgoing",
                epoch: row.bits("epoch"),
                counter: row.bits("counter"))
            let body: Data = try row.decode(forColumn: "body")
            try database.execute(
                sql: """
                    INSERT INTO sealedMessage (id, contact, direction, epoch, counter, body, sentAt, receivedAt, state)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    row.decode(Int64.self, forColumn: "id"), row.decode(Int64.self, forColumn: "contact"), direction,
                    row.decode(Int64.self, forColumn: "epoch"),
                    row.decode(Int64.self, forColumn: "counter"), vault.seal(Array(body), for: place),
                    row.decode(Int64.self, forColumn: "sentAt"),
                    row.decode(Int64?.self, forColumn: "receivedAt"),
                    // That version showed what came, and remembered nothing of it.
                    direction == "incoming" ? "read" : row.decode(String.self, forColumn: "state"),
                ])
        }
        try database.execute(
            sql: """
                INSERT INTO inbox (contact, epoch, stored, read)
                SELECT contact, epoch, max(counter), max(counter) FROM message WHERE direction = 'incoming'
                GROUP BY contact, epoch ORDER BY max(id)
                """)
    }

    private static func sealTransfers(_ database: Database, _ vault: Vault) throws {
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM transfer ORDER BY id")
        while let row = try rows.next() {
            let direction: String = try row.decode(forColumn: "direction")
            func place(_ column: Vault.Column) throws -> Vault.Place {
                try .transfer(
                    column, contact: row.decode(forColumn: "contact"), isOutgoing: direction == "outgoing",
                    number: row.bits("number"))
            }
            let hash: Data = try row.decode(forColumn: "hash")
            let path: String? = try row.decode(forColumn: "path")
            try database.execute(
                sql: """
                    INSERT INTO sealedTransfer (
                        id, contact, direction, number, name, size, hash, path, state, createdAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    row.decode(Int64.self, forColumn: "id"), row.decode(Int64.self, forColumn: "contact"), direction,
                    row.decode(Int64.self, forColumn: "number"),
                    vault.seal(row.decode(String.self, forColumn: "name"), for: place("transfer.name")),
                    row.decode(Int64.self, forColumn: "size"),
                    vault.seal(Array(hash), for: place("transfer.hash")),
                    path.map { vault.seal($0, for: try place("transfer.path")) },
                    row.decode(String.self, forColumn: "state"),
                    row.decode(Int64.self, forColumn: "createdAt"),
                ])
        }
    }

    /// Tokens were kept in the clear, and may hold a contact's key.
    static func sealTokens(_ database: Database, _ vault: Vault) throws {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT id, contact, epoch, counter, token FROM message WHERE token IS NOT NULL ORDER BY id")
        while let row = try rows.next() {
            try database.execute(
                sql: "INSERT INTO sending (contact, epoch, counter, tokenTag, message) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    row.decode(Int64.self, forColumn: "contact"), row.decode(Int64.self, forColumn: "epoch"),
                    row.decode(Int64.self, forColumn: "counter"),
                    vault.tag(row.decode(String.self, forColumn: "token"), in: .messageToken),
                    row.decode(Int64.self, forColumn: "id"),
                ])
        }
        try database.execute(sql: "DROP INDEX messageToken; ALTER TABLE message DROP COLUMN token")
    }

    private static let sealedTables = """
        CREATE TABLE vault (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            proof BLOB NOT NULL                   -- opens with the key of the identity that all of this belongs to
        ) STRICT;

        CREATE TABLE sealedContact (
            id INTEGER PRIMARY KEY,
            nameTag BLOB NOT NULL UNIQUE CHECK (length(nameTag) = 16),  -- of the folded name: what makes two the same
            keyTag BLOB NOT NULL UNIQUE CHECK (length(keyTag) = 16),
            name BLOB NOT NULL,                   -- sealed, as are the next four
            key BLOB NOT NULL,
            addresses BLOB NOT NULL,              -- host:port, one a line
            services BLOB NOT NULL,               -- pinhole-signal://…, one a line
            presharedKey BLOB,
            isVerified INTEGER NOT NULL CHECK (isVerified IN (0, 1)),
            ownTimestamp INTEGER NOT NULL DEFAULT 0,            -- of the newest HELLO sent
            authenticatedTimestamp INTEGER NOT NULL DEFAULT 0,  -- of the newest HELLO authenticated
            epoch INTEGER NOT NULL,               -- of the outbox to this contact, random
            lastCounter INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        -- How far a contact's messages of each epoch came: it stays when the messages are purged.
        CREATE TABLE inbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- newer epochs have higher ones
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            epoch INTEGER NOT NULL,
            stored INTEGER NOT NULL CHECK (stored > 0),  -- the highest counter that came, in order
            read INTEGER NOT NULL DEFAULT 0,      -- the highest counter that the person saw
            UNIQUE (contact, epoch)
        ) STRICT;

        CREATE TABLE sealedMessage (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            direction TEXT NOT NULL CHECK (direction IN ('incoming', 'outgoing')),
            epoch INTEGER NOT NULL,
            counter INTEGER NOT NULL CHECK (counter > 0),
            body BLOB NOT NULL,                   -- sealed UTF-8
            sentAt INTEGER NOT NULL,
            receivedAt INTEGER,
            state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'delivered', 'read', 'failed')),
            storedAt INTEGER AS (CASE direction WHEN 'incoming' THEN receivedAt ELSE sentAt END),  -- by this clock
            UNIQUE (contact, direction, epoch, counter)
        ) STRICT;

        CREATE TABLE sealedTransfer (
            id INTEGER PRIMARY KEY,
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            direction TEXT NOT NULL CHECK (direction IN ('incoming', 'outgoing')),
            number INTEGER NOT NULL,
            name BLOB NOT NULL,                   -- sealed
            size INTEGER NOT NULL,
            hash BLOB NOT NULL,                   -- sealed
            path BLOB,                            -- sealed: the source; or the received file, once it has its name
            state TEXT NOT NULL CHECK (state IN ('offered', 'accepted', 'done', 'refused', 'failed')),
            createdAt INTEGER NOT NULL,
            UNIQUE (contact, direction, number)
        ) STRICT;
        """

    private static let replacement = """
        DROP TABLE owner;
        DROP TABLE transfer;
        DROP TABLE message;
        DROP TABLE contact;
        ALTER TABLE sealedContact RENAME TO contact;
        ALTER TABLE sealedMessage RENAME TO message;
        ALTER TABLE sealedTransfer RENAME TO transfer;
        CREATE INDEX messageHistory ON message (contact, id);
        CREATE INDEX messageTime ON message (storedAt);
        CREATE INDEX messagePending ON message (contact, id) WHERE direction = 'outgoing' AND state IN ('queued', 'sent');
        """
}

// MARK: The places of what is sealed

extension Vault.Column {
    static let contactName: Vault.Column = "contact.name"
    static let contactKey: Vault.Column = "contact.key"
    static let messageToken: Vault.Column = "message.token"
    static let transferToken: Vault.Column = "transfer.token"
}

extension Vault.Place {
    static let proof = Vault.Place("vault.proof")

    static func contactName(_ id: Int64) -> Self { Self(.contactName, id) }
    static func contactKey(_ id: Int64) -> Self { Self(.contactKey, id) }
    static func contactAddresses(_ id: Int64) -> Self { Self("contact.addresses", id) }
    static func contactServices(_ id: Int64) -> Self { Self("contact.services", id) }
    static func contactPresharedKey(_ id: Int64) -> Self { Self("contact.presharedKey", id) }

    static func messageBody(contact: Int64, isOutgoing: Bool, epoch: UInt64, counter: UInt64) -> Self {
        Self("message.body", contact, isOutgoing ? 1 : 0, Int64(bitPattern: epoch), Int64(bitPattern: counter))
    }

    static func transfer(_ column: Vault.Column, contact: Int64, isOutgoing: Bool, number: UInt64) -> Self {
        Self(column, contact, isOutgoing ? 1 : 0, Int64(bitPattern: number))
    }
}
