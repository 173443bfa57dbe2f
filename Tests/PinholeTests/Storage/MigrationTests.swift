import Foundation
import GRDB
import PinholeCore
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("databases of earlier and later versions", .ownThreads)
struct MigrationTests {
    let folder: TemporaryDirectory
    let identity = Identity.generate()
    let bob = Identity.generate().publicKey
    var path: String { folder.path("db") }

    init() throws {
        folder = try TemporaryDirectory()
    }

    /// What the version before sealing left, still open: its last changes are in the write-ahead log.
    private func oldDatabase(owner: PublicKey?) throws -> DatabaseQueue {
        try folder.write([], to: "db")
        var configuration = Configuration()
        configuration.journalMode = .wal
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try Schema.migrator(identity, Vault(identity.secret)).migrate(queue, upTo: "networks")
        try queue.write { database in
            if let owner {
                try database.execute(sql: "INSERT INTO owner VALUES (1, ?)", arguments: [Data(owner.raw)])
            }
            try database.execute(
                sql: """
                    INSERT INTO contact (id, name, foldedName, key, addresses, services, isVerified, ownTimestamp,
                        authenticatedTimestamp, presharedKey, epoch, lastCounter)
                    VALUES (3, 'Bob-Secret', 'bob-secret', ?, 'bob.example:1', '', 1, 11, 12, ?, 77, 2);
                    """, arguments: [Data(bob.raw), Data(repeating: 9, count: 32)])
            try database.execute(
                sql: """
                    INSERT INTO message (contact, direction, epoch, counter, body, sentAt, receivedAt, state) VALUES
                        (3, 'outgoing', 77, 1, CAST('first words' AS BLOB), 1, 2, 'delivered'),
                        (3, 'incoming', -1, 5, CAST('an answer' AS BLOB), 3, 4, 'delivered'),
                        (3, 'outgoing', 77, 2, CAST('not sent yet' AS BLOB), 5, NULL, 'queued');
                    """)
            try database.execute(
                sql: """
                    INSERT INTO transfer (contact, direction, number, name, size, hash, path, state, createdAt)
                    VALUES (3, 'incoming', -2, 'plans.pdf', 10, ?, '/home/alice/plans.pdf', 'done', 6)
                    """, arguments: [Data(repeating: 7, count: 32)])
        }
        return queue
    }

    private func everything() throws -> String {
        try folder.entries.map { String(decoding: try folder.read($0), as: Unicode.ASCII.self) }.joined()
    }

    @Test(
        "a database from before sealing keeps all it has, and nothing of it can be read in the files",
        arguments: [true, false])
    func sealing(hasOwner: Bool) throws {
        let old = try oldDatabase(owner: hasOwner ? identity.publicKey : nil)
        let secrets = ["Bob-Secret", "bob.example", "first words", "not sent yet", "plans.pdf", "/home/alice"]
        for secret in secrets { #expect(try everything().contains(secret)) }
        try old.close()

        let store = try Store(path: path, identity: identity)
        let known = try #require(try store.contact(named: "BOB-secret"))
        #expect(
            known
                == Contact(
                    name: "Bob-Secret", key: bob, addresses: ["bob.example:1"], isVerified: true,
                    presharedKey: [UInt8](repeating: 9, count: 32)))
        let state = try store.state(of: bob)
        #expect(state.ownTimestamp == 11 && state.authenticatedTimestamp == 12 && state.highestStored == [.max: 5])
        #expect(try store.messages(with: bob, limit: 9).map(\.text) == ["first words", "an answer", "not sent yet"])
        #expect(try store.messages(with: bob, limit: 9).map(\.state) == [.delivered, .read, .queued])
        #expect(try store.pendingMessages(to: bob).map(\.message.id) == [MessageID(epoch: 77, counter: 2)])

        for secret in secrets { #expect(try !everything().contains(secret), "\(secret)") }
        for key in [bob, identity.publicKey] {
            let text = String(decoding: key.raw, as: Unicode.ASCII.self)
            #expect(try !everything().contains(text))
        }
        #expect(try Store(path: path, identity: identity).contacts() == [known])
    }

    @Test("a database from before sealing that belongs to another identity stays as it is")
    func foreignOld() throws {
        let old = try oldDatabase(owner: bob)
        try old.close()
        #expect(failure { _ = try Store(path: path, identity: identity) }?.code == .keyChanged)
        #expect(try everything().contains("first words"))
    }

    @Test("a database of another identity is refused")
    func foreign() throws {
        _ = try Store(path: path, identity: identity)
        #expect(failure { _ = try Store(path: path, identity: .generate()) }?.code == .keyChanged)
    }

    @Test("a database of a newer version is refused, and not a byte of it is changed")
    func newer() throws {
        do {
            let store = try Store(path: path, identity: identity)
            try store.add(Contact(name: "bob", key: bob))
            try store.write {
                try $0.execute(
                    sql: "INSERT INTO grdb_migrations VALUES ('from the future'); DROP TABLE message; DROP TABLE vault")
            }
            try store.close()
        }
        #expect(try folder.entries == ["db"])
        let before = try folder.read("db")
        let error = failure { _ = try Store(path: path, identity: identity) }
        #expect(error?.code == .configuration)
        #expect(error?.hint == "upgrade Pinhole")
        let isSame = try folder.read("db") == before
        #expect(isSame)
        #expect(try folder.entries == ["db"])
    }

    @Test("tokens of earlier versions are known, and cannot be read in the files")
    func tokens() throws {
        let token = "hook:\(bob.text):1"
        var id = MessageID(epoch: 0, counter: 0)
        do {
            let store = try Store(path: path, identity: identity)
            try store.add(Contact(name: "bob", key: bob))
            id = try store.append(["hello"], to: bob, sentAt: 1)[0].id
            // As the version before left it.
            try store.withoutTransaction { database in
                try database.execute(
                    sql: """
                        DROP TABLE sending; DROP INDEX transferMissed; ALTER TABLE transfer DROP COLUMN endedAt;
                        DELETE FROM grdb_migrations WHERE identifier IN ('sendings', 'ended transfers');
                        ALTER TABLE message ADD COLUMN token TEXT; PRAGMA user_version = 1;
                        CREATE UNIQUE INDEX messageToken ON message (contact, token) WHERE token IS NOT NULL
                        """)
                try database.execute(sql: "UPDATE message SET token = ?", arguments: [token])
            }
            try store.close()
        }
        #expect(try everything().contains(bob.text))
        let store = try Store(path: path, identity: identity)
        #expect(try store.message(withToken: token, to: bob) == id)
        #expect(try store.messages(with: bob, limit: 9).map(\.text) == ["hello"])
        #expect(try !everything().contains(bob.text))
        _ = try store.append(["again"], to: bob, sentAt: 1, token: "2:" + token)
        #expect(try !everything().contains(bob.text))
    }

    @Test("a database of another program is refused, and not a byte of it is changed")
    func otherProgram() throws {
        try folder.write([], to: "db")
        try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE song (title TEXT)") }
        let before = try folder.read("db")
        #expect(failure { _ = try Store(path: path, identity: identity) }?.code == .badData)
        let isSame = try folder.read("db") == before
        #expect(isSame)
    }
}
