import Foundation
import GRDB
package import PinholeWire

/// A transfer as the store keeps it.
package struct StoredTransfer: Equatable, Sendable {
    package let reference: TransferReference
    /// What is, or was, offered: the same whenever the two meet again.
    package let offer: FileOffer
    /// Where the source is; of an incoming transfer where it was put, once it has its name.
    package var path: String?
    /// What the source was when it was first offered, ``FileSource/fingerprint``; nothing of an incoming transfer.
    package let fingerprint: [UInt8]
    /// The file system that it was on, ``FileSource/device``; nil for an incoming transfer.
    package let device: UInt64?
    package var state: Transfer.State
    /// Unix milliseconds.
    package let createdAt: UInt64
    /// The sizes of all its files together, in bytes.
    package var totalSize: UInt64 { offer.totalSize }

    package init(
        _ reference: TransferReference, _ offer: FileOffer, path: String? = nil, fingerprint: [UInt8] = [],
        device: UInt64? = nil, state: Transfer.State = .offered, createdAt: UInt64
    ) {
        self.reference = reference
        self.offer = offer
        self.path = path
        self.fingerprint = fingerprint
        self.device = device
        self.state = state
        self.createdAt = createdAt
    }
}

extension Store {
    /// Records a transfer. One that is recorded already stays as it is; returns whether it was new. Of a contact's that came
    /// to nothing the newest ``Limits/maxOffers`` stay: one who offers and takes back for ever fills no disk.
    @discardableResult
    package func insert(_ transfer: StoredTransfer) throws(PinholeError) -> Bool {
        try write { try insert(transfer, $0) }
    }

    /// Records an offer, unless ``Limits/maxOffers`` of the contact's wait already, for an answer or for the rest of their
    /// content. Returns whether it is recorded.
    package func insertOffer(_ transfer: StoredTransfer) throws(PinholeError) -> Bool {
        try write { database in
            let contact = try contactID(transfer.reference.contact, database)
            let waiting = try Int.fetchOne(
                database,
                sql: """
                    SELECT count(*) FROM transfer
                    WHERE contact = ? AND state IN ('offered', 'accepted') AND NOT isOutgoing
                    """,
                arguments: [contact])
            guard waiting ?? 0 < Limits.maxOffers else { return false }
            try insert(transfer, database)
            return true
        }
    }

    private func trimTransfers(_ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM transfer WHERE id IN (
                    SELECT id FROM (
                        SELECT id, row_number() OVER (PARTITION BY contact ORDER BY id DESC) AS place FROM transfer
                        WHERE NOT isOutgoing AND state IN ('refused', 'failed'))
                    WHERE place > ?)
                """, arguments: [Limits.maxOffers])
    }

    @discardableResult
    func insert(_ transfer: StoredTransfer, _ database: Database) throws -> Bool {
        let contact = try contactID(transfer.reference.contact, database)
        try database.execute(
            sql: """
                INSERT INTO transfer (contact, isOutgoing, number, details, state, createdAt, endedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (contact, isOutgoing, number) DO NOTHING
                """,
            arguments: [
                contact, transfer.reference.direction == .outgoing,
                Int64(bitPattern: transfer.reference.number),
                vault.seal(transfer.details, for: transfer.reference.place(contact)), transfer.state.rawValue,
                Int64(bitPattern: transfer.createdAt),
                transfer.state.isOver ? Int64(bitPattern: transfer.createdAt) : nil,
            ])
        guard database.changesCount > 0 else { return false }
        if transfer.reference.direction == .incoming {
            if database.lastInsertedRowID % Self.trimmingInterval == 0 { try trimTransfers(database) }
            try log(
                NewEvent(
                    kind: .fileOffered, contact: contact, transfer: transfer.reference,
                    detail: FileName.sanitized(transfer.offer.name), time: transfer.createdAt), database)
        }
        return true
    }

    /// Moves a transfer on, and returns whether it is there and is not over: what has ended stays as it ended. `path`
    /// replaces the one on record unless it is nil. `reason` says why it failed.
    @discardableResult
    package func setState(
        _ state: Transfer.State, of reference: TransferReference, path: String? = nil, reason: Phrase? = nil,
        at time: UInt64 = WallClock.unixMilliseconds
    ) throws(PinholeError) -> Bool {
        try write { database in
            let contact = try contactID(reference.contact, database)
            guard var transfer = try transfer(reference, contact, database), !transfer.state.isOver else {
                return false
            }
            let isNews = transfer.state != state
            transfer.path = path ?? transfer.path
            try database.execute(
                sql: """
                    UPDATE transfer SET state = ?, endedAt = ?, details = ?
                    WHERE contact = ? AND isOutgoing = ? AND number = ?
                    """,
                arguments: [
                    state.rawValue, state.isOver ? Int64(clamping: time) : nil,
                    vault.seal(transfer.details, for: reference.place(contact)), contact,
                    reference.direction == .outgoing, Int64(bitPattern: reference.number),
                ])
            guard isNews else { return true }
            func tell(_ kind: LoggedEvent.Kind, _ detail: String?) throws {
                try log(
                    NewEvent(kind: kind, contact: contact, transfer: reference, detail: detail, time: time), database)
            }
            switch state {
            case .offered, .accepted: break
            case .done where reference.direction == .incoming: try tell(.fileReceived, transfer.path)
            case .done: try tell(.fileSent, nil)
            case .refused, .failed: try tell(.fileFailed, reason?.english)
            }
            return true
        }
    }

    /// A transfer; nil when there is none of that name.
    package func transfer(_ reference: TransferReference) throws(PinholeError) -> StoredTransfer? {
        try read { database in
            try transfer(reference, try contactID(reference.contact, database), database)
        }
    }

    /// Why a transfer ended without its file, as the event log has it; nil where that is forgotten.
    func failure(of reference: TransferReference) throws(PinholeError) -> Phrase? {
        try read { try failure(of: reference, $0) }
    }

    private func failure(of reference: TransferReference, _ database: Database) throws -> Phrase? {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT cursor, detail FROM event WHERE kind = ? AND contact = ? AND direction = ? AND number = ?
                ORDER BY cursor DESC LIMIT 1
                """,
            arguments: [
                LoggedEvent.Kind.fileFailed.rawValue, try contactID(reference.contact, database),
                reference.direction.rawValue, Int64(bitPattern: reference.number),
            ])
        guard let row, let detail: Data = try row.decode(forColumn: "detail") else { return nil }
        // A sentence without arguments is one of the catalogue again.
        return Phrase(stringLiteral: try vault.text(detail, for: .eventDetail(row.decode(forColumn: "cursor"))))
    }

