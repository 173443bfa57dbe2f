import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

@Suite("the nearest of many deadlines")
struct DeadlineQueueTests {
    @Test("it does what a dictionary does", arguments: [1, 2, 3, 4] as [UInt64])
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = DeadlineQueue()
        var model: [Int: Instant] = [:]
        for step in 0..<20_000 {
            let owner = Int.random(in: 0..<40, using: &random)
            let instant = Instant(nanoseconds: .random(in: 0..<1000, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                queue.set(nil, for: owner)
                model[owner] = nil
            case 1:
                let due = queue.popDue(at: instant)
                let earliest = model.values.min()
                if let due {
                    #expect(model[due] == earliest, "seed \(seed), step \(step)")
                    model[due] = nil
                } else {
                    #expect(earliest.map { $0 > instant } ?? true, "seed \(seed), step \(step)")
                }
            default:
                queue.set(instant, for: owner)
                model[owner] = instant
            }
            #expect(queue.nearest == model.values.min(), "seed \(seed), step \(step)")
            #expect(queue.entryCount <= 4 * model.count + 16, "seed \(seed), step \(step)")
        }
        var order: [Instant] = []
        while let nearest = queue.nearest, let owner = queue.popDue(at: nearest) {
            #expect(model.removeValue(forKey: owner) == nearest, "seed \(seed)")
            order.append(nearest)
        }
        #expect(model.isEmpty && order == order.sorted())
    }

    @Test("far deadlines that move below a near one do not pile up")
    func far() {
        var queue = DeadlineQueue()
        queue.set(Instant(nanoseconds: 1), for: 0)
        for step in 0..<10_000 {
            queue.set(Instant(nanoseconds: 1_000_000 + Int64(step)), for: 1)
            #expect(queue.entryCount <= 4 * 2 + 16)
        }
        #expect(queue.popDue(at: Instant(nanoseconds: 1)) == 0)
        #expect(queue.nearest == Instant(nanoseconds: 1_009_999))
    }

    @Test("one owner that alternates between near and far holds few entries")
    func alternating() {
        var queue = DeadlineQueue()
        for step in 0..<10_000 {
            queue.set(Instant(nanoseconds: step.isMultiple(of: 2) ? 1_000_000_000 : Int64(step)), for: 7)
            #expect(queue.entryCount <= 4 + 16)
        }
        #expect(queue.nearest == Instant(nanoseconds: 9999))
    }

    @Test("a removed deadline never comes due")
    func removed() {
        var queue = DeadlineQueue()
        queue.set(Instant(nanoseconds: 5), for: 1)
        queue.set(nil, for: 1)
        #expect(queue.nearest == nil)
        #expect(queue.popDue(at: Instant(nanoseconds: 10)) == nil)
    }
}
