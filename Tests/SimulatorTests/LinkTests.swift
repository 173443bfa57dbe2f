import PinholeWire
import Simulator
import Testing

/// Two public peers, and the numbers on what one sends to the other.
@Suite("the simulated link")
struct LinkTests {
    /// The order in which 10,000 numbered datagrams, sent 1 ms apart, arrive.
    private func arrivals(_ link: Link) -> [Int] {
        let world = World(seed: 5)
        world.link = link
        let alice = world.addPeer("192.0.2.1:4000")
        let bob = world.addPeer("192.0.2.2:4000")
        var order: [Int] = []
        world.beforeDelivery = { flight, _, peer in
            guard peer === bob, flight.bytes.count == 5 else { return }
            order.append(flight.bytes.dropFirst().reduce(0) { $0 << 8 | Int($1) })
        }
        for number in 0..<10_000 {
            let bytes = [0xff] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            world.send(bytes, from: alice.address, to: bob.address)
            world.run(for: .milliseconds(1))
        }
        world.run(for: .seconds(1))
        return order
    }

    @Test("a link without faults delivers all, in order")
    func clean() {
        #expect(arrivals(Link(delay: .milliseconds(20))) == Array(0..<10_000))
    }

    @Test("losses are as many as asked for, one by one or in bursts", arguments: [1.0, 4.0])
    func loss(burst: Double) {
        var link = Link(delay: .milliseconds(20))
        link.loss = 0.1
        link.burst = burst
        let order = arrivals(link)
        #expect(abs(Double(order.count) / 10_000 - 0.9) < 0.03)
        let gaps = zip(order, order.dropFirst()).map { $1 - $0 - 1 }.filter { $0 > 0 }
        let mean = Double(gaps.reduce(0, +)) / Double(gaps.count)
        // Losses that come alone follow each other by chance: 1 / (1 − 0.1) in a row.
        #expect(abs(mean - (burst == 1 ? 1.11 : 4)) < 0.1 * burst + 0.1)
    }

    @Test("jitter and reordering let datagrams overtake each other, and lose none")
    func reordering() {
        var jittery = Link(delay: .milliseconds(20))
        jittery.jitter = .milliseconds(10)
        var late = Link(delay: .milliseconds(20))
        late.reordering = 0.2
        for link in [jittery, late] {
            let order = arrivals(link)
            #expect(order.sorted() == Array(0..<10_000))
            #expect(zip(order, order.dropFirst()).count { $0 > $1 } > 1000)
        }
    }

    @Test("duplication brings some twice")
    func duplication() {
        var link = Link(delay: .milliseconds(20))
        link.duplication = 0.25
        let order = arrivals(link)
        #expect(Set(order).count == 10_000)
        #expect(abs(Double(order.count) / 10_000 - 1.25) < 0.03)
    }
}
