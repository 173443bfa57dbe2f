import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("the event log", .ownThreads)
struct EventLogTests {
    let folder: TemporaryDirectory
    let identity = Identity.generate()
    let store: Store
    let bob = Identity.generate().publicKey
    /// The newest event before each test.
    let start: Int64

    init() throws {
        folder = try TemporaryDirectory()
        store = try Store(path: folder.path("db"), identity: identity)
        try store.add(Contact(name: "bob", key: bob))
        start = try store.newestEvent()
    }

    private func reopened() throws -> Store { try Store(path: folder.path("db"), identity: identity) }

    private func receive(_ counters: ClosedRange<UInt64>) throws {
        _ = try store.insert(
            counters.map { counter in
                Store.Incoming(
                    contact: bob,
                    message: ChatMessage(
                        id: MessageID(epoch: 7, counter: counter), time: 1000, body: Array("text \(counter)".utf8)),
                    receivedAt: 2000)
            })
    }

    private func texts(_ events: [LoggedEvent]) -> [String?] { events.map(\.message?.text) }

    @Test("a message is told once, with all that is known of it, and a double is not told")
    func message() throws {
        try receive(1...2)
        try receive(2...2)
        let events = try reopened().events(after: start, limit: 9)
        #expect(events.map(\.kind) == [.message, .message] && texts(events) == ["text 1", "text 2"])
        #expect(events[0].contact == bob && events[0].time == 2000 && events[0].transfer == nil)
        #expect(try store.events(after: events[0].cursor, limit: 9) == [events[1]])
        #expect(try store.events(after: start, limit: 1) == [events[0]])
        #expect(try store.newestEvent() == events[1].cursor)
    }

    @Test(
        "a consumer gets what came since it began, again and again until it has acknowledged it, also after a restart")
    func consumer() throws {
        try receive(1...1)
        #expect(try store.events(for: "bot", limit: 9, at: 1).isEmpty)
        try receive(2...4)
        let events = try store.events(for: "bot", limit: 9, at: 2)
        #expect(texts(events) == ["text 2", "text 3", "text 4"])
        try store.acknowledge(events[1].cursor, by: "bot", at: 3)
        try store.acknowledge(events[0].cursor, by: "bot", at: 4)
        #expect(texts(try reopened().events(for: "bot", limit: 9, at: 5)) == ["text 4"])
        #expect(try store.consumers() == [EventConsumer(name: "bot", cursor: events[1].cursor, seenAt: 5)])
        // Nobody can acknowledge what has not happened.
        try store.acknowledge(.max, by: "bot", at: 6)
        try receive(5...5)
        #expect(texts(try store.events(for: "bot", limit: 9, at: 7)) == ["text 5"])
    }

    @Test("a consumer may begin at a cursor; who does not follow cannot acknowledge; a forgotten one begins anew")
    func names() throws {
        try receive(1...2)
        #expect(try store.follow(as: "all", after: start, at: 1).cursor == start)
        #expect(texts(try store.events(for: "all", limit: 9, at: 1)) == ["text 1", "text 2"])
        #expect(failure { try store.acknowledge(1, by: "other", at: 1) }?.code == .usage)
        #expect(try store.unfollow(as: "all"))
        #expect(try !store.unfollow(as: "all"))
        #expect(try store.events(for: "all", limit: 9, at: 1).isEmpty)
        #expect(failure { try store.follow(as: "", at: 1) }?.code == .usage)
    }

    @Test("what was not stored is not told")
    func rollback() throws {
        try receive(1...1)
        #expect(failure { try receive(.max ... .max) }?.code == .badData)
        let double = failure {
            try store.write { database in
                try store.log(NewEvent(kind: .failed, time: 1), database)
                throw PinholeError(.other, "no")
            }
        }
        #expect(double != nil)
        #expect(try store.events(after: start, limit: 9).count == 1)
    }

