import PinholeCore
import PinholeWire
import Simulator
import Testing

@Suite("a port that the router forwards")
struct PortMappingTests {
    /// A peer whose NAT picks random ports and lets everybody in: a port of it is one that a router forwards.
    private static func mapped(_ world: World, _ inside: String, _ external: String) -> (Peer, TransportAddress) {
        let nat = NAT(
            .addressAndPortDependent, .endpointIndependent, .random, lifetime: .unlimited,
            external: IPAddress(external)!, seed: world.seed)
        let peer = world.addPeer(inside, behind: nat)
        let port = nat.outbound(peer.address, to: TransportAddress("192.0.2.200:9")!, at: world.now)
        return (peer, port!)
    }

    private static func verified(_ peer: Peer) -> [TransportAddress] {
        peer.events.compactMap { if case .mappingVerified(let address) = $0 { address } else { nil } }
    }

    private static func unreachable(_ peer: Peer) -> Int {
        peer.events.count { if case .mappingUnreachable = $0 { true } else { false } }
    }

    @Test("is a candidate once a service reached it: within 2 round trips of the registration")  // [MAP-10]
    func isVerified() {
        let world = World(seed: 1)
        let (alice, address) = Self.mapped(world, "192.168.1.10:4000", "198.51.100.1")
        alice.endpoint.setMapping(address.port, .v4, at: world.now)
        alice.useService()
        #expect(alice.endpoint.mappedAddress(.v4) == nil)
        world.run(for: .seconds(2)) { alice.isRegistered }
        let registered = world.now
        #expect(world.run(for: .seconds(2)) { !Self.verified(alice).isEmpty })
        #expect(world.now - registered <= .milliseconds(80))
        #expect(Self.verified(alice) == [address])
        #expect(alice.endpoint.mappedAddress(.v4) == address)
    }

    // [MAP-9]
    @Test("is none, and told, where the service does not get through: within 4 s, and not while the service is silent")
    func isNotReached() {
        let world = World(seed: 2)
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        alice.useService()
        world.run(for: .seconds(5))
        world.stopService()
        alice.endpoint.setMapping(5000, .v4, at: world.now)
        world.run(for: .seconds(10))
        #expect(Self.unreachable(alice) == 0)
        world.startService()
        #expect(world.run(for: .seconds(60)) { Self.unreachable(alice) == 1 })
        #expect(alice.endpoint.mappedAddress(.v4) == nil && Self.verified(alice).isEmpty)
    }

    @Test("is asked about again every 10 minutes, and withdrawn when it died")  // [MAP-12]
    func dies() {
        let world = World(seed: 3)
        let (alice, address) = Self.mapped(world, "192.168.1.10:4000", "198.51.100.1")
        alice.useService()
        alice.endpoint.setMapping(address.port, .v4, at: world.now)
        #expect(world.run(for: .seconds(2)) { alice.endpoint.mappedAddress(.v4) == address })
        alice.nat?.flush()
        #expect(world.run(for: .seconds(700)) { Self.unreachable(alice) == 1 })
        #expect(alice.endpoint.mappedAddress(.v4) == nil)
        #expect(Self.verified(alice) == [address], "told once")
    }

    @Test("survives a quarter of all datagrams being lost", arguments: UInt64(1)...40)
    func losses(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, address) = Self.mapped(world, "192.168.1.10:4000", "198.51.100.1")
        alice.useService()
        world.run(for: .seconds(5)) { alice.isRegistered }
        world.loss = 0.25
        alice.endpoint.setMapping(address.port, .v4, at: world.now)
        world.run(for: .seconds(30)) { !Self.verified(alice).isEmpty }
        // Four questions, each answered with 9 chances in 16: one in 27 is judged wrongly, and then asked for anew.
        if Self.unreachable(alice) > 0 { alice.endpoint.setMapping(address.port, .v4, at: world.now) }
        world.loss = 0
        #expect(world.run(for: .seconds(60)) { !Self.verified(alice).isEmpty }, "seed \(seed)")
    }

    @Test("connects two whose NATs nothing else connects", arguments: UInt64(1)...10)
    func connects(seed: UInt64) throws {
        let world = World(seed: seed)
        let (alice, address) = Self.mapped(world, "192.168.1.10:4000", "198.51.100.1")
        let bob = world.addPeer("192.168.2.10:4000", behind: .symmetric("198.51.100.2", seed: seed))
        alice.add(bob)
        bob.add(alice)
        alice.useService()
        bob.useService()
        alice.endpoint.setMapping(address.port, .v4, at: world.now)
        world.run(for: .seconds(5)) { alice.endpoint.mappedAddress(.v4) != nil && bob.isRegistered }
        let (caller, callee) = seed % 2 == 0 ? (alice, bob) : (bob, alice)
        caller.connect(to: callee)
        #expect(world.run(for: .seconds(3)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) })
        let path = try #require(bob.endpoint.path(to: alice.key))
        #expect(path.connectTime <= .milliseconds(200), "seed \(seed)")
    }

    @Test(
        "is reached by a home router's peer, whether answers alone leave by it or all", arguments: [false, true], 1...5)
    func answers(sendsByForwards: Bool, number: Int) {
        for type in [NetworkType.portRestricted, .careless, .random] {
            let seed = UInt64(number)
            let world = World(seed: seed)
            let router = NAT(.random, external: IPAddress("198.51.100.1")!, seed: seed)!
            (router.mapsPorts, router.sendsByForwards) = (true, sendsByForwards)
            let alice = world.addPeer("192.168.1.10:4000", behind: router)
            let bob = world.addPeer(number: 2, on: type)
            alice.add(bob)
            bob.add(alice)
            alice.useService()
            bob.useService()
            world.run(for: .seconds(5))
            #expect(alice.endpoint.mappedAddress(.v4) != nil)
            let (caller, callee) = seed % 2 == 0 ? (alice, bob) : (bob, alice)
            caller.connect(to: callee)
            #expect(
                world.run(for: .seconds(3)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) },
                "\(type), seed \(seed)")
        }
    }

    @Test("is told to a contact who is being called when it comes", arguments: UInt64(1)...10)  // [CND-1]
    func comesLate(seed: UInt64) throws {
        let world = World(seed: seed)
        let alice = world.addPeer("192.168.1.10:4000", behind: .symmetric("198.51.100.1", seed: seed))
        let bob = world.addPeer("192.168.2.10:4000", behind: .symmetric("198.51.100.2", seed: seed))
        alice.add(bob)
        bob.add(alice)
        alice.useService()
        bob.useService()
        world.run(for: .seconds(5)) { alice.isRegistered && bob.isRegistered }
        bob.connect(to: alice)
        world.run(for: .milliseconds(300))
        #expect(!alice.isConnected(to: bob))
        // The router's answer: from now on it lets everybody in.
        let (open, address) = (
            NAT(
                .addressAndPortDependent, .endpointIndependent, .random, lifetime: .unlimited,
                external: IPAddress("198.51.100.1")!, seed: seed),
            TransportAddress("192.0.2.200:9")!
        )
        alice.nat = open
        let port = open.outbound(alice.address, to: address, at: world.now)!.port
        alice.endpoint.setMapping(port, .v4, at: world.now)
        alice.drain()
        #expect(
            world.run(for: .seconds(3)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }, "seed \(seed)")
    }
}
