import Foundation
import GRDB
import PinholeCrypto
import PinholeWire

// Invites of others, and what a person decided about contacts.

extension Vault.Place {
    static func standing(_ id: Int64) -> Self { Self("contact.standing", id) }
}

// MARK: Invites of others

extension Store {
    /// Uses an invite: its maker becomes a contact that has not accepted yet. Returns it, or the contact that the maker is
    /// already. One who refused an earlier invite, and is a contact for what waits for him, is asked anew.
    package func use(_ link: InviteLink, as name: String?, at time: UInt64) throws(PinholeError) -> Contact {
        let outcome = try write { database -> Result<Contact, PinholeError> in
            if let known = try contact(with: link.inviter, database) {
                switch known.standing {
                case .known where try !hasRefused(known, database): return .success(known)
                case .known, .invited:
                    // The same one again, or a newer one: the newer counts, and where it says that its maker is.
                    try setStanding(.invited(link), of: known, database)
                    try extend(known, by: link, database)
                    return .success(try contact(with: link.inviter, database) ?? known)
                case .blocked, .keyChanged:
                    return .failure(known.obstacle ?? PinholeError(.usage, "\(known.name) is blocked"))
                }
            }
            let wanted = name ?? Contact.name(for: link.name, link.inviter) { _ in false }
            if let other = try contact(named: wanted, database) {
                return .failure(try recordKeyChange(of: other, to: link.inviter, database))
            }
            let contact = Contact(
                name: wanted, key: link.inviter, addresses: link.addresses, services: link.services,
                standing: .invited(link))
            try contact.validate()
            try insert(contact, database)
            return .success(contact)
        }
        return try outcome.get()
    }

