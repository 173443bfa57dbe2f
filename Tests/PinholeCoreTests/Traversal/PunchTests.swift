import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("hard NATs")
struct PunchTests {
    /// Two types, within which time how many of twenty pairs are to have a session.
    struct Expectation: Sendable, CustomTestStringConvertible {
        let name: String
        let limit: Duration
        let atLeast: Int

        var testDescription: String { name }
        var types: [NetworkType] { name.compactMap { NetworkType(rawValue: String($0)) } }
    }

    static let expectations = [
        Expectation(name: "PS", limit: .seconds(3), atLeast: 19),
        Expectation(name: "SP", limit: .seconds(3), atLeast: 19),
        Expectation(name: "PQ", limit: .milliseconds(1500), atLeast: 20),
        Expectation(name: "QP", limit: .milliseconds(1500), atLeast: 20),
        Expectation(name: "PB", limit: .seconds(1), atLeast: 20),
        Expectation(name: "BP", limit: .seconds(1), atLeast: 20),
        Expectation(name: "QQ", limit: .seconds(5), atLeast: 18),
        Expectation(name: "QB", limit: .seconds(9), atLeast: 11),
        Expectation(name: "BB", limit: .seconds(9), atLeast: 13),
        Expectation(name: "NS", limit: .milliseconds(200), atLeast: 20),
        Expectation(name: "SF", limit: .milliseconds(200), atLeast: 20),
        Expectation(name: "AS", limit: .milliseconds(200), atLeast: 20),
        Expectation(name: "QA", limit: .milliseconds(200), atLeast: 20),
        Expectation(name: "BN", limit: .milliseconds(200), atLeast: 20),
        Expectation(name: "pp", limit: .milliseconds(200), atLeast: 20),
    ]

    // [PUN-4] [PUN-7] [PUN-15]
    @Test("are got through in time, with the mappings and sockets that are allowed", arguments: expectations)
    func inTime(cell: Expectation) {
        var connected = 0
        for seed in UInt64(1)...20 {
            let world = World(seed: seed)
            let (alice, bob) = world.makePair(cell.types[0], cell.types[1])
            let pair = [alice, bob]
            // Others are behind these NATs too.
            for peer in pair { peer.nat?.otherBindings = 3 }
            let before = pair.map { $0.nat?.flowsMade ?? 0 }
            alice.connect(to: bob)
            if world.run(for: cell.limit, until: { pair.allSatisfy { !$0.connections.isEmpty } }) { connected += 1 }
            world.run(for: .seconds(7))
            for (peer, flows) in zip(pair, before) {
                let other = peer === alice ? bob : alice
                #expect((peer.nat?.flowsMade ?? 0) - flows <= 1100, "seed \(seed)")
                guard let connection = peer.connection(to: other), connection.session != nil else { continue }
                let used = connection.paths.active?.socket
                #expect(connection.extraSockets.allSatisfy { $0 == used }, "seed \(seed)")
            }
            if alice.isConnected(to: bob) { #expect(world.canTalk(alice, bob), "seed \(seed)") }
        }
        #expect(connected >= cell.atLeast, "\(connected) of 20")
    }

    // [PUN-10]
    @Test("that cannot be got through are told at once, and both are named", arguments: ["SS", "SQ", "QS", "SB", "BS"])
    func infeasible(cell: String) {
        let types = cell.compactMap { NetworkType(rawValue: String($0)) }
        let hard = NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)
        for seed in UInt64(1)...5 {
            let world = World(seed: seed)
            let (alice, bob) = world.makePair(types[0], types[1])
            alice.connect(to: bob)
            #expect(world.run(for: .milliseconds(1200)) { !alice.failures.isEmpty }, "seed \(seed)")
            #expect(alice.failures == [.noDirectPath(own: hard, peer: hard)])
            #expect(alice.connection(to: bob)?.extraSockets.isEmpty ?? false)
            #expect(bob.connection(to: alice)?.extraSockets.isEmpty ?? false)
        }
    }

    @Test(
        "are got through where one datagram in twenty is lost", arguments: ["PS", "SP", "PQ", "QP", "PB", "BP", "QQ"])
    func loss(cell: String) {
        let types = cell.compactMap { NetworkType(rawValue: String($0)) }
        for seed in UInt64(1)...10 {
            let world = World(seed: seed)
            let (alice, bob) = world.makePair(types[0], types[1])
            world.loss = 0.05
            alice.connect(to: bob)
            let isConnected = world.run(for: .seconds(8)) { !alice.connections.isEmpty && !bob.connections.isEmpty }
            #expect(isConnected, "seed \(seed)")
        }
    }

    @Test("are a failure without a session: sockets are closed, and the next attempt is 20 s later")
    func failure() {
        let world = World(seed: 1)
        let (alice, bob) = world.makePair(.portRestricted, .random)
        world.tap = { flight in flight.isDirect ? nil : flight }
        alice.connect(to: bob)
        world.run(for: .seconds(9))
        #expect(bob.connection(to: alice)?.extraSockets.count == Limits.birthdaySockets)
        world.run(for: .seconds(2))
        #expect(alice.failures.count == 1)
        #expect(bob.connection(to: alice)?.extraSockets.isEmpty ?? false)
        let flows = alice.nat?.flowsMade ?? 0
        world.run(for: .seconds(8))
        #expect((alice.nat?.flowsMade ?? 0) - flows < 20)
        world.run(for: .seconds(4))
        #expect((alice.nat?.flowsMade ?? 0) - flows > 100)
    }

