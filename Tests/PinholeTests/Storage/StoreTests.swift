import GRDB
import Glibc
import PinholeCore
import PinholeCrypto
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("the store", .ownThreads)
struct StoreTests {
    let folder: TemporaryDirectory
    let store: Store
    let identity = Identity.generate()
    let bob = Identity.generate().publicKey

    init() throws {
        folder = try TemporaryDirectory()
        store = try Store(path: folder.path("db"), identity: identity)
        try store.add(Contact(name: "Bob", key: bob, addresses: ["192.0.2.1:4000", "[2001:db8::1]:4000"]))
    }

    private func reopened() throws -> Store { try Store(path: folder.path("db"), identity: identity) }

    private func incoming(_ counter: UInt64, epoch: UInt64 = 7, _ text: String = "hi") -> Store.Incoming {
        Store.Incoming(
            contact: bob,
            message: ChatMessage(id: MessageID(epoch: epoch, counter: counter), time: 1000, body: Array(text.utf8)),
            receivedAt: 2000)
    }

    // MARK: Contacts

    @Test("a contact comes back with all it has, whatever the case of the name")
    func contact() throws {
        let key = Identity.generate().publicKey
        let psk = (0..<32).map(UInt8.init)
        let carol = Contact(name: "Čarol", key: key, addresses: ["host.example:1"], isVerified: true, presharedKey: psk)
        try store.add(carol)
        #expect(try reopened().contact(named: "čAROL") == carol)
        #expect(try store.contacts().map(\.name) == ["Bob", "Čarol"])
        // The same letter, decomposed.
        #expect(try store.contact(named: "c\u{30c}arol") == carol)
    }

