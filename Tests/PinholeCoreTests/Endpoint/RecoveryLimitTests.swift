import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("many sessions that go unanswered at once")
struct RecoveryLimitTests {
    private static let friends = 8
    private static let limit = 3

    private let world = World(seed: 411)
    private let alice: Peer
    private let friends: [Peer]

    /// Alice has a session with everybody, and few handshakes for them in a second.
    init() {
        alice = world.addPeer(number: 1, on: .portRestricted)
        alice.useService()
        friends = (2..<2 + Self.friends).map { [world] in world.addPeer(number: $0, on: .portRestricted) }
        for friend in friends {
            friend.useService()
            alice.add(friend)
            friend.add(alice)
            alice.connect(to: friend)
        }
        world.run(for: .seconds(5))
        alice.endpoint.environment.recoveries = RecoveryLimit(perSecond: Self.limit)
    }

    private var recovering: Int { friends.count { alice.connection(to: $0)?.attempt != nil } }

    // [PTH-28]
    @Test("so many in a second are introduced again, and all get their turn")
    func searches() {
        #expect(friends.allSatisfy { world.canTalk(alice, $0) })
        let sessions = friends.map { alice.sessionID(with: $0) }
        world.tap = { $0.isDirect ? nil : $0 }
        for friend in friends { alice.send("are you there?", to: friend) }
        world.run(for: .seconds(10)) { recovering > 0 }
        world.run(for: .milliseconds(900))
        #expect(recovering == Self.limit, "the others wait, and look for the path they know")
        #expect(friends.allSatisfy { alice.connection(to: $0)?.search != nil })
        var hadTurn: Set<Int> = []
        world.run(for: .seconds(30)) {
            hadTurn.formUnion(friends.indices.filter { alice.connection(to: friends[$0])?.attempt != nil })
            return hadTurn.count == friends.count
        }
        #expect(hadTurn.count == friends.count)
        world.tap = nil
        world.run(for: .seconds(40))
        for (friend, session) in zip(friends, sessions) {
            #expect(world.canTalk(alice, friend))
            #expect(alice.sessionID(with: friend) == session, "the path came back, and with it what stood")
        }
    }

    // [PTH-28]
    @Test("one contact takes two in a second at most, asked for or not, and leaves the others theirs")
    func share() throws {
        let greedy = try #require(alice.connection(to: friends[0]))
        let other = try #require(alice.connection(to: friends[1]))
        let times = (0..<100).map { world.now + .milliseconds(10 * $0) }
        alice.endpoint.environment.recoveries = RecoveryLimit(perSecond: 5)
        #expect(times.count { greedy.mayRecover(at: $0) } == 2)
        #expect(times.count { greedy.mayAnswerBesideSession(at: $0) } == 2)
        #expect(other.mayAnswerBesideSession(at: times[99]))
    }

    // [PTH-28]
    @Test("who calls beside a session in which he was just heard is answered when there is time for it")
    func calls() {
        alice.endpoint.environment.recoveries = RecoveryLimit(perSecond: 0)
        let bob = friends[0]
        #expect(world.canTalk(alice, bob))
        let session = alice.sessionID(with: bob)
        let before = alice.endpoint.environment.drops[.rateLimited]
        // He started again, and knows nothing of what alice takes to stand.
        bob.restart(with: alice)
        bob.connect(to: alice)
        world.run(for: .milliseconds(1500))
        #expect(alice.sessionID(with: bob) == session)
        #expect(alice.endpoint.environment.drops[.rateLimited] > before)
        alice.endpoint.environment.recoveries = RecoveryLimit(perSecond: 1)
        world.run(for: .seconds(5)) { world.shareOneSession(alice, bob) }
        #expect(world.canTalk(alice, bob) && alice.sessionID(with: bob) != session)
    }

    // [PTH-28]
    @Test("so is who calls beside a session in which nothing was heard for long: nobody may have had time to listen")
    func silentCalls() {
        alice.endpoint.environment.recoveries = RecoveryLimit(perSecond: 0)
        let sessions = friends.map { alice.sessionID(with: $0) }
        for friend in friends { friend.restart(with: alice) }
        world.run(for: .seconds(3))
        let before = alice.endpoint.environment.drops[.rateLimited]
        for friend in friends { friend.connect(to: alice) }
        world.run(for: .seconds(3))
        #expect(alice.endpoint.environment.drops[.rateLimited] > before)
        #expect(friends.map { alice.sessionID(with: $0) } == sessions)
        alice.endpoint.environment.recoveries = RecoveryLimit(perSecond: Self.limit)
        world.run(for: .seconds(20)) { friends.allSatisfy { world.shareOneSession(alice, $0) } }
        #expect(friends.allSatisfy { world.canTalk(alice, $0) })
    }
}
