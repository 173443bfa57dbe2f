import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore
@testable import Signaling

@Suite("several services")
struct ServicesTests {
    private let world: World
    private let first: ServiceHost
    private let second: ServiceHost
    private let alice: Peer
    private let bob: Peer

    init() {
        world = World(seed: 201)
        first = world.addService("203.0.113.11")
        second = world.addService("203.0.113.12")
        alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        bob = world.addPeer("192.168.2.10:4000", behind: .home("198.51.100.2"))
        alice.add(bob)
        bob.add(alice)
    }

    private func useBoth() {
        for peer in [alice, bob] { peer.use([first.rendezvous(0), second.rendezvous(1)]) }
        world.run(for: .seconds(3))
    }

    /// How long it takes to connect, and to say why not.
    private func connectTime(within limit: Duration = .seconds(12)) -> Duration? {
        let begin = world.now
        alice.connect(to: bob)
        return world.run(for: limit) { alice.connections.count == 1 } ? world.now - begin : nil
    }

    private func verdict(within limit: Duration = .seconds(12)) -> (reason: UnreachableReason?, after: Duration) {
        let begin = world.now
        alice.connect(to: bob)
        world.run(for: limit) { !alice.failures.isEmpty }
        return (alice.failures.first, world.now - begin)
    }

    @Test("two round trips to a contact, with both services up or with one dead from the beginning")  // [SRV-1]
    func dead() throws {
        useBoth()
        let both = try #require(connectTime())
        #expect(both <= .milliseconds(120), "\(both)")
        let other = ServicesTests()
        other.first.stop(in: other.world)
        other.useBoth()
        let one = try #require(other.connectTime())
        #expect(one <= both + .milliseconds(1), "\(one), \(both)")
    }

    @Test("a service that dies while one is registered costs no time either, and the other goes on")
    func dies() throws {
        useBoth()
        second.stop(in: world)
        let time = try #require(connectTime())
        #expect(time <= .milliseconds(120), "\(time)")
        #expect(world.canTalk(alice, bob))
    }

    @Test("the word of one service that a contact is away counts after a second when the other is silent")  // [SRV-4]
    func offline() {
        useBoth()
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        world.run(for: .seconds(1))
        #expect(verdict().after < .milliseconds(100))
        #expect(alice.failures == [.offline])
        let other = ServicesTests()
        other.useBoth()
        other.bob.endpoint.shutDown(at: other.world.now)
        other.bob.drain()
        other.world.run(for: .seconds(1))
        other.second.stop(in: other.world)
        let (reason, after) = other.verdict()
        #expect(reason == .offline)
        #expect(after >= .seconds(1) && after < .milliseconds(1100), "\(after)")
    }

    @Test("a service that is still being asked for the first time may know what the other does not")  // [SRV-2] [SRV-4]
    func late() throws {
        bob.use([second.rendezvous(1)])
        world.run(for: .seconds(2))
        // Alice hears from the second service half a second after the first.
        world.tap = { [second] flight in
            guard flight.source.ip == second.address else { return flight }
            var flight = flight
            flight.arrival = flight.arrival + .milliseconds(250)
            return flight
        }
        alice.use([first.rendezvous(0), second.rendezvous(1)])
        let time = try #require(connectTime())
        #expect(alice.failures.isEmpty && time < .milliseconds(1300), "\(time)")
    }

    @Test("a contact is found through a service of its own, which learns of no other contact")  // [SRV-7]
    func carried() throws {
        let carol = world.addPeer("192.0.2.3:4000")
        alice.add(carol)
        carol.add(alice)
        bob.use([second.rendezvous(0)])
        carol.use([first.rendezvous(0)])
        alice.use([first.rendezvous(0), second.rendezvous(1, for: .only([bob.key]))])
        world.run(for: .seconds(3))
        alice.connect(to: bob)
        alice.connect(to: carol)
        #expect(world.run(for: .seconds(4)) { alice.connections.count == 2 })
        #expect(alice.endpoint.clients[1].pairs.map(\.keys.peerKey) == [bob.key])
        #expect(Set(alice.endpoint.clients[0].pairs.map(\.keys.peerKey)) == [bob.key, carol.key])
        // A tag of Carol's that the contact's service sends means nothing.
        let before = alice.sentCount
        let pair = try PairKeys(own: alice.identity, peer: carol.key)
        let day = try #require(alice.endpoint.clients[1].day(at: world.now))
        let peer = SignalingClient.Event.peer(pair.tag(day: day), observed: [strangerAddress(1)], blob: [])
        alice.endpoint.handle(peer, of: 1, at: world.now)
        alice.drain()
        #expect(alice.sentCount == before)
    }

