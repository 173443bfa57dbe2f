import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// A contact, or who has stolen a contact's key, names addresses for us to probe.
@Suite("addresses that a hostile contact names")
struct HostileCandidateTests {
    /// Where the datagrams go that a peer sends within 30 s of an introduction with these candidates, and how many.
    private func probes(_ introductions: [[Candidate]], observed: [String] = ["198.51.100.1:4000"]) throws
        -> [TransportAddress: Int]
    {
        let world = World(seed: 81)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        world.remove(alice)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 60_000,
            introID: .random())
        world.recording = []
        for candidates in introductions {
            let introduction = Introduction(behavior: NATBehavior(), candidates: candidates)
            bob.introduce(
                alice, observed: observed.map { TransportAddress($0)! }, blob: attempt.blob(introduction.encoded),
                at: world.now)
        }
        world.run(for: .seconds(30))
        #expect(bob.connection(to: alice)?.session == nil)
        var counts: [TransportAddress: Int] = [:]
        for flight in world.recording ?? [] {
            switch flight.kind {
            case .hello, .handshake, .data: counts[flight.destination, default: 0] += 1
            default: break
            }
        }
        return counts
    }

    @Test(  // [CND-5] [CND-6]
        "are not probed when they are no peer's",
        arguments: [
            "198.51.100.7:0", "255.255.255.255:9", "192.168.2.255:9", "192.168.2.0:9", "224.0.0.251:5353",
            "239.255.255.250:1900", "0.0.0.0:9", "240.0.0.1:9", "169.254.169.254:80", "127.0.0.1:9",
            "203.0.113.1:41414",
            "203.0.113.1:41415", "192.168.2.10:4000", "198.51.100.2:4000", "10.9.9.9:9", "172.16.0.1:9",
            "192.168.9.1:9",
            "100.64.0.1:9", "[::1]:9", "[ff02::1]:9", "[fe80::1]:9", "[::]:9", "[fd00::1]:9", "[2001:db8::1]:9",
        ])
    func refused(address: String) throws {
        let good = Candidate(.host, TransportAddress("198.51.100.7:7")!)
        for kind in [Candidate.Kind.host, .serverReflexive, .peerReflexive, .portMapped] {
            let counts = try probes([[Candidate(kind, TransportAddress(address)!), good]])
            #expect(counts[TransportAddress(address)!] == nil)
            #expect(counts[good.address] ?? 0 > 0)
        }
        let counts = try probes([[good]], observed: [address])
        #expect(counts[TransportAddress(address)!] == nil)
    }

    @Test("are probed at most nine times each, and at most 32 of them, however many are named")  // [CND-12] [CND-14]
    func bounded() throws {
        let candidates = (0..<300).map { Candidate(.host, strangerAddress($0 * 4096)) }
        let introductions = stride(from: 0, to: 300, by: 15).map { Array(candidates[$0..<$0 + 15]) }
        let counts = try probes(introductions)
        #expect(counts.count > 4 && counts.count <= 2 * Limits.maxCandidates)
        // Each probe of a peer that was not heard yet is an HS and a HELLO.
        #expect(counts.values.allSatisfy { $0 <= 2 * Limits.probesPerRound })
    }

    // [PTH-16]
    @Test("are probed at most nine times in a round, however often they are named and not named in a session")
    func alternating() throws {
        let world = World(seed: 82)
        let (alice, bob) = world.makePair(.open, .open)
        alice.connect(to: bob)
        world.run(for: .seconds(3))
        let named = Candidate(.host, TransportAddress("198.51.100.99:5000")!)
        let connection = try #require(bob.connection(to: alice))
        world.recording = []
        for index in 0..<500 {
            connection.pendingFrames.append(.candidates(index % 2 == 0 ? [named] : []))
            bob.endpoint.settleLater(bob.endpoint.slots[alice.key]!)
            bob.drain()
            world.run(for: .milliseconds(10))
        }
        let count = world.recording?.count { $0.destination == named.address } ?? 0
        #expect((1...Limits.probesPerRound).contains(count), "\(count) in 5 s")
    }

    @Test("are probed one after the other, though the contact calls them peer-reflexive")  // [CND-11]
    func paced() throws {
        let world = World(seed: 84)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        world.remove(alice)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 60_000,
            introID: .random())
        let candidates = (0..<15).map { Candidate(.peerReflexive, strangerAddress($0 * 4096)) }
        let introduction = Introduction(behavior: NATBehavior(), candidates: candidates)
        world.recording = []
        bob.introduce(alice, observed: [], blob: attempt.blob(introduction.encoded), at: world.now)
        func probed() -> Int {
            Set(world.recording?.map(\.destination) ?? []).intersection(candidates.map(\.address)).count
        }
        world.run(for: Limits.candidatePacing * 3)
        #expect((1...4).contains(probed()), "\(probed())")
        world.run(for: Limits.candidatePacing * 15)
        #expect(probed() == 15)
    }

    @Test("are all refused when one introduction names more than 16")  // [FRM-11]
    func tooMany() throws {
        let candidates = (0..<200).map { Candidate(.host, strangerAddress($0 * 4096)) }
        #expect(try probes([candidates]).isEmpty)
    }

    @Test("that are private are probed on one of our networks, and behind the same public address")  // [CND-9]
    func privateAddresses() throws {
        let neighbour = TransportAddress("192.168.2.77:4000")!
        #expect(try probes([[Candidate(.host, neighbour)]])[neighbour] ?? 0 > 0)
        let housemate = TransportAddress("10.0.0.5:4000")!
        #expect(try probes([[Candidate(.host, housemate)]], observed: ["198.51.100.2:5000"])[housemate] ?? 0 > 0)
    }

    // [CND-10]
    @Test("are probed three times each, and four of them, when only a service names them, however many it does")
    func namedByServiceOnly() throws {
        let world = World(seed: 83)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        world.tap = { $0.isDirect ? nil : $0 }
        world.remove(alice)
        bob.connect(to: alice)
        world.recording = []
        for number in 0..<100 {
            // Without the contact's blob, with one that nobody sealed, and with one of the contact's own.
            let observed = (0..<4).map { strangerAddress((number * 4 + $0) * 4096) }
            let blob = number % 2 == 0 ? [] : [UInt8](repeating: UInt8(number), count: 300)
            bob.introduce(alice, observed: observed, blob: blob, at: world.now)
            world.run(for: .milliseconds(20))
        }
        let pair = try PairKeys(own: alice.identity, peer: bob.key)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 1), timestamp: World.unixMilliseconds + 60_000,
            introID: .random())
        let named = TransportAddress("198.51.100.7:7")!
        let introduction = Introduction(behavior: NATBehavior(), candidates: [Candidate(.host, named)])
        bob.introduce(
            alice, observed: [strangerAddress(0)], blob: attempt.blob(introduction.encoded), at: world.now)
        world.run(for: .seconds(5))
        var counts: [TransportAddress: Int] = [:]
        for flight in world.recording ?? [] where [.hello, .handshake].contains(flight.kind) {
            counts[flight.destination, default: 0] += 1
        }
        // Each probe of a peer that was not heard yet is an HS, once there are keys, and a HELLO.
        #expect(counts.removeValue(forKey: named) ?? 0 > 2 * Limits.unconfirmedProbes)
        #expect(counts.count > 0 && counts.count <= Limits.maxUnconfirmed)
        #expect(counts.values.allSatisfy { $0 <= 2 * Limits.unconfirmedProbes })
    }
}
