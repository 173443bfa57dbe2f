import Foundation
import PinholeCrypto
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

/// A person with a profile and, when she runs one, a node on this machine.
private struct Person {
    let name: String
    let folder: TemporaryDirectory
    let profile: Profile
    var key: PublicKey { profile.identity.publicKey }

    init(_ name: String) throws {
        self.name = name
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
    }

    func node(accepts: Bool = false) throws -> Node {
        try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: folder.path("downloads"), name: name, acceptsInvited: accepts,
                usesLocalNetwork: false, mapsPorts: false, allowsLoopback: true))
    }

    /// An invite to where the node listens.
    func invite(_ node: Node, for key: PublicKey? = nil, days: UInt64 = 7) throws -> SentInvite {
        let address = try #require(node.localAddresses.first { $0.hasPrefix("127.0.0.1:") })
        return try profile.invite(
            as: name, services: [], addresses: [address], for: key,
            expiresAt: WallClock.unixMilliseconds + days * 86_400_000)
    }
}

/// The first event that is wanted.
private func first<Value>(_ events: AsyncStream<NodeEvent>, _ match: (NodeEvent) -> Value?) async -> Value? {
    for await event in events { if let value = match(event) { return value } }
    return nil
}

@Suite("invites between two nodes", .serialized, .timeLimit(.minutes(10)))
struct InviteNodeTests {
    @Test("one line suffices: a request, an answer, and then both write")
    func meeting() async throws {
        let (alice, bob) = (try Person("Alice"), try Person("Bob B."))
        let (hers, his) = (try alice.node(), try bob.node())
        let (seen, read) = (hers.events(), his.events())
        hers.start()
        his.start()
        let invite = try alice.invite(hers)
        hers.contactsChanged()
        let (contact, answer) = try await his.use(InviteLink(invite.link.text), timeout: .seconds(20))
        #expect(contact.name == "Alice" && contact.key == alice.key && answer == .waiting)
        let request = await first(seen) { if case .contactRequested(let request, _) = $0 { request } else { nil } }
        #expect(request?.key == bob.key && request?.claimedName == "Bob B." && request?.name == "Bob-B")
        #expect(try alice.profile.contacts().isEmpty)
        #expect(try alice.profile.requests() == [request])

        // What he writes meanwhile waits.
        let early = try await his.send("are you there?", to: alice.key)
        await #expect(throws: PinholeError.self) { try await his.connect(to: alice.key, timeout: .seconds(1)) }
        let accepted = try alice.profile.accept(try #require(request), as: "bob")
        #expect(accepted.key == bob.key)
        hers.contactsChanged()
        let reply = await first(read) {
            if case .inviteAnswered(alice.key, "Alice", let answer) = $0, answer != .waiting { answer } else { nil }
        }
        #expect(reply == .accepted)
        try await his.delivered(early, timeout: .seconds(20))
        try await hers.delivered(try await hers.send("now I am", to: bob.key), timeout: .seconds(20))
        #expect(try alice.profile.messages(with: bob.key, limit: 9).map(\.text) == ["are you there?", "now I am"])
        #expect(try alice.profile.invites().map(\.state) == [.accepted(bob.key)])
        #expect(try bob.profile.contacts().map(\.standing) == [.known])

        // He opens it once more; and so does somebody else.
        #expect(try bob.profile.use(invite.link).standing == .known)
        let carol = try Person("Carol")
        let hers2 = try carol.node()
        hers2.start()
        let error = await #expect(throws: PinholeError.self) {
            try await hers2.use(invite.link, timeout: .seconds(20))
        }
        #expect(error?.code == .badData && error?.message == "the invite was used already, by somebody else")
        #expect(try carol.profile.contacts().isEmpty)
        for node in [hers, his, hers2] { await node.stop() }
    }

    @Test("a node that accepts whoever was invited needs nobody")
    func automatic() async throws {
        let (alice, bob) = (try Person("Alice"), try Person("Bob"))
        let (hers, his) = (try alice.node(accepts: true), try bob.node())
        hers.start()
        his.start()
        let invite = try alice.invite(hers, for: bob.key)
        hers.contactsChanged()
        #expect(try await his.use(invite.link, as: "al", timeout: .seconds(20)).answer == .accepted)
        #expect(try alice.profile.contacts().map(\.name) == ["Bob"])
        try await his.delivered(try await his.send("hello", to: alice.key), timeout: .seconds(20))
        for node in [hers, his] { await node.stop() }
    }

    @Test("who is declined, or comes with a revoked invite, is told so", arguments: [true, false])
    func refused(isRevoked: Bool) async throws {
        let (alice, bob) = (try Person("Alice"), try Person("Bob"))
        let (hers, his) = (try alice.node(), try bob.node())
        let (seen, read) = (hers.events(), his.events())
        hers.start()
        his.start()
        let invite = try alice.invite(hers)
        hers.contactsChanged()
        if isRevoked {
            try alice.profile.revokeInvite(invite.id)
            let error = await #expect(throws: PinholeError.self) {
                try await his.use(invite.link, timeout: .seconds(20))
            }
            #expect(error?.message == "Alice has revoked the invite")
        } else {
            _ = try await his.use(invite.link, timeout: .seconds(20))
            let request = await first(seen) { if case .contactRequested(let request, _) = $0 { request } else { nil } }
            try alice.profile.decline(try #require(request))
            hers.contactsChanged()
            let answer = await first(read) {
                if case .inviteAnswered(_, _, let answer) = $0, answer != .waiting { answer } else { nil }
            }
            #expect(answer == .refused(PinholeError(.badData, "Alice declined your request")))
        }
        #expect(try bob.profile.contacts().isEmpty && alice.profile.contacts().isEmpty)
        for node in [hers, his] { await node.stop() }
    }
}

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

    @Test("open invites are few, and old ones are forgotten")
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
        #expect(try profile.invites().count == 1)
    }
}
