import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// A clock that was set back makes HELLOs look like replays. Cookies and echoes tell the two apart.
@Suite("a clock that was set back a year")
struct ClockTests {
    static let year: Duration = .seconds(365 * 86_400)

    enum Caller: CaseIterable { case right, wrong, both }

    /// Two who met before; then one starts again, a year back by its clock.
    private func meetAgain(direct: Bool, remembers: Bool, caller: Caller) -> (World, Peer, Peer) {
        let world = World(seed: 1)
        let (right, wrong) = direct ? world.makeDirectPair(bothKnow: true) : world.makePair()
        right.connect(to: wrong)
        world.run(for: .seconds(5)) { !right.connections.isEmpty && !wrong.connections.isEmpty }
        wrong.restart(
            with: right, direct: direct ? [right.address] : [], usesService: !direct, remembers: remembers,
            clockError: .zero - Self.year)
        right.restart(with: wrong, direct: direct ? [wrong.address] : [], usesService: !direct)
        world.run(for: .seconds(3))
        if caller != .wrong { right.connect(to: wrong) }
        if caller != .right { wrong.connect(to: right) }
        return (world, right, wrong)
    }

    @Test("locks nobody out in direct mode", arguments: Caller.allCases, [false, true])  // [HS-45] [HS-73]
    func direct(caller: Caller, remembers: Bool) {
        let (world, right, wrong) = meetAgain(direct: true, remembers: remembers, caller: caller)
        let start = world.now
        #expect(world.run(for: .seconds(1)) { world.shareOneSession(right, wrong) })
        Figure.note("A12", world.now - start)
        #expect(world.canTalk(right, wrong))
    }

    @Test("locks nobody out who is introduced", arguments: Caller.allCases, [false, true])  // [HS-44] [HS-48]
    func introduced(caller: Caller, remembers: Bool) {
        let (world, right, wrong) = meetAgain(direct: false, remembers: remembers, caller: caller)
        #expect(world.run(for: .seconds(2)) { world.shareOneSession(right, wrong) })
        #expect(world.canTalk(right, wrong))
    }

    @Test("locks nobody out whose peer still has the old session", arguments: [false, true])  // [HS-62]
    func oldSession(direct: Bool) {
        let world = World(seed: 2)
        let (alice, bob) = direct ? world.makeDirectPair(bothKnow: true) : world.makePair()
        alice.connect(to: bob)
        world.run(for: .seconds(5)) { !alice.connections.isEmpty && !bob.connections.isEmpty }
        bob.restart(
            with: alice, direct: direct ? [alice.address] : [], usesService: !direct, remembers: false,
            clockError: .zero - Self.year)
        world.run(for: .seconds(1))
        bob.connect(to: alice)
        #expect(world.run(for: .seconds(direct ? 1 : 2)) { world.shareOneSession(alice, bob) })
        #expect(world.canTalk(alice, bob))
    }

    @Test("is followed while the node runs, and no timestamp goes back")  // [HS-6]
    func setWhileRunning() throws {
        let world = World(seed: 3)
        let (alice, bob) = world.makeDirectPair()
        let connection = try #require(alice.connection(to: bob))
        let environment = alice.endpoint.environment
        let time = environment.unixMilliseconds(at: world.now)
        alice.endpoint.setWallClock(unixMilliseconds: time + 1500, at: world.now)
        #expect(environment.unixMilliseconds(at: world.now) == time)
        let later = time + UInt64(Self.year / .milliseconds(1))
        alice.endpoint.setWallClock(unixMilliseconds: later, at: world.now)
        let first = connection.makeHello(answering: nil, at: world.now).handshake.plaintext.timestamp
        #expect(first == later)
        alice.endpoint.setWallClock(unixMilliseconds: time, at: world.now)
        #expect(environment.unixMilliseconds(at: world.now + .seconds(1)) == time + 1000)
        let second = connection.makeHello(answering: nil, at: world.now).handshake.plaintext.timestamp
        #expect(second == first + 1)
    }

    // [HS-50]
    @Test("locks nobody out when each finds the other's clock wrong", arguments: [false, true], Caller.allCases)
    func both(direct: Bool, caller: Caller) {
        for seed in 0..<4 as Range<UInt64> {
            let world = World(seed: seed)
            let (one, other) = direct ? world.makeDirectPair(bothKnow: true) : world.makePair()
            for (peer, contact) in [(one, other), (other, one)] {
                peer.disk.state.authenticatedTimestamp = World.unixMilliseconds + UInt64(Self.year / .milliseconds(1))
                peer.restart(with: contact, direct: direct ? [contact.address] : [], usesService: !direct)
            }
            world.run(for: .seconds(3))
            if caller != .wrong { one.connect(to: other) }
            if caller != .right { other.connect(to: one) }
            #expect(world.run(for: .seconds(direct ? 1 : 2)) { world.shareOneSession(one, other) }, "seed \(seed)")
            #expect(world.canTalk(one, other))
        }
    }
}
