import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// New keys for sessions that go on meanwhile, over every kind of network.
@Suite("rekeys of a session")
struct RekeyTests {
    /// A pair whose keys are always due, so that one rekey follows the other as fast as it may.
    private func restlessPair(
        seed: UInt64, minLifetime: Duration = .milliseconds(100), delay: Duration = .milliseconds(20)
    ) -> (World, Peer, Peer) {
        let world = World(seed: seed)
        world.delay = delay
        let (alice, bob) = world.makeDirectPair()
        for peer in [alice, bob] {
            peer.endpoint.environment.keyLimits.packets = 0
            peer.endpoint.environment.keyLimits.minLifetime = minLifetime
        }
        alice.connect(to: bob)
        world.run(for: .seconds(5)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        return (world, alice, bob)
    }

    private func epochs(_ alice: Peer, _ bob: Peer) -> [UInt32?] {
        [alice.keys(with: bob)?.number, bob.keys(with: alice)?.number]
    }

    // MARK: When

    @Test("people who talk have new keys after two minutes, and who is silent keeps the old ones")  // [EPO-3]
    func byAge() {
        let world = World(seed: 401)
        let (alice, bob) = world.makeDirectPair()
        alice.connect(to: bob)
        world.run(for: .seconds(10))
        #expect(world.canTalk(alice, bob))
        world.run(for: .seconds(100))
        #expect(epochs(alice, bob) == [0, 0])
        world.run(for: .seconds(12))
        #expect(epochs(alice, bob) == [1, 1])
        world.run(for: .seconds(3600))
        #expect(epochs(alice, bob) == [1, 1])
        // The first message after the silence brings new keys.
        #expect(world.canTalk(alice, bob))
        world.run(for: .seconds(1))
        #expect(epochs(alice, bob) == [2, 2])
        #expect(alice.connections.count == 1 && bob.connections.count == 1)
    }

    // [EPO-2]
    @Test("one side alone may want new keys, and both wanting them at once get one new epoch", arguments: [1, 2])
    func wanted(sides: Int) {
        let world = World(seed: 402)
        let (alice, bob) = world.makeDirectPair()
        for peer in [alice, bob].prefix(sides) { peer.endpoint.environment.keyLimits.packets = 50 }
        alice.connect(to: bob)
        world.run(for: .seconds(3))
        var asked = 0
        let content = world.content(70_000)
        alice.sendFile(1, name: "a", content, to: bob)
        bob.sendFile(2, name: "b", content, to: alice)
        let both = world.run(for: .seconds(10)) {
            asked = max(asked, [alice.keys(with: bob), bob.keys(with: alice)].count { $0?.isRenewing ?? false })
            return epochs(alice, bob) == [1, 1]
        }
        #expect(both && asked >= sides)
        world.run(for: .seconds(5)) { alice.stored["b"] == content && bob.stored["a"] == content }
        #expect(alice.stored["b"] == content && bob.stored["a"] == content)
        #expect(world.canTalk(alice, bob))
    }

    // MARK: Networks

    @Test("a thousand epochs of one session, with a message in each")  // [EPO-15]
    func thousand() {
        let (world, alice, bob) = restlessPair(seed: 403, minLifetime: .milliseconds(1), delay: .milliseconds(1))
        var sent = 0
        while let epoch = alice.keys(with: bob)?.number, epoch < 1000, sent < 3000 {
            alice.send("\(sent)", to: bob)
            sent += 1
            world.run(for: .seconds(2)) { alice.keys(with: bob)?.number != epoch }
        }
        world.run(for: .seconds(2)) { bob.texts.count == sent }
        #expect(alice.keys(with: bob)?.number == 1000)
        #expect(bob.texts == (0..<sent).map(String.init))
        #expect(alice.connections.count == 1 && bob.connections.count == 1)
    }

    @Test("three of ten datagrams are lost, in bursts", arguments: 0..<12 as Range<UInt64>)
    func loss(seed: UInt64) {
        let (world, alice, bob) = restlessPair(seed: 410 + seed)
        world.loseInBursts()
        var sent = 0
        for _ in 0..<60 {
            alice.send("\(sent)", to: bob)
            bob.send("\(sent)", to: alice)
            sent += 1
            world.run(for: .seconds(1))
        }
        #expect(epochs(alice, bob).allSatisfy { $0 ?? 0 > 15 }, "seed \(seed): \(epochs(alice, bob))")
        world.tap = nil
        world.run(for: .seconds(30)) { alice.delivered.count == sent && bob.delivered.count == sent }
        #expect(alice.texts == (0..<sent).map(String.init) && bob.texts == alice.texts, "seed \(seed)")
        #expect(alice.connections.count == 1 && bob.connections.count == 1, "seed \(seed)")
    }

    @Test("datagrams overtake each other and come twice", arguments: 0..<4 as Range<UInt64>)
    func reordering(seed: UInt64) {
        let (world, alice, bob) = restlessPair(seed: 430 + seed)
        world.jitter = .milliseconds(80)
        world.duplication = 0.2
        for number in 0..<400 {
            alice.send("\(number)", to: bob)
            world.run(for: .milliseconds(50))
        }
        world.run(for: .seconds(10)) { alice.delivered.count == 400 }
        #expect(bob.texts == (0..<400).map(String.init), "seed \(seed)")
        #expect(epochs(alice, bob).allSatisfy { $0 ?? 0 > 10 }, "seed \(seed): \(epochs(alice, bob))")
        #expect(alice.connections.count == 1, "seed \(seed)")
    }

    @Test("a file arrives whole, whatever its packets are sealed with", arguments: [0, 0.02, 0.1])
    func duringTransfer(loss: Double) {
        let (world, alice, bob) = restlessPair(seed: 440, minLifetime: .zero, delay: .milliseconds(50))
        world.loss = loss
        world.jitter = .milliseconds(10)
        let content = world.content(6_000_000)
        let before = epochs(alice, bob)
        alice.sendFile(1, name: "film", content, to: bob)
        #expect(world.run(for: .seconds(120)) { bob.stored["film"] != nil })
        #expect(bob.stored["film"] == content)
        #expect(zip(epochs(alice, bob), before).allSatisfy { $0 ?? 0 > $1 ?? 0 }, "\(before), \(epochs(alice, bob))")
        #expect(alice.connections.count == 1)
    }

    @Test("each single datagram of a rekey may be lost", arguments: 0..<24)  // [EPO-10] [EPO-13]
    func oneLost(index: Int) {
        let world = World(seed: 450)
        let (alice, bob) = world.makeDirectPair()
        for peer in [alice, bob] { peer.endpoint.environment.keyLimits.lifetime = .seconds(5) }
        alice.connect(to: bob)
        world.run(for: .seconds(3))
        _ = world.canTalk(alice, bob)
        world.run(for: .seconds(10)) {
            [alice.keys(with: bob), bob.keys(with: alice)].contains { $0?.isRenewing ?? false }
        }
        var count = 0
        world.tap = { flight in
            count += 1
            return count - 1 == index ? nil : flight
        }
        world.run(for: .seconds(3)) { epochs(alice, bob) == [1, 1] }
        #expect(epochs(alice, bob) == [1, 1])
        #expect(world.canTalk(alice, bob))
        #expect(alice.connections.count == 1)
    }

    // MARK: In the middle of something

    /// A pair in the middle of a rekey, by as many datagrams of it as arrived.
    private func interrupted(after passed: Int, seed: UInt64) -> (World, Peer, Peer) {
        let (world, alice, bob) = restlessPair(seed: seed, minLifetime: .seconds(1))
        world.run(for: .seconds(3)) {
            [alice.keys(with: bob), bob.keys(with: alice)].contains { $0?.isRenewing ?? false }
        }
        var count = 0
        world.tap = { flight in
            count += 1
            return count <= passed ? flight : nil
        }
        world.run(for: .milliseconds(300))
        world.tap = nil
        return (world, alice, bob)
    }

    @Test("a peer that restarts in the middle of a rekey gets a new session", arguments: 0..<6)
    func restart(passed: Int) {
        let (world, alice, bob) = interrupted(after: passed, seed: 460)
        bob.restart(with: alice, direct: [alice.address], usesService: false)
        bob.connect(to: alice)
        #expect(world.run(for: .seconds(10)) { world.shareOneSession(alice, bob) })
        #expect(world.canTalk(alice, bob, within: .seconds(5)))
    }

    @Test("a peer that moves in the middle of a rekey goes on with it", arguments: 0..<6)
    func roaming(passed: Int) throws {
        let (world, alice, bob) = interrupted(after: passed, seed: 470)
        let session = alice.sessionID(with: bob)
        let epoch = try #require(alice.keys(with: bob)).number
        bob.move(to: [Interface(TransportAddress("192.0.2.77:4000")!)])
        #expect(world.run(for: .seconds(10)) { epochs(alice, bob).allSatisfy { $0 ?? 0 > epoch + 1 } })
        #expect(world.canTalk(alice, bob))
        #expect(alice.sessionID(with: bob) == session && bob.sessionID(with: alice) == session)
    }

    @Test("a rekey waits for a network that is away for 40 s", arguments: 0..<6)
    func blackout(passed: Int) {
        let (world, alice, bob) = interrupted(after: passed, seed: 480)
        let session = alice.sessionID(with: bob)
        world.tap = { _ in nil }
        world.run(for: .seconds(40))
        world.tap = nil
        #expect(world.run(for: .seconds(10)) { epochs(alice, bob).allSatisfy { $0 ?? 0 > 5 } })
        #expect(world.canTalk(alice, bob))
        #expect(alice.sessionID(with: bob) == session)
    }

    // MARK: The end of keys

    @Test("a session whose keys are used up ends, says why, and the next one goes on")  // [EPO-21]
    func usedUp() {
        let world = World(seed: 490)
        let (alice, bob) = world.makeDirectPair(bothKnow: true)
        alice.endpoint.environment.keyLimits.maxPackets = 200
        alice.send("0", to: bob)
        world.run(for: .seconds(3))
        let first = alice.sessionID(with: bob)
        for number in 1..<300 {
            alice.send("\(number)", to: bob)
            world.run(for: .milliseconds(60))
        }
        #expect(alice.closings.contains(.keysUsedUp))
        world.run(for: .seconds(10)) { alice.delivered.count == 300 }
        #expect(bob.texts == (0..<300).map(String.init))
        #expect(alice.sessionID(with: bob) != first)
    }

    @Test("forgeries bring new keys, and too many of them end the session")
    func forgeries() throws {
        let world = World(seed: 491)
        let (alice, bob) = world.makeDirectPair(bothKnow: true)
        bob.endpoint.environment.keyLimits.failures = 20
        bob.endpoint.environment.keyLimits.maxFailures = 100
        alice.connect(to: bob)
        world.run(for: .seconds(3))
        let id = try #require(bob.connection(to: alice)?.session?.connectionID)
        func forge(_ count: Int) {
            for _ in 0..<count {
                var writer = ByteWriter()
                writer.u8(0x40)
                writer.u64(id.rawValue)
                for _ in 0..<8 { writer.u64(world.random.next()) }
                bob.receive(writer.bytes, from: alice.address)
            }
        }
        forge(20)
        world.run(for: .seconds(3)) { epochs(alice, bob) == [1, 1] }
        #expect(epochs(alice, bob) == [1, 1])
        forge(79)
        #expect(bob.closings == [])
        forge(1)
        #expect(bob.closings == [.keysUsedUp])
    }
}

extension Peer {
    func keys(with other: Peer) -> Epochs? {
        connection(to: other)?.session?.keys
    }
}
