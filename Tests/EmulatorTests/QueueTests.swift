import CEmulator
import Testing

/// The bottleneck: how long frames wait, and which do not get in.
@Suite("queue")
struct QueueTests {
    @Test("a wire takes the delay, and keeps the order")
    func wire() throws {
        let line = try Line("delay=20ms")
        line.send(100, every: .milliseconds(1))
        line.run()
        #expect(line.arrivals.map(\.number) == Array(0..<100))
        for arrival in line.arrivals { #expect(arrival.time == .milliseconds(20 + arrival.number)) }
    }

    @Test("frames leave at the rate, one behind the other")
    func rate() throws {
        let line = try Line("rate=12Mbit queue=1MB delay=5ms")
        line.send(50)
        line.run()
        // 1,500 bytes take a millisecond.
        #expect(line.arrivals.map(\.time) == (1...50).map { .milliseconds(5 + $0) })
        #expect(line.counters.longest_wait == 49_000_000)
    }

    @Test("a full queue drops at its tail", arguments: ["queue=15000B", "queue=10ms"])
    func droptail(_ queue: String) throws {
        let line = try Line("rate=12Mbit \(queue)")
        line.send(30)
        line.run()
        #expect(line.arrivals.map(\.number) == Array(0..<10))
        #expect(line.counters.queue_full == 20)
        // Once it has room again it takes more.
        line.send(3)
        line.run()
        #expect(line.arrivals.count == 13)
    }

    @Test("an empty queue takes a frame of any size")
    func longFrame() throws {
        let line = try Line("rate=12Mbit queue=100B")
        line.send(2)
        line.run()
        #expect(line.arrivals.map(\.number) == [0])
        #expect(line.arrivals[0].time == .milliseconds(1))
    }

    @Test("what offers more than the rate gets the rate")
    func overload() throws {
        let line = try Line("rate=50Mbit queue=256KiB delay=25ms")
        line.send(3000, size: 1228, every: .microseconds(150))  // 65 Mbit/s
        line.run()
        let first = line.arrivals[0].time
        let span = line.arrivals[line.arrivals.count - 1].time - first
        let rate = Double((line.arrivals.count - 1) * 1228 * 8) / (span / .seconds(1))
        #expect(abs(rate / 50e6 - 1) < 1e-4, "\(rate)")
        let counters = line.counters
        #expect(counters.queue_full > 0 && counters.delivered + counters.queue_full == 3000)
        #expect(Double(counters.longest_wait) <= 262_144 * 8 / 50e6 * 1e9)
    }

    @Test("what waits when the rate changes meets the new rate, but for the frame under way")
    func change() throws {
        let line = try Line("rate=12Mbit queue=1MB")
        line.send(10)
        line.run(until: .microseconds(2500))
        try line.set("rate=120Mbit")
        line.run()
        let times = [1000, 2000, 3000] + (1...7).map { 3000 + 100 * $0 }
        #expect(line.arrivals.map(\.time) == times.map { .microseconds($0) })
    }

    @Test("what waits when the rate is lifted goes out after the frame under way")
    func lift() throws {
        let line = try Line("rate=12Mbit queue=1MB")
        line.send(5)
        line.run(until: .microseconds(500))
        try line.set("rate=0")
        line.send(5)
        line.run()
        #expect(line.arrivals.count == 10)
        #expect(line.arrivals.allSatisfy { $0.time == .milliseconds(1) })
    }

    @Test("a long queue marks what can be marked, and the checksum stays right")
    func marking() throws {
        let line = try Line("rate=12Mbit queue=1MB mark=5ms")
        for number in 0..<20 { line.send(TestPacket.udp(number, ecn: UInt8(number % 4))) }
        line.run()
        for arrival in line.arrivals {
            let sent = UInt8(arrival.number % 4)
            // The sixth finds five milliseconds; the seventh finds more.
            #expect(arrival.bytes[1] & 3 == (arrival.number >= 6 && sent != 0 ? 3 : sent), "\(arrival.number)")
            #expect(TestPacket.isIntact(arrival.bytes))
        }
        #expect(line.counters.marked == 11)
        let line6 = try Line("rate=12Mbit queue=1MB mark=1B")
        for _ in 0..<2 { line6.send(TestPacket.udp6(size: 1280, ecn: 2)) }
        line6.run()
        #expect(line6.arrivals.map { $0.bytes[1] >> 4 & 3 } == [2, 3])
        #expect(TestPacket.isIntact(line6.arrivals[1].bytes))
    }
}
