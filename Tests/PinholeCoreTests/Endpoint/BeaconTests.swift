import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// Finding contacts on the local network, without a service.
@Suite("beacons")
struct BeaconTests {
    /// People behind one router, none of whom has a service.
    private struct Home {
        let world: World
        let alice: Peer
        let bob: Peer

        init(seed: UInt64, bobAt address: String = "192.168.1.11:4000") {
            world = World(seed: seed)
            world.recording = []
            let router = NAT.home("198.51.100.1")
            alice = world.addPeer("192.168.1.10:4000", behind: router)
            bob = world.addPeer(address, behind: router)
        }

        /// As ``alice`` and ``bob`` start, with time in between.
        func start(_ peers: Peer...) {
            for peer in peers {
                peer.useLocalNetwork()
                world.run(for: .seconds(1))
            }
        }

        func sent(_ kind: DatagramKind, by peer: Peer) -> [World.Flight] {
            world.recording?.filter { $0.kind == kind && $0.source == peer.address } ?? []
        }
    }

    @Test("two in one network meet without a service, whoever starts first and whoever calls", arguments: 1...16)
    func meet(seed: Int) {
        let home = Home(seed: UInt64(seed))
        let (alice, bob) = (home.alice, home.bob)
        alice.add(bob)
        bob.add(alice)
        if seed.isMultiple(of: 2) { home.start(alice, bob) } else { home.start(bob, alice) }
        #expect(alice.connections.isEmpty && bob.connections.isEmpty, "nobody called")
        let called = home.world.now
        alice.send("hello", to: bob)
        #expect(home.world.run(for: .seconds(1)) { bob.texts == ["hello"] }, "seed \(seed)")
        // HELLO, HELLO and HS, HS and DATA; each takes 1 ms, and so does the beacon.
        #expect(home.world.now - called <= .milliseconds(6), "seed \(seed): \(home.world.now - called)")
        #expect(home.world.canTalk(alice, bob))
        #expect(alice.connections.map(\.kind) == [.host])
        #expect(alice.connections.map(\.remote) == [bob.address])
        // Neither had to guess where the other is: who was called only answered.
        for report in [alice.endpoint.report(of: bob.key), bob.endpoint.report(of: alice.key)] {
            #expect(report?.sweeps.isEmpty ?? true, "seed \(seed): \(report!.sweeps)")
        }
    }

    @Test("without contacts nothing is said")  // [LAN-8]
    func alone() {
        let home = Home(seed: 40)
        home.start(home.alice)
        home.world.run(for: .seconds(200))
        #expect(home.sent(.beacon, by: home.alice).isEmpty)
    }

    @Test("a round of beacons leaves at once, after 1, 2, 4, 8, 16 and 32 s, and then each minute")  // [LAN-7]
    func rounds() {
        let home = Home(seed: 41)
        home.alice.add(home.bob)
        var times: [Instant] = []
        home.world.tap = { flight in
            if flight.kind == .beacon, times.last != home.world.now { times.append(home.world.now) }
            return flight
        }
        let began = home.world.now
        home.alice.useLocalNetwork()
        home.world.run(for: .seconds(300))
        #expect(times.first == began)
        let intervals = zip(times.dropFirst(), times).map { ($0 - $1) / .seconds(1) }
        #expect(intervals.count >= 8 && intervals[0] == 1)
        for (interval, base) in zip(intervals, [1, 2, 4, 8, 16, 32, 60, 60] as [Double]) {
            #expect(interval >= base * 0.74 && interval <= base * 1.26, "\(interval) for \(base)")
        }
    }

    @Test("who starts later and is called is found at once, and not with the next beacon", arguments: 1...8)
    func waiting(seed: Int) {
        let home = Home(seed: UInt64(seed))
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.start(home.alice)
        home.alice.send("hello", to: home.bob)
        home.world.run(for: .seconds(200))
        let began = home.world.now
        home.bob.useLocalNetwork()
        #expect(home.world.run(for: .seconds(1)) { home.bob.texts == ["hello"] }, "seed \(seed)")
        #expect(home.world.now - began <= .milliseconds(6), "seed \(seed)")
    }

    @Test("with the service dead a session that was begun through it moves to the local network")  // [LAN-12]
    func serviceDead() {
        let home = Home(seed: 3)
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.alice.useService()
        home.bob.useService()
        home.world.run(for: .seconds(3))
        home.world.stopService()
        home.start(home.alice, home.bob)
        #expect(home.world.canTalk(home.alice, home.bob))
        #expect(home.alice.connections.map(\.remote) == [home.bob.address])
    }

