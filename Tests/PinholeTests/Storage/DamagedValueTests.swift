import Foundation
import GRDB
import Glibc
import PinholeCore
import PinholeCrypto
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

/// What no statement of ours writes, and a page that a disk gave back otherwise than it was written can hold.
@Suite("a database with values that cannot be", .ownThreads)
struct DamagedValueTests {
    let folder: TemporaryDirectory
    let profile: Profile
    let identity = Identity.generate()
    let bob = Identity.generate().publicKey
    private let link: InviteLink

    init() throws {
        // In memory where that can be: it is not the disk that is tried.
        folder = try TemporaryDirectory(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil)
        profile = try Profile.create(at: folder.path("home"), with: identity, passphrase: nil)
        let other = try Profile.create(at: folder.path("other"), passphrase: nil)
        link = try other.invite(as: "dora", services: [], expiresAt: WallClock.unixMilliseconds + 86_400_000).link
        try fill(profile.store)
        try profile.store.close()
    }

    private static let transfer: UInt64 = 9
    private static let path = "/there"

    private func reference(_ direction: TransferReference.Direction, _ number: UInt64) -> TransferReference {
        TransferReference(contact: bob, direction: direction, number: number)
    }

    private func network(_ number: UInt8) -> NetworkID {
        NetworkID(of: IPAddress(bytes: [198, 51, 100, number])!)
    }

    /// At least one row in each table, and something in each column.
    private func fill(_ store: Store) throws {
        let service = "pinhole-signal://\(ServiceSecret.generate().publicKey.text)@signal.example.org:41414"
        try store.add(
            Contact(
                name: "bob", key: bob, addresses: ["192.0.2.1:7"], services: [try ServiceAddress(service)],
                presharedKey: [UInt8](repeating: 7, count: 32)))
        _ = try store.use(link, as: nil, at: WallClock.unixMilliseconds)
        try store.setFilePolicy(.ask, for: bob)
        try store.note([bob: Store.SessionTimes(seen: 5)])
        try store.setBlocked(true, "dora")
        try store.follow(as: "bot", at: 1)
        let incoming = (1...12 as ClosedRange<UInt64>).map { counter in
            Store.Incoming(
                contact: bob, message: ChatMessage(id: MessageID(epoch: 7, counter: counter), time: 1, body: [0x61]),
                receivedAt: 2)
        }
        _ = try store.insert(incoming)
        // As if a thousand had come.
        let block = SearchBlock(bucket: 0, [SearchBlock.Entry(row: 1, contact: 1, text: [0x61])])
        try store.change(
            "INSERT INTO searchBlock VALUES (0, ?)", [store.vault.seal(block.encoded, for: .searchBlock(0))])
        try store.change("UPDATE history SET indexed = 1", [])
        let sent = try store.append(["a", "b"], to: bob, sentAt: 1, token: nil)
        _ = try store.append(["c"], to: bob, sentAt: 1, token: "word")
        _ = try store.cancel(sent[0].id, to: bob, at: 3)
        _ = try store.purge(with: bob, before: 2)
        for direction in [TransferReference.Direction.incoming, .outgoing] {
            for number in [Self.transfer, 10] {
                let offer = FileOffer(
                    transfer: number, salt: [UInt8](repeating: 1, count: 32), shape: .file, entries: 1,
                    manifestSize: 40, contentSize: 90, totalSize: 50, name: "there")
                _ = try store.begin(
                    StoredTransfer(
                        reference(direction, number), offer, path: Self.path,
                        fingerprint: [UInt8](repeating: 2, count: 32), device: 3, createdAt: 1),
                    token: "\(direction) \(number)")
            }
            try store.setState(.failed, of: reference(direction, 10), reason: "because")
        }
        let profile = NATProfile(hairpins: true, lifetime: .seconds(9), lifetimeLimit: .seconds(10))
        try store.remember(NetworkRecord(id: network(1), family: .v4, profile: profile, time: 1, lifetimeTime: 2))
        let key = RememberedStrategy.Key(network: network(1), peer: bob.key, peerNetwork: network(2))
        try store.remember(RememberedStrategy(key: key, strategy: 1, time: 1))
        for day in UInt64(1)...2 { _ = try store.trustedTime(sighting(day)) }
        _ = try self.profile.invite(as: "alice", services: [], expiresAt: WallClock.unixMilliseconds + 86_400_000)
    }

