import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("a peer that starts again")
struct RestartTests {
    private func connected(seed: UInt64, direct: Bool = false) -> (World, Peer, Peer) {
        let world = World(seed: seed)
        let (alice, bob) =
            direct ? world.makeDirectPair() : world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.connect(to: bob)
        world.run(for: .seconds(5)) { !alice.connections.isEmpty && !bob.connections.isEmpty }
        return (world, alice, bob)
    }

    @Test("calls, and its new session takes over from the one it forgot")  // [HS-61]
    func takesOver() {
        let (world, alice, bob) = connected(seed: 1)
        let old = alice.sessionID(with: bob)
        bob.restart(with: alice)
        world.run(for: .milliseconds(500))
        #expect(alice.sessionID(with: bob) == old)
        bob.connect(to: alice)
        #expect(world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) })
        #expect(alice.sessionID(with: bob) != old)
        #expect(world.canTalk(alice, bob))
    }

    @Test("is noticed by who talks to it, and called again", arguments: [false, true])
    func isNoticed(direct: Bool) {
        let (world, alice, bob) = connected(seed: 2, direct: direct)
        bob.restart(with: alice, usesService: !direct)
        world.run(for: .seconds(2))
        alice.send("are you there?", to: bob)
        #expect(world.run(for: .seconds(8)) { bob.texts == ["are you there?"] })
        #expect(world.shareOneSession(alice, bob))
    }

    @Test("is met again, whenever in a handshake it stopped", arguments: [false, true], [false, true])
    func anyMoment(direct: Bool, isCaller: Bool) {
        for step in 0..<25 {
            let world = World(seed: UInt64(step))
            let (alice, bob) =
                direct ? world.makeDirectPair() : world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
            alice.connect(to: bob)
            world.run(for: .milliseconds(8 * step))
            if isCaller {
                alice.restart(with: bob, direct: direct ? [bob.address] : [], usesService: !direct)
                alice.connect(to: bob)
            } else {
                bob.restart(with: alice, usesService: !direct)
                alice.send("hello", to: bob)
            }
            #expect(world.run(for: .seconds(12)) { world.shareOneSession(alice, bob) }, "stopped after \(8 * step) ms")
            #expect(world.canTalk(alice, bob), "stopped after \(8 * step) ms")
        }
    }

    @Test(
        "is met again with the disk of an hour before, whenever in a handshake it stopped", arguments: [false, true],
        [false, true])
    func oldDisk(direct: Bool, isCaller: Bool) {
        for step in 0..<12 {
            let world = World(seed: UInt64(100 + step))
            let (alice, bob) =
                direct
                ? world.makeDirectPair(bothKnow: true)
                : world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
            alice.send("before", to: bob)
            #expect(world.run(for: .seconds(5)) { bob.texts == ["before"] })
            let copy = bob.disk
            world.run(for: .seconds(3600))
            bob.restart(with: alice, direct: direct ? [alice.address] : [], usesService: !direct)
            world.run(for: .seconds(1))
            bob.send("within the hour", to: alice)
            world.run(for: .milliseconds(12 * step))
            bob.kill()
            world.run(for: .seconds(2))
            bob.recover(
                with: alice, from: copy, direct: direct ? [alice.address] : [], usesService: !direct)
            let last = isCaller ? alice : bob
            if isCaller { bob.send("after", to: alice) } else { alice.send("after", to: bob) }
            #expect(world.run(for: .seconds(12)) { last.texts.last == "after" }, "stopped after \(12 * step) ms")
            #expect(world.canTalk(alice, bob))
            #expect(Set(bob.texts).count == bob.texts.count && Set(alice.texts).count == alice.texts.count)
        }
    }

    @Test("cannot take over before its AUTH is verified: until then the old session lives")  // [HS-60]
    func shadow() {
        let (world, alice, bob) = connected(seed: 3)
        let old = alice.sessionID(with: bob)
        var isMute = true
        world.tap = { flight in
            isMute && flight.kind == .handshake && flight.source.ip == bob.nat?.external ? nil : flight
        }
        bob.restart(with: alice)
        world.run(for: .seconds(1))
        bob.connect(to: alice)
        world.run(for: .seconds(8))
        #expect(alice.sessionID(with: bob) == old)
        #expect(alice.connection(to: bob)?.pairings.isEmpty == false)
        isMute = false
        #expect(world.run(for: .seconds(15)) { world.shareOneSession(alice, bob) })
        #expect(alice.sessionID(with: bob) != old)
    }

    @Test("is searched for without haste: no deadline stays in the past")
    func search() {
        let (world, alice, bob) = connected(seed: 6)
        // As after a path was given up, which starts the count of timeouts anew.
        alice.connection(to: bob)?.search = Search(cause: .unanswered(after: .zero), began: world.now, next: world.now)
        alice.wakeNow()
        #expect(alice.wakeTime.map { $0 > world.now } ?? true)
        #expect(world.canTalk(alice, bob))
    }

    @Test("HELLOs that lead nowhere, replayed from everywhere, never end a session")  // [HS-19] [HS-60]
    func unfinishedHellos() {
        let (world, alice, bob) = connected(seed: 4, direct: true)
        // Bob's disk has a twin that calls Alice and is never heard beyond its HELLOs.
        world.tap = { flight in flight.kind == .handshake ? nil : flight }
        let twin = World(seed: 5)
        let ghost = twin.addPeer("192.0.2.2:4000", identity: bob.identity)
        ghost.restart(with: alice, direct: [alice.address], usesService: false, clockError: .seconds(60))
        twin.recording = []
        for _ in 0..<5 {
            ghost.connect(to: alice)
            twin.run(for: .seconds(61))
        }
        let hellos = (twin.recording ?? []).filter { $0.kind == .hello }.map(\.bytes)
        #expect(hellos.count > 20)
        let session = alice.sessionID(with: bob)
        for (number, hello) in hellos.enumerated() {
            alice.receive(hello, from: strangerAddress(number))
            world.run(for: .milliseconds(100))
            #expect(alice.connection(to: bob)?.pairings.count ?? 0 <= Limits.maxPeerHellos)
        }
        #expect(alice.sessionID(with: bob) == session && world.shareOneSession(alice, bob))
        #expect(world.canTalk(alice, bob))
        world.run(for: .seconds(61))
        #expect(alice.connection(to: bob)?.pairings.isEmpty ?? false)
        #expect(world.shareOneSession(alice, bob) && world.canTalk(alice, bob))
    }
}
