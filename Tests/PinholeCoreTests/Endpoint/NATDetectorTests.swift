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

    @Test("each kind is recognized within 2 s", arguments: cases)
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

    @Test("an address that is not translated is recognized")
    func noNAT() {
        let world = World(seed: 92)
        let alice = world.addPeer("192.0.2.1:4000")
        alice.useService()
        world.run(for: .seconds(2))
        #expect(alice.behavior == NATBehavior(mapping: .none, filtering: .endpointIndependent))
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

    @Test("another network is measured anew")
    func moves() {
        let world = World(seed: 93)
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        alice.useService()
        world.run(for: .seconds(3))
        #expect(alice.behavior?.isHard == false)
        alice.nat = .symmetric("198.51.100.9")
        alice.endpoint.setLocal(
            [LocalAddress(alice.address.ip, prefixLength: 16)], ports: [.v4: alice.address.port], at: world.now)
        world.run(for: .seconds(3))
        #expect(alice.behavior == NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent))
    }

    @Test("a service with one port leaves unknown what it cannot show")
    func onePort() {
        var entropy = Entropy(SeededRandom(seed: 1))
        var now = Instant(nanoseconds: 0)
        let service = TransportAddress("203.0.113.1:41414")!
        var detector = NATDetector(
            service: service, observed: TransportAddress("198.51.100.1:4000")!, alternatePorts: [],
            secondAddress: nil, isLocal: false, at: now)
        while let next = detector.nextTimeout {
            now = max(now, next)
            detector.handleTimeout(at: now, &entropy)
        }
        #expect(detector.behavior == NATBehavior())
    }

    @Test("answers that nobody asked for, and from elsewhere, are not believed")
    func forgedAnswers() {
        var entropy = Entropy(SeededRandom(seed: 2))
        let now = Instant(nanoseconds: 0)
        let service = TransportAddress("203.0.113.1:41414")!
        var detector = NATDetector(
            service: service, observed: TransportAddress("198.51.100.1:4000")!, alternatePorts: [41415, 41416],
            secondAddress: nil, isLocal: false, at: now)
        detector.handleTimeout(at: now, &entropy)
        for asked in detector.takeOutgoing() {
            var answer = STUNMessage(.success, transactionID: asked.0.transactionID)
            answer.mappedAddress = strangerAddress(1)
            #expect(!detector.receive(answer, from: strangerAddress(2), at: now, &entropy))
        }
        var unasked = STUNMessage(.success, transactionID: .random(&entropy))
        unasked.mappedAddress = strangerAddress(1)
        #expect(!detector.receive(unasked, from: TransportAddress("203.0.113.1:41415")!, at: now, &entropy))
        #expect(!detector.isDone && detector.behavior == NATBehavior())
    }
}
