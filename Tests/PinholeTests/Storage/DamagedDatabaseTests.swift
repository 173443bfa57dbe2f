import Foundation
import GRDB
import Glibc
import PinholeCore
import PinholeWire
import TestSupport
import TestThreads
import Testing

@testable import Pinhole

@Suite("a database that is full, locked, cut off or damaged", .ownThreads)
struct DamagedDatabaseTests {
    let folder: TemporaryDirectory
    let identity = Identity.generate()
    let bob = Identity.generate().publicKey
    var path: String { folder.path("db") }

    init() throws {
        folder = try TemporaryDirectory()
    }

    private func incoming(_ counters: ClosedRange<UInt64>) -> [Store.Incoming] {
        counters.map { counter in
            let body = "message \(counter) " + String(repeating: "x", count: 100)
            return Store.Incoming(
                contact: bob,
                message: ChatMessage(id: MessageID(epoch: 7, counter: counter), time: 1, body: Array(body.utf8)),
                receivedAt: counter)
        }
    }

    /// 1,000 messages, closed.
    private func prepare() throws {
        let store = try Store(path: path, identity: identity)
        try store.add(Contact(name: "bob", key: bob))
        _ = try store.insert(incoming(1...1000))
        try store.withoutTransaction { try $0.execute(sql: "VACUUM") }
        try store.close()
    }

    @Test("wherever the database gets full, a step is done or not done, and what was there stays whole")
    func full() throws {
        try prepare()
        let template = try folder.read("db")
        var failures: Set<Int> = []
        var room = 0
        while true {
            try folder.write(template, to: "db")
            let store = try Store(path: path, identity: identity)
            try store.withoutTransaction {
                let pages = try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0
                try $0.execute(sql: "PRAGMA max_page_count = \(pages + room)")
            }
            var done: Set<Int> = []
            let steps: [() throws -> Void] = [
                { _ = try store.append(["one", String(repeating: "y", count: 9000)], to: bob, sentAt: 1) },
                { _ = try store.insert(incoming(1001...1040)) },
                { try store.follow(as: "bot", at: 1) },
                { try store.add(Contact(name: "carol", key: identity.publicKey)) },
                { _ = try store.purge(with: bob, before: 501) },
            ]
            for (index, step) in steps.enumerated() {
                switch failure(step) {
                case nil: done.insert(index)
                case let error?:
                    failures.insert(index)
                    #expect(error.code == .cannotWrite && error.message.english.hasPrefix("the disk is full"))
                }
            }
            try store.close()
            // With room again it is the same as if the steps that failed had not been tried, and they can be repeated.
            let again = try Store(path: path, identity: identity)
            #expect(try again.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
            #expect(try again.pendingMessages(to: bob).count == (done.contains(0) ? 2 : 0))
            #expect(try again.state(of: bob).highestStored == [7: done.contains(1) ? 1040 : 1000])
            #expect(try again.consumers().count == (done.contains(2) ? 1 : 0))
            #expect(try again.contacts().count == (done.contains(3) ? 2 : 1))
            let kept = try again.history(HistoryQuery(limit: 9999)).entries.filter { $0.message.direction == .incoming }
            let first = kept.first?.message.counter ?? 0
            #expect(kept.map(\.message.counter) == Array(first...(done.contains(1) ? 1040 : 1000)))
            #expect(done.contains(4) ? first == 501 : first == 1 || first == 501)
            #expect(
                try again.history(HistoryQuery(text: "message", limit: 9999)).entries.count == kept.count)
            #expect(try again.insert(incoming(1001...1040)).allSatisfy { $0 != done.contains(1) })
            try again.close()
            if done.count == steps.count { break }
            room += 1
        }
        // The limits were such that each of the steps that need room failed at some of them.
        #expect(failures.isSuperset(of: [0, 1]))
    }

    @Test("wherever it was cut off, it is refused with a way out, and stays as it is")
    func truncated() throws {
        try prepare()
        let whole = try folder.read("db")
        for length in [0, 1, 99, 100, 512, 4095, 4096, 4097, whole.count / 2, whole.count - 4096, whole.count - 1] {
            let cut = Array(whole.prefix(length))
            try folder.write(cut, to: "db")
            let error = failure { _ = try Store(path: path, identity: identity).messages(with: bob, limit: 1) }
            #expect(error?.code == .badData, "\(length): \(String(describing: error))")
            #expect(error?.hint?.english.contains("mv ") == true)
            let isSame = try folder.read("db") == cut
            #expect(isSame, "\(length)")
        }
        try folder.write(whole, to: "db")
        #expect(try Store(path: path, identity: identity).messages(with: bob, limit: 9999).count == 1000)
    }

    @Test("the log that a database left which was moved away is no part of the next one, and is kept")
    func leftLog() throws {
        try prepare()
        let store = try Store(path: path, identity: identity)
        _ = try store.insert(incoming(1001...1001))
        let log = try folder.read("db-wal")
        #expect(!log.isEmpty)
        try store.close()
        try folder.write(log, to: "db-wal")
        unlink(path)
        let new = try Store(path: path, identity: identity)
        #expect(try new.contacts().isEmpty)
        let isKept = try folder.read("db.damaged-wal") == log
        #expect(isKept)
    }

    @Test("random damage anywhere is an error or goes unnoticed, and never ends the process or invents a message")
    func noise() throws {
        try prepare()
        let whole = try folder.read("db")
        let known = Set(incoming(1...1000).map { String(decoding: $0.message.body, as: UTF8.self) })
        var random = SeededRandom(seed: 1)
        for _ in 0..<40 {
            var damaged = whole
            for _ in 0..<8 {
                damaged[Int.random(in: 0..<whole.count, using: &random)] ^= .random(in: 1...255, using: &random)
            }
            try folder.write(damaged, to: "db")
            for leftover in ["db-wal", "db-shm"] { unlink(folder.path(leftover)) }
            do throws(PinholeError) {
                let store = try Store(path: path, identity: identity)
                for entry in try store.history(HistoryQuery(limit: 9999)).entries {
                    #expect(known.contains(entry.message.text))
                }
                _ = try store.history(HistoryQuery(text: "message 7"))
                _ = try store.append(["x"], to: bob, sentAt: 1)
                _ = try store.events(after: 0, limit: 9999)
            } catch {
                #expect([.badData, .configuration, .keyChanged, .usage, .other].contains(error.code), "\(error)")
            }
        }
    }

    @Test("while another process writes it is waited for; then it is in use, with nothing lost")
    func locked() throws {
        try prepare()
        let store = try Store(path: path, identity: identity, patience: .milliseconds(50))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let error = failure { _ = try store.append(["x"], to: bob, sentAt: 1) }
        #expect(error?.code == .other)
        #expect(error?.message.english.hasSuffix("is in use by another process") == true)
        // Reading goes on.
        #expect(try store.messages(with: bob, limit: 9999).count == 1000)
        try other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try store.append(["x"], to: bob, sentAt: 1).map(\.id.counter) == [1])
    }
}
