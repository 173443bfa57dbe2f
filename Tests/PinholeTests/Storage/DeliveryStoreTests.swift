import Foundation
import GRDB
import PinholeCore
import PinholeWire
import Testing

@testable import Pinhole

@Suite("how far messages have come, on disk")
struct DeliveryStoreTests {
    let folder: TemporaryDirectory
    let profile: Profile
    let bob = Identity.generate().publicKey
    private var store: Store { profile.store }

    init() throws {
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("home"), passphrase: nil)
        try profile.add(Contact(name: "bob", key: bob))
    }

    private func reopened(_ name: String = "home") throws -> Profile { try Profile.open(at: folder.path(name)) { nil } }

    @discardableResult
    private func receive(
        _ counters: ClosedRange<UInt64>, epoch: UInt64 = 7, sentAt: UInt64 = 1, receivedAt: UInt64 = 2
    ) throws -> [Bool] {
        try store.insert(
            counters.map {
                Store.Incoming(
                    contact: bob,
                    message: ChatMessage(
                        id: MessageID(epoch: epoch, counter: $0), time: sentAt, body: Array("\(epoch)-\($0)".utf8)),
                    receivedAt: receivedAt)
            })
    }

    /// What is told of messages, since bob was added.
    private func kinds() throws -> [LoggedEvent.Kind] {
        try store.events(after: 0, limit: 1000).map(\.kind).filter { $0 != .contactChanged }
    }

    @Test("queued becomes sent, delivered and read, never goes back, and each step is an event")
    func states() throws {
        let ids = try store.append(["a", "b", "c"], to: bob, sentAt: 1).map(\.id)
        #expect(try profile.outbox().map(\.state) == [.queued, .queued, .queued])
        #expect(try store.markSent(ids, to: bob) == Set(ids))
        #expect(try store.pendingMessages(to: bob).map(\.isSent) == [true, true, true])
        var receipts = Store.Receipts()
        receipts.delivered = [ids[0], ids[1]]
        var noted = try store.note(receipts, from: bob, at: 9)
        #expect(noted.delivered == [ids[0], ids[1]] && noted.read.isEmpty)
        noted = try store.note(receipts, from: bob, at: 10)
        #expect(noted.delivered.isEmpty, "a receipt that comes again is no news")
        receipts = Store.Receipts()
        receipts.read = [ids[0].epoch: ids[1].counter, 99: .max]
        noted = try store.note(receipts, from: bob, at: 11)
        #expect(noted.read == [ids[0], ids[1]])
        #expect(try store.markSent(ids, to: bob) == [ids[2]])
        #expect(try reopened().messages(with: bob, limit: 9).map(\.state) == [.read, .read, .sent])
        #expect(try reopened().messages(with: bob, limit: 9).map(\.receivedAt) == [9, 9, nil])
        #expect(try kinds() == [.queued, .queued, .queued, .delivered, .delivered, .read, .read])
    }

    @Test("a message that is cancelled says whether it may have been sent; one that arrived all the same says so")
    func cancel() throws {
        let ids = try store.append(["a", "b", "c"], to: bob, sentAt: 1).map(\.id)
        _ = try store.markSent([ids[1]], to: bob)
        #expect(try store.cancel(ids[0], to: bob, at: 5) == .cancelled(.cancelled))
        #expect(try store.cancel(ids[1], to: bob, at: 5) == .cancelled(.cancelledAfterSending))
        #expect(try store.cancel(ids[0], to: bob, at: 5) == .tooLate(.failed))
        #expect(try store.cancel(MessageID(epoch: 1, counter: 1), to: bob, at: 5) == .unknown)
        #expect(try profile.outbox().map(\.text) == ["c"])
        #expect(try profile.outbox(failed: true).map(\.failure) == [.cancelled, .cancelledAfterSending, nil])
        // What was cancelled is not released any more.
        #expect(try store.markSent(ids, to: bob) == [ids[2]])
        #expect(
            try store.events(after: 0, limit: 99).filter { $0.kind == .failed }.map(\.detail) == [
                "cancelled", "cancelled-after-sending",
            ])
        var receipts = Store.Receipts()
        receipts.delivered = [ids[1]]
        _ = try store.note(receipts, from: bob, at: 6)
        let late = try #require(try store.outgoingMessage(ids[1], to: bob))
        #expect(late.state == .delivered && late.failure == nil)
        #expect(try store.cancel(ids[1], to: bob, at: 7) == .tooLate(.delivered))
    }

    @Test("what nobody has seen is given again until it is noted, also after a restart")
    func unread() throws {
        try receive(1...3)
        try receive(1...2, epoch: 8)
        #expect(try profile.unread(from: bob).map(\.text) == ["7-1", "7-2", "7-3", "8-1", "8-2"])
        try profile.markRead(MessageReference(contact: bob, epoch: 7, counter: 2))
        #expect(try reopened().unread().map(\.text) == ["7-3", "8-1", "8-2"])
        #expect(try reopened().unread(limit: 1).map(\.text) == ["7-3"])
        #expect(try reopened().store.state(of: bob).highestRead == [7: 2])
        let again = try store.markRead(MessageID(epoch: 7, counter: 1), from: bob)
        #expect(!again)
        // Of a message that never came nothing is told.
        try store.markRead(MessageID(epoch: 7, counter: 50), from: bob)
        #expect(try reopened().store.state(of: bob).highestRead == [7: 2])
    }

    @Test("after a restart, and from a restored copy, no name is given twice, and what waits keeps its own")
    func restored() throws {
        let first = try store.append(["a", "b"], to: bob, sentAt: 1).map(\.id)
        #expect(first.map(\.counter) == [1, 2] && first[0].epoch == first[1].epoch)
        let more = try store.append(["c"], to: bob, sentAt: 1).map(\.id)
        #expect(more == [MessageID(epoch: first[0].epoch, counter: 3)])
        // The copy of an hour ago.
        try store.withoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try FileManager.default.copyItem(atPath: folder.path("home"), toPath: folder.path("copy"))
        let gone = try store.append(["d", "e"], to: bob, sentAt: 1).map(\.id)
        #expect(gone.map(\.counter) == [4, 5])
        let copy = try reopened("copy")
        let new = try copy.store.append(["new"], to: bob, sentAt: 2).map(\.id)
        #expect(new.map(\.counter) == [1] && new[0].epoch != first[0].epoch)
        #expect(try copy.outbox().map(\.text) == ["a", "b", "c", "new"])
        #expect(try copy.outbox().map(\.messageID) == first + more + new)
        // Bob, who had all that was sent before, takes only what is new.
        let home = try Profile.create(at: folder.path("bob"), passphrase: nil)
        let alice = profile.identity.publicKey
        try home.add(Contact(name: "alice", key: alice))
        func deliver(_ ids: [MessageID]) throws -> [Bool] {
            try home.store.insert(
                ids.map {
                    Store.Incoming(contact: alice, message: ChatMessage(id: $0, time: 0, body: []), receivedAt: 0)
                })
        }
        #expect(try deliver(first + more + gone) == [true, true, true, true, true])
        #expect(try deliver(first + more + new) == [false, false, false, true])
    }

    @Test("an epoch that has long been left is still known, whatever its contact makes of epochs")  // [MSG-7]
    func epochs() throws {
        for epoch in 1...100 as ClosedRange<UInt64> { try receive(1...1, epoch: epoch) }
        // The endpoint is told of the newest, in their order: it forgets the first ones first.
        #expect(try store.state(of: bob).highestStored.all.map(\.epoch) == Array(85...100))
        #expect(try receive(1...1, epoch: 1) == [false])
    }

    @Test("who asks twice with one token has one message")
    func tokens() throws {
        let one = try store.append(["a"], to: bob, sentAt: 1, token: "t")[0].id
        #expect(try reopened().store.message(withToken: "t", to: bob) == one)
        #expect(try store.message(withToken: "u", to: bob) == nil)
        #expect(failure { _ = try store.append(["a"], to: bob, sentAt: 1, token: "t") } != nil)
    }

    @Test("a token is known, and what became of its message, when the message itself is gone")
    func removed() throws {
        let ids = try store.append(["a"], to: bob, sentAt: 1, token: "t").map(\.id)
        let others = try store.append(["b", "c"], to: bob, sentAt: 1).map(\.id)
        var receipts = Store.Receipts()
        receipts.delivered = [ids[0], others[0]]
        _ = try store.note(receipts, from: bob, at: 2)
        _ = try store.cancel(others[1], to: bob, at: 3)
        #expect(try store.outcome(of: ids[0], to: bob) == nil)
        #expect(try store.sweep(.off, at: 1_000_000) == 2)
        #expect(try store.purge(with: nil, before: nil) == 1)
        #expect(try reopened().store.message(withToken: "t", to: bob) == ids[0])
        let outcomes = try (ids + others).map { try reopened().store.outcome(of: $0, to: bob) }
        #expect(outcomes == [.delivered, .delivered, .failed])
        #expect(try store.outcome(of: MessageID(epoch: 1, counter: 1), to: bob) == nil)
        #expect(failure { _ = try store.append(["a"], to: bob, sentAt: 1, token: "t") } != nil)
    }

    @Test("of messages that are gone the newest are remembered, and of those that are here all tokens")
    func bounded() throws {
        let kept = try store.append(["kept"], to: bob, sentAt: 1, token: "kept")[0].id
        let gone = try store.append(["gone"], to: bob, sentAt: 1, token: "gone").map(\.id)
        try store.write { database in
            try database.execute(
                sql: """
                    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
                    INSERT INTO sending (contact, epoch, counter, state) SELECT contact, 1, n, 'read' FROM number, sending
                    WHERE sending.epoch <> 1 GROUP BY n
                    """, arguments: [Store.maxSendings])
        }
        var receipts = Store.Receipts()
        receipts.delivered = gone
        _ = try store.note(receipts, from: bob, at: 2)
        #expect(try store.purge(with: nil, before: nil) == 1)
        let count = try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sending WHERE message IS NULL") }
        #expect(count == Store.maxSendings)
        #expect(try store.message(withToken: "kept", to: bob) == kept)
    }

    @Test("whether a message was delivered is said of those that are known, and of no others")
    func unknown() async throws {
        let node = try Node(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("in"), mapsPorts: false),
            network: MemoryNetwork())
        let message = try await node.send("hello", to: bob)
        var receipts = Store.Receipts()
        receipts.delivered = [message.messageID]
        _ = try store.note(receipts, from: bob, at: 2)
        #expect(try store.purge(with: nil, before: nil) == 1)
        try await node.delivered(message, timeout: .seconds(9))
        let other = MessageReference(contact: bob, epoch: 1, counter: 1)
        let error = await #expect(throws: PinholeError.self) { try await node.delivered(other, timeout: .seconds(9)) }
        #expect(error?.code == .usage)
        await node.stop()
    }

    @Test("lists come in parts, and each part says where it ends")
    func pages() throws {
        try receive(1...5)
        let first = try store.unread(from: bob, limit: 2)
        #expect(first.map(\.message.text) == ["7-1", "7-2"])
        #expect(try store.unread(after: first[1].place, limit: 9).map(\.message.text) == ["7-3", "7-4", "7-5"])
        #expect(try store.unread(limit: -1).isEmpty)
        let ids = try store.append(["a", "b", "c"], to: bob, sentAt: 1).map(\.id)
        _ = try store.cancel(ids[1], to: bob, at: 2)
        let waiting = try store.outbox(to: bob, failed: true, limit: 2)
        #expect(waiting.map(\.message.text) == ["a", "b"])
        #expect(try store.outbox(after: waiting[1].place).map(\.message.text) == ["c"])
        let name = messageName(epoch: ids[1].epoch, counter: 2)
        #expect(try store.outbox(named: name).map(\.messageID) == [ids[1]])
        #expect(try store.outbox(named: String(name.dropLast())).count == 3)
    }

    @Test("a note to oneself is there at once, and read")
    func note() throws {
        let own = profile.identity.publicKey
        try profile.add(Contact(name: "me", key: own))
        _ = try store.append(["remember the milk"], to: own, sentAt: 5, as: .read)
        #expect(try profile.messages(with: own, limit: 9).map(\.state) == [.read])
        #expect(try profile.outbox().isEmpty && profile.unread().isEmpty)
        #expect(try kinds() == [.queued, .delivered, .read])
    }

    @Test("messages keep the order in which they came, whatever the clocks say")
    func clocks() throws {
        let year: UInt64 = 365 * 86_400_000
        let now: UInt64 = 1_790_000_000_000
        // Ahead by a year, right again, behind by a year; the sender's clock does the same the other way round.
        let times: [(own: UInt64, peer: UInt64)] = [
            (now + year, now - year), (now, now), (now - year, now + year), (now, now),
        ]
        for (index, time) in times.enumerated() {
            try receive(UInt64(index + 1)...UInt64(index + 1), sentAt: time.peer, receivedAt: time.own)
            _ = try store.append(["own-\(index)"], to: bob, sentAt: time.own)
        }
        let messages = try reopened().messages(with: bob, limit: 99)
        #expect(messages.map(\.text) == ["7-1", "own-0", "7-2", "own-1", "7-3", "own-2", "7-4", "own-3"])
        #expect(messages.filter { $0.direction == .incoming }.map(\.sentAt) == times.map(\.peer))
        #expect(messages.filter { $0.direction == .incoming }.map(\.receivedAt) == times.map(\.own))
        #expect(try profile.outbox().map(\.text) == ["own-0", "own-1", "own-2", "own-3"])
    }

    @Test("when somebody was last seen is kept")
    func lastSeen() throws {
        #expect(try profile.lastSeen().isEmpty)
        try store.note([bob: Store.SessionTimes(seen: 77)])
        #expect(try reopened().lastSeen() == [bob: 77])
    }
}