    private func sighting(_ day: UInt64) -> Store.Sighting {
        Store.Sighting(time: day * 86_400_000, uptime: Int64(day) * 86_400_000, boot: 1)
    }

    /// All that reads the database, and much of what writes it.
    private func deeds(_ store: Store) -> [(name: String, () throws -> Void)] {
        let id = MessageID(epoch: 7, counter: 1)
        return [
            ("contacts", { _ = try store.contacts() }),
            ("contact by name", { _ = try store.contact(named: "bob") }),
            ("contact by key", { _ = try store.contact(with: bob) }),
            ("state", { _ = try store.state(of: bob) }),
            ("last seen", { _ = try store.lastSeen() }),
            ("guests", { _ = try store.guests(at: 1) }),
            ("invites", { _ = try store.invites(at: 1) }),
            ("requests", { _ = try store.requests() }),
            ("use", { _ = try store.use(link, as: nil, at: 1) }),
            ("block", { try store.setBlocked(false, "dora") }),
            ("messages", { _ = try store.messages(with: bob, limit: 9) }),
            ("unread", { _ = try store.unread(limit: 9) }),
            ("outbox", { _ = try store.outbox(failed: true) }),
            ("outbox by name", { _ = try store.outbox(named: "") }),
            ("pending", { _ = try store.pendingMessages(to: bob) }),
            ("token", { _ = try store.message(withToken: "word", to: bob) }),
            ("outcome", { _ = try store.outcome(of: id, to: bob) }),
            ("oldest", { _ = try store.history(after: 0, with: bob, limit: 9) }),
            ("page", { _ = try store.history(HistoryQuery(contact: bob, limit: 9)) }),
            ("page until", { _ = try store.history(HistoryQuery(until: 9, limit: 9)) }),
            ("search", { _ = try store.history(HistoryQuery(text: "a", limit: 99)) }),
            ("newest event", { _ = try store.newestEvent() }),
            ("first events", { _ = try store.events(after: 0, limit: 9) }),
            ("last events", { _ = try store.events(after: 12, limit: 99) }),
            ("consumers", { _ = try store.consumers() }),
            ("follow", { try store.follow(as: "bot", at: 2) }),
            ("transfers", { _ = try store.transfers(with: bob, unfinished: false) }),
            ("all transfers", { _ = try store.transfers(with: nil, unfinished: false, after: 0, limit: 9) }),
            ("transfer", { _ = try store.transfer(reference(.incoming, Self.transfer)) }),
            ("transfer by token", { _ = try store.transfer(withToken: "outgoing 9", to: bob) }),
            ("failure", { _ = try store.failure(of: reference(.outgoing, 10)) }),
            ("networks", { _ = try store.networks() }),
            ("strategies", { _ = try store.strategies() }),
            ("append", { _ = try store.append(["d"], to: bob, sentAt: 4) }),
            ("mark read", { try store.markRead(id, from: bob) }),
            (
                "receipts",
                {
                    var receipts = Store.Receipts()
                    for message in try store.outbox() {
                        receipts.delivered.append(message.message.messageID)
                        receipts.read[message.message.epoch] = message.message.counter
                    }
                    _ = try store.note(receipts, from: bob, at: 5)
                }
            ),
            (
                "cancel",
                { for one in try store.outbox(named: "") { _ = try store.cancel(one.messageID, to: bob, at: 6) } }
            ),
            ("end a transfer", { try store.setState(.failed, of: reference(.incoming, Self.transfer), reason: "so") }),
            ("trusted time", { _ = try store.trustedTime(sighting(3)) }),
            ("sweep", { _ = try store.sweep(.keepFor(.seconds(1)), at: 1_000_000) }),
        ]
    }

    private static let values = ["NULL", "x'ff'", "'x'", "\(Int64.max)", "\(Int64.min)"]