    /// Of one who is known, and was never met: what his standing was before is the invite that he refused.
    private func hasRefused(_ contact: Contact, _ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database, sql: "SELECT standingBefore IS NOT NULL AND lastSeen IS NULL FROM contact WHERE id = ?",
            arguments: [try contactID(contact.key, database)]) ?? false
    }

    /// What an inviter answered. The contact it is about; nil if nothing is waiting for that any more.
    func settle(_ verdict: InviteRecord.Verdict, of inviter: PublicKey) throws(PinholeError) -> Contact? {
        try write { database in
            guard let contact = try contact(with: inviter, database), case .invited = contact.standing else {
                return nil
            }
            switch verdict {
            // His clock may be wrong, as ours may.
            case .waiting, .expired: break
            case .accepted:
                try setStanding(.known, of: contact, database)
                try logChange("accepted", of: contact, database)
            case .declined, .used, .revoked, .otherKey:
                let id = try contactID(inviter, database)
                let isUsed = try Bool.fetchOne(
                    database,
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM message WHERE contact = ?)
                            OR EXISTS (SELECT 1 FROM transfer WHERE contact = ?)
                        """, arguments: [id, id])
                // What was written to him, or offered, is not lost with him.
                if isUsed ?? false {
                    try database.execute(
                        sql: "UPDATE contact SET standing = NULL, standingBefore = ? WHERE id = ?",
                        arguments: [sealed(contact.standing, id), id])
                } else {
                    try remove(contact, database)
                }
            }
            return contact
        }
    }
}

// MARK: Contacts

extension Store {
    /// Another key for a name that is known: from now on nothing is sent. Returns what to tell the person.
    func recordKeyChange(of contact: Contact, to key: PublicKey, _ database: Database) throws -> PinholeError {
        if contact.standing == .blocked {
            // Nothing is sent anyway; whoever unblocks him hears of it then.
            let id = try contactID(contact.key, database)
            try database.execute(
                sql: "UPDATE contact SET standingBefore = ? WHERE id = ?",
                arguments: [sealed(.keyChanged(to: key), id), id])
        } else {
            try setStanding(.keyChanged(to: key), of: contact, database)
            try logChange("key-changed", of: contact, database)
        }
        return .keyChanged(contact.name, from: contact.key, to: key)
    }

    /// Gives a contact another key, or confirms the one it has, and lets messages go out again. The outbox stays; the
    /// safety numbers of another key are to be compared anew.
    package func replaceKey(of name: String, by key: PublicKey) throws(PinholeError) -> Contact {
        try write { database in
            let contact = try existing(name, database)
            let id = try contactID(contact.key, database)
            if contact.key != key {
                if let owner = try self.contact(with: key, database) { throw Self.taken(by: owner) }
                try database.execute(
                    sql: """
                        UPDATE contact SET keyTag = ?, key = ?, isVerified = 0, presharedKey = NULL,
                            authenticatedTimestamp = 0, lastSeen = NULL WHERE id = ?
                        """,
                    arguments: [keyTag(key), vault.seal(key.raw, for: .contactKey(id)), id])
            }
            try database.execute(
                sql: "UPDATE contact SET standing = NULL, standingBefore = NULL WHERE id = ?", arguments: [id])
            let replaced = try existing(name, database)
            try logChange("key-replaced", of: replaced, database)
            return replaced
        }
    }

    /// Answers a contact no more, or again: then things are as they were before.
    package func setBlocked(_ isBlocked: Bool, _ name: String) throws(PinholeError) {
        try write { database in
            let contact = try existing(name, database)
            let id = try contactID(contact.key, database)
            switch (contact.standing, isBlocked) {
            case (.blocked, true), (.known, false), (.invited, false), (.keyChanged, false): return
            case (.known, true), (.invited, true), (.keyChanged, true):
                try database.execute(
                    sql: "UPDATE contact SET standingBefore = standing, standing = ? WHERE id = ?",
                    arguments: [sealed(.blocked, id), id])
            case (.blocked, false):
                try database.execute(
                    sql: "UPDATE contact SET standing = standingBefore, standingBefore = NULL WHERE id = ?",
                    arguments: [id])
            }
            try logChange(isBlocked ? "blocked" : "unblocked", of: contact, database)
        }
    }

    /// Calls a contact otherwise.
    package func rename(_ name: String, to other: String) throws(PinholeError) {
        try write { database in
            let contact = try existing(name, database)
            var renamed = contact
            renamed.name = other
            try renamed.validate()
            if let holder = try self.contact(named: other, database), holder.key != contact.key {
                throw PinholeError(.usage, "you have a contact named \(holder.name) already")
            }
            let id = try contactID(contact.key, database)
            try database.execute(
                sql: "UPDATE contact SET nameTag = ?, name = ? WHERE id = ?",
                arguments: [nameTag(other), vault.seal(other, for: .contactName(id)), id])
            try logChange("renamed", of: contact, database)
        }
    }

    /// For those who follow the event log.
    func logChange(_ what: String, of contact: Contact, _ database: Database) throws {
        try log(
            NewEvent(
                kind: .contactChanged, contact: try contactID(contact.key, database), detail: what,
                time: WallClock.unixMilliseconds),
            database)
    }

    private func existing(_ name: String, _ database: Database) throws -> Contact {
        guard let contact = try contact(named: name, database) else {
            throw PinholeError(.usage, "there is no contact named “\(name)”")
        }
        return contact
    }

    func setStanding(_ standing: Standing, of contact: Contact, _ database: Database) throws {
        let id = try contactID(contact.key, database)
        try database.execute(
            sql: "UPDATE contact SET standing = ?, standingBefore = NULL WHERE id = ?",
            arguments: [sealed(standing, id), id])
    }

    private func sealed(_ standing: Standing, _ id: Int64) -> Data? {
        switch standing {
        case .known: nil
        case .invited(let link): vault.seal(link.text, for: .standing(id))
        case .blocked: vault.seal("blocked", for: .standing(id))
        case .keyChanged(let key): vault.seal(key.text, for: .standing(id))
        }
    }
}

extension Standing {
    /// As it is in a contact's row.
    init(_ row: Row, _ id: Int64, _ vault: Vault) throws {
        guard let sealed: Data = try row.decode(forColumn: "standing") else {
            self = .known
            return
        }
        let text = try vault.text(sealed, for: .standing(id))
        if text == "blocked" {
            self = .blocked
        } else if InviteLink.isInvite(text) {
            self = .invited(try InviteLink(text))
        } else {
            self = .keyChanged(to: try PublicKey(text))
        }
    }
}
