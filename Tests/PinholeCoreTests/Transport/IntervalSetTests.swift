import TestSupport
import Testing

@testable import PinholeCore

struct IntervalSetTests {
    @Test("ranges that overlap or touch become one")
    func merging() {
        var set = IntervalSet()
        set.insert(10..<20)
        set.insert(30..<40)
        set.insert(50..<60)
        #expect(set.ranges == [10..<20, 30..<40, 50..<60])
        set.insert(20..<30)
        #expect(set.ranges == [10..<40, 50..<60])
        set.insert(0..<5)
        set.insert(39..<51)
        #expect(set.ranges == [0..<5, 10..<60])
        set.insert(5)
        #expect(set.ranges == [0..<6, 10..<60])
    }

    @Test("removing cuts ranges")
    func cutting() {
        var set = IntervalSet()
        set.insert(0..<100)
        set.remove(40..<60)
        #expect(set.ranges == [0..<40, 60..<100])
        set.remove(30..<70)
        #expect(set.ranges == [0..<30, 70..<100])
        set.remove(0..<80)
        #expect(set.ranges == [80..<100])
        set.remove(80..<100)
        #expect(set.isEmpty)
    }

    @Test("it holds what a set of numbers holds, whatever is inserted and removed", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var set = IntervalSet()
        var model: Set<UInt64> = []
        for _ in 0..<2000 {
            let lower = UInt64.random(in: 0..<200, using: &random)
            let range = lower..<lower + UInt64.random(in: 0..<12, using: &random)
            if Bool.random(using: &random) {
                set.insert(range)
                model.formUnion(range)
            } else {
                set.remove(range)
                model.subtract(range)
            }
            #expect(set.ranges.flatMap { Array($0) } == model.sorted(), "seed \(seed)")
            #expect(zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
            #expect(set.contains(lower) == model.contains(lower))
        }
    }
}