    /// The transfers with a contact, in order: all of them, or those that are neither done nor given up.
    package func transfers(with key: PublicKey, unfinished: Bool) throws(PinholeError) -> [StoredTransfer] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM transfer WHERE contact = ? AND (state IN ('offered', 'accepted') OR NOT ?) ORDER BY id
                    """,
                arguments: [try contactID(key, database), unfinished]
            ).map { try StoredTransfer($0, contact: key, vault) }
        }
    }

    /// The first transfers after a place, of one contact or of all, each with its place and why it ended without its file.
    func transfers(
        with key: PublicKey?, unfinished: Bool, after place: Int64, limit: Int
    ) throws(PinholeError) -> [(place: Int64, transfer: StoredTransfer, failure: Phrase?)] {
        try read { database in
            let contact = try key.map { try contactID($0, database) }
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT contact.key, transfer.* FROM transfer JOIN contact ON contact.id = transfer.contact
                    WHERE transfer.id > ? AND (? IS NULL OR transfer.contact = ?)
                        AND (state IN ('offered', 'accepted') OR NOT ?)
                    ORDER BY transfer.id LIMIT ?
                    """, arguments: [place, contact, contact, unfinished, max(0, limit)]
            ).map { row in
                let key = try PublicKey(sealed: row, row.decode(forColumn: "contact"), vault)
                let transfer = try StoredTransfer(row, contact: key, vault)
                let isLost = transfer.state == .failed || transfer.state == .refused
                // What became of it is known without the reason, which may be damaged or gone.
                let failure = isLost ? (try? failure(of: transfer.reference, database)) ?? nil : nil
                return (try row.decode(forColumn: "id"), transfer, failure)
            }
        }
    }

    /// What happens to a file that the contact offers; nil for what is configured.
    package func setFilePolicy(
        _ policy: NodeConfiguration.FilePolicy?, for key: PublicKey
    ) throws(PinholeError) {
        try write { database in
            try database.execute(
                sql: "UPDATE contact SET filePolicy = ? WHERE id = ?",
                arguments: [policy?.rawValue, try contactID(key, database)])
        }
    }

    private func transfer(
        _ reference: TransferReference, _ contact: Int64, _ database: Database
    ) throws -> StoredTransfer? {
        let row = try Row.fetchOne(
            database, sql: "SELECT * FROM transfer WHERE contact = ? AND isOutgoing = ? AND number = ?",
            arguments: [contact, reference.direction == .outgoing, Int64(bitPattern: reference.number)])
        return try row.map { try StoredTransfer($0, contact: reference.contact, vault) }
    }
}

extension Transfer.State {
    /// Nothing follows.
    fileprivate var isOver: Bool {
        switch self {
        case .offered, .accepted: false
        case .done, .refused, .failed: true
        }
    }
}

extension StoredTransfer {
    fileprivate var details: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.lengthPrefixed(offer.encoded)
        var source = ByteWriter(capacity: 40)
        source.append(fingerprint)
        if let device { source.u64(device) }
        writer.lengthPrefixed(source.bytes)
        writer.append(Array((path ?? "").utf8))
        return writer.bytes
    }

    init(_ row: Row, contact: PublicKey, _ vault: Vault) throws {
        let reference = TransferReference(
            contact: contact, direction: try row.decode(forColumn: "isOutgoing") ? .outgoing : .incoming,
            number: try row.bits("number"))
        let details = try vault.open(
            row.decode(forColumn: "details"), for: reference.place(row.decode(forColumn: "contact")))
        var reader = ByteReader(details.span)
        guard let state = Transfer.State(rawValue: try row.decode(forColumn: "state")),
            let bytes = try? reader.array(try reader.length()), let record = try? FileRecord(bytes.span),
            case .offer(let offer) = record, let source = try? reader.array(try reader.length())
        else { throw PinholeError(.badData, "the database holds a transfer of an unknown kind") }
        let path = String(decoding: reader.rest(), as: UTF8.self)
        self.init(
            reference, offer, path: path.isEmpty ? nil : path, fingerprint: Array(source.prefix(32)),
            device: source.count == 40 ? source.dropFirst(32).reduce(0) { $0 << 8 | UInt64($1) } : nil, state: state,
            createdAt: try row.bits("createdAt"))
    }
}

extension TransferReference {
    fileprivate func place(_ contact: Int64) -> Vault.Place {
        Vault.Place("transfer.details", contact, direction == .outgoing ? 1 : 0, Int64(bitPattern: number))
    }
}
