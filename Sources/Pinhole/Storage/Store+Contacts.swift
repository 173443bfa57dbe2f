import Foundation
import GRDB
package import PinholeCore

extension Store {
    /// The key of the identity that the contacts and messages belong to: the first one that was ever asked with.
    package func owner(orElse key: PublicKey) throws(PinholeError) -> PublicKey {
        func stored(_ database: Database) throws -> PublicKey? {
            try Row.fetchOne(database, sql: "SELECT key FROM owner").map { try PublicKey($0) }
        }
        if let owner = try read(stored) { return owner }
        return try write { database in
            try database.execute(
                sql: "INSERT INTO owner (id, key) VALUES (1, ?) ON CONFLICT DO NOTHING", arguments: [Data(key.raw)])
            return try stored(database) ?? key
        }
    }

    /// All contacts by name.
    package func contacts() throws(PinholeError) -> [Contact] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM contact ORDER BY foldedName").map(Contact.init)
        }
    }

    /// The contact with a name, ignoring case.
    package func contact(named name: String) throws(PinholeError) -> Contact? {
        try read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM contact WHERE foldedName = ?", arguments: [Self.folded(name)])
            return try row.map(Contact.init)
        }
    }

    /// Adds a contact whose name and key are both new, or the addresses and services that are new for a known one.
    /// Returns whether the contact is new.
    @discardableResult
    package func add(_ contact: Contact) throws(PinholeError) -> Bool {
        try contact.validate()
        return try write { database in
            let sameName = try Row.fetchOne(
                database, sql: "SELECT * FROM contact WHERE foldedName = ?", arguments: [Self.folded(contact.name)]
            ).map(Contact.init)
            if let sameName {
                guard sameName.key == contact.key else {
                    throw PinholeError(
                        .keyChanged, "\(sameName.name) is known by another key, \(sameName.key)",
                        hint:
                            "ask \(sameName.name) in person; if the new key is right, remove the contact and add it again"
                    )
                }
                try Self.extend(sameName, by: contact, database)
                return false
            }
            let owner = try String.fetchOne(
                database, sql: "SELECT name FROM contact WHERE key = ?", arguments: [Data(contact.key.raw)])
            if let owner { throw PinholeError(.usage, "the key is \(owner)'s already") }
            try database.execute(
                sql: """
                    INSERT INTO contact (name, foldedName, key, addresses, services, isVerified, presharedKey, epoch)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    contact.name, Self.folded(contact.name), Data(contact.key.raw),
                    contact.addresses.joined(separator: "\n"),
                    contact.services.map(\.description).joined(separator: "\n"),
                    contact.isVerified, contact.presharedKey.map { Data($0) },
                    Int64.random(in: .min ... .max),
                ])
            return true
        }
    }

    private static func extend(_ known: Contact, by other: Contact, _ database: Database) throws {
        let addresses = known.addresses + other.addresses.filter { !known.addresses.contains($0) }
        let services = known.services + other.services.filter { !known.services.contains($0) }
        guard addresses != known.addresses || services != known.services else {
            throw PinholeError(.usage, "\(known.name) is a contact already")
        }
        try database.execute(
            sql: "UPDATE contact SET addresses = ?, services = ? WHERE key = ?",
            arguments: [
                addresses.joined(separator: "\n"), services.map(\.description).joined(separator: "\n"),
                Data(known.key.raw),
            ])
    }

    /// Removes a contact with its messages and transfers. Returns false when there was none.
    @discardableResult
    package func removeContact(named name: String) throws(PinholeError) -> Bool {
        try change("DELETE FROM contact WHERE foldedName = ?", [Self.folded(name)])
    }

    /// Records whether safety numbers were compared. Returns false when there is no such contact.
    @discardableResult
    package func setVerified(_ isVerified: Bool, contactNamed name: String) throws(PinholeError) -> Bool {
        try change("UPDATE contact SET isVerified = ? WHERE foldedName = ?", [isVerified, Self.folded(name)])
    }

    /// What the endpoint must know of a contact when it starts.
    package func state(of key: PublicKey) throws(PinholeError) -> ContactState {
        try read { database in
            let id = try Self.contactID(key, database)
            let row = try Row.fetchOne(
                database, sql: "SELECT ownTimestamp, authenticatedTimestamp FROM contact WHERE id = ?", arguments: [id])
            let highest = try Row.fetchAll(
                database,
                sql: """
                    SELECT epoch, max(counter) AS counter FROM message
                    WHERE contact = ? AND direction = 'incoming' GROUP BY epoch
                    """, arguments: [id])
            return ContactState(
                ownTimestamp: row?.bits("ownTimestamp") ?? 0,
                authenticatedTimestamp: row?.bits("authenticatedTimestamp") ?? 0,
                highestStored: Dictionary(uniqueKeysWithValues: highest.map { ($0.bits("epoch"), $0.bits("counter")) }))
        }
    }

    /// Remembers the timestamp of a HELLO that was sent: later ones must be greater.
    package func setOwnTimestamp(_ timestamp: UInt64, for key: PublicKey) throws(PinholeError) {
        try change(
            "UPDATE contact SET ownTimestamp = max(ownTimestamp, ?) WHERE key = ?",
            [Int64(clamping: timestamp), Data(key.raw)])
    }

    /// Remembers the timestamp of a HELLO that was authenticated: earlier ones are replays from now on.
    package func setAuthenticatedTimestamp(_ timestamp: UInt64, for key: PublicKey) throws(PinholeError) {
        try change(
            "UPDATE contact SET authenticatedTimestamp = max(authenticatedTimestamp, ?) WHERE key = ?",
            [Int64(clamping: timestamp), Data(key.raw)])
    }

    static func contactID(_ key: PublicKey, _ database: Database) throws -> Int64 {
        let id = try Int64.fetchOne(database, sql: "SELECT id FROM contact WHERE key = ?", arguments: [Data(key.raw)])
        guard let id else { throw PinholeError(.usage, "\(key) is not a contact", hint: "add the contact first") }
        return id
    }

    /// Runs one statement. Returns whether it changed a row.
    @discardableResult
    func change(_ sql: String, _ arguments: StatementArguments) throws(PinholeError) -> Bool {
        try write { database in
            try database.execute(sql: sql, arguments: arguments)
            return database.changesCount > 0
        }
    }

    /// Names that look the same, or differ only in case, are the same.
    private static func folded(_ name: String) -> String {
        name.precomposedStringWithCompatibilityMapping.lowercased().precomposedStringWithCompatibilityMapping
    }
}

extension Contact {
    fileprivate init(_ row: Row) throws {
        let addresses: String = row["addresses"]
        let services: String = row["services"]
        let presharedKey: Data? = row["presharedKey"]
        self.init(
            name: row["name"], key: try PublicKey(row), addresses: addresses.split(separator: "\n").map(String.init),
            services: try services.split(separator: "\n").map { try ServiceAddress(String($0)) },
            isVerified: row["isVerified"], presharedKey: presharedKey.map(Array.init))
    }
}

extension PublicKey {
    /// The key in the column `key`.
    init(_ row: Row) throws {
        let bytes: Data = row["key"]
        try self.init(raw: Array(bytes))
    }
}

extension Row {
    /// An unsigned number, stored as the signed one with the same bits.
    func bits(_ column: String) -> UInt64 {
        let value: Int64 = self[column]
        return UInt64(bitPattern: value)
    }
}
