import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// A service that says more than there is to say, and one that a contact brought along for others' harm.
@Suite("a restless service")
struct RestlessServiceTests {
    @Test("by which a contact appears all the time has it called once a second")  // [SIG-48]
    func appeared() throws {
        let world = World(seed: 221)
        let (alice, bob) = (world.addPeer("192.0.2.1:4000"), world.addPeer("192.0.2.2:4000"))
        alice.add(bob)
        alice.useService()
        world.run(for: .seconds(3))
        alice.connect(to: bob)
        world.run(for: .seconds(1))
        #expect(alice.failures == [.offline])
        let slot = try #require(alice.endpoint.slots[bob.key])
        let tag = try #require(alice.endpoint.tags.first { $0.value == slot }?.key)
        for _ in 0..<90 {
            alice.endpoint.handle(.appeared(tag), of: 0, at: world.now)
            alice.drain()
            world.run(for: .milliseconds(20))
        }
        #expect((3...4).contains(alice.failures.count), "\(alice.failures.count)")
        // The last word was not lost.
        let connection = try #require(alice.connection(to: bob))
        #expect(connection.restarted?.due != nil)
        world.run(for: .milliseconds(1100))
        #expect(connection.restarted?.due == nil)
    }

    @Test("that a contact brought along keeps no other contact from being probed")  // [CND-8]
    func foreign() throws {
        let world = World(seed: 222)
        let service = world.addService("203.0.113.12")
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        let (bob, carol) = (world.addPeer("192.0.2.2:4000"), world.addPeer("192.0.2.3:4000"))
        alice.add(bob)
        alice.add(carol)
        alice.use([service.rendezvous(0, for: .only([carol.key]))])
        world.run(for: .seconds(3))
        let environment = alice.endpoint.environment
        let observed = try #require(environment.registrations.first?.observed)
        let address = TransportAddress(service.address, port: World.servicePorts[1])
        #expect(environment.refusal(of: observed, of: carol.key, peerObserved: []) == .own)
        #expect(environment.refusal(of: address, of: carol.key, peerObserved: []) == .service)
        #expect(environment.refusal(of: observed, of: bob.key, peerObserved: []) == nil)
        #expect(environment.refusal(of: address, of: bob.key, peerObserved: []) == nil)
        let inside = TransportAddress("10.0.0.7:4000")!
        #expect(environment.refusal(of: inside, of: carol.key, peerObserved: [observed]) == nil)
        #expect(environment.refusal(of: inside, of: bob.key, peerObserved: [observed]) == .otherNetwork)
    }

    @Test("sees this machine where many interfaces leave room for that")  // [CND-1]
    func manyInterfaces() {
        let world = World(seed: 223)
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        alice.useService()
        world.run(for: .seconds(3))
        let environment = alice.endpoint.environment
        environment.localAddresses = (1...30).map { LocalAddress(IPAddress("10.0.\($0).1")!, prefixLength: 24) }
        let candidates = environment.candidates(for: alice.key)
        #expect(candidates.count == Limits.maxCandidates)
        #expect(candidates.count { $0.kind == .host } >= Limits.maxCandidates - 2)
        #expect(candidates.last?.kind == .serverReflexive)
        // Nor does what a hard NAT is punched by take its place.
        let punched = (1...9).map { Candidate(.serverReflexive, strangerAddress($0)) }
        let beside = environment.candidates(for: alice.key, behind: punched)
        #expect(beside.count == Limits.maxCandidates && beside.starts(with: punched))
        #expect(beside.last == candidates.last)
    }

    @Test("is told about once in 5 s, and its days are followed once a minute")  // [SIG-49] [SIG-50]
    func noticesAndDays() throws {
        var entropy = Entropy(SeededRandom(seed: 1))
        let start = Instant(nanoseconds: 0)
        var (client, registration) = try challengedClient(at: start, &entropy)
        func confirmation(day: UInt64) -> SignalingReply {
            .registered(
                SignalingReply.Registered(
                    registration: 9, lifetime: 90, time: World.unixMilliseconds + day * Limits.dayLength * 1000,
                    observed: strangerAddress(2), alternatePorts: []))
        }
        func say(_ replies: [SignalingReply], at now: Instant) -> Int {
            var writer = ByteWriter(capacity: Limits.signalingDatagramSize)
            for reply in replies { writer.reply(reply) }
            let events = client.receive(registration.seal(writer.bytes).span, kind: .server, at: now, &entropy)
            return events.count { if case .notice = $0 { true } else { false } }
        }
        let notices = [SignalingReply](repeating: .notice([0x61]), count: 200)
        var told = [say([confirmation(day: 0)] + notices, at: start)]
        told.append(say(notices, at: start + .seconds(4)))
        told.append(say(notices, at: start + .seconds(5)))
        #expect(told == [1, 0, 1])
        let today = try #require(client.day(at: start))
        var days: [UInt64?] = []
        for (day, second) in [(9, 10), (3, 11), (10, 12), (3, 71)] as [(UInt64, Int)] {
            let now = start + .seconds(second)
            _ = say([confirmation(day: day)], at: now)
            days.append(client.day(at: now).map { $0 - today })
        }
        // Not to the next day either: it comes by itself.
        #expect(days == [9, 9, 9, 3])
    }
}
