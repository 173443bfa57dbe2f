import CEmulator
import Testing

/// What happens to frames behind the bottleneck: each thing as often as it was asked for.
@Suite("wire")
struct WireTests {
    /// Whether a count lies within four standard deviations of its expectation.
    private func isPlausible(_ count: Int, of all: Int, _ share: Double) -> Bool {
        let deviation = (Double(all) * share * (1 - share)).squareRoot()
        return abs(Double(count) - Double(all) * share) <= 4 * deviation
    }

    @Test("frames are lost as often as was said, and the same ones with the same seed", arguments: [0.01, 0.05, 0.3])
    func loss(_ share: Double) throws {
        let runs = try [7, 7, 8].map { seed in
            let line = try Line("loss=\(share * 100)% seed=\(seed)")
            line.send(10_000, size: 40)
            line.run()
            return line.arrivals.map(\.number)
        }
        #expect(isPlausible(10_000 - runs[0].count, of: 10_000, share), "\(runs[0].count)")
        #expect(runs[0] == runs[1] && runs[0] != runs[2])
    }

    @Test("a lost frame has taken its time at the rate")
    func lossTakesRate() throws {
        let line = try Line("rate=12Mbit queue=100MB loss=50%")
        line.send(1000)
        line.run()
        for arrival in line.arrivals { #expect(arrival.time == .milliseconds(arrival.number + 1)) }
        #expect(line.arrivals.count < 600)
    }

    @Test("losses come in bursts of the length that was said")
    func bursts() throws {
        let line = try Line("loss=5%/4 seed=3")
        line.send(40_000, size: 40)
        line.run()
        let lost = 40_000 - line.arrivals.count
        let bursts = zip(line.arrivals, line.arrivals.dropFirst()).count { $1.number > $0.number + 1 }
        #expect(abs(Double(lost) / 40_000 - 0.05) < 0.01, "\(lost)")
        #expect(abs(Double(lost) / Double(bursts) - 4) < 0.6, "\(lost) in \(bursts)")
    }

    @Test("Gilbert and Elliott's four")
    func gilbertElliott() throws {
        let line = try Line("loss=1%/9%/50%/1%")
        line.send(40_000, size: 40)
        line.run()
        // A tenth of the time bad: 0.1 · 50 % + 0.9 · 1 %.
        #expect(abs(Double(40_000 - line.arrivals.count) / 40_000 - 0.059) < 0.01)
    }

    @Test("jitter spreads the delay evenly, in order unless told otherwise")
    func jitter() throws {
        for (word, reorders) in [("5ms", false), ("5ms+reorder", true)] {
            let line = try Line("delay=20ms jitter=\(word)")
            line.send(2000, every: .milliseconds(1))
            line.run()
            let numbers = line.arrivals.map(\.number)
            #expect((numbers != numbers.sorted()) == reorders)
            let delays = line.arrivals.map { $0.time - .milliseconds($0.number) }
            #expect(delays.min()! >= .milliseconds(15) && delays.max()! <= .milliseconds(25))
            #expect(delays.min()! < .milliseconds(16) && delays.max()! > .milliseconds(24))
        }
    }

    @Test("what is held back is overtaken, and the rest is in order")
    func reordering() throws {
        let line = try Line("delay=20ms reorder=25%/5ms")
        line.send(4000, every: .milliseconds(1))
        line.run()
        let late = line.arrivals.filter { $0.time == .milliseconds(25 + $0.number) }
        let prompt = line.arrivals.filter { $0.time == .milliseconds(20 + $0.number) }
        #expect(late.count + prompt.count == 4000 && isPlausible(late.count, of: 4000, 0.25))
        #expect(line.counters.held_back == late.count)
    }

    @Test("copies arrive beside their originals")
    func duplicates() throws {
        let line = try Line("duplicate=10% delay=1ms")
        line.send(5000, size: 100, every: .milliseconds(1))
        line.run()
        let copies = line.arrivals.count - 5000
        #expect(isPlausible(copies, of: 5000, 0.1) && line.counters.duplicated == copies)
        #expect(line.arrivals.map(\.number) == line.arrivals.map(\.number).sorted())
    }

    @Test("a flipped bit reaches the application: UDP's checksum is right again, in both families")
    func corruption() throws {
        for (packet, header) in [(TestPacket.udp(5, size: 133), 28), (TestPacket.udp6(size: 150), 48)] {
            let line = try Line("corrupt=100%")
            for _ in 0..<2000 { line.send(packet) }
            line.run()
            var flipped: Set<Int> = []
            for arrival in line.arrivals {
                let changed = zip(packet, arrival.bytes).map { $0 ^ $1 }
                #expect(changed[header...].reduce(0) { $0 + $1.nonzeroBitCount } == 1)
                #expect(TestPacket.isIntact(arrival.bytes))
                flipped.formUnion(changed.indices.filter { $0 >= header && changed[$0] != 0 })
            }
            #expect(flipped.count == packet.count - header, "each byte has its turn")
        }
    }

    @Test("what is not UDP is left with a wrong checksum")
    func corruptionOfOthers() throws {
        let line = try Line("corrupt=100%")
        let packet = TestPacket.udp(5, size: 100, protocol: 132)
        line.send(packet)
        line.run()
        let arrived = try #require(line.arrivals.first).bytes
        #expect(arrived != packet && !TestPacket.isIntact(arrived))
    }

    @Test("a share of the frames, and no others, is corrupted")
    func corruptedShare() throws {
        let line = try Line("corrupt=2%")
        line.send(10_000, size: 100)
        line.run()
        let changed = line.arrivals.enumerated().count { $1.bytes != TestPacket.numbered($0, size: 100) }
        #expect(isPlausible(changed, of: 10_000, 0.02) && line.counters.corrupted == changed)
    }

    @Test("longer packets vanish")
    func mtu() throws {
        let line = try Line("mtu=1280")
        for size in [100, 1279, 1280, 1281, 1500] { line.send(TestPacket.udp(size, size: size)) }
        line.run()
        #expect(line.arrivals.map(\.number) == [100, 1279, 1280])
        #expect(line.counters.too_long == 2)
    }

    @Test("an outage begins and ends on time, again and again")
    func outage() throws {
        let line = try Line("outage=5s/2s")
        line.send(210, size: 100, every: .milliseconds(100))
        line.run()
        let expected = (0..<210).filter { $0 % 70 < 50 }
        #expect(line.arrivals.map(\.number) == expected)
        #expect(line.counters.outage == 60)
        try line.set("outage=on")
        line.send(10)
        try line.set("outage=off")
        line.send(10)
        line.run()
        #expect(line.arrivals.count == expected.count + 10)
    }

    @Test("what finds neighbours is not lost, but slow as the rest")
    func neighbours() throws {
        let line = try Line("loss=100% mtu=40 corrupt=100% delay=20ms")
        let arp = [UInt8](repeating: 1, count: 46)  // no IP version has this number
        var solicitation = TestPacket.udp6(size: 72)
        (solicitation[6], solicitation[40]) = (58, 135)
        for packet in [arp, solicitation] { line.send(packet) }
        line.send(5)
        line.run()
        #expect(line.arrivals.map(\.bytes) == [arp, solicitation])
        #expect(line.arrivals.allSatisfy { $0.time == .milliseconds(20) })
    }

    @Test("every frame is accounted for, whatever the conditions", arguments: 0..<20)
    func conservation(_ seed: Int) throws {
        var generator = Numbers(seed: UInt64(seed))
        let line = try Line("seed=\(seed)")
        for _ in 0..<20 {
            try line.set(
                """
                delay=\(generator.next(50))ms jitter=\(generator.next(20))ms\(generator.next(2) == 0 ? "+reorder" : "") \
                loss=\(generator.next(20))%/\(1 + generator.next(5)) reorder=\(generator.next(30))%/7ms \
                duplicate=\(generator.next(10))% corrupt=\(generator.next(10))% rate=\(generator.next(20))Mbit \
                queue=\(5 + generator.next(50))ms mark=3ms mtu=\(generator.next(2) * 1280) \
                outage=\(generator.next(4) == 0 ? "20ms/5ms" : "off")
                """)
            line.send(100, size: 100 + generator.next(1400), every: .microseconds(generator.next(1000)))
        }
        line.run()
        let counters = line.counters
        let dropped =
            counters.outage + counters.too_long + counters.queue_full + counters.lost + counters.overflow
        #expect(counters.arrived == 2000 && counters.arrived + counters.duplicated == counters.delivered + dropped)
        #expect(counters.delivered == line.arrivals.count && counters.overflow == 0)
        #expect(zip(line.arrivals, line.arrivals.dropFirst()).allSatisfy { $0.time <= $1.time })
    }
}

/// Numbers that a seed decides: a linear congruential generator (Knuth's constants).
private struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % limit
    }
}
