import Foundation
import GRDB
package import PinholeCore
import PinholeCrypto

extension Store {
    /// All contacts by name.
    package func contacts() throws(PinholeError) -> [Contact] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM contact").map { try Contact($0, vault) }
        }.map { (Self.folded($0.name), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// The contact with a name, ignoring case.
    package func contact(named name: String) throws(PinholeError) -> Contact? {
        try read { try contact(named: name, $0) }
    }

    func contact(named name: String, _ database: Database) throws -> Contact? {
        try Row.fetchOne(database, sql: "SELECT * FROM contact WHERE nameTag = ?", arguments: [nameTag(name)])
            .map { try Contact($0, vault) }
    }

    /// The contact with a key.
    package func contact(with key: PublicKey) throws(PinholeError) -> Contact? {
        try read { try contact(with: key, $0) }
    }

    func contact(with key: PublicKey, _ database: Database) throws -> Contact? {
        try Row.fetchOne(database, sql: "SELECT * FROM contact WHERE keyTag = ?", arguments: [keyTag(key)])
            .map { try Contact($0, vault) }
    }

    /// Adds a contact whose name and key are both new, or the addresses and services that are new for a known one.
    /// Returns whether the contact is new.
    @discardableResult
    package func add(_ contact: Contact) throws(PinholeError) -> Bool {
        try contact.validate()
        let isNew = try write { database -> Result<Bool, PinholeError> in
            if let sameName = try self.contact(named: contact.name, database) {
                guard sameName.key == contact.key else {
                    // A slip, and no sign of another person.
                    if let owner = try self.contact(with: contact.key, database) { throw Self.taken(by: owner) }
                    guard contact.key != self.owner else { throw PinholeError(.badKey, "the key is your own") }
                    // Not thrown here, where it would undo what is recorded.
                    return .failure(try recordKeyChange(of: sameName, to: contact.key, database))
                }
                try extend(sameName, by: contact, database)
                return .success(false)
            }
            if let owner = try self.contact(with: contact.key, database) { throw Self.taken(by: owner) }
            try insert(contact, database)
            return .success(true)
        }
        return try isNew.get()
    }

    static func taken(by owner: Contact) -> PinholeError {
        PinholeError(.usage, "the key is \(owner.name)'s already")
    }

    /// Writes down a contact whose name and key are both new.
    func insert(_ contact: Contact, _ database: Database) throws {
        let id = try Int64.fetchOne(database, sql: "SELECT coalesce(max(id), 0) + 1 FROM contact") ?? 1
        try database.execute(
            sql: """
                INSERT INTO contact (
                    id, nameTag, keyTag, name, key, addresses, services, presharedKey, isVerified, epoch)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id, nameTag(contact.name), keyTag(contact.key),
                vault.seal(contact.name, for: .contactName(id)),
                vault.seal(contact.key.raw, for: .contactKey(id)),
                sealedAddresses(contact.addresses, id), sealedServices(contact.services, id),
                contact.presharedKey.map { vault.seal($0, for: .contactPresharedKey(id)) },
                contact.isVerified, Int64.random(in: .min ... .max),
            ])
        try setStanding(contact.standing, of: contact, database)
        try logChange("added", of: contact, database)
    }

    private func extend(_ known: Contact, by other: Contact, _ database: Database) throws {
        guard try extend(known, other.addresses, other.services, database) else {
            throw PinholeError(.usage, "\(known.name) is a contact already")
        }
    }

    /// Adds where a contact is found as its invite says.
    func extend(_ known: Contact, by link: InviteLink, _ database: Database) throws {
        _ = try extend(known, link.addresses, link.services, database)
    }

    /// Returns whether any of that is new.
    private func extend(
        _ known: Contact, _ otherAddresses: [String], _ otherServices: [ServiceAddress], _ database: Database
    ) throws -> Bool {
        let addresses = known.addresses + otherAddresses.filter { !known.addresses.contains($0) }
        let services = known.services + otherServices.filter { !known.services.contains($0) }
        guard addresses != known.addresses || services != known.services else { return false }
        let id = try contactID(known.key, database)
        try database.execute(
            sql: "UPDATE contact SET addresses = ?, services = ? WHERE id = ?",
            arguments: [sealedAddresses(addresses, id), sealedServices(services, id), id])
        return true
    }

    private func sealedAddresses(_ addresses: [String], _ id: Int64) -> Data {
        vault.seal(addresses.joined(separator: "\n"), for: .contactAddresses(id))
    }

    private func sealedServices(_ services: [ServiceAddress], _ id: Int64) -> Data {
        vault.seal(services.map(\.description).joined(separator: "\n"), for: .contactServices(id))
    }

    /// Removes a contact with its messages and transfers, and what was to be told of them. Returns false when there was
    /// none.
    @discardableResult
    package func removeContact(named name: String) throws(PinholeError) -> Bool {
        let isRemoved = try write { database in
            guard let contact = try contact(named: name, database) else { return false }
            try remove(contact, database)
            return true
        }
        // What a reader holds up the next purge or sweep does: he is removed all the same.
        if isRemoved { try? truncateLog() }
        return isRemoved
    }

    func remove(_ contact: Contact, _ database: Database) throws {
        let id = try contactID(contact.key, database)
        let rows = try Int64.fetchSet(
            database, sql: "SELECT DISTINCT id >> \(SearchBlock.bits) FROM message WHERE contact = ?", arguments: [id])
        try database.execute(sql: "DELETE FROM contact WHERE id = ?", arguments: [id])
        try forget(inBuckets: rows, database)
        // It names whom it is about itself: there is no contact any more that it could point to.
        let detail = "removed \(contact.key) \(contact.name)"
        try log(NewEvent(kind: .contactChanged, detail: detail, time: WallClock.unixMilliseconds), database)
    }

    /// Records whether safety numbers were compared. Returns false when there is no such contact.
    @discardableResult
    package func setVerified(_ isVerified: Bool, contactNamed name: String) throws(PinholeError) -> Bool {
        try write { database in
            guard let contact = try contact(named: name, database) else { return false }
            guard contact.isVerified != isVerified else { return true }
            try database.execute(
                sql: "UPDATE contact SET isVerified = ? WHERE nameTag = ?", arguments: [isVerified, nameTag(name)])
            try logChange(isVerified ? "verified" : "unverified", of: contact, database)
            return true
        }
    }

    /// What the endpoint must know of a contact when it starts; of the epochs of its outbox the newest will do, as
    /// ``insert(_:)`` knows them all.
    package func state(of key: PublicKey) throws(PinholeError) -> ContactState {
        try read { database in
            let id = try contactID(key, database)
            let row = try Row.fetchOne(
                database, sql: "SELECT ownTimestamp, authenticatedTimestamp FROM contact WHERE id = ?", arguments: [id])
            let highest = try Row.fetchAll(
                database, sql: "SELECT epoch, stored, read FROM inbox WHERE contact = ? ORDER BY id DESC LIMIT 16",
                arguments: [id]
            ).reversed()
            return ContactState(
                ownTimestamp: try row?.bits("ownTimestamp") ?? 0,
                authenticatedTimestamp: try row?.bits("authenticatedTimestamp") ?? 0,
                highestStored: Newest(try highest.map { (try $0.bits("epoch"), try $0.bits("stored")) }),
                highestRead: Newest(
                    try highest.map { (try $0.bits("epoch"), try $0.bits("read")) }.filter { $0.1 > 0 }))
        }
    }

    /// The row of a contact, by which other tables name it.
    func contactID(_ key: PublicKey, _ database: Database) throws -> Int64 {
        let id = try Int64.fetchOne(
            database, sql: "SELECT id FROM contact WHERE keyTag = ?", arguments: [keyTag(key)])
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

    func keyTag(_ key: PublicKey) -> Data { vault.tag(key.raw, in: .contactKey) }

    func nameTag(_ name: String) -> Data { vault.tag(Self.folded(name), in: .contactName) }

    /// Names that look the same, or differ only in case, are the same.
    private static func folded(_ name: String) -> String {
        name.precomposedStringWithCompatibilityMapping.lowercased().precomposedStringWithCompatibilityMapping
    }
}

extension Contact {
    init(_ row: Row, _ vault: Vault) throws {
        let id: Int64 = try row.decode(forColumn: "id")
        func lines(_ column: String, _ place: Vault.Place) throws -> [String] {
            try vault.text(row.decode(forColumn: column), for: place).split(separator: "\n").map(String.init)
        }
        let presharedKey: Data? = try row.decode(forColumn: "presharedKey")
        self.init(
            name: try vault.text(row.decode(forColumn: "name"), for: .contactName(id)),
            key: try PublicKey(sealed: row, id, vault),
            addresses: try lines("addresses", .contactAddresses(id)),
            services: try lines("services", .contactServices(id)).map { try ServiceAddress($0) },
            isVerified: try row.decode(forColumn: "isVerified"),
            presharedKey: try presharedKey.map { try vault.open($0, for: .contactPresharedKey(id)) },
            filePolicy: try row.decode(String?.self, forColumn: "filePolicy").flatMap(
                NodeConfiguration.FilePolicy.init),
            standing: try Standing(row, id, vault))
    }
}

extension PublicKey {
    /// The key in the column `key` of the contact `id`. Only a checked one was ever sealed.
    init(sealed row: Row, _ id: Int64, _ vault: Vault) throws {
        self.init(IdentityKey(checked: try vault.open(row.decode(forColumn: "key"), for: .contactKey(id))))
    }
}

extension Row {
    /// An unsigned number, stored as the signed one with the same bits.
    func bits(_ column: String) throws -> UInt64 {
        UInt64(bitPattern: try decode(Int64.self, forColumn: column))
    }
}