    @Test("are not called again by a socket that was closed with the session")  // [PUN-15]
    func closedSocket() throws {
        let world = World(seed: 1)
        let (alice, bob) = world.makePair(.portRestricted, .random)
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(8)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) })
        world.run(for: .seconds(3))
        let connection = try #require(bob.connection(to: alice))
        let active = try #require(connection.paths.active)
        #expect(active.socket != .main && connection.paths[active]?.isValidated ?? false)
        bob.endpoint.disconnect(from: alice.key, at: world.now)
        bob.drain()
        #expect(connection.extraSockets.isEmpty && connection.lastRoute == nil)
    }

    @Test("get one large punch at a time")  // [PUN-14]
    func oneAtATime() {
        let world = World(seed: 3)
        let (alice, bob) = world.makePair(.portRestricted, .random)
        let carol = world.addPeer(number: 3, on: .random)
        alice.add(carol)
        carol.add(alice)
        carol.useService()
        world.run(for: .seconds(5))
        alice.connect(to: bob)
        alice.connect(to: carol)
        let start = world.now
        #expect(world.run(for: .seconds(10)) { alice.isConnected(to: bob) || alice.isConnected(to: carol) })
        #expect(alice.isConnected(to: bob) != alice.isConnected(to: carol))
        #expect(world.run(for: .seconds(60)) { alice.isConnected(to: bob) && alice.isConnected(to: carol) })
        #expect(world.now - start > Limits.punchSpacing)
    }

    @Test("make nobody send to an address that the service or the peer alone names")  // [PUN-5]
    func guessesNeedTwo() throws {
        for (observed, named) in [("198.51.100.66", "198.51.100.2"), ("198.51.100.2", "198.51.100.66")] {
            let world = World(seed: 5)
            let (alice, bob) = world.makePair(.portRestricted, .random)
            world.recording = []
            let attempt = HandshakeAttempt(
                pair: try PairKeys(own: bob.identity, peer: alice.key), connectionID: ConnectionID(rawValue: 7),
                timestamp: .max / 2, introID: .random())
            let introduction = Introduction(
                behavior: NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent),
                candidates: [Candidate(.serverReflexive, TransportAddress("\(named):5000")!)],
                allocation: PortAllocation(kind: .random))
            alice.introduce(
                bob, observed: [TransportAddress("\(observed):5000")!],
                blob: attempt.blob(introduction.encoded), at: world.now)
            world.run(for: .seconds(9))
            var counts: [TransportAddress: Int] = [:]
            for flight in world.recording ?? [] where flight.isDirect { counts[flight.destination, default: 0] += 1 }
            #expect(counts.count == 2)
            // An HS and a HELLO each.
            #expect(counts.values.allSatisfy { $0 <= 2 * Limits.probesPerRound })
        }
    }
}

@Suite("a router that gives ports away")
struct FreshSocketTests {
    /// What makes the other side's packets arrive before the first of one's own.
    private func delayIntroductions(of peer: Peer, in world: World) {
        let end = world.now + .milliseconds(400)
        world.tap = { flight in
            let isLate = world.now < end && flight.isFromService && flight.destination.ip == peer.nat?.external
            return isLate ? nil : flight
        }
    }

    @Test("is got through by a fresh socket", arguments: ["Pp", "pP", "pp"], UInt64(1)...10)  // [PUN-12]
    func freshSocket(cell: String, seed: UInt64) {
        let types = cell.compactMap { NetworkType(rawValue: String($0)) }
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(types[0], types[1])
        delayIntroductions(of: types[1] == .careless ? bob : alice, in: world)
        alice.connect(to: bob)
        let isConnected = world.run(for: .seconds(5)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        #expect(isConnected, "seed \(seed)")
        #expect(world.canTalk(alice, bob))
        #expect(alice.connections.first?.strategy == .freshSocket)
        #expect([alice, bob].contains { $0.events.contains { if case .strategyWorked = $0 { true } else { false } } })
    }

    @Test("is got through sooner the next time")  // [PUN-13]
    func memory() {
        let world = World(seed: 8)
        let (alice, bob) = world.makePair(.portRestricted, .careless)
        var times: [Duration] = []
        for _ in 1...2 {
            delayIntroductions(of: bob, in: world)
            let start = world.now
            alice.connect(to: bob)
            #expect(world.run(for: .seconds(8)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) })
            times.append(world.now - start)
            world.run(for: .seconds(3))
            alice.endpoint.disconnect(from: bob.key, at: world.now)
            alice.drain()
            world.run(for: .seconds(40))
        }
        #expect(times[1] < times[0])
    }
}

@Suite("introductions of one attempt")
struct PunchLearningTests {
    @Test("count when they are newer than the last")  // [CND-4]
    func order() {
        func introduction(_ round: UInt8, _ last: UInt16) -> Introduction {
            Introduction(
                behavior: NATBehavior(), candidates: [], allocation: PortAllocation(kind: .sequential, last: last),
                round: round)
        }
        var punch = Punch()
        let (old, new) = (ConnectionID(rawValue: 1), ConnectionID(rawValue: 2))
        punch.learn(introduction(1, 1), with: old)
        punch.learn(introduction(3, 3), with: old)
        punch.learn(introduction(2, 2), with: old)
        #expect(punch.peer?.allocation.last == 3)
        punch.learn(introduction(0, 4), with: new)
        #expect(punch.peer?.allocation.last == 4)
    }
}
