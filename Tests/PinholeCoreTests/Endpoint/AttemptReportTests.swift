import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("the report of an attempt")
struct AttemptReportTests {
    private func report(_ peer: Peer, of other: Peer) throws -> AttemptReport {
        try #require(peer.endpoint.report(of: other.key))
    }

    @Test("tells who was asked, what was sent where, who answered, and how long it took")
    func connected() throws {
        let world = World(seed: 211)
        let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
        #expect(alice.endpoint.report(of: bob.key) == nil)
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(4)) { alice.connections.count == 1 && bob.connections.count == 1 })
        let report = try report(alice, of: bob)
        #expect(report.outcome == .connected(alice.connections[0]))
        #expect(report.ended == alice.connections[0].connectTime || report.ended! < .milliseconds(200))
        #expect(report.inquiries.map(\.service) == [0] && report.inquiries[0].answer == .present)
        #expect(report.inquiries[0].answered == world.delay * 2)
        #expect(report.introduced == world.delay * 4)
        #expect(report.peer?.mapping == .endpointIndependent)
        let public2 = try #require(report.addresses.first { $0.remote.ip == IPAddress("198.51.100.2") })
        #expect(public2.kind == .serverReflexive && public2.datagramsSent > 0 && public2.answered != nil)
        // Probes leave before the answer is there.
        #expect(public2.firstSent! < report.introduced!)
        let host = try #require(report.addresses.first { $0.remote == bob.address })
        #expect(host.refusal == .otherNetwork && host.datagramsSent == 0)
        // The one who was called has a report too.
        let other = try self.report(bob, of: alice)
        #expect(other.outcome == .connected(bob.connections[0]) && other.inquiries.isEmpty)
        // What is sent later is not of the attempt.
        world.run(for: .seconds(30))
        let later = try self.report(alice, of: bob)
        #expect(later == report)
    }

    @Test("tells what was tried in vain, and begins anew with the next attempt")
    func failed() throws {
        let world = World(seed: 212)
        let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
        world.tap = { $0.isDirect ? nil : $0 }
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(11)) { !alice.failures.isEmpty })
        let first = try report(alice, of: bob)
        #expect(first.outcome == .failed(alice.failures[0]))
        #expect(first.ended! <= .seconds(10))
        #expect(first.addresses.allSatisfy { $0.answered == nil })
        let tried = first.addresses.filter { $0.datagramsSent > 0 }
        #expect(tried.allSatisfy { $0.remote.ip == IPAddress("198.51.100.2") })
        // Each probe of somebody who was not heard is an HS and a HELLO; fresh sockets had rounds of their own.
        #expect(tried[0].datagramsSent <= 2 * Limits.probesPerRound * 5)
        world.tap = nil
        #expect(world.run(for: .seconds(30)) { alice.connections.count == 1 })
        let second = try report(alice, of: bob)
        #expect(second.began > first.began && second.outcome == .connected(alice.connections[0]))
    }

    @Test("an attempt that was taken back is told no more")
    func takenBack() throws {
        let world = World(seed: 214)
        let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
        world.tap = { $0.isDirect ? nil : $0 }
        alice.connect(to: bob)
        world.run(for: .seconds(2))
        #expect(try report(alice, of: bob).inquiries[0].answer == .present)
        alice.endpoint.disconnect(from: bob.key, at: world.now)
        alice.drain()
        #expect(alice.endpoint.report(of: bob.key) == nil)
    }

    @Test("tells that no service answered, and that a contact is not there")
    func alone() throws {
        let world = World(seed: 213)
        let (alice, bob) = world.makePair()
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        world.run(for: .seconds(1))
        alice.connect(to: bob)
        world.run(for: .seconds(1))
        var report = try report(alice, of: bob)
        #expect(report.outcome == .failed(.offline) && report.inquiries[0].answer == .absent)
        #expect(report.addresses.isEmpty && report.peer == nil)
        alice.use([])
        let carol = world.addPeer("192.0.2.9:4000")
        alice.add(carol)
        alice.connect(to: carol)
        world.run(for: .seconds(4))
        report = try self.report(alice, of: carol)
        #expect(report.outcome == .failed(.noService) && report.inquiries.isEmpty)
        #expect(report.ended! < .seconds(3))
    }

    @Test("lists an address that was only answered, and calls nothing guessed that was not")
    func answered() {
        let now = Instant(nanoseconds: 0)
        var report = AttemptReport(at: now)
        let neighbour = Route(TransportAddress("192.168.1.7:4000")!)
        report.sent(to: neighbour, as: .host, at: now + .milliseconds(3))
        #expect(report.sweeps.isEmpty)
        #expect(report.addresses.map(\.kind) == [.host] && report.addresses[0].datagramsSent == 1)
        #expect(report.addresses[0].firstSent == .milliseconds(3))
    }

    @Test("lists nothing of what a service was asked to tell a port, and only ports of the contact as guessed")
    func measuring() throws {
        let world = World(seed: 214)
        let (alice, bob) = world.makePair(.portRestricted, .random)
        alice.connect(to: bob)
        world.run(for: .seconds(10)) { alice.isConnected(to: bob) }
        let services = alice.endpoint.environment.serviceScopes.keys
        #expect(!services.isEmpty)
        for (peer, other) in [(alice, bob), (bob, alice)] {
            let report = try report(peer, of: other)
            #expect(!report.addresses.contains { services.contains($0.remote) }, "\(report.addresses)")
            let named = Set(report.addresses.map(\.remote.ip))
            #expect(report.sweeps.allSatisfy { named.contains($0.ip) }, "\(report.sweeps)")
        }
        #expect(try !report(alice, of: bob).sweeps.isEmpty)
    }

    @Test("lists guessed ports by their address, and forgets nothing that was listed before")
    func sweeps() {
        let now = Instant(nanoseconds: 0)
        let ip = IPAddress("198.51.100.7")!
        var report = AttemptReport(at: now)
        report.named(Candidate(.serverReflexive, TransportAddress(ip, port: 1000)), refusal: nil)
        for port in UInt16(2000)..<2100 {
            let route = Route(TransportAddress(ip, port: port), via: SocketID(rawValue: UInt32(port % 10) + 5))
            report.guessed(route)
            for _ in 0..<2 { report.sent(to: route, as: .peerReflexive, at: now + .milliseconds(5)) }
        }
        // A guess that is an address all the same is no guess.
        let named = Route(TransportAddress(ip, port: 1000))
        report.guessed(named)
        report.sent(to: named, as: .peerReflexive, at: now)
        #expect(report.addresses[0].datagramsSent == 1)
        #expect(report.sweeps.count == 1 && report.sweeps[0].ports.count == 100 && report.sweeps[0].sockets.count == 10)
        #expect(report.sweeps[0].datagramsSent == 200 && report.sweeps[0].answered == nil)
        report.heard(Route(TransportAddress(ip, port: 2050)), as: .peerReflexive, at: now + .milliseconds(9))
        #expect(report.sweeps[0].answered == .milliseconds(9))
        #expect(report.addresses[1].kind == .peerReflexive && report.addresses[1].answered == .milliseconds(9))
        // However much comes, the report stays small.
        for number in 0..<500 {
            report.named(Candidate(.host, strangerAddress(number * 4096)), refusal: nil)
            let guess = Route(strangerAddress(number * 4096 + 1))
            report.guessed(guess)
            report.sent(to: guess, as: .peerReflexive, at: now)
        }
        #expect(report.addresses.count <= 48 && report.sweeps.count <= 8)
    }
}
