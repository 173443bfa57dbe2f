import PinholeCore
import PinholeWire
import Simulator
import Testing

@Suite("the simulated internet")
struct RoutingTests {
    /// Whether two peers that use the service connect, and by which addresses.
    private func meet(_ world: World, _ one: Peer, _ other: Peer) -> [PathDescription?] {
        for (peer, contact) in [(one, other), (other, one)] {
            peer.add(contact)
            peer.useService()
        }
        world.run(for: .seconds(6))
        one.connect(to: other)
        world.run(for: .seconds(12)) { one.isConnected(to: other) && other.isConnected(to: one) }
        world.run(for: .seconds(3))
        return [one.endpoint.path(to: other.key), other.endpoint.path(to: one.key)]
    }

    private func home(_ inside: String, behind outer: NAT? = nil, external: String, seed: UInt64) -> Interface {
        let router = NAT(
            .endpointIndependent, .addressAndPortDependent, lifetime: .linux, external: IPAddress(external)!,
            behind: outer, seed: seed)
        return Interface(TransportAddress(inside)!, behind: router)
    }

    @Test("a carrier's NAT behind that of a home is passed", arguments: 0..<5 as Range<UInt64>)
    func carrier(seed: UInt64) {
        let world = World(seed: seed)
        let carrier = NAT(.portRestricted, external: IPAddress("198.51.100.1")!, seed: seed)
        let alice = world.addPeer([
            home("192.168.1.10:4000", behind: carrier, external: "100.64.0.5", seed: seed)
        ])
        let bob = world.addPeer(number: 2, on: .portRestricted)
        let paths = meet(world, alice, bob)
        #expect(paths[1]?.remote.ip == IPAddress("198.51.100.1"), "seed \(seed)")
    }

    @Test("two homes of one carrier meet only if it turns packets round", arguments: [false, true])
    func hairpin(hairpins: Bool) {
        let world = World(seed: 9)
        let carrier = NAT(.portRestricted, external: IPAddress("198.51.100.1")!, seed: 1)!
        carrier.hairpins = hairpins
        let alice = world.addPeer([home("192.168.1.10:4000", behind: carrier, external: "100.64.0.5", seed: 1)])
        let bob = world.addPeer([home("192.168.1.10:4000", behind: carrier, external: "100.64.0.6", seed: 2)])
        let paths = meet(world, alice, bob)
        #expect((paths[0] != nil) == hairpins && (paths[1] != nil) == hairpins)
    }

    @Test("two networks behind one router use it without translation")
    func otherSubnet() {
        let world = World(seed: 10)
        let router = NAT(.portRestricted, external: IPAddress("198.51.100.1")!, seed: 1)
        let alice = world.addPeer("192.168.1.10:4000", behind: router)
        let bob = world.addPeer("192.168.2.10:4000", behind: router)
        let paths = meet(world, alice, bob)
        #expect(paths[0]?.remote == bob.address && paths[1]?.remote == alice.address)
    }

    @Test("firewalls of both sides let IPv6 through, when both speak")
    func firewalls() {
        let world = World(seed: 11)
        let alice = world.addPeer(number: 1, on: .firewall)
        let bob = world.addPeer(number: 2, on: .firewall)
        let paths = meet(world, alice, bob)
        #expect(paths.allSatisfy { $0?.remote.family == .v6 })
    }

    @Test("what is sent to a group reaches the whole network, the sender included, and no other")
    func multicast() {
        let world = World(seed: 12)
        let router = NAT(.portRestricted, external: IPAddress("198.51.100.1")!, seed: 1)
        let peers = ["192.168.1.10:4000", "192.168.1.11:4000", "192.168.2.10:4000"].map {
            world.addPeer($0, behind: router)
        }
        var heard: [Int] = []
        world.beforeDelivery = { _, _, peer in heard.append(peers.firstIndex { $0 === peer } ?? -1) }
        world.send([0xff], from: peers[0].address, at: router, to: TransportAddress("239.1.2.3:5000")!)
        world.run(for: .seconds(1))
        #expect(heard.sorted() == [0, 1])
    }

    @Test("a peer that moved is found again, and its old address is not answered")
    func moves() {
        let world = World(seed: 13)
        let alice = world.addPeer(number: 1, on: .portRestricted)
        let bob = world.addPeer(number: 2, on: .portRestricted)
        _ = meet(world, alice, bob)
        alice.move(to: world.makeNetwork(3, .portRestricted))
        alice.send("I moved", to: bob)
        #expect(world.run(for: .seconds(10)) { bob.texts == ["I moved"] })
        #expect(bob.endpoint.path(to: alice.key)?.remote.ip == IPAddress("198.51.100.3"))
    }

    @Test("a mapped port is believed only where it is reached from outside", arguments: [false, true])  // [MAP-9]
    func mapped(isBehindCarrier: Bool) {
        let world = World(seed: 14)
        let carrier = isBehindCarrier ? NAT(.random, external: IPAddress("198.51.100.9")!, seed: 2) : nil
        let router = NAT(
            .addressAndPortDependent, .addressAndPortDependent, .random, external: IPAddress("100.64.0.5")!,
            behind: carrier, seed: 1)
        if !isBehindCarrier { router.external = IPAddress("198.51.100.1")! }
        router.mapsPorts = true
        let alice = world.addPeer("192.168.1.10:4000", behind: router)
        alice.useService()
        world.run(for: .seconds(10))
        #expect((alice.endpoint.mappedAddress(.v4) != nil) == !isBehindCarrier)
    }

    @Test("a seed repeats a trial to the last datagram", arguments: ["P×S", "Q×Q", "N×6", "p×p"])
    func repeats(name: String) throws {
        let cell = try #require(Cell(name))
        var traces: [[String]] = [[], []]
        for index in traces.indices { _ = Trial(cell, seed: 4, loss: 0.1).run { traces[index].append($0) } }
        #expect(!traces[0].isEmpty && traces[0] == traces[1])
    }
}
