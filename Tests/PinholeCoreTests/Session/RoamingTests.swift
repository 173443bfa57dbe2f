import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("peers and routers that move, and mappings that are forgotten")
struct RoamingTests {
    @Test("a silent flush in a conversation costs 3 s at most, whoever talks, without a service", arguments: 0..<6)
    func silentFlush(variant: Int) {
        var worst = Duration.zero
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
            world.stopService()
            #expect(world.time(alice, bob, within: .seconds(1)) != nil)
            world.run(for: .milliseconds(Int64.random(in: 0...20_000, using: &world.random)))
            if variant / 2 != 1 { alice.nat?.flush() }
            if variant / 2 != 0 { bob.nat?.flush() }
            let (one, other) = variant % 2 == 0 ? (alice, bob) : (bob, alice)
            let time = world.time(one, other, within: .seconds(10))
            #expect(time.map { $0 <= .seconds(3) } ?? false, "seed \(seed): \(time as Any)")
            worst = max(worst, time ?? .seconds(10))
        }
        #expect(worst > .zero)
    }

    @Test("a router that comes back with another address costs 3 s at most, and no session", arguments: 0..<2)
    func reboot(speaker: Int) {
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
            let session = alice.sessionID(with: bob)
            world.run(for: .milliseconds(Int64.random(in: 0...15_000, using: &world.random)))
            alice.nat?.flush()
            alice.nat?.external = IPAddress("198.51.100.77")!
            let (one, other) = speaker == 0 ? (alice, bob) : (bob, alice)
            let time = world.time(one, other, within: .seconds(10))
            #expect(time.map { $0 <= .seconds(3) } ?? false, "seed \(seed): \(time as Any)")
            world.run(for: .seconds(5))
            #expect(alice.sessionID(with: bob) == session && bob.sessionID(with: alice) == session, "seed \(seed)")
        }
    }

    @Test("from IPv4 to IPv6 and back the first byte takes a second at most, in the same session")  // [PTH-25]
    func linkSwitch() {
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2), world.home6(2)])
            let session = alice.sessionID(with: bob)
            for (step, place) in [world.home6(3), world.home(4), world.home6(5)].enumerated() {
                alice.move(to: [place])
                let (one, other) = step % 2 == 0 ? (alice, bob) : (bob, alice)
                let time = world.time(one, other, within: .seconds(10))
                #expect(time.map { $0 <= .seconds(1) } ?? false, "seed \(seed), step \(step): \(time as Any)")
                world.run(for: .seconds(Int64.random(in: 1...60, using: &world.random)))
                #expect(world.canTalk(alice, bob), "seed \(seed), step \(step)")
            }
            #expect(alice.sessionID(with: bob) == session && bob.sessionID(with: alice) == session, "seed \(seed)")
            #expect(alice.endpoint.path(to: bob.key)?.remote.family == .v6)
        }
    }

    @Test("addresses that come some time after the old ones went are used at once", arguments: 0..<3)
    func networkBetween(variant: Int) {
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1), world.home6(1)], [world.home(2), world.home6(2)])
            let session = alice.sessionID(with: bob)
            alice.move(to: [])
            // An interface takes a moment to come up, and its IPv6 address another one.
            world.run(for: .milliseconds(Int64.random(in: 20...300, using: &world.random)))
            switch variant {
            case 0: alice.move(to: [world.home(3)])
            case 1: alice.move(to: [world.home6(3)])
            case _:
                alice.move(to: [world.home(3)])
                world.run(for: .milliseconds(Int64.random(in: 20...60, using: &world.random)))
                alice.move(to: [world.home(3), world.home6(3)])
            }
            let time = world.time(alice, bob, within: .seconds(10))
            #expect(time.map { $0 <= .milliseconds(500) } ?? false, "seed \(seed): \(time as Any)")
            world.run(for: .seconds(5))
            #expect(alice.sessionID(with: bob) == session && bob.sessionID(with: alice) == session, "seed \(seed)")
        }
    }

    @Test("a route that comes some time after its address is used at once", arguments: [false, true])
    func lateRoute(isServiceAlive: Bool) {
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let bobsPlace = isServiceAlive ? world.home(2) : Simulator.Interface(TransportAddress("192.0.2.9:4000")!)
            let (alice, bob) = world.connect([world.home(1)], [bobsPlace])
            if !isServiceAlive { world.stopService() }
            let session = alice.sessionID(with: bob)
            // Nothing of what leaves before the route is there goes anywhere.
            world.tap = { _ in nil }
            alice.move(to: [world.home(3)])
            world.run(for: .milliseconds(Int64.random(in: 20...100, using: &world.random)))
            world.tap = nil
            alice.move(to: alice.interfaces)
            let time = world.time(alice, bob, within: .seconds(10))
            #expect(time.map { $0 <= .milliseconds(500) } ?? false, "seed \(seed): \(time as Any)")
            world.run(for: .seconds(5))
            #expect(alice.sessionID(with: bob) == session && bob.sessionID(with: alice) == session, "seed \(seed)")
        }
    }

    @Test("both move at once, and are introduced again by themselves")  // [HS-61] [PTH-24]
    func bothMove() {
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
            let session = alice.sessionID(with: bob)
            alice.move(to: [world.home(3)])
            world.run(for: .milliseconds(Int64.random(in: 0...40, using: &world.random)))
            bob.move(to: [world.home(4)])
            let time = world.time(alice, bob, within: .seconds(10))
            #expect(time.map { $0 <= .seconds(1) } ?? false, "seed \(seed): \(time as Any)")
            world.run(for: .seconds(5))
            #expect(alice.sessionID(with: bob) == session && bob.sessionID(with: alice) == session, "seed \(seed)")
        }
    }

    @Test("an address that the peer named in CANDIDATES alone is on the list when the search begins")  // [PTH-24]
    func namedOnly() throws {
        let world = World(seed: 10)
        let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
        let connection = try #require(alice.connection(to: bob))
        let named = TransportAddress("192.0.2.99:4000")!
        connection.receive(candidates: [Candidate(.host, named)], at: world.now)
        connection.search = Search(cause: .moved, began: world.now, next: world.now)
        connection.searchIfLost(at: world.now)
        #expect(connection.ownHello != nil && connection.checklist.kind(of: named) != nil)
    }

    @Test("nobody is called where the peer was on a network that this machine has left")
    func leftNetwork() throws {
        let world = World(seed: 9)
        let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
        let connection = try #require(alice.connection(to: bob))
        let neighbour = TransportAddress("192.168.1.5:4000")!
        let far = TransportAddress("192.168.77.5:4000")!
        for address in [neighbour, far] { _ = connection.neighbourhood.note(address, at: world.now) }
        #expect(connection.listeningAddresses == [neighbour])
        world.recording = []
        world.tap = { $0.isDirect ? nil : $0 }
        // The new network has the addresses of the old one.
        alice.move(to: [
            Simulator.Interface(TransportAddress("192.168.1.20:4000")!, behind: .home("198.51.100.3"))
        ])
        #expect(connection.listeningAddresses.isEmpty)
        alice.send("still there?", to: bob)
        world.run(for: .seconds(20))
        alice.endpoint.disconnect(from: bob.key, at: world.now)
        alice.drain()
        // The session may have ended elsewhere: a private address of no network of ours.
        connection.lastRoute = (Route(far), world.now)
        alice.connect(to: bob)
        world.run(for: .seconds(5))
        let called = Set(world.recording?.map(\.destination) ?? [])
        #expect(called.isDisjoint(with: [neighbour, far]))
        connection.lastRoute = (Route(bob.address), world.now)
        alice.move(to: [world.home(4)])
        #expect(connection.lastRoute == nil)
    }

    @Test("a file that is on its way is not interrupted by a move")
    func transfer() {
        for seed in 0..<5 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
            let content = world.content(3_000_000)
            alice.sendFile(1, name: "film", content, to: bob)
            world.run(for: .seconds(20)) { bob.received[1, default: []].count > 500_000 }
            alice.move(to: [world.home(3)])
            #expect(world.run(for: .seconds(60)) { bob.stored["film"] == content }, "seed \(seed)")
            #expect(!bob.events.contains { if case .fileInterrupted = $0 { true } else { false } }, "seed \(seed)")
        }
    }

    @Test("a machine without any network for a minute is back in the same session when it has one")
    func outage() {
        for seed in 0..<4 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
            let place = world.home(3)
            place.nat?.isBlocking = true
            alice.move(to: [place])
            world.run(for: .seconds(45))
            place.nat?.isBlocking = false
            alice.move(to: [world.home(4)])
            let time = world.time(bob, alice, within: .seconds(10))
            #expect(time.map { $0 <= .seconds(1) } ?? false, "seed \(seed): \(time as Any)")
        }
    }

    @Test("a peer that starts again is not kept waiting by the session that it lost")
    func restart() {
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
            bob.restart(with: alice)
            world.run(for: .seconds(2))
            let time = world.time(bob, alice, within: .seconds(10))
            #expect(time.map { $0 <= .milliseconds(300) } ?? false, "seed \(seed): \(time as Any)")
            world.run(for: .seconds(3))
            #expect(world.shareOneSession(alice, bob) && world.canTalk(alice, bob), "seed \(seed)")
        }
    }

    @Test("a NAT that forgets after 2 s is learned from")  // [PTH-23]
    func shortLife() {
        for seed in 0..<4 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
            for peer in [alice, bob] { peer.nat?.lifetime = NAT.Lifetime(new: .seconds(2), stream: .seconds(2)) }
            world.stopService()
            #expect(world.time(alice, bob, within: .seconds(4)) != nil)
            world.run(for: .seconds(400))
            var slow = 0
            for _ in 0..<20 {
                world.run(for: .seconds(60))
                let time = world.time(bob, alice, within: .seconds(30))
                #expect(time != nil, "seed \(seed)")
                if time ?? .seconds(30) > .seconds(3) { slow += 1 }
            }
            #expect(slow <= 3, "seed \(seed): \(slow) of 20")
        }
    }
}

