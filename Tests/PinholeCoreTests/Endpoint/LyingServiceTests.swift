import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("measuring by a service that lies")
struct LyingServiceTests {
    private static let victim = TransportAddress("192.0.2.99:53")!
    private static let outside = IPAddress("198.51.100.1")!

    /// A peer behind a home router, whose STUN answers `lie` changes on their way.
    private static func world(
        seed: UInt64, _ lie: @escaping (inout STUNMessage, inout SeededRandom) -> Void
    ) -> (World, Peer) {
        let world = World(seed: seed)
        var random = SeededRandom(seed: seed)
        world.recording = []
        world.tap = { flight in
            guard World.isService(flight.source.ip), var message = try? STUNMessage(flight.bytes.span) else {
                return flight
            }
            lie(&message, &random)
            var flight = flight
            flight.bytes = message.encoded
            return flight
        }
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        alice.useService()
        return (world, alice)
    }

    /// How many datagrams of the peer went elsewhere than to the service.
    private static func strays(in world: World) -> Int {
        world.recording!.count {
            $0.source.ip == outside && !World.isService($0.destination.ip) && $0.destination.ip != outside
        }
    }

    @Test("whatever addresses STUN answers name, nothing is sent to them")  // [NAT-11]
    func addresses() {
        for seed in UInt64(1)...30 {
            let (world, alice) = Self.world(seed: seed) { message, random in
                message.mappedAddress =
                    [
                        Self.victim, TransportAddress("255.255.255.255:7")!, TransportAddress("127.0.0.1:7")!,
                        TransportAddress("198.51.100.1:0")!, TransportAddress("[2001:db8::1]:7")!,
                        TransportAddress(IPAddress(v4: UInt32(truncatingIfNeeded: random.next())), port: 9),
                    ].randomElement(using: &random)
            }
            world.run(for: .seconds(400))
            #expect(Self.strays(in: world) == 0, "seed \(seed)")
            #expect(alice.isRegistered)
            // At the worst the network is taken for a hard one.
            #expect(alice.profile?.behavior.mapping != NATBehavior.Mapping.none)
        }
    }

    @Test(  // [NAT-11]
        "a second address that is none, or inside, is not asked",
        arguments: [
            "255.255.255.255:9", "224.0.0.1:9", "0.0.0.0:9", "240.0.0.1:9", "127.0.0.1:9", "169.254.1.1:9",
            "192.168.1.255:9", "192.168.1.1:53", "10.0.0.1:9", "100.64.0.1:9", "192.0.2.99:0", "203.0.113.1:41415",
            "[2001:db8::1]:9",
        ])
    func secondAddress(_ text: String) {
        let (world, alice) = Self.world(seed: 7) { _, _ in }
        let second = TransportAddress(text)!
        #expect(!alice.endpoint.environment.believes(second: second, of: Self.service))
        world.run(for: .seconds(15))
        world.recording = []
        Self.tell(alice, "198.51.100.50:5000", second: second, in: world)
        world.run(for: .seconds(3))
        #expect(world.recording!.count { DatagramKind($0.bytes.span) == .stun } > 0)
        #expect(!world.recording!.contains { $0.destination == second })
    }

