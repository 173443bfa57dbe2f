import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// Alice invites; Bob, whom she does not know, has one line of hers.
private struct Invitation {
    let world: World
    let alice: Peer
    let bob: Peer
    let invite: Invite

    init(seed: UInt64, _ first: NAT? = nil, _ second: NAT? = nil, usesService: Bool = true) {
        world = World(seed: seed)
        alice = world.addPeer(first == nil ? "192.0.2.1:4000" : "192.168.1.10:4000", behind: first)
        bob = world.addPeer(second == nil ? "192.0.2.2:4000" : "192.168.2.10:4000", behind: second)
        invite = Invite.make(by: alice.identity, expiry: .max, for: nil, name: "Alice", places: [])
        if usesService {
            alice.useService()
            bob.useService()
        }
    }

    /// Alice's node knows the invite that she made.
    func publish() {
        try? alice.endpoint.add(invite.guest.publicKey, for: .inviter, at: world.now)
        alice.drain()
        world.run(for: .seconds(3))
    }

    /// Somebody opens the line.
    func use(by peer: Peer, name: String = "Bob", direct: [TransportAddress] = []) {
        try? peer.endpoint.add(
            invite.inviter,
            for: .invited(guest: invite.guest, own: peer.identity, InviteIntroduction(name: name, places: [])),
            directAddresses: direct, at: world.now)
        peer.endpoint.connect(to: invite.inviter, at: world.now)
        peer.drain()
    }

    func answer(_ verdict: InviteRecord.Verdict) {
        alice.endpoint.answer(verdict, to: invite.guest.publicKey, at: world.now)
        alice.drain()
    }

    /// Both know each other from now on.
    func become(contactsWith peer: Peer) {
        peer.endpoint.remove(invite.inviter, at: world.now)
        peer.add(alice)
        alice.add(peer)
        peer.drain()
        alice.drain()
    }
}

extension Peer {
    fileprivate var introductions: [(key: IdentityKey, name: String)] {
        events.compactMap { if case .introduced(let key, let words, _) = $0 { (key, words.name) } else { nil } }
    }

    /// Whether a peer was told off for what it said.
    fileprivate var wasViolated: Bool {
        events.contains {
            if case .disconnected(_, .protocolViolation(SessionError.malformedRecord.sentence)) = $0 {
                true
            } else {
                false
            }
        }
    }

    fileprivate var verdicts: [InviteRecord.Verdict] {
        events.compactMap { if case .inviteAnswered(let verdict, _) = $0 { verdict } else { nil } }
    }
}

@Suite("somebody with an invite meets the inviter")
struct InviteTests {
    // [INV-6]
    @Test("behind two home routers, through the service: introduced, accepted, and then they talk as contacts")
    func accepted() {
        let scene = Invitation(seed: 1, NAT.home("198.51.100.1"), NAT.home("198.51.100.2"))
        let (world, alice, bob) = (scene.world, scene.alice, scene.bob)
        scene.publish()
        scene.use(by: bob)
        #expect(world.run(for: .seconds(10)) { alice.introductions.count == 1 })
        #expect(alice.introductions.first?.key == bob.key && alice.introductions.first?.name == "Bob")
        scene.answer(.waiting)
        #expect(world.run(for: .seconds(2)) { bob.verdicts == [.waiting] })
        world.run(for: .seconds(300))
        scene.answer(.accepted)
        #expect(world.run(for: .seconds(2)) { bob.verdicts == [.waiting, .accepted] })
        scene.become(contactsWith: bob)
        bob.connect(to: alice)
        #expect(world.run(for: .seconds(10)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) })
        #expect(world.canTalk(alice, bob))
    }

    // [INV-11]
    @Test("an inviter who says the same again, or has ever another answer, is heard no more than makes sense")
    func ceaselessVerdicts() {
        let scene = Invitation(seed: 17)
        scene.publish()
        scene.use(by: scene.bob)
        #expect(scene.world.run(for: .seconds(10)) { scene.alice.introductions.count == 1 })
        for _ in 0..<500 { scene.answer(.waiting) }
        scene.answer(.accepted)
        scene.world.run(for: .seconds(3))
        #expect(scene.bob.verdicts == [.waiting, .accepted])
        for number in 0..<500 { scene.answer(number % 2 == 0 ? .waiting : .accepted) }
        scene.world.run(for: .seconds(3))
        #expect(scene.bob.verdicts.count == 16 && !scene.bob.wasViolated)
    }