    @Test("that contacts or invites changed is noticed, whoever changed them; messages and handshakes change none")
    func people() throws {
        let other = try reopened()
        func change(_ body: () throws -> Void) throws -> Bool {
            try body()
            let answers = [try store.peopleChanged(), try store.peopleChanged()]
            #expect(!answers[1])
            return answers[0]
        }
        #expect(try change {})
        #expect(try change { try store.add(Contact(name: "eve", key: Identity.generate().publicKey)) })
        #expect(try change { try store.setBlocked(true, "eve") })
        #expect(try change { try other.setVerified(true, contactNamed: "bob") })
        #expect(try change { try other.removeContact(named: "eve") })
        #expect(
            try !change {
                _ = try store.append(["a"], to: bob, sentAt: 1)
                _ = try store.insert([incoming(1)])
                try store.note([bob: Store.SessionTimes(own: 5, authenticated: 5, seen: 5)])
            })
    }

    private func service(_ host: String) throws -> ServiceAddress {
        try ServiceAddress("pinhole-signal://\(ServiceSecret.generate().publicKey.text)@\(host):1")
    }

    @Test("a contact's services come back, and adding it again adds what is new")
    func services() throws {
        let (one, two) = (try service("one.example"), try service("[2001:db8::1]"))
        let carol = Contact(name: "carol", key: Identity.generate().publicKey, services: [one])
        #expect(try store.add(carol))
        #expect(try reopened().contact(named: "carol")?.services == [one])
        let again = Contact(name: "Carol", key: carol.key, addresses: ["a.example:1"], services: [one, two])
        let isNew = try store.add(again)
        #expect(!isNew)
        let known = try #require(try reopened().contact(named: "carol"))
        #expect(known.services == [one, two] && known.addresses == ["a.example:1"] && known.name == "carol")
        #expect(failure { try store.add(Contact(name: "carol", key: carol.key, services: [two])) }?.code == .usage)
        let other = Identity.generate().publicKey
        #expect(failure { try store.add(Contact(name: "carol", key: other, services: [two])) }?.code == .keyChanged)
    }

    @Test("a known name with another key is a changed key; a known key has one name")
    func conflicts() throws {
        let other = Identity.generate().publicKey
        #expect(failure { try store.add(Contact(name: "BOB", key: other)) }?.code == .keyChanged)
        #expect(failure { try store.add(Contact(name: "bob", key: bob)) }?.code == .usage)
        #expect(failure { try store.add(Contact(name: "robert", key: bob)) }?.message == "the key is Bob's already")
        #expect(try store.contacts().count == 1)
    }

    @Test(
        "names that a shell, a terminal or a person would stumble over are refused",
        arguments: [
            "", " ", "a b", "-rf", ".hidden", "a/b", "a\nb", "a\u{1b}[31m", "\u{202e}bob", "a\u{200b}b",
            String(repeating: "x", count: 65), "a" + String(repeating: "\u{301}", count: 300), "@bob", "bob:1",
            "\u{301}a",
        ])
    func badNames(name: String) throws {
        let key = Identity.generate().publicKey
        #expect(failure { try store.add(Contact(name: name, key: key)) }?.code == .usage)
    }

    @Test("names of any script are accepted", arguments: ["zoë", "Ольга", "नेहा", "小明", "r2-d2", "a.b_c", "7"])
    func goodNames(name: String) throws {
        try store.add(Contact(name: name, key: Identity.generate().publicKey))
        #expect(try store.contact(named: name)?.name == name)
    }

    @Test(
        "addresses that are not host:port are refused",
        arguments: [
            "host", "host:", "host:0", "host:65536", ":1", "2001:db8::1:4000", "[192.0.2.1]:1", "a b:1", "h:+1",
        ])
    func badAddresses(address: String) throws {
        let key = Identity.generate().publicKey
        #expect(failure { try store.add(Contact(name: "c", key: key, addresses: [address])) }?.code == .usage)
    }

    @Test("verification is remembered, and gone with the contact")
    func verified() throws {
        #expect(try store.setVerified(true, contactNamed: "bob"))
        #expect(try reopened().contact(named: "bob")?.isVerified == true)
        #expect(try store.removeContact(named: "BOB"))
        #expect(try !store.removeContact(named: "bob"))
        try store.add(Contact(name: "bob", key: bob))
        #expect(try store.contact(named: "bob")?.isVerified == false)
    }

    @Test("handshake timestamps only grow")  // [HS-6] [HS-70]
    func timestamps() throws {
        try store.note([bob: Store.SessionTimes(own: 20, seen: 7)])
        try store.note([bob: Store.SessionTimes(own: 10, authenticated: 200)])
        try store.note([bob: Store.SessionTimes(authenticated: 100), Identity.generate().publicKey: .init(own: 1)])
        let state = try reopened().state(of: bob)
        #expect(state.ownTimestamp == 20)
        #expect(state.authenticatedTimestamp == 200)
        #expect(try store.lastSeen() == [bob: 7])
    }

    // MARK: Messages

    // [HS-71] [MSG-1] [MSG-2]
    @Test("outgoing messages count on from 1 in one epoch, also in batches, and another start has another epoch")
    func outgoingNames() throws {
        let first = try store.append(["a"], to: bob, sentAt: 5)
        let second = try store.append(["b", "c"], to: bob, sentAt: 6)
        let third = try reopened().append(["d"], to: bob, sentAt: 7)
        // What another process began is not gone on with.
        let fourth = try store.append(["e", "f"], to: bob, sentAt: 8)
        let fifth = try store.append(["g"], to: bob, sentAt: 9)
        #expect((first + second + third + fourth + fifth).map(\.id.counter) == [1, 2, 3, 1, 1, 2, 3])
        #expect(Set((first + second).map(\.id.epoch)).count == 1)
        #expect(Set((fourth + fifth).map(\.id.epoch)).count == 1)
        #expect(Set([first, third, fourth].map { $0[0].id.epoch }).count == 3)
        #expect(try store.pendingMessages(to: bob).map(\.message) == first + second + third + fourth + fifth)
    }

    @Test("a contact that was removed and added again has a new epoch")  // [MSG-1]
    func newEpoch() throws {
        let old = try store.append(["a"], to: bob, sentAt: 1)[0]
        try store.removeContact(named: "bob")
        try store.add(Contact(name: "bob", key: bob))
        #expect(try store.pendingMessages(to: bob).isEmpty)
        let new = try store.append(["b"], to: bob, sentAt: 2)[0]
        #expect(new.id.epoch != old.id.epoch)
    }

    @Test("an incoming message is new once, also after reopening and within one batch")  // [HS-72] [MSG-6]
    func incomingOnce() throws {
        #expect(try store.insert([incoming(1), incoming(2), incoming(1)]) == [true, true, false])
        #expect(try reopened().insert([incoming(2, "other text"), incoming(3)]) == [false, true])
        #expect(try store.insert([incoming(1, epoch: .max)]) == [true])
        #expect(try store.messages(with: bob, limit: 10).map(\.text) == ["hi", "hi", "hi", "hi"])
        #expect(try store.state(of: bob).highestStored == [7: 3, .max: 1])
    }

    @Test("one impossible message of a batch leaves nothing of the batch")
    func batchIsOneTransaction() throws {
        #expect(failure { _ = try store.insert([incoming(1), incoming(.max)]) }?.code == .badData)
        #expect(try store.messages(with: bob, limit: 10).isEmpty)
    }

    @Test("bytes that are not UTF-8, NUL and 64 KiB come back as text")  // [MSG-4]
    func bodies() throws {
        let long = String(repeating: "x", count: Limits.maxMessageBody)
        _ = try store.insert([incoming(1, "a\u{0}b"), incoming(2, long)])
        let broken = ChatMessage(id: MessageID(epoch: 7, counter: 3), time: .max, body: [0x61, 0xff, 0x62])
        _ = try store.insert([Store.Incoming(contact: bob, message: broken, receivedAt: .max)])
        let messages = try store.messages(with: bob, limit: 10)
        #expect(messages.map(\.text) == ["a\u{0}b", long, "a\u{fffd}b"])
        #expect(messages[2].sentAt == .max && messages[2].receivedAt == .max)
        #expect(failure { _ = try store.append([long + "x"], to: bob, sentAt: 1) }?.code == .usage)
    }

    @Test("the history is the newest messages of both directions, oldest first")
    func history() throws {
        _ = try store.insert([incoming(1, "one")])
        _ = try store.append(["two"], to: bob, sentAt: 1)
        _ = try store.insert([incoming(2, "three")])
        #expect(try store.messages(with: bob, limit: 2).map(\.text) == ["two", "three"])
        #expect(try store.messages(with: bob, limit: 9).map(\.direction) == [.incoming, .outgoing, .incoming])
    }

    @Test("nothing is stored for someone who is no contact")
    func stranger() {
        let stranger = Identity.generate().publicKey
        #expect(failure { _ = try store.append(["a"], to: stranger, sentAt: 1) }?.code == .usage)
        #expect(failure { _ = try store.state(of: stranger) }?.code == .usage)
    }

    // MARK: Transfers

    @Test("a transfer is recorded once and moves on")
    func transfers() throws {
        let reference = TransferReference(contact: bob, direction: .incoming, number: .max)
        let offer = FileOffer(
            transfer: .max, salt: [UInt8](repeating: 3, count: 32), contentSize: 1 << 40, totalSize: .max, name: "a")
        let transfer = StoredTransfer(reference, offer, createdAt: 5)
        #expect(try store.insert(transfer))
        #expect(try !store.insert(transfer))
        #expect(try store.transfers(with: bob, unfinished: true) == [transfer])
        try store.setState(.accepted, of: reference, at: 6)
        #expect(try reopened().transfers(with: bob, unfinished: true).map(\.state) == [.accepted])
        #expect(try store.setState(.done, of: reference, path: "/downloads/a", at: 7))
        // What is over stays as it ended, whoever comes late.
        for late in Transfer.State.allCases { #expect(try !store.setState(late, of: reference, at: 8)) }
        #expect(try store.transfer(reference)?.state == .done)
        #expect(try store.transfers(with: bob, unfinished: true).isEmpty)
        #expect(try store.transfers(with: bob, unfinished: false).count == 1)
        #expect(try store.transfer(reference)?.path == "/downloads/a")
        let events = try store.events(after: 0, limit: 9).filter { $0.transfer == reference }
        #expect(events.map(\.kind) == [.fileOffered, .fileReceived])
        #expect(events.last?.detail == "/downloads/a")
    }

    @Test("what happens to a contact's files is kept with the contact")
    func filePolicy() throws {
        try store.setFilePolicy(.refuse, for: bob)
        #expect(try reopened().contacts().first { $0.key == bob }?.filePolicy == .refuse)
        try store.setFilePolicy(nil, for: bob)
        #expect(try store.contacts().allSatisfy { $0.filePolicy == nil })
    }

    // MARK: The database

    @Test("commits wait for the disk, in a write-ahead log, in files that only the owner can read")
    func durability() throws {
        #expect(try store.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        for name in try folder.entries { #expect(mode(of: folder.path(name)) == 0o600, "\(name)") }
    }

    @Test("a process, or a second store, that opens the database and leaves takes nothing from the one that stays")
    func secondProcess() async throws {
        let path = folder.path("db")
        let secret = identity.secret.text
        _ = try reopened().contacts()
        await #expect(processExitsWith: .success) { [path = path as String, secret = secret as String] in
            _ = try Store(path: path, identity: Identity(secret: IdentitySecret(text: secret))).contacts()
        }
        #expect(try folder.entries.contains("db-wal"))
        _ = try store.append(["kept"], to: bob, sentAt: 1)
        // What a sudden death would leave. Copied by another process: this one must not close a file of the database.
        let copy = try TemporaryDirectory()
        #expect(try run("cp", path, path + "-wal", copy.path).status == 0)
        #expect(
            try Store(path: copy.path("db"), identity: identity).messages(with: bob, limit: 10).map(\.text) == ["kept"])
    }

    @Test("a loose, a damaged and a newer database are refused with a way out")
    func refusals() throws {
        try folder.write([], to: "loose", mode: 0o644)
        let loose = failure { _ = try Store(path: folder.path("loose"), identity: identity) }
        #expect(loose?.code == .configuration)
        #expect(loose?.hint == "chmod 600 \(folder.path("loose"))")

        try folder.write([UInt8](repeating: 0x55, count: 8192), to: "damaged")
        let damaged = failure { _ = try Store(path: folder.path("damaged"), identity: identity) }
        #expect(damaged?.code == .badData)
        #expect(damaged?.hint?.english.contains("mv ") == true)

        try store.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')") }
        #expect(failure { _ = try reopened() }?.code == .configuration)
    }

    @Test("a database that is damaged while in use is an error, not a crash")
    func damagedPages() throws {
        _ = try store.append((0..<500).map { "message \($0)" }, to: bob, sentAt: 1)
        try store.write { _ in }
        _ = try store.read { try Row.fetchOne($0, sql: "SELECT 1") }
        try store.checkpoint()
        let descriptor = open(folder.path("db"), O_WRONLY)
        let junk = [UInt8](repeating: 0xa5, count: 4096)
        for page in 1..<12 { pwrite(descriptor, junk, junk.count, off_t(page * 4096)) }
        close(descriptor)
        let error = failure { _ = try reopened().messages(with: bob, limit: 500) }
        #expect(error?.code == .badData)
    }
}

extension Store {
    /// Moves everything from the write-ahead log to the database file.
    fileprivate func checkpoint() throws {
        try withoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }
}
