import Foundation
import GRDB
import PinholeCrypto
import PinholeWire

// Invites, requests, and what a person decided about contacts.

extension Vault.Place {
    static func invite(_ id: Int64) -> Self { Self("invite.details", id) }
    static func standing(_ id: Int64) -> Self { Self("contact.standing", id) }
}

// MARK: Invites of one's own

extension Store {
    /// All invites, the newest first.
    package func invites(at time: UInt64) throws(PinholeError) -> [SentInvite] {
        try read { database in
            try storedInvites(database).reversed().map { try $0.invite.invite(name(database), at: time) }
        }
    }

    /// Those whose holder gets an answer, with it if it is the same for everybody.
    func guests(at time: UInt64) throws(PinholeError) -> [InviteLink] {
        try read { database in
            try storedInvites(database).map { try InviteLink($0.invite.link) }
                .filter { time < $0.expiresAt + InviteLink.grace }
        }
    }

    /// Keeps a new invite. Those that ended long ago are forgotten.
    package func insert(_ invite: StoredInvite, at time: UInt64) throws(PinholeError) {
        try write { database in
            var open = 0
            for (id, stored) in try storedInvites(database) {
                let link = try InviteLink(stored.link)
                if time >= link.expiresAt + InviteLink.grace, !stored.isUndecided {
                    try database.execute(sql: "DELETE FROM invite WHERE id = ?", arguments: [id])
                } else if time < link.expiresAt, case .open = stored.state {
                    open += 1
                }
            }
            guard open < Self.maxOpenInvites else {
                throw PinholeError(
                    .usage, "\(open) invites are open already", hint: "pinhole invite revoke ID, or --all")
            }
            let id = try Int64.fetchOne(database, sql: "SELECT coalesce(max(id), 0) + 1 FROM invite") ?? 1
            try database.execute(
                sql: "INSERT INTO invite (id, details) VALUES (?, ?)", arguments: [id, try sealed(invite, id)])
        }
    }

    /// Each costs what a contact costs.
    private static let maxOpenInvites = 256

    /// Takes an open invite back.
    package func revokeInvite(_ id: String, at time: UInt64) throws(PinholeError) {
        try write { database in
            guard
                let (row, stored) = try storedInvites(database).first(where: { try InviteLink($0.invite.link).id == id }
                )
            else { throw PinholeError(.usage, "there is no invite “\(id)”", hint: "'pinhole invite list' shows them") }
            switch stored.state {
            case .open, .revoked: break
            case .requested(let request):
                throw PinholeError(
                    .usage, "the invite was used already", hint: "pinhole contact decline \(request.key)")
            case .accepted, .declined: throw PinholeError(.usage, "the invite was used already")
            }
            try update(row, to: .revoked, stored, database)
        }
    }

    /// What a guest who introduced himself is told; nil: nothing. Whoever comes first is written down as a request, and
    /// becomes a contact at once if `accepts` is true.
    func introduce(
        _ key: PublicKey, _ words: InviteIntroduction, by guest: IdentityKey, accepts: Bool, at time: UInt64
    ) throws(PinholeError) -> (verdict: InviteRecord.Verdict?, request: ContactRequest?) {
        try write { database in
            let invites = try storedInvites(database)
            guard
                let (row, stored) = try invites.first(where: {
                    try InviteLink($0.invite.link).invite.guest.publicKey == guest
                })
            else { return (nil, nil) }
            let contact = try contact(with: key, database)
            // A contact who is blocked hears nothing, whatever he holds.
            if contact?.standing == .blocked { return (nil, nil) }
            let verdict = try stored.verdict(on: key, isContact: contact != nil, at: time)
            guard case .open = stored.state, verdict == .waiting else { return (verdict, nil) }
            let request = StoredInvite.Request(
                key: key.text, name: words.name, services: words.places.services.map(\.description), receivedAt: time)
            let shown = try request.request(name(database), by: InviteLink(stored.link))
            try log(
                NewEvent(kind: .contactRequest, detail: "\(key) \(words.name)", time: time), database)
            guard accepts || contact != nil else {
                try update(row, to: .requested(request), stored, database)
                return (.waiting, shown)
            }
            try update(row, to: .accepted(key: key.text), stored, database)
            try add(shown, as: nil, database)
            return (.accepted, shown)
        }
    }

    /// Those who wait for an answer, the oldest first.
    package func requests() throws(PinholeError) -> [ContactRequest] {
        try read { database in
            try storedInvites(database).compactMap { _, stored in
                guard case .requested(let request) = stored.state else { return nil }
                return try request.request(name(database), by: InviteLink(stored.link))
            }
        }
    }

    /// Decides on a request. The contact that came of it, if it was accepted.
    package func decide(
        _ key: PublicKey, accepting: Bool, as name: String?
    ) throws(PinholeError) -> Contact? {
        try write { database in
            for (row, stored) in try storedInvites(database) {
                guard case .requested(let request) = stored.state, request.key == key.text else { continue }
                guard accepting else {
                    try update(row, to: .declined(key: request.key), stored, database)
                    continue
                }
                try update(row, to: .accepted(key: request.key), stored, database)
                try add(request.request(self.name(database), by: InviteLink(stored.link)), as: name, database)
            }
            return accepting ? try contact(with: key, database) : nil
        }
    }

