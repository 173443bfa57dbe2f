import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("a handshake over a bad network")
struct LossTests {
    @Test("ends within 10 s when 30 % of all datagrams are lost in bursts, introduced", arguments: UInt64(1)...50)
    func introduced(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        world.loseInBursts()
        let start = world.now
        alice.connect(to: bob)
        #expect(
            world.run(for: .seconds(10)) { alice.sessionID(with: bob) != nil && world.shareOneSession(alice, bob) },
            "seed \(seed)")
        Figure.note("A1 introduced", world.now - start)
    }

    @Test("ends within 10 s when 30 % of all datagrams are lost in bursts, directly", arguments: UInt64(1)...50)
    func direct(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, bob) = world.makeDirectPair()
        world.loseInBursts()
        let start = world.now
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(10)) { world.shareOneSession(alice, bob) }, "seed \(seed)")
        Figure.note("A1 direct", world.now - start)
    }

    @Test("survives every pattern of losses among the first three datagrams of each side", arguments: [false, true])
    func firstDatagrams(isIntroduced: Bool) {
        for pattern in 0..<64 {
            let world = World(seed: UInt64(pattern))
            let (alice, bob) = isIntroduced ? world.makePair() : world.makeDirectPair()
            var counts: [TransportAddress: Int] = [:]
            world.tap = { flight in
                guard flight.isDirect else { return flight }
                let count = counts[flight.source, default: 0]
                counts[flight.source] = count + 1
                let bit = flight.source == alice.address ? count : count + 3
                return count < 3 && pattern >> bit & 1 == 1 ? nil : flight
            }
            let start = world.now
            alice.connect(to: bob)
            #expect(
                world.run(for: .seconds(5)) { !alice.connections.isEmpty && !bob.connections.isEmpty },
                "pattern \(String(pattern, radix: 2)) of lost datagrams")
            Figure.note("A2", world.now - start)
            #expect(world.shareOneSession(alice, bob))
        }
    }

    @Test("waits for a listener that starts up to 5 s late", arguments: 0...100)
    func skewDirect(steps: Int) {
        let milliseconds = 50 * steps
        let world = World(seed: UInt64(milliseconds))
        let (alice, bob) = world.makeDirectPair()
        let start = world.now
        world.tap = { flight in
            world.now - start < .milliseconds(milliseconds) && flight.destination == bob.address ? nil : flight
        }
        alice.connect(to: bob)
        #expect(world.run(for: .milliseconds(milliseconds + 3000)) { world.shareOneSession(alice, bob) })
        Figure.note("A4 after the listener", world.now - start - .milliseconds(milliseconds))
    }

    @Test("begins as soon as a peer who was offline registers", arguments: 0...100)
    func skewIntroduced(steps: Int) {
        let milliseconds = 50 * steps
        let world = World(seed: UInt64(milliseconds))
        let alice = world.addPeer("192.168.1.10:4000", behind: .home("198.51.100.1"))
        let bob = world.addPeer("192.168.2.10:4000", behind: .home("198.51.100.2"))
        alice.add(bob)
        bob.add(alice)
        alice.useService()
        world.run(for: .seconds(3))
        alice.connect(to: bob)
        world.run(for: .milliseconds(milliseconds))
        #expect(milliseconds < 100 || alice.failures.first == .offline)
        bob.useService()
        #expect(world.run(for: .seconds(2)) { world.shareOneSession(alice, bob) })
    }

    @Test("succeeds when the callee's blob is lost, and when both are and both call", arguments: [1, 2])  // [HS-42]
    func lostBlobs(count: Int) {
        let world = World(seed: UInt64(count))
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        let deaf = count == 1 ? ["198.51.100.1"] : ["198.51.100.1", "198.51.100.2"]
        // Of what a service says, only a PEER with a blob is this long.
        world.tap = { flight in
            let hasBlob = flight.isFromService && flight.kind == .server && flight.bytes.count > 200
            return hasBlob && deaf.contains("\(flight.destination.ip)") ? nil : flight
        }
        alice.connect(to: bob)
        if count == 2 { bob.connect(to: alice) }
        #expect(world.run(for: .seconds(3)) { world.shareOneSession(alice, bob) })
        #expect(world.canTalk(alice, bob))
    }
}
