import PinholeCore
import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@Suite("paths that come and go")
struct PathTests {
    private func connected(_ world: World, _ first: NAT?, _ second: NAT?) -> (Peer, Peer) {
        let (alice, bob) = world.makePair(first, second)
        alice.connect(to: bob)
        world.run(for: .seconds(5)) { !alice.connections.isEmpty && !bob.connections.isEmpty }
        return (alice, bob)
    }

    @Test("chat goes on when the service dies")
    func serviceDies() {
        let world = World(seed: 41)
        let (alice, bob) = connected(world, .home("198.51.100.1"), .home("198.51.100.2"))
        world.stopService()
        world.run(for: .seconds(120))
        alice.send("still here?", to: bob)
        bob.send("yes", to: alice)
        #expect(world.run(for: .seconds(2)) { alice.texts == ["yes"] && bob.texts == ["still here?"] })
    }

    @Test("an idle session stays up for an hour, at a few bytes a second")  // [PTH-26]
    func idle() {
        let world = World(seed: 42)
        let (alice, bob) = connected(world, .home("198.51.100.1"), .home("198.51.100.2"))
        world.run(for: .seconds(60))
        let before = alice.sentCount
        world.run(for: .seconds(3600))
        #expect(alice.isConnected(to: bob) && bob.isConnected(to: alice))
        // A ping or its answer each 20 s, and a refresh of the registration each 20 s.
        #expect(alice.sentCount - before < 3600 / 20 * 4)
    }

    @Test("routers that forget everything during a chat cost seconds, without the service")
    func flushWithoutService() {
        let world = World(seed: 43)
        let (alice, bob) = connected(world, .home("198.51.100.1"), .home("198.51.100.2"))
        alice.send("one", to: bob)
        world.run(for: .seconds(1))
        world.stopService()
        alice.nat?.flush()
        bob.nat?.flush()
        let start = world.now
        alice.send("two", to: bob)
        #expect(world.run(for: .seconds(10)) { bob.texts == ["one", "two"] })
        #expect(world.now - start <= .seconds(4))
    }

    @Test("routers that forget everything in silence are passed again through the service")  // [PTH-24]
    func flushWithService() {
        let world = World(seed: 44)
        let (alice, bob) = connected(world, .home("198.51.100.1"), .home("198.51.100.2"))
        world.run(for: .seconds(100))
        alice.nat?.flush()
        bob.nat?.flush()
        let start = world.now
        alice.send("hello?", to: bob)
        #expect(world.run(for: .seconds(40)) { bob.texts == ["hello?"] })
        #expect(world.now - start <= .seconds(27))
    }

    // [PTH-1] [PTH-10]
    @Test("a router that comes back with another public address is followed", arguments: 60..<80 as Range<UInt64>)
    func newPublicAddress(seed: UInt64) {
        let world = World(seed: seed)
        let nat = NAT.home("198.51.100.1")
        let (alice, bob) = connected(world, nat, .home("198.51.100.2"))
        alice.send("one", to: bob)
        world.run(for: .seconds(1))
        nat.flush()
        nat.external = IPAddress("198.51.100.77")!
        let start = world.now
        alice.send("two", to: bob)
        bob.send("three", to: alice)
        let arrived = world.run(for: .seconds(15)) { bob.texts == ["one", "two"] && alice.texts == ["three"] }
        #expect(arrived, "seed \(seed)")
        #expect(world.now - start <= .seconds(4), "seed \(seed)")
    }

    @Test("a peer that left is told as gone, and its session forgotten")  // [CLS-1]
    func goodbye() {
        let world = World(seed: 46)
        let (alice, bob) = connected(world, .home("198.51.100.1"), .home("198.51.100.2"))
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        world.run(for: .seconds(1))
        #expect(!alice.isConnected(to: bob))
        #expect(alice.closings == [.remoteRequest(code: 0)])
    }

    @Test("a peer that vanished is given up after a minute")  // [PTH-26]
    func vanished() {
        let world = World(seed: 47)
        let (alice, bob) = connected(world, .home("198.51.100.1"), .home("198.51.100.2"))
        world.remove(bob)
        world.run(for: .seconds(100))
        #expect(alice.closings == [.timedOut])
    }

    @Test("two on one network use it, though both know each other's public address")  // [PTH-13]
    func sameNetwork() {
        let world = World(seed: 48)
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        let bob = world.addPeer("192.168.1.11:4000", behind: alice.nat)
        for (one, other) in [(alice, bob), (bob, alice)] {
            one.add(other)
            one.useService()
        }
        world.run(for: .seconds(3))
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(5)) { !alice.connections.isEmpty })
        world.run(for: .seconds(3))
        #expect(alice.endpoint.path(to: bob.key)?.remote == bob.address)
        #expect(alice.endpoint.path(to: bob.key)?.kind == .host)
    }

    @Test("connect takes at most two round trips behind home routers, over many runs")  // [CND-15]
    func connectTime() {
        for seed in 100..<130 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = connected(world, .home("198.51.100.1"), .home("198.51.100.2"))
            #expect(alice.isConnected(to: bob), "seed \(seed)")
            #expect(alice.connections.first?.roundTrips ?? 9 <= 2.1, "seed \(seed)")
        }
    }

    @Test("every pair of open, restricted and home NATs connects", arguments: 0..<16)
    func matrix(cell: Int) {
        let kinds: [(String, UInt64) -> NAT?] = [
            { _, _ in nil },
            { NAT(.endpointIndependent, .endpointIndependent, external: IPAddress($0)!, seed: $1) },
            { NAT(.endpointIndependent, .addressDependent, external: IPAddress($0)!, seed: $1) },
            { NAT.home($0, seed: $1) },
        ]
        for seed in 0..<10 as Range<UInt64> {
            let world = World(seed: seed)
            world.jitter = .milliseconds(10)
            let (alice, bob) = connected(
                world, kinds[cell / 4]("198.51.100.1", seed), kinds[cell % 4]("198.51.100.2", seed))
            #expect(alice.isConnected(to: bob) && bob.isConnected(to: alice), "seed \(seed)")
        }
    }
}

extension Peer {
    var closings: [CloseReason] {
        events.compactMap { if case .disconnected(_, let reason) = $0 { reason } else { nil } }
    }
}