    @Test(
        "whatever stands in a column, it is an error or goes unnoticed, and never ends the process", arguments: values)
    func anyValue(value: String) throws {
        let path = folder.path("home/pinhole.sqlite")
        let columns = try loosen(path)
        #expect(columns.count > 80)
        let whole = try folder.read("home/pinhole.sqlite")
        var failures = 0
        for (table, column) in columns {
            try folder.write(whole, to: "home/pinhole.sqlite")
            for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
            guard try put(value, in: table, column, path) else { continue }
            guard let store = open(path, "\(table).\(column)") else { continue }
            for (name, deed) in deeds(store) {
                guard let error = failure(deed) else { continue }
                failures += 1
                // Behind the highest number there is no room for another row.
                let isFull = value == "\(Int64.max)" && error.code == .cannotWrite
                #expect(
                    isFull || [.badData, .configuration, .keyChanged, .usage, .badKey].contains(error.code),
                    "\(table).\(column) = \(value), \(name): \(error)")
            }
            try store.close()
        }
        #expect(failures > 0)
    }

    private func open(_ path: String, _ place: String) -> Store? {
        do {
            return try Store(path: path, identity: identity)
        } catch {
            #expect([.badData, .configuration, .keyChanged].contains(error.code), "\(place): \(error)")
            return nil
        }
    }

    /// Takes from the tables what keeps such values out. Returns all columns.
    private func loosen(_ path: String) throws -> [(table: String, column: String)] {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_master SET sql = replace(replace(sql, ' STRICT', ''), ' NOT NULL', '')
                        WHERE type = 'table' AND name NOT LIKE 'sqlite%';
                    PRAGMA wal_checkpoint(TRUNCATE);
                    """)
        }
        try queue.close()
        let again = try DatabaseQueue(path: path)
        let columns = try again.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT t.name AS tableName, c.name AS columnName FROM sqlite_master t, pragma_table_info(t.name) c
                    WHERE t.type = 'table' AND t.name NOT LIKE 'grdb%'
                    """
            ).map { row in (row["tableName"] as String, row["columnName"] as String) }
        }
        try again.close()
        return columns
    }

    /// Writes a value into the first row and the last. Returns whether the database took it.
    private func put(_ value: String, in table: String, _ column: String, _ path: String) throws -> Bool {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
            guard try Bool.fetchOne(database, sql: "SELECT count(*) > 0 FROM \(table)") ?? false else {
                Issue.record("nothing is in \(table)")
                return false
            }
            var isChanged = false
            for end in ["min", "max"] {
                let sql = "UPDATE \(table) SET \(column) = \(value) WHERE rowid = (SELECT \(end)(rowid) FROM \(table))"
                // Row ids are numbers whatever stands in the schema, and two rows cannot be the same one.
                if (try? database.execute(sql: sql)) != nil { isChanged = true }
            }
            return isChanged
        }
    }

    @Test("a contact whose messages do not open keeps the node from nobody, and is told of", .timeLimit(.minutes(10)))
    func unservedContact() async throws {
        #expect(try put("x'ff'", in: "message", "body", folder.path("home/pinhole.sqlite")))
        let node = try Node(
            profile: try Profile.open(at: folder.path("home")) { nil },
            configuration: NodeConfiguration(downloadDirectory: folder.path("downloads"), mapsPorts: false),
            network: MemoryNetwork())
        let events = node.events()
        node.start()
        var told: String?
        for await case .notice(let words) in events where words.english.hasPrefix("bob ") {
            told = words.english
            break
        }
        #expect(told?.hasPrefix("bob cannot be served: ") ?? false)
        await node.stop()
    }

    @Test("no value of a row is read in the way that ends the process where it is of another type")
    func sources() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/Pinhole")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            guard text.contains("import GRDB") else { continue }
            count += 1
            for match in text.matches(of: #/(row\??|\$[0-9])\[("\w+"|column)\]/#) {
                Issue.record("\(file.lastPathComponent): \(match.0)")
            }
        }
        #expect(count > 10)
    }
}