@Suite("a session that nobody uses")
struct IdleTests {
    @Test("costs at most one byte a second where mappings live for 110 s, and lives")
    func cost() {
        for seed in 0..<4 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
            for peer in [alice, bob] {
                peer.nat?.lifetime = NAT.Lifetime(new: .seconds(30), stream: .seconds(110))
                peer.endpoint.environment.nat[.v4]?.lifetime = .seconds(110)
            }
            alice.connect(to: bob)
            world.run(for: .seconds(60))
            #expect(alice.isConnected(to: bob) && bob.isConnected(to: alice))
            let session = alice.sessionID(with: bob)
            world.recording = []
            world.run(for: .seconds(3600))
            let flights = (world.recording ?? []).filter(\.isDirect)
            let bytes = flights.reduce(0) { $0 + $1.bytes.count }
            #expect(bytes <= 3600, "seed \(seed): \(bytes) bytes in an hour")
            #expect(flights.count >= 80)
            #expect(alice.sessionID(with: bob) == session && world.canTalk(alice, bob), "seed \(seed)")
        }
    }

    @Test("is pinged by one side only, each 20–25 s, where nothing is known of the NATs")  // [PTH-19]
    func oneSide() {
        let world = World(seed: 7)
        let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
        alice.connect(to: bob)
        world.run(for: .seconds(60))
        world.recording = []
        world.run(for: .seconds(600))
        let flights = (world.recording ?? []).filter(\.isDirect)
        #expect(flights.count <= 600 / 20 * 2 + 2)
        #expect(flights.allSatisfy { $0.bytes.count <= 48 })
        #expect(world.canTalk(alice, bob))
    }
}