    private func add(_ request: ContactRequest, as name: String?, _ database: Database) throws {
        guard try contact(with: request.key, database) == nil else { return }
        if let name, let other = try contact(named: name, database) {
            throw PinholeError(
                .keyChanged, "you have another contact named \(other.name), with the key \(other.key)",
                hint: "give another name with --as, or if it is the same person: "
                    + "pinhole contact replace-key \(other.name) \(request.key)")
        }
        let contact = Contact(name: name ?? request.name, key: request.key, services: request.services)
        try contact.validate()
        try insert(contact, database)
    }

    private func storedInvites(_ database: Database) throws -> [(id: Int64, invite: StoredInvite)] {
        try Row.fetchAll(database, sql: "SELECT id, details FROM invite ORDER BY id").map { row in
            let id: Int64 = row["id"]
            let bytes = try vault.open(row["details"], for: .invite(id))
            return (id, try JSONDecoder().decode(StoredInvite.self, from: Data(bytes)))
        }
    }

    private func update(
        _ id: Int64, to state: StoredInvite.State, _ stored: StoredInvite, _ database: Database
    ) throws {
        var stored = stored
        stored.state = state
        try database.execute(
            sql: "UPDATE invite SET details = ? WHERE id = ?", arguments: [try sealed(stored, id), id])
    }

    private func sealed(_ invite: StoredInvite, _ id: Int64) throws -> Data {
        vault.seal(Array(try JSONEncoder().encode(invite)), for: .invite(id))
    }

    /// Names for those who introduce themselves.
    private func name(_ database: Database) -> (String, PublicKey) throws -> String {
        { claim, key in
            try Contact.name(for: claim, key) { try self.contact(named: $0, database) != nil }
        }
    }
}

extension StoredInvite {
    fileprivate var isUndecided: Bool {
        switch state {
        case .requested: true
        case .open, .accepted, .declined, .revoked: false
        }
    }
}

// MARK: Invites of others

extension Store {
    /// Uses an invite: its maker becomes a contact that has not accepted yet. Returns it.
    package func use(_ link: InviteLink, as name: String?, at time: UInt64) throws(PinholeError) -> Contact {
        let outcome = try write { database -> Result<Contact, PinholeError> in
            if let known = try contact(with: link.inviter, database) {
                switch known.standing {
                case .invited:
                    // The same one again, or a newer one: the newer counts.
                    try setStanding(.invited(link), of: known, database)
                    return .success(try contact(with: link.inviter, database) ?? known)
                case .blocked: return .failure(known.obstacle ?? PinholeError(.usage, "\(known.name) is blocked"))
                case .known, .keyChanged:
                    return .failure(
                        PinholeError(
                            .badData, "the invite was used already: \(known.name) is your contact",
                            hint: "pinhole chat \(known.name)"))
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

    /// What an inviter answered. The contact it is about; nil if nothing is waiting for that any more.
    func settle(_ verdict: InviteRecord.Verdict, of inviter: PublicKey) throws(PinholeError) -> Contact? {
        try write { database in
            guard let contact = try contact(with: inviter, database), case .invited = contact.standing else {
                return nil
            }
            switch verdict {
            case .waiting: break
            case .accepted:
                try setStanding(.known, of: contact, database)
                try logChange("accepted", of: contact, database)
            case .declined, .used, .expired, .revoked, .otherKey:
                let id = try contactID(inviter, database)
                let isUsed = try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM message WHERE contact = ?)", arguments: [id])
                // What was written to him is not lost with him.
                if isUsed ?? false {
                    try setStanding(.known, of: contact, database)
                } else {
                    try database.execute(sql: "DELETE FROM contact WHERE id = ?", arguments: [id])
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
        if contact.standing != .blocked {
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
                if let owner = try self.contact(with: key, database) {
                    throw PinholeError(.usage, "the key is \(owner.name)'s already")
                }
                try database.execute(
                    sql: """
                        UPDATE contact SET keyTag = ?, key = ?, isVerified = 0, presharedKey = NULL,
                            authenticatedTimestamp = 0 WHERE id = ?
                        """,
                    arguments: [keyTag(key), vault.seal(key.raw, for: .contactKey(id)), id])
            }
            try database.execute(sql: "UPDATE contact SET standing = NULL WHERE id = ?", arguments: [id])
            let replaced = try existing(name, database)
            try logChange("key-replaced", of: replaced, database)
            return replaced
        }
    }

    /// Answers a contact no more, or again.
    package func setBlocked(_ isBlocked: Bool, _ name: String) throws(PinholeError) {
        try write { database in
            let contact = try existing(name, database)
            switch (contact.standing, isBlocked) {
            case (.blocked, true), (.known, false), (.invited, false), (.keyChanged, false): return
            case (.known, true), (.invited, true), (.keyChanged, true):
                try setStanding(.blocked, of: contact, database)
            case (.blocked, false): try setStanding(.known, of: contact, database)
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
        let text: String? =
            switch standing {
            case .known: nil
            case .invited(let link): link.text
            case .blocked: "blocked"
            case .keyChanged(let key): key.text
            }
        try database.execute(
            sql: "UPDATE contact SET standing = ? WHERE id = ?",
            arguments: [text.map { vault.seal($0, for: .standing(id)) }, id])
    }
}

extension Standing {
    /// As it is in a contact's row.
    init(_ row: Row, _ id: Int64, _ vault: Vault) throws {
        guard let sealed: Data = row["standing"] else {
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
