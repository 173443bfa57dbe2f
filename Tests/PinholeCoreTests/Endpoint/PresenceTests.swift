import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("who is there")
struct PresenceTests {
    /// Whether `peer` came and went, as the other was told.
    private func words(_ peer: Peer, of other: Peer) -> [Bool] {
        peer.events.compactMap { if case .presence(other.key, let isThere) = $0 { isThere } else { nil } }
    }

    /// Two who know each other, and no service.
    private func offlinePair(in world: World) -> (alice: Peer, bob: Peer) {
        let (alice, bob) = (world.addPeer("192.0.2.1:4000"), world.addPeer("192.0.2.2:4000"))
        alice.add(bob)
        bob.add(alice)
        return (alice, bob)
    }

    @Test("a service tells who comes and goes, without any session")
    func service() {
        let world = World(seed: 301)
        let (alice, bob) = offlinePair(in: world)
        alice.endpoint.watchContacts(true, at: world.now)
        alice.useService()
        world.run(for: .seconds(3))
        #expect(words(alice, of: bob).isEmpty && !alice.endpoint.isPresent(bob.key))
        bob.useService()
        #expect(world.run(for: .seconds(1)) { words(alice, of: bob) == [true] })
        #expect(alice.endpoint.isPresent(bob.key))
        // Who does not watch hears nothing.
        world.run(for: .seconds(3))
        #expect(words(bob, of: alice).isEmpty)
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        #expect(world.run(for: .seconds(1)) { words(alice, of: bob) == [true, false] })
        #expect(alice.connections.isEmpty && alice.failures.isEmpty, "nobody was called")
    }

    @Test("who starts to watch hears at once who is there already")
    func late() {
        let world = World(seed: 302)
        let (alice, bob) = offlinePair(in: world)
        bob.useService()
        world.run(for: .seconds(3))
        let began = world.now
        alice.endpoint.watchContacts(true, at: world.now)
        alice.useService()
        #expect(world.run(for: .seconds(1)) { words(alice, of: bob) == [true] })
        // With the confirmation of the registration: two round trips.
        #expect(world.now - began <= .milliseconds(90))
    }

    @Test("who dies without a word is gone when the registration ends, and a service that dies knows nobody")
    func death() {
        let world = World(seed: 303)
        let (alice, bob) = offlinePair(in: world)
        alice.endpoint.watchContacts(true, at: world.now)
        alice.useService()
        bob.useService()
        #expect(world.run(for: .seconds(3)) { words(alice, of: bob) == [true] })
        world.remove(bob)
        #expect(world.run(for: .seconds(130)) { words(alice, of: bob) == [true, false] })
        let carol = world.addPeer("192.0.2.3:4000")
        alice.add(carol)
        carol.add(alice)
        carol.useService()
        alice.drain()
        #expect(world.run(for: .seconds(5)) { words(alice, of: carol) == [true] })
        world.stopService()
        #expect(world.run(for: .seconds(60)) { words(alice, of: carol) == [true, false] })
    }

    @Test("a session is presence, whatever the services say, and midnight changes nothing")  // [SIG-35]
    func session() {
        let world = World(seed: 304)
        let (alice, bob) = world.makePair()
        alice.endpoint.watchContacts(true, at: world.now)
        alice.drain()
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(3)) { alice.isConnected(to: bob) && words(alice, of: bob) == [true] })
        world.run(for: .seconds(86_400))
        #expect(words(alice, of: bob) == [true])
        world.stopService()
        world.run(for: .seconds(120))
        #expect(words(alice, of: bob) == [true])
    }

    @Test("messages that wait leave when the contact appears, in order")
    func outbox() {
        let world = World(seed: 305)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.endpoint.watchContacts(true, at: world.now)
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        world.run(for: .seconds(1))
        for number in 0..<30 { alice.send("\(number)", isReleased: false, to: bob) }
        // Long enough that the next try of its own accord is a minute away.
        world.run(for: .seconds(600))
        bob.restart(with: alice)
        let began = world.now
        #expect(world.run(for: .seconds(5)) { bob.texts.count == 30 })
        #expect(bob.texts == (0..<30).map(String.init))
        #expect(world.now - began < .seconds(1))
    }
}

@Suite("two nodes with one identity")
struct TwinTests {
    private func twins(_ peer: Peer) -> [TransportAddress?] {
        peer.events.compactMap { if case .twin(let address) = $0 { .some(address) } else { nil } }
    }

