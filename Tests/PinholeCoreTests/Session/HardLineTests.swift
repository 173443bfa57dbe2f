import PinholeCore
import PinholeWire
import Simulator
import TestSupport
import Testing

/// Ten megabytes through whole endpoints (keys, paths, streams, timers) over lines that are bad in one way each. The
/// line carries as many bytes as come; what is bounded is what the badness may cost.
@Suite("ten megabytes over bad lines")
struct HardLineTests {
    private static let size = 10_000_000

    /// Sends the file and returns how long it took; nil if it did not arrive whole within `limit`.
    private func transfer(in world: World, within limit: Duration) -> Duration? {
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        let content = world.content(Self.size)
        let began = world.now
        alice.sendFile(1, name: "file", content, to: bob)
        guard world.run(for: limit, until: { alice.sentFiles == [1] }) else { return nil }
        #expect(bob.stored["file"] == content)
        Figure.note("A16 " + (Test.current?.name ?? ""), world.now - began)
        return world.now - began
    }

    @Test("2 % of the datagrams are lost: within 4 s, 10 MB in 30 round trips of 50 ms", arguments: [1, 2] as [UInt64])
    func loss(seed: UInt64) {
        let world = World(seed: seed)
        world.delay = .milliseconds(25)
        world.loss = 0.02
        let took = transfer(in: world, within: .seconds(4))
        #expect(took != nil, "seed \(seed)")
    }

    @Test("2 % of the datagrams arrive with a wrong byte, and count as lost", arguments: [1, 2] as [UInt64])
    func corruption(seed: UInt64) {
        let world = World(seed: seed)
        world.delay = .milliseconds(25)
        var random = SeededRandom(seed: seed)
        var corrupted = 0
        world.tap = { flight in
            guard random.chance(0.02) else { return flight }
            var flight = flight
            let position = Int.random(in: flight.bytes.indices, using: &random)
            flight.bytes[position] ^= UInt8.random(in: 1...255, using: &random)
            corrupted += 1
            return flight
        }
        let took = transfer(in: world, within: .seconds(6))
        #expect(took != nil, "seed \(seed)")
        #expect(corrupted > 150, "seed \(seed)")
    }

    @Test("nothing passes for 5 s, everything for 2 s, and so on: within five such turns")
    func blackhole() {
        let world = World(seed: 1)
        world.delay = .milliseconds(25)
        var isOn = false
        var phaseEnd = world.now + .seconds(3)
        world.tap = { flight in
            while phaseEnd <= world.now {
                isOn.toggle()
                phaseEnd += isOn ? .seconds(5) : .seconds(2)
            }
            return isOn ? nil : flight
        }
        // The session begins in the first seconds; the file is sent into the first hole.
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        world.run(for: .seconds(10)) { isOn }
        let content = world.content(Self.size)
        let began = world.now
        alice.sendFile(1, name: "file", content, to: bob)
        #expect(world.run(for: .seconds(35)) { alice.sentFiles == [1] })
        Figure.note("A16 blackhole()", world.now - began)
        #expect(bob.stored["file"] == content)
    }

    @Test("a round trip of 750 ms: within 18 of them")
    func longRoundTrip() {
        let world = World(seed: 1)
        world.delay = .milliseconds(375)
        let took = transfer(in: world, within: .seconds(14))
        #expect(took != nil)
    }

    @Test("a quarter of the datagrams is overtaken: within 4 s", arguments: [1, 2] as [UInt64])
    func reordering(seed: UInt64) {
        let world = World(seed: seed)
        world.delay = .milliseconds(25)
        world.link.reordering = 0.25
        world.link.reorderingDelay = .milliseconds(10)
        let took = transfer(in: world, within: .seconds(4))
        #expect(took != nil, "seed \(seed)")
    }
}
