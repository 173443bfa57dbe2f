import Foundation
import GRDB
import PinholeCrypto
import PinholeWire

// Invites of one's own, and the requests that come by them.

extension Vault.Place {
    static func invite(_ id: Int64) -> Self { Self("invite.details", id) }
}

extension Store {
    /// All invites, the newest first.
    package func invites(at time: UInt64) throws(PinholeError) -> [SentInvite] {
        try read { database in
            try storedInvites(database).reversed().map { try $0.invite.invite(name(database), at: time) }
        }
    }

    /// Those whose holder gets an answer.
    func guests(at time: UInt64) throws(PinholeError) -> [InviteLink] {
        try read { database in
            try storedInvites(database).filter { try isAnswered($0.invite, at: time, database) }
                .map { try InviteLink($0.invite.link) }
        }
    }

    /// Until a day after its end; whoever used it in time until he has heard the answer, which may take long.
    private func isAnswered(_ invite: StoredInvite, at time: UInt64, _ database: Database) throws -> Bool {
        if try time < InviteLink(invite.link).expiresAt + InviteLink.grace { return true }
        switch invite.state {
        case .requested: return true
        case .accepted(let key): return try isUnmet(PublicKey(key), database)
        case .open, .declined, .revoked: return false
        }
    }

    /// Keeps a new invite, or returns the one that was made with its token before.
    package func insert(_ invite: StoredInvite, at time: UInt64) throws(PinholeError) -> SentInvite {
        try write { database in
            var open = 0
            for (_, stored) in try storedInvites(database) {
                if let token = invite.token, stored.token == token {
                    return try stored.invite(name(database), at: time)
                }
                if case .open = stored.state, try time < InviteLink(stored.link).expiresAt { open += 1 }
            }
            guard open < Self.maxOpenInvites else {
                throw PinholeError(
                    .usage, "\(open) invites are open already", hint: "pinhole invite revoke ID, or --all")
            }
            let id = try Int64.fetchOne(database, sql: "SELECT coalesce(max(id), 0) + 1 FROM invite") ?? 1
            try database.execute(
                sql: "INSERT INTO invite (id, details) VALUES (?, ?)", arguments: [id, try sealed(invite, id)])
            return try invite.invite(name(database), at: time)
        }
    }

    /// Forgets invites that nobody is answered any more; `time` is ``trustedTime(_:)``.
    func forgetInvites(at time: UInt64) throws(PinholeError) {
        try write { database in
            for (id, stored) in try storedInvites(database) where try !isAnswered(stored, at: time, database) {
                try database.execute(sql: "DELETE FROM invite WHERE id = ?", arguments: [id])
            }
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
            let id: Int64 = try row.decode(forColumn: "id")
            let bytes = try vault.open(row.decode(forColumn: "details"), for: .invite(id))
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
