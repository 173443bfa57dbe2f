import Foundation
import GRDB
package import PinholeCore
import PinholeCrypto
import PinholeWire

// What was learned of networks: of those that this machine was on, and of the ways through them that worked. All of it
// can be learned again, so only the newest is kept.

extension Store {
    /// The networks that this machine was on.
    package func networks() throws(PinholeError) -> [NetworkRecord] {
        try read { try Row.fetchAll($0, sql: "SELECT * FROM network").compactMap { try NetworkRecord($0, vault) } }
    }

    package func remember(_ network: NetworkRecord) throws(PinholeError) {
        let profile = network.profile
        let allocation = profile.allocation
        let tag = networkTag(network.id)
        try write { database in
            try database.execute(
                sql: """
                    REPLACE INTO network (
                        id, family, behavior, allocation, delta, low, high, last, hairpins, lifetime, lifetimeLimit,
                        time, lifetimeTime, name)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    tag, network.family.rawValue, profile.behavior.byte, allocation.kind.rawValue,
                    allocation.delta, allocation.low, allocation.high, allocation.last, profile.hairpins,
                    profile.lifetime.map(Self.milliseconds), profile.lifetimeLimit.map(Self.milliseconds),
                    Int64(clamping: network.time), Int64(clamping: network.lifetimeTime),
                    vault.seal(network.id.bytes, for: .networkName(tag)),
                ])
            try Self.keepNewest(64, of: "network", database)
        }
    }

    /// The ways that worked for contacts.
    package func strategies() throws(PinholeError) -> [RememberedStrategy] {
        try read { database in
            let sql = "SELECT strategy.*, contact.key FROM strategy JOIN contact ON contact.id = strategy.contact"
            return try Row.fetchAll(database, sql: sql).compactMap { try RememberedStrategy($0, vault) }
        }
    }

    /// Remembers what worked for a contact; of somebody else nothing is kept.
    package func remember(_ strategy: RememberedStrategy) throws(PinholeError) {
        let tags = (networkTag(strategy.key.network), networkTag(strategy.key.peerNetwork))
        let names = strategy.key.network.bytes + strategy.key.peerNetwork.bytes
        try write { database in
            try database.execute(
                sql: """
                    REPLACE INTO strategy (network, contact, peerNetwork, strategy, time, names)
                    SELECT ?, id, ?, ?, ?, ? FROM contact WHERE keyTag = ?
                    """,
                arguments: [
                    tags.0, tags.1, strategy.strategy, Int64(clamping: strategy.time),
                    vault.seal(names, for: .strategyNames(tags.0, tags.1)), keyTag(PublicKey(strategy.key.peer)),
                ])
            try Self.keepNewest(1024, of: "strategy", database)
        }
    }

    private func networkTag(_ network: NetworkID) -> Data { vault.tag(network.bytes, in: "network.name") }

    private static func keepNewest(_ count: Int, of table: String, _ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM \(table) WHERE rowid IN (
                    SELECT rowid FROM \(table) ORDER BY time DESC LIMIT -1 OFFSET \(count))
                """)
    }

    private static func milliseconds(_ duration: Duration) -> Int64 { duration.nanoseconds / 1_000_000 }
}

extension NetworkRecord {
    /// `nil` for what only a newer version can have written.
    fileprivate init?(_ row: Row, _ vault: Vault) throws {
        guard let tag = row.data("id"), let name = row.data("name"),
            let id = NetworkID(bytes: try vault.open(name, for: .networkName(tag))),
            let family = row.number("family", as: UInt8.self).flatMap(IPAddress.Family.init(rawValue:)),
            let behavior = row.number("behavior", as: UInt8.self),
            let kind = row.number("allocation", as: UInt8.self).flatMap(PortAllocation.Kind.init(rawValue:)),
            let delta = row.number("delta", as: Int16.self), let low = row.number("low", as: UInt16.self),
            let high = row.number("high", as: UInt16.self), let last = row.number("last", as: UInt16.self),
            let time = row.number("time", as: UInt64.self),
            let lifetimeTime = row.number("lifetimeTime", as: UInt64.self)
        else { return nil }
        func duration(_ column: String) -> Duration? {
            row.number(column, as: UInt32.self).map { .milliseconds(Int64($0)) }
        }
        self.init(
            id: id, family: family,
            profile: NATProfile(
                behavior: NATBehavior(byte: behavior),
                allocation: PortAllocation(kind: kind, delta: delta, low: low, high: high, last: last),
                hairpins: row.number("hairpins", as: UInt8.self).map { $0 != 0 }, lifetime: duration("lifetime"),
                lifetimeLimit: duration("lifetimeLimit")),
            time: time, lifetimeTime: lifetimeTime)
    }
}

extension RememberedStrategy {
    fileprivate init?(_ row: Row, _ vault: Vault) throws {
        guard let tag = row.data("network"), let peerTag = row.data("peerNetwork"), let names = row.data("names"),
            let strategy = row.number("strategy", as: UInt8.self), let time = row.number("time", as: UInt64.self)
        else { return nil }
        let bytes = try vault.open(names, for: .strategyNames(tag, peerTag))
        guard let network = NetworkID(bytes: Array(bytes.prefix(NetworkID.size))),
            let peerNetwork = NetworkID(bytes: Array(bytes.dropFirst(NetworkID.size)))
        else { return nil }
        let key = Key(
            network: network, peer: try PublicKey(sealed: row, row.decode(forColumn: "contact"), vault).key,
            peerNetwork: peerNetwork)
        self.init(key: key, strategy: strategy, time: time)
    }
}

extension Row {
    /// A number, if that is what the column holds and the type has room for it; the subscript would end the process.
    fileprivate func number<Number: FixedWidthInteger>(_ column: String, as type: Number.Type) -> Number? {
        let value: DatabaseValue = self[column]
        return Int64.fromDatabaseValue(value).flatMap { Number(exactly: $0) }
    }

    fileprivate func data(_ column: String) -> Data? {
        let value: DatabaseValue = self[column]
        return Data.fromDatabaseValue(value)
    }
}

extension Vault.Place {
    static func networkName(_ tag: Data) -> Self { Self("network.name", number(tag)) }

    static func strategyNames(_ tag: Data, _ peerTag: Data) -> Self {
        Self("strategy.names", number(tag), number(peerTag))
    }

    private static func number(_ tag: Data) -> Int64 { tag.prefix(8).reduce(0) { $0 << 8 | Int64($1) } }
}
