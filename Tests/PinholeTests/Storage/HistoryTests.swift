import Foundation
import GRDB
import PinholeCore
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("the history", .ownThreads)
struct HistoryTests {
    let folder: TemporaryDirectory
    let identity = Identity.generate()
    let store: Store
    let bob = Identity.generate().publicKey
    let carol = Identity.generate().publicKey

    init() throws {
        folder = try TemporaryDirectory()
        store = try Store(path: folder.path("db"), identity: identity)
        try store.add(Contact(name: "bob", key: bob))
        try store.add(Contact(name: "carol", key: carol))
    }

    private func reopened() throws -> Store { try Store(path: folder.path("db"), identity: identity) }

    /// Messages from both in turns, `text` of its number each, received at ten times its number.
    private func receive(_ numbers: ClosedRange<Int>, _ text: (Int) -> String = { "message \($0)" }) throws {
        _ = try store.insert(
            numbers.map { number in
                Store.Incoming(
                    contact: number % 2 == 0 ? bob : carol,
                    message: ChatMessage(
                        id: MessageID(epoch: 7, counter: UInt64(number)), time: 5, body: Array(text(number).utf8)),
                    receivedAt: UInt64(number) * 10)
            })
    }

    private func deliver(_ id: MessageID, at time: UInt64) throws {
        var receipts = Store.Receipts()
        receipts.delivered = [id]
        _ = try store.note(receipts, from: bob, at: time)
    }

    /// Both contacts' messages up to this number are seen.
    private func see(_ number: UInt64) throws {
        for key in [bob, carol] {
            for counter in 1...number { try store.markRead(MessageID(epoch: 7, counter: counter), from: key) }
        }
    }

    private func texts(_ query: HistoryQuery) throws -> [String] {
        try store.history(query).entries.map(\.message.text)
    }

    private func everything() throws -> String {
        try folder.entries.map { String(decoding: try folder.read($0), as: Unicode.ASCII.self) }.joined()
    }

    // MARK: Pages

    @Test("pages lead from the newest message to the oldest, of one contact and of all, each once and in order")
    func pages() throws {
        try receive(1...25)
        for contact in [bob, carol, nil] {
            var query = HistoryQuery(contact: contact, limit: 4)
            var all: [HistoryEntry] = []
            while true {
                let page = try store.history(query)
                #expect(page.entries.count == 4 || page.before == nil)
                all = page.entries + all
                guard let before = page.before else { break }
                query.before = before
            }
            let expected = (1...25).filter { contact == nil || ($0 % 2 == 0) == (contact == bob) }
            #expect(all.map(\.message.text) == expected.map { "message \($0)" })
            #expect(try store.history(after: 0, with: contact, limit: 99) == all)
            #expect(try store.history(after: all[2].place, with: contact, limit: 2) == Array(all[3...4]))
        }
        let entry = try #require(try store.history(HistoryQuery(limit: 1)).entries.first)
        #expect(entry.message.contact == carol && entry.message.receivedAt == 250)
    }

    @Test("a time ends a page, by this machine's clock")
    func until() throws {
        try receive(1...9)
        _ = try store.append(["mine"], to: bob, sentAt: 100)
        #expect(try texts(HistoryQuery(until: 40, limit: 2)) == ["message 2", "message 3"])
        #expect(try texts(HistoryQuery(contact: bob, until: 41, limit: 9)) == ["message 2", "message 4"])
        #expect(try texts(HistoryQuery(contact: bob, until: .max, limit: 1)) == ["mine"])
        #expect(try texts(HistoryQuery(until: 10)) == [])
    }