    @Test("whoever gives a file up that waits for the inviter says nothing of it to him")
    func files() {
        let scene = Invitation(seed: 16)
        scene.publish()
        scene.use(by: scene.bob)
        #expect(scene.world.run(for: .seconds(10)) { scene.alice.introductions.count == 1 })
        scene.bob.endpoint.disown(7, .cancelled, with: scene.invite.inviter, at: scene.world.now)
        scene.bob.endpoint.inquire(8, from: scene.invite.inviter, at: scene.world.now)
        scene.bob.drain()
        scene.world.run(for: .seconds(2))
        #expect(!scene.alice.wasViolated && !scene.bob.wasViolated)
        scene.answer(.accepted)
        #expect(scene.world.run(for: .seconds(2)) { scene.bob.verdicts == [.accepted] })
    }

    @Test("whoever comes first waits for the other", arguments: [true, false])
    func waiting(invitedIsFirst: Bool) {
        let scene = Invitation(seed: 2, NAT.home("198.51.100.1"), NAT.home("198.51.100.2"))
        if invitedIsFirst {
            scene.use(by: scene.bob)
            scene.world.run(for: .seconds(200))
            #expect(scene.bob.failures.contains(.offline))
            scene.publish()
        } else {
            scene.publish()
            scene.world.run(for: .seconds(200))
            scene.use(by: scene.bob)
        }
        #expect(scene.world.run(for: .seconds(10)) { scene.alice.introductions.count == 1 })
    }

    @Test("somebody with a name that is too long is introduced by the beginning of it")
    func longName() {
        let name = String(repeating: "🏴󠁧󠁢󠁳󠁣󠁴󠁿é", count: 32)
        let scene = Invitation(seed: 11)
        scene.publish()
        scene.use(by: scene.bob, name: name)
        #expect(scene.world.run(for: .seconds(10)) { scene.alice.introductions.count == 1 })
        let told = scene.alice.introductions.first?.name ?? ""
        #expect(name.hasPrefix(told) && (100...Limits.maxInviteName).contains(told.utf8.count), "\(told)")
    }

    @Test("by an address alone, without a service")
    func direct() {
        let scene = Invitation(seed: 3, usesService: false)
        scene.publish()
        scene.use(by: scene.bob, direct: [scene.alice.address])
        #expect(scene.world.run(for: .seconds(5)) { scene.alice.introductions.count == 1 })
        scene.answer(.declined)
        #expect(scene.world.run(for: .seconds(2)) { scene.bob.verdicts == [.declined] })
    }

    @Test("on one local network, without a service or an address")
    func localNetwork() {
        let scene = Invitation(seed: 4, usesService: false)
        scene.alice.useLocalNetwork()
        scene.bob.useLocalNetwork()
        scene.publish()
        scene.use(by: scene.bob)
        #expect(scene.world.run(for: .seconds(10)) { scene.alice.introductions.count == 1 })
    }

    @Test("a second one with the same line is heard too, so that he can be told that it was used")  // [INV-7]
    func usedTwice() {
        let scene = Invitation(seed: 5)
        let (world, alice) = (scene.world, scene.alice)
        let carol = world.addPeer("192.0.2.3:4000")
        carol.useService()
        scene.publish()
        scene.use(by: scene.bob)
        #expect(world.run(for: .seconds(10)) { alice.introductions.count == 1 })
        scene.use(by: carol, name: "Carol")
        #expect(world.run(for: .seconds(20)) { alice.introductions.count == 2 })
        #expect(alice.introductions.last?.key == carol.key)
        scene.answer(.used)
        #expect(world.run(for: .seconds(2)) { carol.verdicts == [.used] })
    }

