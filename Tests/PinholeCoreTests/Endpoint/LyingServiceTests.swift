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

    @Test("whatever addresses STUN answers name, nothing is sent to them")
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

    @Test("wrong transactions and refusals change nothing")
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

    @Test("a hairpin is tried with six datagrams, and only where the service and its answers agree")
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

    @Test("a hairpin is heard of by its own request alone")
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
