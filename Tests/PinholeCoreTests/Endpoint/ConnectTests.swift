import PinholeCore
import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@Suite("two peers meet")
struct ConnectTests {
    @Test("behind two home routers, through the service")
    func homeRouters() {
        let world = World(seed: 1)
        let (alice, bob) = world.makePair(NAT.home("198.51.100.1"), NAT.home("198.51.100.2"))
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(10)) { !alice.connections.isEmpty && !bob.connections.isEmpty })
        #expect(alice.connections.first?.roundTrips ?? 9 <= 2)
        alice.send("hello", to: bob)
        bob.send("hi", to: alice)
        #expect(world.run(for: .seconds(2)) { alice.texts == ["hi"] && bob.texts == ["hello"] })
        #expect(world.run(for: .seconds(2)) { alice.delivered.count == 1 && bob.delivered.count == 1 })
    }

    @Test("in direct mode, without any service")
    func direct() {
        let world = World(seed: 2)
        let alice = world.addPeer("192.0.2.1:4000")
        let bob = world.addPeer("192.0.2.2:4000")
        alice.add(bob, direct: [bob.address])
        bob.add(alice)
        alice.connect(to: bob)
        alice.send("hello", to: bob)
        #expect(world.run(for: .seconds(2)) { bob.texts == ["hello"] })
    }

    @Test("both at once")
    func crossed() {
        let world = World(seed: 3)
        let (alice, bob) = world.makePair(NAT.home("198.51.100.1"), NAT.home("198.51.100.2"))
        alice.connect(to: bob)
        bob.connect(to: alice)
        #expect(world.run(for: .seconds(10)) { !alice.connections.isEmpty && !bob.connections.isEmpty })
        alice.send("hello", to: bob)
        bob.send("hi", to: alice)
        #expect(world.run(for: .seconds(2)) { alice.texts == ["hi"] && bob.texts == ["hello"] })
    }

    @Test("two hard NATs fail within 10 s, and both are named")  // [HS-56]
    func hard() {
        let world = World(seed: 4)
        let (alice, bob) = world.makePair(NAT.symmetric("198.51.100.1"), NAT.symmetric("198.51.100.2", seed: 2))
        alice.connect(to: bob)
        let start = world.now
        #expect(world.run(for: .seconds(10)) { !alice.failures.isEmpty })
        #expect(world.now - start <= .seconds(10))
        let hard = NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)
        #expect(alice.failures == [.noDirectPath(own: hard, peer: hard)])
    }
}

extension World {
    /// Two contacts that are registered with the service.
    func makePair(_ first: NAT? = nil, _ second: NAT? = nil) -> (Peer, Peer) {
        let alice = addPeer(first == nil ? "192.0.2.1:4000" : "192.168.1.10:4000", behind: first)
        let bob = addPeer(second == nil ? "192.0.2.2:4000" : "192.168.2.10:4000", behind: second)
        alice.add(bob)
        bob.add(alice)
        alice.useService()
        bob.useService()
        run(for: .seconds(3))
        return (alice, bob)
    }
}