    // [SRV-5] [SRV-6]
    @Test("what a contact's service says of our address goes to that contact alone, and it sees no token")
    func scope() throws {
        let liar = strangerAddress(7)
        let dave = world.addPeer("192.0.2.4:4000")
        alice.add(dave)
        let own = RendezvousService(
            id: 0, key: first.secret.publicKey,
            addresses: [TransportAddress(first.address, port: World.servicePorts[0])], token: [1, 2, 3])
        alice.use([own, second.rendezvous(1, for: .only([bob.key]))])
        world.run(for: .seconds(3))
        #expect(alice.endpoint.clients.map(\.service.token) == [[1, 2, 3], []])
        let registration = alice.endpoint.environment.registrations[1]
        alice.endpoint.environment.registrations[1] = Environment.Registration(
            client: registration.client, service: registration.service, address: registration.address,
            state: .up(observed: liar, rtt: nil))
        #expect(alice.endpoint.environment.candidates(for: bob.key).map(\.address).contains(liar))
        #expect(!alice.endpoint.environment.candidates(for: dave.key).map(\.address).contains(liar))
    }

    @Test("a session outlives all services")  // [SRV-8]
    func outlives() throws {
        useBoth()
        _ = try #require(connectTime())
        first.stop(in: world)
        second.stop(in: world)
        world.run(for: .seconds(300))
        #expect(world.canTalk(alice, bob))
        #expect(alice.connections.count == 1)
    }

    // [SIG-37]
    @Test("a service that says it stops is left for a moment, the other goes on, and both are used again after")
    func draining() throws {
        useBoth()
        first.drain(in: world)
        first.stop(in: world)
        world.run(for: .milliseconds(100))
        for peer in [alice, bob] {
            #expect(peer.endpoint.clients.map(\.isRegistered) == [false, true])
            let reasons = peer.events.compactMap { event -> ServiceFailure? in
                if case .serviceDown(0, let failure) = event { failure } else { nil }
            }
            #expect(reasons == [.draining])
        }
        let time = try #require(connectTime())
        #expect(time <= .milliseconds(120), "\(time)")
        first.start()
        world.run(for: .seconds(20))
        for peer in [alice, bob] { #expect(peer.endpoint.clients.allSatisfy { $0.isRegistered }) }
    }

    // [CND-8]
    @Test("nothing is sent to a service for a contact's sake, at any of its ports and addresses, while it is used")
    func addresses() {
        useBoth()
        let elsewhere = IPAddress("203.0.113.99")!
        let reply = SignalingReply.Registered(
            registration: 1, lifetime: 90, time: World.unixMilliseconds,
            observed: TransportAddress("198.51.100.1:4000")!, alternatePorts: [41415, 41416, 41417],
            secondAddress: TransportAddress(elsewhere, port: 41414))
        alice.endpoint.handle(.confirmed(reply), of: 1, at: world.now)
        let environment = alice.endpoint.environment
        for ip in [first.address, second.address, elsewhere] {
            for port in World.servicePorts {
                let address = TransportAddress(ip, port: port)
                #expect(environment.refusal(of: address, of: bob.key, peerObserved: []) == .service)
            }
        }
        #expect(environment.serviceScopes.count == 12)
        alice.use([first.rendezvous(0)])
        let left = World.servicePorts.map { TransportAddress(first.address, port: $0) }
        #expect(Set(environment.serviceScopes.keys) == Set(left))
    }

    @Test("a list that changes keeps the registrations that stay, and ends those that go")  // [SRV-8]
    func changes() {
        useBoth()
        let before = alice.endpoint.clients[0].id
        let third = world.addService("203.0.113.13")
        alice.use([first.rendezvous(0), third.rendezvous(2)])
        #expect(alice.endpoint.clients.map(\.id).first == before && alice.endpoint.clients[0].isRegistered)
        world.run(for: .seconds(1))
        #expect(alice.endpoint.clients.allSatisfy { $0.isRegistered })
        // The second was told: it does not know Alice any more, and the first still does.
        bob.use([second.rendezvous(1)])
        world.run(for: .seconds(1))
        bob.connect(to: alice)
        world.run(for: .seconds(1))
        #expect(bob.failures == [.offline])
    }
}

extension ServiceHost {
    /// Says goodbye to everybody, as before a planned stop.
    fileprivate func drain(in world: World) {
        var outbox = Signaling.Outbox()
        var next = service.registry.newestSlot
        while let slot = next {
            next = service.registry.older(than: slot)
            service.drain(slot, into: &outbox)
        }
        send(outbox, in: world)
    }
}