    @Test("a second address outside is asked, and one inside if the service is there too")
    func plausibleSecondAddress() {
        let (world, alice) = Self.world(seed: 8) { _, _ in }
        world.run(for: .seconds(15))
        Self.tell(alice, "198.51.100.50:5000", second: Self.victim, in: world)
        world.run(for: .seconds(3))
        #expect((1...3).contains(world.recording!.count { $0.destination == Self.victim }))
        let environment = alice.endpoint.environment
        for service in ["10.0.0.2:41414", "127.0.0.1:41414"] {
            #expect(
                environment.believes(second: TransportAddress("10.0.0.3:41414")!, of: TransportAddress(service)!))
        }
    }

    @Test(  // [NAT-11]
        "where nobody can be, this peer is not: nothing is measured, and no contact is told",
        arguments: ["255.255.255.255:9", "0.0.0.0:9", "192.168.1.1:53", "10.0.0.1:9", "198.51.100.1:0"])
    func observed(_ text: String) {
        let (world, alice) = Self.world(seed: 9) { _, _ in }
        world.run(for: .seconds(15))
        let environment = alice.endpoint.environment
        let candidates = environment.candidates(for: alice.key)
        let registration = environment.registrations[0]
        environment.registrations[0] = Environment.Registration(
            client: registration.client, service: registration.service, address: registration.address,
            state: .up(observed: TransportAddress(text)!, rtt: nil))
        #expect(!environment.candidates(for: alice.key).contains { $0.address == TransportAddress(text) })
        #expect(candidates.contains { $0.kind == .serverReflexive })
        let network = environment.networks[.v4]
        Self.tell(alice, text, in: world)
        #expect(!alice.endpoint.isMeasuring(.v4) && environment.networks[.v4] == network)
    }

    // [NAT-1]
    @Test("a service that sees this peer elsewhere each second has it measured at most every 10 s, the last time too")
    func flipping() {
        let (world, alice) = Self.world(seed: 11) { _, _ in }
        world.run(for: .seconds(2))
        var begun: [Instant] = []
        for index in 0..<25 {
            Self.tell(alice, "198.51.100.\(50 + index):5000", in: world)
            world.run(for: .seconds(1)) {
                if let last = alice.endpoint.measurements[.v4]?.begun, last != begun.last { begun.append(last) }
                return false
            }
        }
        #expect((3...4).contains(begun.count), "\(begun)")
        #expect(zip(begun, begun.dropFirst()).allSatisfy { $1 - $0 >= Limits.measurementInterval }, "\(begun)")
        // As long as the service says nothing else.
        Self.tell(alice, "198.51.100.99:5000", in: world)
        let last = NetworkID(
            observed: IPAddress("198.51.100.99")!, local: alice.endpoint.environment.localAddresses.first)
        world.tap = { [.client, .register].contains(DatagramKind($0.bytes.span)) ? nil : $0 }
        #expect(world.run(for: .seconds(10)) { alice.endpoint.measurements[.v4]?.network == last })
    }

    private static let service = TransportAddress(World.serviceAddress, port: World.servicePorts[0])

    /// The service says where it sees a peer, and that it has a second address.
    private static func tell(
        _ peer: Peer, _ observed: String, second: TransportAddress? = nil, in world: World
    ) {
        let reply = SignalingReply.Registered(
            registration: 1, lifetime: 90, time: World.unixMilliseconds, observed: TransportAddress(observed)!,
            alternatePorts: [41415, 41416, 41417], secondAddress: second)
        peer.endpoint.handle(.observedChanged(reply), of: 0, at: world.now)
        peer.drain()
    }

    @Test("wrong transactions and refusals change nothing")  // [NAT-3]
    func transactions() {
        for kind in [STUNMessage.Class.success, .error(code: 420), .error(code: 500), .request] {
            let (world, alice) = Self.world(seed: 3) { message, random in
                if kind == .success {
                    let transaction = STUNMessage.TransactionID(high: 1, low: random.next())
                    var other = STUNMessage(.success, transactionID: transaction)
                    other.mappedAddress = message.mappedAddress
                    message = other
                } else {
                    message.messageClass = kind
                }
            }
            world.run(for: .seconds(400))
            #expect(alice.profile == nil && alice.endpoint.profile(.v4)?.behavior.mapping ?? .unknown == .unknown)
            #expect(Self.strays(in: world) == 0)
            #expect(!alice.endpoint.isMeasuring(.v4) && alice.isRegistered)
        }
    }

    @Test("a measurement has an end and a bound, whatever is answered")
    func bounded() {
        let (world, _) = Self.world(seed: 4) { message, random in
            message.mappedAddress = TransportAddress(Self.outside, port: UInt16.random(in: 1...65_535, using: &random))
        }
        world.run(for: .seconds(1200))
        let sent = world.recording!.count {
            $0.source.ip == Self.outside && DatagramKind($0.bytes.span) == .stun
        }
        // Mapping and filtering 4 × 3, sampling 8 × 3, hairpin 2 × 3, then 4 cycles of at most 5 × (2 × 3 + 2 × 6).
        #expect(sent <= 12 + 24 + 6 + 4 * 5 * 18, "\(sent)")
    }

    @Test("a hairpin is tried with six datagrams, and only where the service and its answers agree")  // [NAT-7]
    func hairpin() {
        var entropy = Entropy(SeededRandom(seed: 5))
        var now = Instant(nanoseconds: 0)
        var test = HairpinTest(
            main: Self.victim, other: TransportAddress("192.0.2.99:54")!, socket: SocketID(rawValue: 5),
            roundTrip: .zero, at: now, &entropy)
        var sent = 0
        while let next = test.nextTimeout {
            now = next
            test.handleTimeout(at: now)
            sent += test.takeOutgoing().reduce(0) { $0 + $1.0.encoded.count }
        }
        #expect(sent == 6 * 20 && test.result == false)
    }

    @Test("a hairpin is heard of by its own request alone")  // [NAT-7]
    func echo() {
        var entropy = Entropy(SeededRandom(seed: 6))
        let now = Instant(nanoseconds: 0)
        let socket = SocketID(rawValue: 5)
        var test = HairpinTest(
            main: TransportAddress("198.51.100.1:1")!, other: TransportAddress("198.51.100.1:2")!, socket: socket,
            roundTrip: .zero, at: now, &entropy)
        test.handleTimeout(at: now)
        let (request, route) = test.takeOutgoing()[0]
        let (stranger, response) = (
            STUNMessage.request(&entropy), STUNMessage(.success, transactionID: request.transactionID)
        )
        #expect(!test.receive(stranger, by: socket) && !test.receive(response, by: socket))
        // Not by the socket that sent it.
        #expect(!test.receive(request, by: route.socket) && test.result == nil)
        #expect(test.receive(request, by: socket) && test.result == true)
    }
}
