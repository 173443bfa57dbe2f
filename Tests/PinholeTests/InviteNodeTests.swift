import Foundation
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