    @Test("notice each other at once at a service, whoever comes first", arguments: 1...8)  // [TWN-1] [TWN-2]
    func service(seed: Int) {
        let world = World(seed: UInt64(seed))
        world.loss = seed > 4 ? 0.1 : 0
        let one = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        let contact = world.addPeer("192.0.2.9:4000")
        one.add(contact)
        one.useService()
        // Both at the same moment, or one after the other.
        world.run(for: seed.isMultiple(of: 2) ? .zero : .seconds(60))
        let other = world.addPeer(
            "192.168.2.10:4000", behind: .home("198.51.100.2"), identity: one.identity)
        other.add(contact)
        let began = world.now
        other.useService()
        #expect(
            world.run(for: .seconds(seed > 4 ? 800 : 3)) { !twins(one).isEmpty && !twins(other).isEmpty },
            "seed \(seed)"
        )
        if seed <= 4, !seed.isMultiple(of: 2) { #expect(world.now - began <= .milliseconds(250), "seed \(seed)") }
        #expect(twins(one).first??.ip == IPAddress("198.51.100.2"))
        #expect(twins(other).first??.ip == IPAddress("198.51.100.1"))
        // It is told again only after a while.
        world.run(for: .seconds(300))
        #expect(twins(one).count == 1 && twins(other).count == 1, "seed \(seed)")
    }

    @Test("one that was killed and starts again is no other, nor one that has two address families")  // [TWN-4]
    func restart() {
        let world = World(seed: 12)
        let (alice, bob) = world.makePair(.home("198.51.100.1"))
        for _ in 0..<3 {
            world.run(for: .seconds(20))
            alice.restart(with: bob)
        }
        let dual = world.addPeer([
            Interface(TransportAddress("192.0.2.20:4000")!, behind: nil),
            Interface(TransportAddress("[2001:db8::20]:4000")!, behind: nil),
        ])
        dual.add(bob)
        dual.useService()
        world.run(for: .seconds(1000))
        #expect(twins(alice).isEmpty && twins(bob).isEmpty && twins(dual).isEmpty)
    }

    @Test("what a service repeats of an earlier run convinces nobody")  // [TWN-3]
    func replay() throws {
        let keys = TwinKeys(.generate())
        var entropy = Entropy(SystemRandomNumberGenerator())
        let now = Instant(nanoseconds: 1)
        let secret = IdentitySecret.generate()
        var one = Twins(secret, instance: 1)
        var other = Twins(secret, instance: 2)
        one.began(1, at: now, &entropy)
        other.began(1, at: now, &entropy)
        let question = try #require(one.takeDue(at: now, &entropy).first)
        let heard = other.receive(question.blob, by: 1, at: now, &entropy)
        // A question alone may be old: it is answered, and proves nothing.
        #expect(!heard.isNews)
        let answer = try #require(heard.answer)
        let back = one.receive(answer.blob, by: 1, at: now, &entropy)
        #expect(back.isNews && answer.side == question.side.other)
        let third = try #require(back.answer)
        let end = other.receive(third.blob, by: 1, at: now, &entropy)
        #expect(end.isNews && end.answer == nil)
        // The same once more, or of somebody else.
        #expect(!one.receive(answer.blob, by: 1, at: now, &entropy).isNews)
        #expect(
            !other.receive(keys.seal(TwinBlob(instance: 9, challenge: 1, echo: 1, side: .lo)), by: 1, at: now, &entropy)
                .isNews)
    }

    @Test("notice each other on a local network, without a service")  // [LAN-3]
    func localNetwork() {
        let world = World(seed: 13)
        let router = NAT.home("198.51.100.1")
        let one = world.addPeer("192.168.1.10:4000", behind: router)
        let contact = world.addPeer("192.168.1.12:4000", behind: router)
        let other = world.addPeer("192.168.1.11:4000", behind: router, identity: one.identity)
        for peer in [one, other] { peer.add(contact) }
        contact.add(one)
        contact.useLocalNetwork()
        one.useLocalNetwork()
        world.run(for: .seconds(100))
        #expect(twins(one).isEmpty && twins(contact).isEmpty)
        let began = world.now
        other.useLocalNetwork()
        #expect(world.run(for: .seconds(2)) { twins(one) == [other.address] && twins(other) == [one.address] })
        #expect(world.now - began <= .milliseconds(20))
    }
}

@Suite("a clock that jumps a year")
struct ClockJumpTests {
    @Test("loses no message, doubles none and keeps their order", arguments: [-1, 1], [1, 2, 3] as [UInt64])
    func messages(direction: Int, seed: UInt64) {
        let world = World(seed: 400 + seed)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        world.loss = 0.05
        let year = Duration.seconds(Int64(direction) * 365 * 86_400)
        for round in 0..<6 {
            for number in 0..<10 {
                alice.send("a\(round * 10 + number)", to: bob)
                bob.send("b\(round * 10 + number)", to: alice)
                world.run(for: .milliseconds(Int64(seed) * 15))
            }
            // Wrong, right again, and wrong on the other side.
            switch round {
            case 0: alice.recover(with: bob, clockError: year)
            case 1: alice.recover(with: bob)
            case 2: bob.recover(with: alice, clockError: year)
            case 3: alice.recover(with: bob, clockError: .zero - year)
            default: bob.recover(with: alice)
            }
        }
        #expect(world.run(for: .seconds(120)) { alice.texts.count == 60 && bob.texts.count == 60 }, "seed \(seed)")
        world.run(for: .seconds(5))
        #expect(bob.texts == (0..<60).map { "a\($0)" }, "seed \(seed)")
        #expect(alice.texts == (0..<60).map { "b\($0)" }, "seed \(seed)")
    }
}