    // [PTH-25]
    @Test("contacts that meet again on another network go on with their session, with no service to tell them")
    func meetAgain() {
        let world = World(seed: 4)
        let alice = world.addPeer("192.0.2.1:4000")
        let bob = world.addPeer("198.51.100.9:4000")
        alice.add(bob, direct: [bob.address])
        bob.add(alice)
        for peer in [alice, bob] { peer.useLocalNetwork() }
        #expect(world.canTalk(alice, bob))
        let router = NAT.home("198.51.100.1")
        alice.move(to: [Interface(TransportAddress("192.168.1.10:4000")!, behind: router)])
        bob.move(to: [Interface(TransportAddress("192.168.1.11:4000")!, behind: router)])
        #expect(world.canTalk(alice, bob, within: .seconds(3)))
        #expect(alice.connections.count == 1, "the same session")
    }

    @Test("who is no contact learns nothing and is not answered")
    func strangers() {
        let home = Home(seed: 5)
        let carol = home.world.addPeer("192.168.1.12:4000", behind: home.alice.nat)
        home.alice.add(home.bob)
        // Carol knows Alice, and Alice does not know Carol.
        carol.add(home.alice)
        home.start(carol, home.alice)
        carol.send("hello", to: home.alice)
        home.world.run(for: .seconds(200))
        #expect(home.sent(.hello, by: home.alice).isEmpty && home.sent(.hello, by: carol).isEmpty)
        #expect(carol.endpoint.drops[.notForUs] > 0)
        #expect(home.alice.texts.isEmpty)
    }

