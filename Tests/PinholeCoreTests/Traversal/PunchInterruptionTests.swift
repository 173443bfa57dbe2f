import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// What ends a punch half-way. The world itself notices a peer that spins without time passing.
@Suite("a punch that is interrupted")
struct PunchInterruptionTests {
    @Test("stops when the peer's NAT turns out to be open")  // [PUN-4]
    func otherPlan() {
        let world = World(seed: 1)
        let (alice, bob) = world.makePair(.portRestricted, .random)
        world.tap = { $0.isDirect ? nil : $0 }
        alice.connect(to: bob)
        world.run(for: .seconds(1))
        bob.endpoint.environment.nat[.v4] = NATProfile(
            behavior: NATBehavior(mapping: .endpointIndependent, filtering: .endpointIndependent))
        bob.connection(to: alice)?.advancePunch(at: world.now)
        bob.wakeNow()
        world.run(for: .seconds(1))
        #expect(alice.connection(to: bob)?.punch.progress.plan == nil)
    }

    @Test("waits in peace when the services go")
    func noService() {
        let world = World(seed: 1)
        let (alice, bob) = world.makePair(.portRestricted, .sequential)
        world.tap = { $0.isDirect ? nil : $0 }
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(2)) { bob.connection(to: alice)?.punch.retell != nil })
        bob.endpoint.setServices([], at: world.now)
        bob.drain()
        world.run(for: .seconds(12))
        #expect(!bob.isConnected(to: alice))
    }

    @Test("waits in peace when the network is another than the one that was measured")
    func otherNetwork() {
        let world = World(seed: 1)
        let (alice, bob) = world.makePair(.portRestricted, .sequential)
        world.tap = { flight in flight.isDirect || (flight.isFromService && flight.bytes[0] < 4) ? nil : flight }
        alice.connect(to: bob)
        let isSampling = world.run(for: .seconds(2)) {
            if case .sampling? = bob.connection(to: alice)?.punch.prediction { true } else { false }
        }
        #expect(isSampling)
        bob.endpoint.environment.nat[.v4] = nil
        world.run(for: .seconds(12))
        #expect(!bob.isConnected(to: alice))
    }

    @Test("leaves no socket and no claim behind when the old path comes back", arguments: 1...4 as ClosedRange<UInt64>)
    func oldPath(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(.portRestricted, .random)
        alice.connect(to: bob)
        world.run(for: .seconds(6)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        world.run(for: .seconds(30))
        world.tap = { $0.isDirect ? nil : $0 }
        alice.send("a", to: bob)
        bob.send("b", to: alice)
        let isPunching = world.run(for: .seconds(8)) { (bob.connection(to: alice)?.extraSockets.count ?? 0) > 40 }
        #expect(isPunching, "seed \(seed)")
        world.tap = nil
        world.run(for: .seconds(60))
        #expect(alice.texts == ["b"] && bob.texts == ["a"], "seed \(seed)")
        for (peer, other) in [(alice, bob), (bob, alice)] {
            #expect((peer.connection(to: other)?.extraSockets.count ?? 0) <= 1, "seed \(seed)")
            #expect(!peer.endpoint.environment.punches.isClaimed, "seed \(seed)")
        }
    }

    @Test("goes on when it is late and waits for a socket")
    func late() {
        var entropy = Entropy(SeededRandom(seed: 1))
        let start = Instant(nanoseconds: 0)
        let search = PortSearch.window(last: 40_000, delta: 1, count: 3, stretch: 0)
        var run = PunchRun(
            .sweep(search, after: nil, .sweep), passes: search, of: IPAddress("192.0.2.1")!, at: start)
        let now = start + .seconds(1)
        _ = run.next(at: now, &entropy)
        #expect(run.due > now && run.socketsWanted == 1)
    }

    @Test("a contact that says it has a block of one port is not believed")  // [PUN-1]
    func narrowBlock() {
        let world = World(seed: 1)
        let (alice, bob) = world.makePair(.block, .block)
        bob.endpoint.environment.nat[.v4]?.allocation = PortAllocation(
            kind: .block, low: 20_000, high: 20_000, last: 20_000)
        world.recording = []
        world.tap = { $0.isDirect && $0.destination.ip == alice.nat?.external ? nil : $0 }
        alice.connect(to: bob)
        // One attempt.
        world.run(for: .seconds(2))
        var counts: [TransportAddress: Int] = [:]
        for flight in world.recording ?? [] where flight.destination.ip == bob.nat?.external {
            counts[flight.destination, default: 0] += 1
        }
        // A round each of the main and of a fresh socket.
        #expect(counts.values.allSatisfy { $0 <= 4 * Limits.probesPerRound }, "\(counts)")
        #expect((alice.connection(to: bob)?.extraSockets.count ?? 0) < 10)
    }
}
