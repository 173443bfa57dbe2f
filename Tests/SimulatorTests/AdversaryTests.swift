import PinholeCore
import PinholeWire
import Simulator
import Testing

@Suite("those who lie")
struct AdversaryTests {
    private static let victim = TransportAddress("192.0.2.200:9999")!

    /// Two peers on home networks who use a service that lies, and what they sent to whom within half a minute.
    private func meet(_ lie: LyingService.Lie, seed: UInt64) -> (World, Peer, Peer, sent: [TransportAddress: Int]) {
        let world = World(seed: seed)
        world.liar = LyingService(lie, secret: world.serviceSecret, victim: Self.victim)
        let alice = world.addPeer(number: 1, on: .portRestricted)
        let bob = world.addPeer(number: 2, on: .portRestricted)
        var sent: [TransportAddress: Int] = [:]
        world.tap = { flight in
            if !World.isService(flight.source.ip) { sent[flight.destination, default: 0] += 1 }
            return flight
        }
        for (peer, contact) in [(alice, bob), (bob, alice)] {
            peer.add(contact)
            peer.useService()
        }
        world.run(for: .seconds(5))
        alice.connect(to: bob)
        world.run(for: .seconds(9))
        return (world, alice, bob, sent)
    }

    @Test("a service that lies turns no traffic on others", arguments: LyingService.Lie.allCases)  // [CND-5]
    func lies(lie: LyingService.Lie) {
        for seed in 0..<10 as Range<UInt64> {
            let (_, _, _, sent) = meet(lie, seed: seed)
            // Both peers, 9 probes of an address in a round, of two packets at most while the peer may lack our keys.
            let bound = lie == .strangeTags ? 0 : 2 * 9 * 2
            #expect(sent[Self.victim, default: 0] <= bound, "\(lie), seed \(seed)")
            let named = ["198.51.100.1", "198.51.100.2", "\(Self.victim.ip)", "\(World.serviceAddress)"]
            // Who is seen at the same public address may be on the same network.
            for (destination, count) in sent
            where !named.contains("\(destination.ip)") && (lie != .wrongObserved || !destination.ip.isPrivate) {
                #expect(count == 0, "\(lie), seed \(seed): \(count) to \(destination)")
            }
        }
    }

    @Test(  // [HS-51]
        "introductions that come again, or with addresses of others, keep nobody apart",
        arguments: [LyingService.Lie.replayedBlobs, .manyAddresses])
    func stillMeet(lie: LyingService.Lie) {
        for seed in 0..<10 as Range<UInt64> {
            let (world, alice, bob, _) = meet(lie, seed: seed)
            alice.send("hello", to: bob)
            #expect(world.run(for: .seconds(20)) { bob.texts == ["hello"] }, "\(lie), seed \(seed)")
        }
    }

    // [SIG-31]
    @Test("introductions that come again at once are not answered each time, or service and peers would never rest")
    func rests() {
        let world = World(seed: 13)
        world.liar = LyingService(.manyAddresses, secret: world.serviceSecret, victim: Self.victim)
        let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
        world.run(for: .seconds(5))
        let before = world.atService[.client, default: 0]
        alice.connect(to: bob)
        bob.connect(to: alice)
        world.run(for: .seconds(10))
        // Repetitions, measuring and refreshes of both; each of them was answered tenfold.
        #expect(world.atService[.client, default: 0] - before <= 100)
    }

    @Test("what a peer said is worth nothing from another address")
    func spoofed() {
        for seed in 0..<10 as Range<UInt64> {
            let world = World(seed: seed)
            let alice = world.addPeer("192.0.2.1:4000")
            let bob = world.addPeer("192.0.2.2:4000")
            for (peer, contact) in [(alice, bob), (bob, alice)] {
                peer.add(contact)
                peer.useService()
            }
            world.run(for: .seconds(5))
            world.recording = []
            alice.connect(to: bob)
            world.run(for: .seconds(5)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
            let recorded = (world.recording ?? []).filter { $0.destination == bob.address }
            world.run(for: .seconds(5))
            world.recording = []
            for flight in recorded {
                for _ in 0..<20 { world.send(flight.bytes, from: Self.victim, to: bob.address) }
                world.run(for: .milliseconds(10))
            }
            world.run(for: .seconds(5))
            let reflected = (world.recording ?? []).filter { $0.destination == Self.victim }
            #expect(reflected.count <= 9, "seed \(seed)")
            #expect(bob.endpoint.path(to: alice.key)?.remote == alice.address, "seed \(seed)")
        }
    }
}