@Suite("which path a session goes over")
struct PathChoosingTests {
    private func family(_ one: Peer, _ other: Peer) -> IPAddress.Family? {
        one.endpoint.path(to: other.key)?.remote.family
    }

    private func areOver(_ family: IPAddress.Family, _ alice: Peer, _ bob: Peer) -> Bool {
        self.family(alice, bob) == family && self.family(bob, alice) == family
    }

    @Test("both families are raced, and IPv6 is used where both work", arguments: 0..<8 as Range<UInt64>)
    func race(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, bob) = world.connect([world.home(1), world.home6(1)], [world.home(2), world.home6(2)])
        #expect(areOver(.v6, alice, bob))
    }

    @Test("an address of the other family that comes later is used within seconds", arguments: 0..<8 as Range<UInt64>)
    func grows(seed: UInt64) {
        let world = World(seed: seed)
        let home = world.home(1)
        let (alice, bob) = world.connect([home], [world.home(2), world.home6(2)])
        let session = alice.sessionID(with: bob)
        #expect(areOver(.v4, alice, bob))
        alice.move(to: [home, world.home6(1)])
        #expect(world.run(for: .seconds(3)) { areOver(.v6, alice, bob) })
        world.run(for: .seconds(10))
        #expect(areOver(.v6, alice, bob) && world.canTalk(alice, bob))
        #expect(alice.sessionID(with: bob) == session && bob.sessionID(with: alice) == session)
    }

    @Test("a better path that was blocked is found while people talk", arguments: 0..<8 as Range<UInt64>)  // [PTH-15]
    func review(seed: UInt64) {
        let world = World(seed: seed)
        let (home6, other6) = (world.home6(1), world.home6(2))
        home6.nat?.isBlocking = true
        let (alice, bob) = world.connect([world.home(1), home6], [world.home(2), other6])
        #expect(areOver(.v4, alice, bob))
        home6.nat?.isBlocking = false
        for _ in 0..<8 {
            #expect(world.canTalk(alice, bob))
            world.run(for: .seconds(9))
        }
        #expect(areOver(.v6, alice, bob))
    }

    // [PTH-8] [PTH-9] [PTH-13]
    @Test("a path that passes probes and loses data is left for one that carries it", arguments: 0..<8 as Range<UInt64>)
    func narrow(seed: UInt64) {
        let world = World(seed: seed)
        world.tap = { $0.isDirect && $0.source.family == .v6 && $0.bytes.count > 1000 ? nil : $0 }
        let (alice, bob) = world.connect([world.home(1), world.home6(1)], [world.home(2), world.home6(2)])
        #expect(areOver(.v4, alice, bob))
        let text = String(repeating: "long ", count: 4000)
        alice.send(text, to: bob)
        #expect(world.run(for: .seconds(2)) { bob.texts.last == text })
    }

    // [PTH-9]
    @Test("where every path loses large datagrams, small ones carry the data", arguments: 0..<8 as Range<UInt64>)
    func narrowOnly(seed: UInt64) {
        let world = World(seed: seed)
        world.tap = { $0.isDirect && $0.bytes.count > 600 ? nil : $0 }
        let (alice, bob) = world.connect([world.home(1)], [world.home(2)])
        for (one, other) in [(alice, bob), (bob, alice)] {
            let text = String(repeating: "long ", count: 4000) + "\(world.random.next())"
            one.send(text, to: other)
            #expect(world.run(for: .seconds(3)) { other.texts.last == text })
        }
    }

    @Test("a session settles: nobody moves without need", arguments: 0..<8 as Range<UInt64>)  // [PTH-12]
    func settles(seed: UInt64) {
        let world = World(seed: seed)
        world.jitter = .milliseconds(8)
        let (alice, bob) = world.connect([world.home(1), world.home6(1)], [world.home(2), world.home6(2)])
        let before = [alice, bob].map(\.moves)
        for _ in 0..<40 {
            #expect(world.canTalk(alice, bob))
            world.run(for: .seconds(10))
        }
        // The jitter is more than what makes one path better than the other, so a few moves in seven minutes are its work.
        for (peer, count) in zip([alice, bob], before) { #expect(peer.moves - count <= 4) }
    }
}