    @Test("details and references come back; with the contact all of it goes")
    func details() throws {
        let transfer = TransferReference(contact: bob, direction: .incoming, number: .max)
        try store.write { database in
            try store.log(
                NewEvent(
                    kind: .fileReceived, contact: try store.contactID(bob, database), transfer: transfer,
                    detail: "/home/alice/secret.pdf", time: 5), database)
        }
        let event = try #require(try store.events(after: start, limit: 9).first)
        #expect(event.transfer == transfer && event.detail == "/home/alice/secret.pdf" && event.message == nil)
        let files = try folder.entries.map { String(decoding: try folder.read($0), as: Unicode.ASCII.self) }
        #expect(!files.joined().contains("secret.pdf"))
        try store.removeContact(named: "bob")
        #expect(try store.events(after: start, limit: 9).map(\.kind) == [.contactChanged])
        #expect(try store.newestEvent() > event.cursor)
    }

    @Test("that a contact was added or removed is told, and who it was")
    func contacts() throws {
        let carol = Identity.generate().publicKey
        try store.add(Contact(name: "Carol", key: carol))
        try receive(1...1)
        try store.removeContact(named: "carol")
        let events = try store.events(after: start, limit: 9).filter { $0.kind == .contactChanged }
        // What tells of somebody who is no contact any more cannot point to one.
        #expect(events.map(\.contact) == [nil])
        #expect(events.map(\.detail) == ["removed \(carol) Carol"])
        #expect(try store.events(after: start - 1, limit: 9).first?.detail == "added")
    }

    @Test("a name that was removed is not kept for longer than somebody waits to hear of it")
    func removedName() throws {
        let carol = Identity.generate().publicKey
        func names() throws -> [String?] {
            try store.events(after: start, limit: 99).filter { $0.contact == nil }.map(\.detail)
        }
        let told = "removed \(carol) Carol"
        try store.follow(as: "slow", at: 1)
        try store.add(Contact(name: "Carol", key: carol))
        try store.removeContact(named: "carol")
        let now = WallClock.unixMilliseconds
        try store.forgetRemoved(before: now + 1000)
        #expect(try names() == [told], "one who follows has not heard of it")
        try store.acknowledge(.max, by: "slow", at: 2)
        try store.forgetRemoved(before: now - Store.removedTime)
        #expect(try names() == [told], "who looks without following has an hour")
        _ = try store.purge(with: nil, before: nil)
        #expect(try names().isEmpty)
        // What tells of those who are contacts stays.
        try receive(1...1)
        try store.forgetRemoved(before: now + 1000)
        #expect(try store.events(after: start, limit: 99).map(\.kind) == [.message])
    }

    @Test("events wait for all consumers, but not without end; without consumers the newest stay")
    func bounds() throws {
        func fill(_ count: Int64) throws {
            try store.write { database in
                for _ in 0..<count { try store.log(NewEvent(kind: .contactRequest, time: 1), database) }
            }
        }
        func kept() throws -> Int { try store.events(after: start, limit: .max).count }
        try fill(5 * Store.unfollowedEvents)
        #expect((Store.unfollowedEvents...Store.unfollowedEvents + 64).contains(Int64(try kept())))
        try store.follow(as: "slow", at: 1)
        try store.follow(as: "quick", at: 1)
        try fill(5 * Store.unfollowedEvents)
        try store.acknowledge(.max, by: "quick", at: 2)
        try fill(64)
        #expect(try store.events(for: "slow", limit: .max, at: 3).count == Int(5 * Store.unfollowedEvents + 64))
        try fill(Store.maxEvents)
        #expect((Store.maxEvents...Store.maxEvents + 64).contains(Int64(try kept())))
    }

    @Test("who waits is told of each transaction once, when it is on the disk", .timeLimit(.minutes(10)))
    func bell() async throws {
        var cursors = store.newEvents().makeAsyncIterator()
        try receive(1...3)
        #expect(await cursors.next() == start + 3)
        try receive(4...4)
        #expect(await cursors.next() == start + 4)
    }
}