    // [INV-10]
    @Test("the invited one who lost his connection, or whose inviter started again, introduces himself again")
    func again() {
        let scene = Invitation(seed: 6)
        let (world, alice, bob) = (scene.world, scene.alice, scene.bob)
        scene.publish()
        scene.use(by: bob)
        #expect(world.run(for: .seconds(10)) { alice.introductions.count == 1 })
        alice.endpoint.remove(scene.invite.guest.publicKey, at: world.now)
        alice.drain()
        world.run(for: .seconds(5))
        scene.publish()
        #expect(world.run(for: .seconds(70)) { alice.introductions.count == 2 })
        scene.answer(.accepted)
        #expect(world.run(for: .seconds(2)) { bob.verdicts == [.accepted] })
    }

    @Test("an invite lets nobody write or send files, and answers no question about its maker")  // [INV-8]
    func limited() throws {
        let scene = Invitation(seed: 7)
        let (world, alice) = (scene.world, scene.alice)
        scene.publish()
        // Bob's program was changed: it takes the inviter for a contact of the invite's identity.
        let guest = world.addPeer("192.0.2.9:4000", identity: scene.invite.guest)
        guest.useService()
        guest.add(alice)
        guest.send("buy this", to: alice)
        guest.sendFile(1, name: "virus", [UInt8](repeating: 1, count: 100_000), to: alice)
        world.run(for: .seconds(20))
        #expect(alice.texts.isEmpty && alice.received.isEmpty && guest.delivered.isEmpty)
        #expect(alice.introductions.isEmpty)
        #expect(alice.wasViolated)
    }

    @Test("nor does it open streams, in either direction")  // [INV-8]
    func streamless() throws {
        let scene = Invitation(seed: 10)
        let (world, alice) = (scene.world, scene.alice)
        scene.publish()
        let guest = world.addPeer("192.0.2.9:4000", identity: scene.invite.guest)
        guest.useService()
        guest.add(alice)
        guest.connect(to: alice)
        #expect(world.run(for: .seconds(5)) { guest.isConnected(to: alice) })
        #expect(alice.endpoint.openStream(Array("x".utf8), to: guest.key, at: world.now) == nil)
        _ = try #require(guest.openStream("x", to: alice.key))
        guest.drain()
        world.run(for: .seconds(3))
        #expect(alice.streams.isEmpty && alice.wasViolated)
    }

    @Test("a second introduction in a session is ignored")  // [INV-11]
    func twice() throws {
        let scene = Invitation(seed: 9)
        scene.publish()
        scene.use(by: scene.bob)
        #expect(scene.world.run(for: .seconds(10)) { scene.alice.introductions.count == 1 })
        let slot = try #require(scene.bob.endpoint.slots[scene.invite.inviter])
        let session = try #require(scene.bob.endpoint.connections[slot]?.session)
        let words = InviteIntroduction(name: "Bobby", places: [])
        let proof = InviteProof(
            inviter: scene.invite.inviter, guest: scene.invite.guest.publicKey, sessionID: session.id, words)
        let record = InviteRecord.introduction(
            key: scene.bob.key.raw, signature: proof.sign(by: scene.bob.identity), words)
        session.transport.write(RecordReader.framed(record.encoded), to: StreamID.control)
        scene.bob.wakeNow()
        scene.world.run(for: .seconds(3))
        #expect(scene.alice.introductions.map(\.name) == ["Bob"])
        #expect(!scene.alice.wasViolated)
    }

    @Test("a proof that is not the key's ends the session, and nobody is introduced")  // [INV-9]
    func forgedProof() throws {
        let scene = Invitation(seed: 8)
        scene.publish()
        let mallory = scene.world.addPeer("192.0.2.9:4000", identity: scene.invite.guest)
        mallory.useService()
        mallory.add(scene.alice)
        mallory.connect(to: scene.alice)
        #expect(scene.world.run(for: .seconds(5)) { mallory.isConnected(to: scene.alice) })
        let words = InviteIntroduction(name: "Bob", places: [])
        let record = InviteRecord.introduction(
            key: scene.bob.key.raw, signature: [UInt8](repeating: 1, count: 64), words)
        let session = mallory.connection(to: scene.alice)?.session
        session?.transport.write(RecordReader.framed(record.encoded), to: StreamID.control)
        mallory.wakeNow()
        scene.world.run(for: .seconds(3))
        #expect(scene.alice.introductions.isEmpty)
        #expect(scene.alice.wasViolated)
    }
}
