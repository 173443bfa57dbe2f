import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("what a peer finds out about the NAT in front of it")
struct NATDetectorTests {
    private static let outside = IPAddress("198.51.100.1")!

    private static func nat(_ mapping: NAT.Mapping, _ filtering: NAT.Filtering) -> NAT {
        NAT(mapping, filtering, external: outside, seed: 1)
    }

    static let cases: [(NATBehavior.Mapping, NATBehavior.Filtering, NAT.Mapping, NAT.Filtering)] = [
        (.endpointIndependent, .endpointIndependent, .endpointIndependent, .endpointIndependent),
        // With one address of the service, what depends on addresses looks like what does not.
        (.endpointIndependent, .endpointIndependent, .endpointIndependent, .addressDependent),
        (.endpointIndependent, .addressAndPortDependent, .endpointIndependent, .addressAndPortDependent),
        (.addressAndPortDependent, .addressAndPortDependent, .addressAndPortDependent, .addressAndPortDependent),
        (.addressAndPortDependent, .endpointIndependent, .addressAndPortDependent, .endpointIndependent),
    ]

    @Test("each kind is recognized within 2 s", arguments: cases)  // [NAT-4]
    func kinds(
        mapping: NATBehavior.Mapping, filtering: NATBehavior.Filtering, natMapping: NAT.Mapping,
        natFiltering: NAT.Filtering
    ) {
        let world = World(seed: 91)
        let alice = world.addPeer("192.168.1.10:4000", behind: Self.nat(natMapping, natFiltering))
        alice.useService()
        #expect(world.run(for: .seconds(2)) { alice.behavior != nil })
        #expect(alice.behavior == NATBehavior(mapping: mapping, filtering: filtering))
    }

    @Test("how a NAT maps is told after three round trips, two of which register")
    func firstVerdict() {
        let world = World(seed: 94)
        let alice = world.addPeer("192.168.1.10:4000", behind: .symmetric("198.51.100.1"))
        alice.useService()
        let begin = world.now
        #expect(world.run(for: .seconds(1)) { alice.endpoint.profile(.v4)?.behavior.isHard == true })
        #expect(world.now - begin == .milliseconds(120))
    }

    @Test("an address that is not translated is recognized")
    func noNAT() {
        let world = World(seed: 92)
        let alice = world.addPeer("192.0.2.1:4000")
        alice.useService()
        world.run(for: .seconds(2))
        #expect(alice.behavior == NATBehavior(mapping: .none, filtering: .endpointIndependent))
        #expect(alice.profile?.allocation.kind == .preserving)
        #expect(alice.profile?.hairpins == nil)
    }

