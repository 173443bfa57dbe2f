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
        try read { try Row.fetchAll($0, sql: "SELECT * FROM network").compactMap(NetworkRecord.init) }
    }

    package func remember(_ network: NetworkRecord) throws(PinholeError) {
        let profile = network.profile
        let allocation = profile.allocation
        try write { database in
            try database.execute(
                sql: """
                    REPLACE INTO network (
                        id, family, behavior, allocation, delta, low, high, last, hairpins, lifetime, lifetimeLimit,
                        time, lifetimeTime)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    Data(network.id.bytes), network.family.rawValue, profile.behavior.byte, allocation.kind.rawValue,
                    allocation.delta, allocation.low, allocation.high, allocation.last, profile.hairpins,
                    profile.lifetime.map(Self.milliseconds), profile.lifetimeLimit.map(Self.milliseconds),
                    Int64(clamping: network.time), Int64(clamping: network.lifetimeTime),
                ])
            try Self.keepNewest(64, of: "network", database)
        }
    }

    /// The ways that worked for contacts.
    package func strategies() throws(PinholeError) -> [RememberedStrategy] {
        try read { database in
            let sql = "SELECT strategy.*, contact.key FROM strategy JOIN contact ON contact.id = strategy.contact"
            return try Row.fetchAll(database, sql: sql).compactMap(RememberedStrategy.init)
        }
    }

    /// Remembers what worked for a contact; of somebody else nothing is kept.
    package func remember(_ strategy: RememberedStrategy) throws(PinholeError) {
        try write { database in
            try database.execute(
                sql: """
                    REPLACE INTO strategy (network, contact, peerNetwork, strategy, time)
                    SELECT ?, id, ?, ?, ? FROM contact WHERE key = ?
                    """,
                arguments: [
                    Data(strategy.key.network.bytes), Data(strategy.key.peerNetwork.bytes), strategy.strategy,
                    Int64(clamping: strategy.time), Data(PublicKey(strategy.key.peer).raw),
                ])
            try Self.keepNewest(1024, of: "strategy", database)
        }
    }

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
    fileprivate init?(_ row: Row) {
        let (id, family): (Data, UInt8) = (row["id"], row["family"])
        let (kind, behavior): (UInt8, UInt8) = (row["allocation"], row["behavior"])
        guard let id = NetworkID(bytes: Array(id)), let family = IPAddress.Family(rawValue: family),
            let kind = PortAllocation.Kind(rawValue: kind)
        else { return nil }
        func duration(_ column: String) -> Duration? {
            let milliseconds: Int64? = row[column]
            return milliseconds.map { .milliseconds($0) }
        }
        self.init(
            id: id, family: family,
            profile: NATProfile(
                behavior: NATBehavior(byte: behavior),
                allocation: PortAllocation(
                    kind: kind, delta: row["delta"], low: row["low"], high: row["high"], last: row["last"]),
                hairpins: row["hairpins"], lifetime: duration("lifetime"), lifetimeLimit: duration("lifetimeLimit")),
            time: row.bits("time"), lifetimeTime: row.bits("lifetimeTime"))
    }
}

extension RememberedStrategy {
    fileprivate init?(_ row: Row) throws {
        let (network, peerNetwork): (Data, Data) = (row["network"], row["peerNetwork"])
        guard let network = NetworkID(bytes: Array(network)), let peerNetwork = NetworkID(bytes: Array(peerNetwork))
        else { return nil }
        let key = Key(network: network, peer: try PublicKey(row).key, peerNetwork: peerNetwork)
        self.init(key: key, strategy: row["strategy"], time: row.bits("time"))
    }
}