    @Test("odd questions have an answer")
    func odd() throws {
        #expect(try store.history(HistoryQuery()) == HistoryPage(entries: [], before: nil))
        #expect(try texts(HistoryQuery(text: "x")) == [])
        try receive(1...3)
        #expect(try texts(HistoryQuery(limit: 0)) == [])
        #expect(try texts(HistoryQuery(limit: -1)) == [])
        #expect(try texts(HistoryQuery(before: .min)) == [])
        #expect(failure { _ = try store.history(HistoryQuery(text: " ")) }?.code == .usage)
        #expect(
            failure { _ = try store.history(HistoryQuery(contact: Identity.generate().publicKey)) }?.code == .usage)
    }

    // MARK: Search

    @Test("a search finds messages in blocks and behind them, page by page, in every order of coming")
    func search() throws {
        // Three blocks and some more; every hundredth message holds the word.
        for first in stride(from: 1, through: 3401, by: 200) {
            try receive(first...first + 199) { $0 % 100 == 0 ? "A Needle, \($0)" : "hay \($0)" }
        }
        #expect(try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM searchBlock") } == 3)
        let expected = stride(from: 100, through: 3600, by: 100).map { "A Needle, \($0)" }
        for store in [store, try reopened()] {
            var query = HistoryQuery(text: "needle", limit: 5)
            var found: [String] = []
            while true {
                let page = try store.history(query)
                found = page.entries.map(\.message.text) + found
                guard let before = page.before else { break }
                query.before = before
            }
            #expect(found == expected)
        }
        #expect(try texts(HistoryQuery(text: "\"NEEDLE, 700\"", limit: 9)) == ["A Needle, 700"])
        #expect(try texts(HistoryQuery(contact: carol, text: "needle")) == [])
        #expect(try texts(HistoryQuery(contact: bob, text: "needle", limit: 99)) == expected)
        #expect(
            try texts(HistoryQuery(text: "needle", until: 10_001, limit: 2)) == ["A Needle, 900", "A Needle, 1000"])
        #expect(try texts(HistoryQuery(text: "hay", limit: 3600)).count == 3564)
    }

    @Test("a database from before search is searched whole")
    func indexedByMigration() throws {
        for first in stride(from: 1, through: 1801, by: 200) { try receive(first...first + 199) }
        try store.write { database in
            try database.execute(
                sql: """
                    DROP TABLE searchBlock; DROP TABLE history; ALTER TABLE consumer DROP COLUMN since;
                    DELETE FROM grdb_migrations WHERE identifier = 'history'
                    """)
        }
        let page = try reopened().history(HistoryQuery(text: "message 17", limit: 9999))
        #expect(page.entries.first?.message.text == "message 17")
        #expect(try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM searchBlock") } == 1)
    }

    @Test("what is searched cannot be read in the file, and what was changed in it is noticed")
    func sealedBlocks() throws {
        for first in stride(from: 1, through: 1001, by: 200) { try receive(first...first + 199) { "findable \($0)" } }
        #expect(try !everything().contains("findable"))
        try store.write { database in
            try database.execute(sql: "UPDATE searchBlock SET content = zeroblob(length(content))")
        }
        #expect(failure { _ = try texts(HistoryQuery(text: "findable 5", limit: 2000)) }?.code == .badData)
    }

    // MARK: Purge

    @Test("a purge removes all of a contact, or what is old enough; what is not delivered stays; the search forgets it")
    func purge() throws {
        for first in stride(from: 1, through: 1401, by: 200) { try receive(first...first + 199) }
        let mine = try store.append(["delivered", "pending"], to: bob, sentAt: 20_000)
        try deliver(mine[0].id, at: 20_001)
        #expect(try store.purge(with: nil, before: 1001) == 100)
        #expect(try texts(HistoryQuery(limit: 9999)).count == 1502)
        #expect(try texts(HistoryQuery(text: "message 100")).contains("message 100") == false)
        #expect(try texts(HistoryQuery(text: "message 101")).contains("message 101"))
        #expect(try store.purge(with: bob, before: nil) == 751)
        #expect(try texts(HistoryQuery(contact: bob)) == ["pending"])
        #expect(try texts(HistoryQuery(text: "message", limit: 9999)).count == 750)
        #expect(try store.purge(with: nil, before: nil) == 750)
        #expect(try texts(HistoryQuery()) == ["pending"])
        #expect(try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM searchBlock") } == 0)
        #expect(try store.events(after: 0, limit: .max).compactMap(\.message?.text) == ["pending"])
        // What was received once is not new again, and places are not given twice.
        #expect(try store.state(of: bob).highestStored == [7: 1600])
        try receive(1599...1601)
        #expect(try texts(HistoryQuery()) == ["pending", "message 1601"])
        #expect(try store.history(HistoryQuery(limit: 1)).entries[0].place == 1603)
        #expect(try store.pendingMessages(to: bob).map(\.message.id) == [mine[1].id])
    }

    @Test("after a purge not a byte of what was sealed is left in any file, and the files are small again")
    func purgeRemoves() throws {
        for first in stride(from: 1, through: 2801, by: 200) {
            try receive(first...first + 199) { "\($0) " + String(repeating: "x", count: 300) }
        }
        let sealed = try store.read { database in
            try Data.fetchAll(database, sql: "SELECT body FROM message UNION ALL SELECT content FROM searchBlock")
        }
        #expect(sealed.count == 3002)
        func size() throws -> Int { try folder.entries.reduce(0) { try $0 + folder.read($1).count } }
        let before = try size()
        _ = try store.purge(with: nil, before: nil)
        let files = try folder.entries.map { Data(try folder.read($0)) }
        // The nonce of each is random, so it is nowhere else.
        for body in sealed { #expect(files.allSatisfy { $0.range(of: body.prefix(24)) == nil }) }
        #expect(try size() < before / 10)
    }

    @Test("with a contact its messages leave the search too")
    func removedContact() throws {
        for first in stride(from: 1, through: 1201, by: 200) { try receive(first...first + 199) }
        try store.removeContact(named: "bob")
        // Nor is it left in the log.
        #expect(try folder.read("db-wal").isEmpty)
        #expect(try texts(HistoryQuery(text: "message", limit: 9999)).count == 700)
        let block = try #require(
            try store.read { try Data.fetchOne($0, sql: "SELECT content FROM searchBlock WHERE bucket = 0") })
        let entries = try #require(
            SearchBlock(bucket: 0, bytes: try store.vault.open(block, for: .searchBlock(0)))?.entries { _ in true })
        #expect(entries.count == 512)
    }

    // MARK: By itself

    private static let hour: UInt64 = 3_600_000

    /// What a retention removes at a moment, by both clocks in hours.
    private func sweep(_ policy: HistoryPolicy, _ hours: UInt64, up uptime: UInt64, boot: Int64 = 1) throws -> Int {
        let sighting = Store.Sighting(time: hours * Self.hour, uptime: Int64(uptime * Self.hour), boot: boot)
        return try store.sweep(policy, at: store.trustedTime(sighting))
    }

    @Test("a retention removes what is older, once the clock was watched for an hour")
    func retention() throws {
        try receive(1...10)
        try see(10)
        let day = HistoryPolicy.keepFor(.seconds(86_400))
        #expect(try sweep(day, 23, up: 0) == 0)
        var sighting = Store.Sighting(time: 24 * Self.hour + 50, uptime: Int64(Self.hour - 1), boot: 1)
        #expect(try store.sweep(day, at: store.trustedTime(sighting)) == 0)
        sighting = Store.Sighting(time: 24 * Self.hour + 55, uptime: Int64(Self.hour), boot: 1)
        #expect(try store.sweep(day, at: store.trustedTime(sighting)) == 5)
        #expect(try texts(HistoryQuery()).first == "message 6")
        #expect(try store.sweep(.keep, at: .max) == 0)
        #expect(try store.sweep(day, at: nil) == 0)
    }

    @Test("a retention leaves what nobody has seen, and what a program that follows the events has not dealt with")
    func unseen() throws {
        let day = HistoryPolicy.keepFor(.seconds(86_400))
        try store.follow(as: "bot", at: 1)
        try receive(1...4)
        let mine = try store.append(["mine"], to: bob, sentAt: 50)
        try deliver(mine[0].id, at: 60)
        #expect(try store.sweep(day, at: 30 * 24 * Self.hour) == 0)
        let newest = try store.newestEvent()
        try store.acknowledge(newest, by: "bot", at: 2)
        #expect(try store.sweep(day, at: 30 * 24 * Self.hour) == 1)
        try see(2)
        #expect(try store.sweep(day, at: 30 * 24 * Self.hour) == 2)
        #expect(try store.unread().map(\.message.text) == ["message 3", "message 4"])
    }

    private static let year: UInt64 = 8760

    @Test("a clock that is a year ahead for a while removes nothing")
    func clockJump() throws {
        try receive(1...10)
        try see(10)
        let policy = HistoryPolicy.keepFor(.seconds(86_400))
        #expect(try sweep(policy, 2, up: 0) == 0)
        // The clock jumps, within one run, and in one after a restart.
        #expect(try sweep(policy, 2 + Self.year, up: 2) == 0)
        #expect(try sweep(policy, 2 + Self.year, up: 0, boot: 2) == 0)
        // It is set right.
        #expect(try sweep(policy, 3, up: 1, boot: 2) == 0)
        #expect(try sweep(policy, 5, up: 3, boot: 2) == 0)
        #expect(try texts(HistoryQuery()).count == 10)
    }

    @Test("after a restart a clock that is a year ahead is not believed for hours, nor because of another restart")
    func clockLeap() throws {
        try receive(1...10)
        try see(10)
        let policy = HistoryPolicy.keepFor(.seconds(86_400))
        #expect(try sweep(policy, 2, up: 0) == 0)
        #expect(try sweep(policy, 4, up: 2) == 0)
        for boot in 2...4 as ClosedRange<Int64> {
            #expect(try sweep(policy, 4 + Self.year, up: 0, boot: boot) == 0)
            #expect(try sweep(policy, 9 + Self.year, up: 5, boot: boot) == 0)
            #expect(try sweep(policy, 24 + Self.year, up: 20, boot: boot) == 0)
        }
        #expect(try texts(HistoryQuery()).count == 10)
        // A machine that was off for a year has a clock that stays there.
        #expect(try sweep(policy, 29 + Self.year, up: 25, boot: 4) == 10)
    }

    @Test("a clock that was wrong from the start of the machine is believed a day after it was set right")
    func clockSetRight() throws {
        try receive(1...10)
        try see(10)
        let policy = HistoryPolicy.keepFor(.seconds(86_400))
        #expect(try sweep(policy, 2, up: 0) == 0)
        #expect(try sweep(policy, 4, up: 2) == 0)
        #expect(try sweep(policy, 5 + Self.year, up: 3) == 0)
        #expect(try sweep(policy, 8 + Self.year, up: 6) == 0)
        #expect(try sweep(policy, 28 + Self.year, up: 26) == 0)
        #expect(try sweep(policy, 29 + Self.year, up: 27) == 10)
    }

    @Test("without a history messages stay until they are seen, or delivered, and until all who follow know of them")
    func off() throws {
        try receive(1...4)
        let mine = try store.append(["delivered", "pending"], to: bob, sentAt: 50)
        func sweep(_ time: UInt64) throws -> Int { try store.sweep(.off, at: time) }
        #expect(try sweep(60_000) == 0)
        try deliver(mine[0].id, at: 55_000)
        #expect(try sweep(60_000) == 0)
        #expect(try sweep(66_000) == 1)
        try store.change("UPDATE inbox SET read = 3", [])
        #expect(try sweep(66_000) == 3)
        #expect(try texts(HistoryQuery()) == ["message 4", "pending"])
        // A program that has dealt with it is no person that has seen it.
        try store.follow(as: "bot", at: 1)
        try receive(5...6)
        try see(5)
        #expect(try sweep(66_000) == 1)
        #expect(try texts(HistoryQuery()) == ["pending", "message 5", "message 6"])
        try store.acknowledge(.max, by: "bot", at: 2)
        #expect(try sweep(66_000) == 1)
        #expect(try texts(HistoryQuery()) == ["pending", "message 6"])
        // What was given up is remembered longer, for who asks what became of it.
        _ = try store.cancel(mine[1].id, to: bob, at: 60_000)
        try store.acknowledge(.max, by: "bot", at: 3)
        #expect(try sweep(600_000) == 0)
        #expect(try sweep(600_000 + Self.hour) == 1)
    }

    @Test(
        "without a history, or after its time, nothing is told of files either; who has not heard of one hears it first"
    )
    func files() throws {
        let now = WallClock.unixMilliseconds
        func end(_ number: UInt64, at time: UInt64) throws {
            let offer = try Sending([1]).source.offer(number, salt: [UInt8](repeating: 7, count: 32))
            let reference = TransferReference(contact: bob, direction: .incoming, number: number)
            try store.insert(StoredTransfer(reference, offer, createdAt: time))
            try store.setState(.done, of: reference, path: "/home/alice/a.bin", at: time)
        }
        func left() throws -> [UInt64] { try store.transfers(with: bob, unfinished: false).map(\.reference.number) }
        func events() throws -> Int { try store.events(after: 0, limit: 99).filter { $0.transfer != nil }.count }
        try end(1, at: now - 3 * Self.hour)
        try end(2, at: now)
        _ = try store.sweep(.keep, at: now)
        #expect(try left() == [1, 2])
        _ = try store.sweep(.off, at: now)
        #expect(try left() == [2] && events() == 2)
        try store.follow(as: "bot", at: 1)
        try end(3, at: now - 3 * Self.hour)
        _ = try store.sweep(.off, at: now)
        #expect(try left() == [2, 3] && events() == 4)
        try store.acknowledge(.max, by: "bot", at: 2)
        _ = try store.sweep(.off, at: now)
        #expect(try left() == [2])
        try end(4, at: now - 30 * Self.hour)
        try store.acknowledge(.max, by: "bot", at: 3)
        let day = HistoryPolicy.keepFor(.seconds(86_400))
        _ = try store.sweep(day, at: now - 8 * Self.hour)
        #expect(try left() == [2, 4])
        _ = try store.sweep(day, at: now)
        #expect(try left() == [2])
    }

    @Test("a file that took long is remembered for an hour after its end, whatever is removed")
    func longTransfer() throws {
        let now = WallClock.unixMilliseconds
        let offer = try Sending([1]).source.offer(1, salt: [UInt8](repeating: 7, count: 32))
        let reference = TransferReference(contact: bob, direction: .incoming, number: 1)
        try store.insert(StoredTransfer(reference, offer, createdAt: now - 3 * Self.hour))
        try store.setState(.done, of: reference, path: "/home/alice/a.bin", at: now - 60_000)
        _ = try store.sweep(.off, at: now)
        _ = try store.purge(with: nil, before: nil)
        #expect(try store.transfer(reference)?.state == .done)
    }
}