    @Test("a hard NAT is recognized when a quarter of the datagrams are lost", arguments: UInt64(21)...40)
    func losses(seed: UInt64) {
        let world = World(seed: seed)
        world.loss = 0.25
        let alice = world.addPeer("192.168.1.10:4000", behind: .symmetric("198.51.100.1", seed: seed))
        alice.useService()
        world.run(for: .seconds(20)) { alice.behavior != nil }
        #expect(
            alice.behavior
                == NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent), "seed \(seed)")
    }

    @Test("a slow path is not taken for a filter")
    func slowPath() {
        let world = World(seed: 95)
        world.delay = .milliseconds(600)
        let alice = world.addPeer("192.168.1.10:4000", behind: Self.nat(.endpointIndependent, .endpointIndependent))
        alice.useService()
        world.run(for: .seconds(30)) { alice.behavior != nil }
        #expect(alice.behavior == NATBehavior(mapping: .endpointIndependent, filtering: .endpointIndependent))
    }

    @Test("another network is measured anew, also when its public address is the same")
    func moves() {
        let world = World(seed: 93)
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        alice.useService()
        world.run(for: .seconds(3))
        #expect(alice.behavior?.isHard == false)
        for (external, prefix) in [("198.51.100.9", 16), ("198.51.100.9", 20)] {
            let measured = alice.events.count
            alice.nat = .symmetric(external)
            alice.endpoint.setLocal(
                [LocalAddress(alice.address.ip, prefixLength: prefix)], ports: [.v4: alice.address.port], at: world.now)
            world.run(for: .seconds(3))
            #expect(
                alice.behavior == NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent))
            #expect(
                alice.events[measured...].contains { if case .networkMeasured(_, true) = $0 { true } else { false } })
        }
    }

    @Test("a network that was measured before is known before it is measured again")
    func remembered() throws {
        let world = World(seed: 96)
        let alice = world.addPeer("192.168.1.10:4000", behind: .symmetric("198.51.100.1"))
        alice.useService()
        world.run(for: .seconds(3))
        let record = try #require(alice.endpoint.network(.v4))
        #expect(record.time >= World.unixMilliseconds)
        world.remove(alice)
        let again = world.addPeer("192.168.1.11:4000", behind: .symmetric("198.51.100.1"))
        var remembered = record
        remembered.profile.lifetime = .seconds(55)
        again.endpoint.remember([remembered])
        again.useService()
        #expect(world.run(for: .milliseconds(90)) { again.endpoint.profile(.v4) != nil })
        #expect(again.endpoint.profile(.v4) == remembered.profile)
        // A new measurement knows nothing of the lifetime, and does not forget it.
        world.run(for: .seconds(3))
        #expect(again.profile?.lifetime == .seconds(55))
    }

    @Test("a service with one port leaves unknown what it cannot show")  // [NAT-5]
    func onePort() {
        var entropy = Entropy(SeededRandom(seed: 1))
        var now = Instant(nanoseconds: 0)
        var detector = Self.detector(ports: [], at: now, &entropy)
        while let next = detector.nextTimeout {
            now = max(now, next)
            detector.handleTimeout(at: now, &entropy)
        }
        #expect(detector.behavior == NATBehavior() && detector.isDone)
    }

    @Test("the first alternate port is never written to, also where there is no other")  // [NAT-10]
    func twoPorts() {
        var entropy = Entropy(SeededRandom(seed: 4))
        var now = Instant(nanoseconds: 0)
        var detector = Self.detector(ports: [41415], at: now, &entropy)
        while let next = detector.nextTimeout {
            now = max(now, next)
            detector.handleTimeout(at: now, &entropy)
            for (_, route) in detector.takeOutgoing() { #expect(route.remote.port == 41414) }
        }
        #expect(detector.behavior == NATBehavior() && detector.isDone)
    }

    @Test("a service that showed nothing is asked again, at most once a minute")  // [NAT-2]
    func blind() {
        let world = World(seed: 97)
        world.recording = []
        world.tap = { DatagramKind($0.bytes.span) == .stun ? nil : $0 }
        let alice = world.addPeer("192.168.1.10:4000", behind: .symmetric("198.51.100.1"))
        alice.useService()
        world.run(for: .seconds(240))
        #expect(alice.behavior == nil && alice.endpoint.profile(.v4)?.behavior.mapping ?? .unknown == .unknown)
        // A measurement that nothing answers: mapping and filtering 3 × 3, sampling 8 × 3.
        let sent = world.recording!.count { DatagramKind($0.bytes.span) == .stun && World.isService($0.destination.ip) }
        #expect((66...165).contains(sent), "\(sent)")
        world.tap = nil
        #expect(world.run(for: .seconds(90)) { alice.behavior?.isHard == true })
    }

    @Test("a service that answers nothing says nothing about filters")  // [NAT-4]
    func silence() {
        var entropy = Entropy(SeededRandom(seed: 1))
        var now = Instant(nanoseconds: 0)
        var detector = Self.detector(ports: [41415, 41416, 41417], at: now, &entropy)
        var sent = 0
        while let next = detector.nextTimeout {
            now = max(now, next)
            detector.handleTimeout(at: now, &entropy)
            sent += detector.takeOutgoing().count
        }
        #expect(detector.behavior == NATBehavior() && detector.isDone)
        #expect(sent == 9)
    }

    @Test("answers that nobody asked for, from elsewhere, and with impossible addresses are not believed")  // [NAT-3]
    func forgedAnswers() throws {
        var entropy = Entropy(SeededRandom(seed: 2))
        let now = Instant(nanoseconds: 0)
        var detector = Self.detector(ports: [41415, 41416], at: now, &entropy)
        detector.handleTimeout(at: now, &entropy)
        let asked = detector.takeOutgoing()
        for (request, route) in asked {
            var answer = STUNMessage(.success, transactionID: request.transactionID)
            answer.mappedAddress = strangerAddress(1)
            #expect(!detector.receive(answer, from: Route(strangerAddress(2)), at: now, &entropy))
            let other = Route(route.remote, via: SocketID(rawValue: 7))
            #expect(!detector.receive(answer, from: other, at: now, &entropy))
            for absurd in ["198.51.100.1:0", "0.0.0.0:7", "224.0.0.1:7", "255.255.255.255:7", "[2001:db8::1]:7"] {
                answer.mappedAddress = TransportAddress(absurd)
                #expect(!detector.receive(answer, from: route, at: now, &entropy))
            }
            answer.mappedAddress = nil
            #expect(!detector.receive(answer, from: route, at: now, &entropy))
        }
        var unasked = STUNMessage(.success, transactionID: STUNMessage.request(&entropy).transactionID)
        unasked.mappedAddress = strangerAddress(1)
        #expect(!detector.receive(unasked, from: Route(TransportAddress("203.0.113.1:41415")!), at: now, &entropy))
        #expect(!detector.isDone && detector.behavior == NATBehavior())
    }

    @Test("another service shows whether the mapping depends on the address", arguments: [true, false])  // [NAT-5]
    func otherService(_ depends: Bool) {
        var entropy = Entropy(SeededRandom(seed: 3))
        var now = Instant(nanoseconds: 0)
        let (observed, other) = (TransportAddress("198.51.100.1:4000")!, TransportAddress("203.0.113.77:41414")!)
        var detector = NATDetector(
            service: TransportAddress("203.0.113.1:41414")!, observed: observed,
            alternatePorts: [41415, 41416, 41417], secondAddress: nil, elsewhere: other, isLocal: false,
            roundTrip: .zero, at: now, &entropy)
        while let next = detector.nextTimeout {
            now = max(now, next)
            detector.handleTimeout(at: now, &entropy)
            for (request, route) in detector.takeOutgoing() where !request.changePort {
                var answer = STUNMessage(.success, transactionID: request.transactionID)
                answer.mappedAddress =
                    depends && route.remote == other ? TransportAddress("198.51.100.1:7000") : observed
                #expect(detector.receive(answer, from: route, at: now, &entropy))
            }
        }
        #expect(detector.behavior.mapping == (depends ? .addressDependent : .endpointIndependent))
        #expect(detector.latePorts == [depends ? 7000 : 4000])
    }

    private static func detector(ports: [UInt16], at now: Instant, _ entropy: inout Entropy) -> NATDetector {
        NATDetector(
            service: TransportAddress("203.0.113.1:41414")!, observed: TransportAddress("198.51.100.1:4000")!,
            alternatePorts: ports, secondAddress: nil, isLocal: false, roundTrip: .milliseconds(40), at: now, &entropy)
    }
}