extension Peer {
    fileprivate var moves: Int { events.count { if case .pathChanged = $0 { true } else { false } } }
}

extension World {
    /// Two that are connected, each at the attachments given.
    func connect(
        _ first: [Simulator.Interface], _ second: [Simulator.Interface]
    ) -> (alice: Peer, bob: Peer) {
        let (alice, bob) = (addPeer(first), addPeer(second))
        for (one, other) in [(alice, bob), (bob, alice)] {
            one.add(other)
            one.useService()
        }
        run(for: .seconds(3))
        alice.connect(to: bob)
        #expect(run(for: .seconds(5)) { !alice.connections.isEmpty && !bob.connections.isEmpty })
        run(for: .seconds(5))
        return (alice, bob)
    }

    func home(_ number: Int) -> Simulator.Interface {
        Simulator.Interface(
            TransportAddress("192.168.\(number).10:4000")!,
            behind: NAT(.portRestricted, external: IPAddress("198.51.100.\(number)")!, seed: seed))
    }

    func home6(_ number: Int) -> Simulator.Interface {
        Simulator.Interface(
            TransportAddress("[2001:db8:\(number)::2]:4000")!,
            behind: NAT(.firewall, external: IPAddress("198.51.100.\(number)")!, seed: seed))
    }

    /// How long a message of `one` takes to reach `other`; `nil` beyond `limit`.
    func time(_ one: Peer, _ other: Peer, within limit: Duration) -> Duration? {
        let text = "\(random.next())"
        let start = now
        one.send(text, to: other)
        return run(for: limit) { other.texts.last == text } ? now - start : nil
    }
}
