import Foundation
import GRDB

/// A file transfer as the store keeps it.
package struct StoredTransfer: Equatable, Sendable {
    /// How far it has come.
    package enum State: String, Sendable {
        /// The receiver has not answered.
        case offered
        /// The receiver wants it.
        case accepted
        /// It is whole, verified and on the receiver's disk.
        case done
        case refused
        case failed
    }

    package let reference: TransferReference
    /// As its sender named it.
    package let name: String
    package let size: UInt64
    /// BLAKE2b-256 of the content.
    package let hash: [UInt8]
    /// Where the source is; for an incoming file where it was put, once it has its name.
    package var path: String?
    package var state: State
    /// Unix milliseconds.
    package let createdAt: UInt64

    package init(
        _ reference: TransferReference, name: String, size: UInt64, hash: [UInt8], path: String?, state: State,
        createdAt: UInt64
    ) {
        self.reference = reference
        self.name = name
        self.size = size
        self.hash = hash
        self.path = path
        self.state = state
        self.createdAt = createdAt
    }
}

extension Store {
    /// Records a transfer. One that is recorded already stays as it is; returns whether it was new.
    @discardableResult
    package func insert(_ transfer: StoredTransfer) throws(PinholeError) -> Bool {
        try write { database in
            let contact = try contactID(transfer.reference.contact, database)
            func place(_ column: Vault.Column) -> Vault.Place { transfer.reference.place(column, contact) }
            try database.execute(
                sql: """
                    INSERT INTO transfer (contact, direction, number, name, size, hash, path, state, createdAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (contact, direction, number) DO NOTHING
                    """,
                arguments: [
                    contact, transfer.reference.direction.rawValue, Int64(bitPattern: transfer.reference.number),
                    vault.seal(transfer.name, for: place("transfer.name")), Int64(bitPattern: transfer.size),
                    vault.seal(transfer.hash, for: place("transfer.hash")),
                    transfer.path.map { vault.seal($0, for: place("transfer.path")) }, transfer.state.rawValue,
                    Int64(bitPattern: transfer.createdAt),
                ])
            return database.changesCount > 0
        }
    }

    /// Moves a transfer on; `path` replaces the one on record unless it is nil.
    package func setState(
        _ state: StoredTransfer.State, of reference: TransferReference, path: String? = nil
    ) throws(PinholeError) {
        try write { database in
            let contact = try contactID(reference.contact, database)
            try database.execute(
                sql: """
                    UPDATE transfer SET state = ?, path = coalesce(?, path)
                    WHERE contact = ? AND direction = ? AND number = ?
                    """,
                arguments: [
                    state.rawValue, path.map { vault.seal($0, for: reference.place("transfer.path", contact)) },
                    contact,
                    reference.direction.rawValue, Int64(bitPattern: reference.number),
                ])
        }
    }

    /// A transfer; nil when there is none of that name.
    package func transfer(_ reference: TransferReference) throws(PinholeError) -> StoredTransfer? {
        try read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM transfer WHERE contact = ? AND direction = ? AND number = ?",
                arguments: [
                    try contactID(reference.contact, database), reference.direction.rawValue,
                    Int64(bitPattern: reference.number),
                ])
            return try row.map { try StoredTransfer($0, contact: reference.contact, vault) }
        }
    }

    /// The transfers with a contact that are neither done nor given up, in order.
    package func unfinishedTransfers(with key: PublicKey) throws(PinholeError) -> [StoredTransfer] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM transfer WHERE contact = ? AND state IN ('offered', 'accepted') ORDER BY id",
                arguments: [try contactID(key, database)]
            ).map { try StoredTransfer($0, contact: key, vault) }
        }
    }
}

extension StoredTransfer {
    fileprivate init(_ row: Row, contact: PublicKey, _ vault: Vault) throws {
        guard let direction = TransferReference.Direction(rawValue: row["direction"]),
            let state = State(rawValue: row["state"])
        else { throw PinholeError(.badData, "the database holds a transfer of an unknown kind") }
        let reference = TransferReference(contact: contact, direction: direction, number: row.bits("number"))
        func place(_ column: Vault.Column) -> Vault.Place { reference.place(column, row["contact"]) }
        let path: Data? = row["path"]
        self.init(
            reference, name: try vault.text(row["name"], for: place("transfer.name")), size: row.bits("size"),
            hash: try vault.open(row["hash"], for: place("transfer.hash")),
            path: try path.map { try vault.text($0, for: place("transfer.path")) }, state: state,
            createdAt: row.bits("createdAt"))
    }
}

extension TransferReference {
    fileprivate func place(_ column: Vault.Column, _ contactID: Int64) -> Vault.Place {
        .transfer(column, contact: contactID, isOutgoing: direction == .outgoing, number: number)
    }
}
