import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("how long a mapping lives that nobody uses")
struct LifetimeTests {
    private static func peer(_ world: World, lifetime: NAT.Lifetime) -> Peer {
        let nat = NAT(
            .addressAndPortDependent, .addressAndPortDependent, .random, lifetime: lifetime,
            external: IPAddress("198.51.100.1")!, seed: world.seed)
        return world.addPeer("192.168.1.10:4000", behind: nat)
    }

    // [NAT-8]
    @Test("Linux keeps an idle mapping for 120 s, and this is found out within eight minutes", arguments: UInt64(1)...5)
    func linux(seed: UInt64) throws {
        let world = World(seed: seed)
        let alice = Self.peer(world, lifetime: .linux)
        alice.useService()
        world.run(for: .seconds(480))
        let (lifetime, limit) = (try #require(alice.profile?.lifetime), try #require(alice.profile?.lifetimeLimit))
        #expect(lifetime < .seconds(120) && limit > .seconds(119))
        #expect(limit - lifetime <= lifetime / 8)
        // And then no more.
        let sent = alice.sentCount
        world.run(for: .seconds(300))
        #expect(alice.sentCount - sent < 20)
    }

    @Test("it is halved down to what lives for seconds", arguments: [4, 9, 20, 40, 70, 150, 280])
    func measured(seconds: Int) throws {
        let world = World(seed: UInt64(seconds))
        let life = Duration.seconds(seconds)
        let alice = Self.peer(world, lifetime: NAT.Lifetime(new: life, stream: life))
        alice.useService()
        world.run(for: .seconds(1200))
        let (lifetime, limit) = (try #require(alice.profile?.lifetime), try #require(alice.profile?.lifetimeLimit))
        #expect(lifetime <= life && limit >= life - .milliseconds(100), "\(lifetime) … \(limit)")
        #expect(limit - lifetime <= max(lifetime / 8, .seconds(1)))
    }

    @Test("beyond 290 s it is not followed, and what is known so far is told on the way")
    func unlimited() {
        let world = World(seed: 5)
        let alice = Self.peer(world, lifetime: .unlimited)
        alice.useService()
        world.run(for: .seconds(600))
        let told = alice.events.compactMap { event -> Duration? in
            if case .networkMeasured(let record, true) = event { record.profile.lifetime } else { nil }
        }
        #expect(told == [.seconds(55), .seconds(110), .seconds(170), .seconds(290)])
        #expect(alice.profile?.lifetimeLimit == nil)
    }

    @Test("a service that dies, or that does not know RESPONSE-PORT, makes no mapping die")  // [NAT-9]
    func noService() {
        for answersElsewhere in [false, true] {
            let world = World(seed: 6)
            let alice = Self.peer(world, lifetime: .unlimited)
            alice.useService()
            world.run(for: .seconds(15))
            if answersElsewhere {
                // As a server that ignores what it does not know.
                world.tap = { flight in
                    guard var request = try? STUNMessage(flight.bytes.span), request.responsePort != nil else {
                        return flight
                    }
                    request.responsePort = nil
                    var flight = flight
                    flight.bytes = request.encoded
                    return flight
                }
            } else {
                world.stopService()
            }
            world.run(for: .seconds(400))
            #expect(alice.profile != nil && alice.profile?.lifetime == nil && alice.profile?.lifetimeLimit == nil)
        }
    }

    @Test("a short loss of everything is not a death")
    func loss() {
        for seed in UInt64(1)...20 {
            let world = World(seed: seed)
            world.loss = 0.1
            let alice = Self.peer(world, lifetime: .unlimited)
            alice.useService()
            world.run(for: .seconds(700))
            #expect(alice.profile?.lifetimeLimit == nil, "seed \(seed)")
        }
    }

    @Test("an earlier run's knowledge is gone on from, and is not good for ever")  // [NAT-8]
    func resumed() {
        #expect(LifetimeTest.ages(alive: nil, dead: nil) == Limits.mappingAges)
        #expect(LifetimeTest.ages(alive: .seconds(55), dead: nil) == [110, 170, 290].map { .seconds($0) })
        #expect(LifetimeTest.ages(alive: .seconds(110), dead: .seconds(170)) == [125, 140, 155].map { .seconds($0) })
        #expect(LifetimeTest.ages(alive: .seconds(115), dead: .seconds(125)).isEmpty)
        #expect(LifetimeTest.ages(alive: .seconds(290), dead: nil).isEmpty)
        #expect(LifetimeTest.ages(alive: nil, dead: .seconds(1)).isEmpty)
        for (age, isAsked) in [(Duration.seconds(3600), false), (.seconds(90_000), true)] {
            let world = World(seed: 7)
            let alice = Self.peer(world, lifetime: .unlimited)
            let known = NetworkRecord(
                id: NetworkID(
                    observed: IPAddress("198.51.100.1")!, local: LocalAddress(alice.address.ip, prefixLength: 24)),
                family: .v4, profile: NATProfile(lifetime: .seconds(290)), time: World.unixMilliseconds,
                lifetimeTime: World.unixMilliseconds - UInt64(age.components.seconds) * 1000)
            alice.endpoint.remember([known])
            alice.useService()
            world.recording = []
            world.run(for: .seconds(400))
            let isAskedAgain = world.recording!.contains {
                (try? STUNMessage($0.bytes.span))?.responsePort != nil
            }
            #expect(isAskedAgain == isAsked)
        }
    }
}
