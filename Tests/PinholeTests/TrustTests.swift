import Foundation
import PinholeCrypto
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("trust", .ownThreads)
struct TrustTests {
    private let folder: TemporaryDirectory
    private let profile: Profile
    private let bob = Identity.generate().publicKey
    private let eve = Identity.generate()

    init() throws {
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        try profile.add(Contact(name: "bob", key: bob))
    }

    private func invite(from identity: Identity, as name: String, expiresIn: Int64 = 60, for key: PublicKey? = nil)
        throws
        -> InviteLink
    {
        let folder = try TemporaryDirectory()
        try identity.save(to: folder.path("identity"), passphrase: nil)
        let profile = try Profile.open(at: folder.path, passphrase: { nil })
        let invite = try profile.invite(
            as: name, services: [], for: key, expiresAt: WallClock.unixMilliseconds + 3_600_000)
        guard expiresIn <= 0 else { return invite.link }
        return InviteLink(
            .make(by: identity.secret, expiry: 1_700_000_000, for: nil, name: name, places: []))
    }

    // [INV-5]
    @Test("an invite that has expired, is for somebody else, is one's own or is not needed is refused with a sentence")
    func badInvites() throws {
        let late = try invite(from: eve, as: "Eve", expiresIn: 0)
        #expect(failure { _ = try profile.use(late) }?.message == "the invite has expired")
        let other = try invite(from: eve, as: "Eve", for: bob)
        #expect(
            failure { _ = try profile.use(other) }?.message.english.hasPrefix("the invite is for somebody else") == true
        )
        let own = try profile.invite(as: "me", services: [], expiresAt: WallClock.unixMilliseconds + 1000)
        #expect(failure { _ = try profile.use(own.link) }?.message == "the invite is your own")
        let good = try invite(from: eve, as: "Eve")
        let mistyped = good.text.dropLast(9) + "qqqqqqqqq"
        for text in [String(mistyped), "hello"] {
            #expect(failure { _ = try InviteLink(text) }?.code == .badData)
        }
        #expect(try profile.use(good).name == "Eve")
        // The same again waits on; nothing is doubled.
        #expect(try profile.use(good).standing == .invited(good))
        try profile.add(Contact(name: "Eve", key: eve.publicKey, addresses: ["192.0.2.1:7000"]))
        #expect(try profile.contacts().count == 2)
        // Asked again when the answer was lost, it says that Eve is a contact, and changes nothing.
        _ = try profile.store.settle(.accepted, of: eve.publicKey)
        #expect(try profile.use(good).standing == .known)
        try profile.setBlocked("Eve", true)
        #expect(failure { _ = try profile.use(good) } != nil)
    }

    @Test("an invite whose maker has the name of a contact with another key stops sending to it")
    func impostor() throws {
        let error = failure { _ = try profile.use(try invite(from: eve, as: "Bob")) }
        #expect(error?.code == .keyChanged)
        #expect(try profile.contact(named: "bob")?.standing == .keyChanged(to: eve.publicKey))
        #expect(try profile.use(try invite(from: eve, as: "Bob"), as: "other").name == "other")
    }

    @Test("another key stops sending until a person decides; what was written waits, the mark of trust goes")
    func changedKey() async throws {
        try profile.setVerified("bob", true)
        let node = try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: folder.path("d"), usesLocalNetwork: false, mapsPorts: false))
        node.start()
        _ = try await node.send("before", to: bob)
        #expect(failure { try profile.add(Contact(name: "BOB", key: eve.publicKey)) }?.code == .keyChanged)
        let contact = try #require(try profile.contact(named: "bob"))
        #expect(contact.key == bob && contact.standing == .keyChanged(to: eve.publicKey))
        let error = await #expect(throws: PinholeError.self) { try await node.send("after", to: bob) }
        #expect(error?.code == .keyChanged)
        await #expect(throws: PinholeError.self) { try await node.connect(to: bob, timeout: .seconds(1)) }

        // The old key again: everything is as it was.
        #expect(try profile.replaceKey(of: "bob", by: bob).isVerified)
        _ = try await node.send("after", to: bob)
        #expect(failure { try profile.add(Contact(name: "bob", key: eve.publicKey)) }?.code == .keyChanged)
        let replaced = try profile.replaceKey(of: "bob", by: eve.publicKey)
        #expect(replaced.key == eve.publicKey && !replaced.isVerified && replaced.standing == .known)
        #expect(try profile.outbox(to: eve.publicKey).map(\.text) == ["before", "after"])
        #expect(failure { _ = try profile.replaceKey(of: "nobody", by: bob) }?.code == .usage)
        await node.stop()
    }

    @Test("a blocked contact is written to no more, and keeps what was exchanged")
    func blocked() async throws {
        try profile.setBlocked("bob", true)
        #expect(try profile.contact(named: "bob")?.standing == .blocked)
        let node = try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: folder.path("d"), usesLocalNetwork: false, mapsPorts: false))
        await #expect(throws: PinholeError.self) { try await node.send("hello", to: bob) }
        // Another key does not unblock.
        #expect(failure { try profile.add(Contact(name: "bob", key: eve.publicKey)) }?.code == .keyChanged)
        #expect(try profile.contact(named: "bob")?.standing == .blocked)
        try profile.setBlocked("bob", false)
        // And to unblock is no decision on the key.
        #expect(try profile.contact(named: "bob")?.standing == .keyChanged(to: eve.publicKey))
        await node.stop()
    }

    @Test("who is unblocked is what he was before: known, invited, or one whose key changed")
    func unblocked() throws {
        func block(_ name: String) throws -> Standing? {
            for _ in 0..<2 {
                try profile.setBlocked(name, true)
                #expect(try profile.contact(named: name)?.standing == .blocked)
            }
            try profile.setBlocked(name, false)
            return try profile.contact(named: name)?.standing
        }
        #expect(try block("bob") == .known)
        let link = try invite(from: eve, as: "Eve")
        _ = try profile.use(link)
        #expect(try block("eve") == .invited(link))
        let mallory = Identity.generate().publicKey
        #expect(failure { try profile.add(Contact(name: "bob", key: mallory)) }?.code == .keyChanged)
        #expect(try block("bob") == .keyChanged(to: mallory))
        #expect(try profile.replaceKey(of: "bob", by: bob).standing == .known)
        #expect(try block("bob") == .known)
    }

    @Test("a key that is another contact's, or one's own, is refused for a name that is known, and changes nothing")
    func foreignKey() throws {
        try profile.add(Contact(name: "eve", key: eve.publicKey))
        let own = profile.identity.publicKey
        #expect(
            failure { try profile.add(Contact(name: "bob", key: eve.publicKey)) }?.message == "the key is eve's already"
        )
        #expect(failure { try profile.add(Contact(name: "bob", key: own)) }?.message == "the key is your own")
        try profile.add(Contact(name: "notes", key: own))
        #expect(failure { try profile.add(Contact(name: "bob", key: own)) }?.message == "the key is notes's already")
        #expect(try profile.contacts().map(\.standing) == [.known, .known, .known])
    }

    @Test("an inviter who declines stays a contact where a file waits for him")
    func declinedWithFile() throws {
        let link = try invite(from: eve, as: "Eve")
        _ = try profile.use(link)
        let sending = try Sending([1])
        let reference = TransferReference(contact: eve.publicKey, direction: .outgoing, number: 1)
        try profile.store.insert(StoredTransfer(reference, sending.offer, path: sending.source.path, createdAt: 1))
        _ = try profile.store.settle(.declined, of: eve.publicKey)
        #expect(try profile.contact(named: "eve")?.standing == .known)
        #expect(try profile.transfers(with: eve.publicKey).count == 1)
        // With another invite he is asked anew, and what waits goes on waiting.
        let other = try invite(from: eve, as: "Eve")
        #expect(try profile.use(other).standing == .invited(other))
        #expect(try profile.transfers(with: eve.publicKey).count == 1)
    }

    @Test("who was added by hand is asked by no invite, and loses nothing by one")
    func addedByHand() throws {
        let psk = [UInt8](repeating: 7, count: 32)
        var contact = Contact(name: "eve", key: eve.publicKey, isVerified: true)
        contact.presharedKey = psk
        try profile.add(contact)
        #expect(try profile.use(try invite(from: eve, as: "Eve")).standing == .known)
        _ = try profile.store.settle(.revoked, of: eve.publicKey)
        let kept = try #require(try profile.contact(named: "eve"))
        #expect(kept.presharedKey == psk && kept.isVerified && kept.standing == .known)
    }

    @Test("an inviter whose clock says that it is too late is asked again; who uses his next line finds him there")
    func lateByHisClock() throws {
        let first = try invite(from: eve, as: "Eve")
        _ = try profile.use(first)
        _ = try profile.store.settle(.expired, of: eve.publicKey)
        #expect(try profile.contact(named: "eve")?.standing == .invited(first))
        let moved = InviteLink(
            .make(
                by: eve.secret, expiry: .max, for: nil, name: "Eve",
                places: [Place](services: [], addresses: ["192.0.2.7:7000"])))
        #expect(try profile.use(moved).addresses == ["192.0.2.7:7000"])
    }

    @Test(
        "an invite that was used lives on where this machine's clock runs ahead, and a person is told",
        .timeLimit(.minutes(10)))
    func clockAhead() async throws {
        let link = try invite(from: eve, as: "Eve", expiresIn: 0)
        _ = try profile.store.use(link, as: nil, at: 1)
        let node = try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: folder.path("d"), usesLocalNetwork: false, mapsPorts: false))
        let events = node.events()
        node.start()
        let notice = await first(events) { event -> String? in
            guard case .notice(let sentence) = event else { return nil }
            return sentence.english.contains("by this machine's clock") ? sentence.english : nil
        }
        #expect(notice?.hasPrefix("the invite from Eve has expired") == true)
        #expect(try profile.contact(named: "eve")?.standing == .invited(link))
        await node.stop()
    }

    @Test("a contact is called otherwise, but not like another one")
    func renamed() throws {
        try profile.add(Contact(name: "eve", key: eve.publicKey))
        try profile.rename("bob", to: "Robert")
        try profile.rename("robert", to: "ROBERT")
        #expect(try profile.contact(named: "bob") == nil)
        #expect(try profile.contact(named: "robert")?.name == "ROBERT")
        #expect(failure { try profile.rename("eve", to: "robert") }?.code == .usage)
        #expect(failure { try profile.rename("eve", to: "no spaces") }?.code == .usage)
        #expect(failure { try profile.rename("bob", to: "x") }?.code == .usage)
    }

    @Test("what a stranger calls himself becomes a name that is none yet, whatever it holds")
    func claims() {
        func name(_ claim: String) -> String { Contact.name(for: claim, bob) { $0 == "bob" } }
        #expect(name("Alice") == "Alice")
        #expect(name("bob") == "bob-2")
        #expect(name("Dr. Eve Mallory") == "Dr-Eve-Mallory")
        for claim in ["", "\u{1b}[31m", "../../etc", "-", "🙂", "\u{202e}evil", String(repeating: "x", count: 500)] {
            var contact = Contact(name: name(claim), key: bob)
            #expect(throws: Never.self) { try contact.validate() }
            contact.name = ""
        }
        #expect(name("🙂") == String(bob.text.prefix(12)))
    }

    @Test("the database tells nothing of invites and requests")
    func sealed() throws {
        let invite = try profile.invite(as: "Alice", services: [], expiresAt: WallClock.unixMilliseconds + 60_000)
        let file = folder.path("profile/pinhole.sqlite")
        var bytes = Data()
        for path in [file, file + "-wal"] { bytes += (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data() }
        for secret in [invite.link.text, "Alice", profile.identity.publicKey.text] {
            #expect(bytes.range(of: Data(secret.utf8)) == nil)
        }
        #expect(try profile.invites().map(\.link.text) == [invite.link.text])
    }

    @Test("open invites are few, and one is forgotten by a believed clock alone, once its user has heard the answer")
    func bounded() throws {
        for _ in 0..<256 {
            _ = try profile.invite(as: "", services: [], expiresAt: WallClock.unixMilliseconds + 3_600_000)
        }
        let error = failure {
            _ = try profile.invite(as: "", services: [], expiresAt: WallClock.unixMilliseconds + 3_600_000)
        }
        #expect(error?.code == .usage)
        let later = WallClock.unixMilliseconds + 3 * 86_400_000
        #expect(try profile.store.guests(at: later).isEmpty)
        let link = try invite(from: profile.identity, as: "")
        _ = try profile.store.insert(StoredInvite(link: link.text, createdAt: later, state: .open), at: later)
        #expect(try profile.invites().count == 257)
        let request = StoredInvite.Request(key: eve.publicKey.text, name: "eve", services: [], receivedAt: 1)
        let asked = try invite(from: profile.identity, as: "asked")
        _ = try profile.store.insert(
            StoredInvite(link: asked.text, createdAt: later, state: .requested(request)), at: later)
        try profile.store.forgetInvites(at: later - 3 * 86_400_000)
        #expect(try profile.invites().count == 258)
        // Whoever waits for an answer is not forgotten.
        try profile.store.forgetInvites(at: later)
        #expect(try profile.invites().map(\.link) == [asked])
        #expect(try profile.store.guests(at: later) == [asked])
        // Nor is he when the answer was given, until it is known that he heard it.
        _ = try profile.store.decide(eve.publicKey, accepting: true, as: "eve")
        try profile.store.forgetInvites(at: later)
        #expect(try profile.store.guests(at: later) == [asked])
        try profile.store.note([eve.publicKey: Store.SessionTimes(seen: 1)])
        #expect(try profile.store.guests(at: later).isEmpty)
        try profile.store.forgetInvites(at: later)
        #expect(try profile.invites().isEmpty)
    }
}
