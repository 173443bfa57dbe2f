import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

@Suite("the ports of a search")
struct PortSequenceTests {
    private func ports(_ search: PortSearch, guesses: [UInt16] = [], seed: UInt64 = 1) -> [UInt16] {
        var entropy = Entropy(SeededRandom(seed: seed))
        var sequence = PortSequence(search, guesses: guesses)
        var ports: [UInt16] = []
        while let port = sequence.next(&entropy) { ports.append(port) }
        return ports
    }

    @Test("follow a counter, and skip the well-known ports where it overflows")  // [PUN-8]
    func window() {
        #expect(ports(.window(last: 40_000, delta: 1, count: 3, stretch: 0)) == [40_001, 40_002, 40_003])
        #expect(ports(.window(last: 65_534, delta: 1, count: 3, stretch: 0)) == [65_535, 1024, 1025])
        #expect(ports(.window(last: 1025, delta: -2, count: 2, stretch: 0)) == [65_535, 65_533])
        #expect(ports(.window(last: 100, delta: 2, count: 2, stretch: 0)).allSatisfy { $0 >= 1024 })
    }

    @Test("follow a counter that is written in the machine's order")  // [PUN-11]
    func littleEndian() {
        // 0x01fe, 0x01ff, 0x0200, 0x0201 in memory order.
        #expect(ports(.window(last: 0xfd01, delta: 256, count: 4, stretch: 0)) == [0xfe01, 0xff01, 0x0002, 0x0102])
        #expect(ports(.window(last: 0x0102, delta: -256, count: 2, stretch: 0)) == [0x0002, 0xff01])
    }

    @Test("go one mapping further each few steps when they are stretched")  // [PUN-9]
    func stretched() {
        #expect(
            ports(.window(last: 2000, delta: 1, count: 7, stretch: 3)) == [2001, 2002, 2003, 2005, 2006, 2007, 2009])
    }

    @Test("hold each port of a block once, in another order each time, and then those around it")  // [PUN-8]
    func block() {
        let found = ports(.block(low: 20_000, high: 20_099, count: 400))
        #expect(Set(found).count == 400)
        #expect(Set(found.prefix(100)) == Set(20_000...20_099))
        #expect(found.dropFirst(100).allSatisfy { (18_976...21_123).contains($0) })
        #expect(found != ports(.block(low: 20_000, high: 20_099, count: 400), seed: 2))
        #expect(ports(.block(low: 900, high: 1100, count: 5000)).allSatisfy { $0 >= 1024 })
        #expect(ports(.block(low: 65_500, high: 65_535, count: 5000)).max() == 65_535)
    }

    @Test("come from everywhere without a repetition, guesses first", arguments: UInt64(1)...20)  // [PUN-6]
    func everywhere(seed: UInt64) {
        let found = ports(.everywhere(count: 1024), guesses: [50_000, 4000, 50_000], seed: seed)
        #expect(found.count == 1024 && Set(found).count == 1024)
        #expect(found.prefix(2) == [50_000, 4000])
        #expect(found.allSatisfy { $0 >= 1024 })
        // The mean of 1022 ports that are uniform is 33280 ± 585.
        let mean = found.dropFirst(2).reduce(0) { $0 + Int($1) } / 1022
        #expect(abs(mean - 33_280) < 5 * 585, "seed \(seed)")
    }

    @Test("are all there are when everything is asked for")
    func all() {
        #expect(Set(ports(.everywhere(count: 100_000))) == Set(1024...UInt16.max))
    }

    @Test("never hold port 0, whatever a peer says")
    func zero() {
        for delta in Int16.min...Int16.max where delta % 97 == 0 || abs(Int(delta)) < 300 {
            for last in [UInt16(0), 1, 255, 256, 1023, 1024, 65_280, 65_535] {
                let found = ports(.window(last: last, delta: delta, count: 64, stretch: 3))
                #expect(!found.contains(0) && found.count == Set(found).count)
            }
        }
        #expect(!ports(.block(low: 0, high: 0, count: 3000)).contains(0))
        #expect(!ports(.block(low: 65_535, high: 0, count: 3000), guesses: [0]).contains(0))
    }
}