    // [LAN-1] [LAN-2]
    @Test("no two beacons have anything in common, and all look alike, however many contacts there are")
    func unlinkable() {
        let home = Home(seed: 6)
        home.alice.add(home.bob)
        for _ in 0..<7 {
            let key = IdentitySecret.generate().publicKey
            try? home.bob.endpoint.add(key, at: home.world.now)
        }
        home.start(home.alice, home.bob)
        home.world.run(for: .seconds(3600))
        let beacons = [home.alice, home.bob].map { home.sent(.beacon, by: $0) }
        let minutes = 50...75
        for sent in beacons { #expect(minutes.contains(sent.count), "\(sent.count) in an hour") }
        #expect(Set(beacons.joined().map(\.bytes.count)) == [18 + 8 * 8])
        var seen: Set<[UInt8]> = []
        for flight in beacons.joined() {
            #expect(flight.destination == Beacon.group(.v4))
            for start in stride(from: 2, to: flight.bytes.count, by: 8) {
                #expect(seen.insert(Array(flight.bytes[start..<start + 8])).inserted)
            }
        }
    }

    @Test("a recorded beacon is good for nobody else, and for nobody later")  // [LAN-5]
    func replay() throws {
        let home = Home(seed: 7)
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.alice.useLocalNetwork()
        home.alice.send("hello", to: home.bob)
        home.world.run(for: .seconds(1))
        home.world.remove(home.alice)
        let recorded = try #require(home.sent(.beacon, by: home.alice).last).bytes
        home.start(home.bob)

        func answers(to source: String) -> Int {
            let before = home.world.recording?.count { $0.kind == .hello && $0.destination.description == source } ?? 0
            home.bob.receive(recorded, from: TransportAddress(source)!, by: .beacon)
            home.world.run(for: .seconds(20))
            return (home.world.recording?.count { $0.kind == .hello && $0.destination.description == source } ?? 0)
                - before
        }
        // From where it came it is the truth: Alice wants a session. It costs what any call costs.
        #expect((1...9).contains(answers(to: "192.168.1.10:4000")))
        for source in ["192.168.1.66:4000", "192.168.1.10:4001", "192.168.2.10:4000", "203.0.113.5:4000"] {
            #expect(answers(to: source) == 0, "\(source)")
        }
        home.world.run(for: .seconds(3 * 3600))
        #expect(answers(to: "192.168.1.10:4000") == 0)
    }

    @Test("clocks may differ by an hour", arguments: [(50, true), (-50, true), (300, false)])  // [LAN-4]
    func clocks(minutes: Int, meets: Bool) {
        let home = Home(seed: 8)
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.alice.restart(with: home.bob, usesService: false, clockError: .seconds(60 * minutes))
        home.start(home.alice, home.bob)
        home.alice.send("hello", to: home.bob)
        #expect(home.world.run(for: .seconds(5)) { home.bob.texts == ["hello"] } == meets)
    }

    // [LAN-9] [LAN-10]
    @Test("beacons that come from elsewhere, by another socket or in a flood cost nothing but a count")
    func hostile() throws {
        let home = Home(seed: 9)
        let bob = home.bob
        bob.add(home.alice)
        home.start(bob)
        let before = home.world.recording?.count ?? 0
        var random = SeededRandom(seed: 9)
        func noise() -> [UInt8] {
            Beacon(nonce: (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }, entries: [random.next()])
                .encoded
        }
        let far = [
            "203.0.113.5:4000", "192.168.1.255:4000", "192.168.1.0:9", "224.0.0.1:9", "255.255.255.255:9", "0.0.0.0:9",
            "127.0.0.1:4000", "192.168.2.1:4000",
        ]
        for source in far {
            let dropped = bob.endpoint.drops[.notForUs]
            bob.receive(noise(), from: TransportAddress(source)!, by: .beacon)
            #expect(bob.endpoint.drops[.notForUs] == dropped + 1, "\(source)")
        }
        let malformed = bob.endpoint.drops[.malformed]
        bob.receive(noise(), from: TransportAddress("192.168.1.20:4000")!)
        bob.receive([0xc1, 1, 2], from: TransportAddress("192.168.1.20:4000")!, by: .beacon)
        bob.receive([0xc4], from: TransportAddress("192.168.1.20:4000")!, by: .beacon)
        #expect(bob.endpoint.drops[.malformed] == malformed + 3)

        let limited = bob.endpoint.drops[.rateLimited]
        for index in 0..<1000 {
            let source = TransportAddress(IPAddress(v4: 0xc0a8_0101 + UInt32(index % 200)), port: 4000)
            bob.receive(noise(), from: source, by: .beacon)
        }
        #expect(bob.endpoint.drops[.rateLimited] - limited >= 1000 - Limits.beaconsPerSecond - 1000 / 200)
        home.world.run(for: .seconds(1))
        #expect(home.world.recording?.count == before, "nobody was answered")
    }

    // [LAN-10]
    @Test("what strangers have beacons compared with is bounded, however many contacts there are")
    func work() throws {
        let home = Home(seed: 18)
        let contacts = 3000
        home.bob.useLocalNetwork()
        for _ in 0..<contacts { try home.bob.endpoint.add(IdentitySecret.generate().publicKey, at: home.world.now) }
        home.world.run(for: .seconds(3))
        var random = SeededRandom(seed: 18)
        for index in 0..<32 {
            let noise = Beacon(nonce: random.bytes(Beacon.nonceSize), entries: (0..<8).map { _ in random.next() })
            let source = TransportAddress(IPAddress(v4: 0xc0a8_0114 + UInt32(index)), port: 4000)
            home.bob.receive(noise.encoded, from: source, by: .beacon)
        }
        let most = Limits.beaconTrialsPerSecond + BeaconKeys.epochs * contacts
        #expect((Limits.beaconTrialsPerSecond...most).contains(home.bob.endpoint.beacons.trials))
        // The next second has its own.
        home.world.run(for: .seconds(1))
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.alice.useLocalNetwork()
        home.alice.send("hello", to: home.bob)
        #expect(home.world.run(for: .seconds(5)) { home.bob.texts == ["hello"] })
    }

    @Test("one who repeats a call a thousand times is called a few times")  // [LAN-11]
    func insistence() {
        let home = Home(seed: 10)
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.alice.useLocalNetwork()
        home.alice.send("hello", to: home.bob)
        home.world.run(for: .seconds(1))
        home.world.remove(home.alice)
        home.start(home.bob)
        let beacons = home.sent(.beacon, by: home.alice).map(\.bytes)
        for round in 0..<1000 {
            home.bob.receive(beacons[round % beacons.count], from: home.alice.address, by: .beacon)
            home.world.run(for: .milliseconds(10))
        }
        // One call, and the beginning of the next.
        let hellos = home.world.recording?.count { $0.kind == .hello && $0.destination == home.alice.address } ?? 0
        #expect((1...16).contains(hellos), "\(hellos)")
    }

    @Test("without a local network nothing is said and nothing heard")
    func off() {
        let home = Home(seed: 11)
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.start(home.alice)
        home.alice.send("hello", to: home.bob)
        home.world.run(for: .seconds(100))
        #expect(home.sent(.beacon, by: home.bob).isEmpty && home.sent(.hello, by: home.bob).isEmpty)
        #expect(home.bob.endpoint.drops[.malformed] > 0)
    }

    @Test("another network behind the same router is not reached, and a service still is the way there")
    func otherSubnet() {
        let home = Home(seed: 12, bobAt: "192.168.2.11:4000")
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.start(home.alice, home.bob)
        home.alice.send("hello", to: home.bob)
        home.world.run(for: .seconds(100))
        #expect(home.bob.texts.isEmpty && home.bob.endpoint.drops.total == 0)
        home.alice.useService()
        home.bob.useService()
        #expect(home.world.run(for: .seconds(5)) { home.bob.texts == ["hello"] })
    }

    @Test("a thousand contacts are told of in turn, 1016 in a round")
    func many() throws {
        let home = Home(seed: 13)
        for _ in 0..<1030 {
            try home.alice.endpoint.add(IdentitySecret.generate().publicKey, at: home.world.now)
        }
        home.alice.add(home.bob)
        home.bob.add(home.alice)
        home.start(home.alice, home.bob)
        let first = home.sent(.beacon, by: home.alice).filter { $0.arrival <= Instant(nanoseconds: 1_500_000_000) }
        #expect(first.count == 8)
        #expect(first.allSatisfy { $0.bytes.count == 18 + 8 * Limits.beaconEntries })
        // Bob is the last of them, in the second round.
        home.bob.send("hello", to: home.alice)
        #expect(home.world.run(for: .seconds(2)) { home.alice.texts == ["hello"] })
    }
}
