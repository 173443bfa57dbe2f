package import Foundation
package import PinholeCrypto
import PinholeWire

/// Seals what the database holds of people: names, texts, addresses, paths. The file alone tells nothing of them.
///
/// What is sealed opens only with the same identity, and only in the ``Place`` for which it was sealed: a row that is
/// moved, swapped or changed by who can write the file is noticed.
///
/// ```swift
/// let name = vault.seal(contact.name, for: .contactName(id))      // into a BLOB column
/// let nameTag = vault.tag(folded(contact.name), .contactNameTag)  // into a UNIQUE column, to look it up by
/// let text = try vault.text(row.decode(forColumn: "name"), for: .contactName(id))
/// ```
package struct Vault: Sendable {
    private let keys: VaultKeys

    package init(_ identity: IdentitySecret) {
        keys = VaultKeys(identity)
    }

    /// Where something is kept: `table.column` and what tells its row from all others for as long as it exists.
    package struct Place: Hashable, Sendable {
        let column: Column
        let row: [Int64]

        /// Numbers that never change in the row: its id, or its name's parts.
        package init(_ column: Column, _ row: Int64...) {
            self.column = column
            self.row = row
        }

        fileprivate var bytes: [UInt8] {
            var writer = ByteWriter(capacity: 64)
            writer.lengthPrefixed(Array(column.name.utf8))
            for number in row { writer.u64(UInt64(bitPattern: number)) }
            return writer.bytes
        }
    }

    /// `table.column`, part of what is authenticated: it stays as it is when the column is renamed.
    package struct Column: Hashable, Sendable, ExpressibleByStringLiteral {
        let name: String

        package init(stringLiteral name: String) {
            self.name = name
        }
    }
}

extension Vault {
    package func seal(_ bytes: [UInt8], for place: Place) -> Data {
        Data(keys.seal(bytes.span, additionalData: place.bytes.span))
    }

    package func seal(_ text: String, for place: Place) -> Data {
        seal(Array(text.utf8), for: place)
    }

    /// The bytes that were sealed for this place. Throws ``PinholeError/Code/badData`` for anything else.
    package func open(_ sealed: Data, for place: Place) throws(PinholeError) -> [UInt8] {
        guard let bytes = keys.open(Array(sealed).span, additionalData: place.bytes.span) else {
            throw PinholeError(
                .badData, "the database is damaged: its \(place.column.name) of row \(place.row) was changed",
                hint: "restore it from a copy")
        }
        return bytes
    }

    /// The same for text; what is not UTF-8 is repaired.
    package func text(_ sealed: Data, for place: Place) throws(PinholeError) -> String {
        String(decoding: try open(sealed, for: place), as: UTF8.self)
    }

    /// 16 bytes by which a value is found again in a column that must not show it: the same value gives other tags in
    /// other columns.
    package func tag(_ bytes: [UInt8], in column: Column) -> Data {
        var writer = ByteWriter(capacity: 64 + bytes.count)
        writer.lengthPrefixed(Array(column.name.utf8))
        writer.append(bytes)
        return Data(keys.tag(writer.bytes.span))
    }

    package func tag(_ text: String, in column: Column) -> Data {
        tag(Array(text.utf8), in: column)
    }
}
