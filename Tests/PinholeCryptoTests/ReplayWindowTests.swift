import PinholeWire
import TestSupport
import Testing

@testable import PinholeCrypto

/// The edge cases of RFC 6479.
struct ReplayWindowTests {
    private static let size = UInt64(Limits.replayWindow)

    @Test("the edges of the window are where they should be")  // [PKT-7]
    func edges() {
        var window = ReplayWindow()
        let size = Self.size
        let steps: [(UInt64, Bool)] = [
            (0, true), (1, true), (1, false), (9, true), (8, true), (7, true), (7, false), (size, true),
            (size - 1, true), (size - 1, false), (size - 2, true), (2, true), (2, false), (size + 16, true), (3, false),
            (size + 16, false), (size * 4, true), (size * 4 - (size - 1), true), (10, false), (size * 4 - size, false),
            (size * 4 - (size + 1), false), (size * 4 - (size - 2), true), (size * 4 + 1 - size, false), (0, false),
            (.max, true), (.max - 1, true), (.max, false), (.max - 1, false), (.max - 2, true),
            (.max - (size - 1), true), (.max - size, false), (0, false),
        ]
        for (step, (number, isNew)) in steps.enumerated() {
            #expect(window.insert(number) == isNew, "step \(step): \(number)")
        }
        #expect(window.largest == .max)
        #expect(window.expected == .max)
    }

    @Test("a whole window may come in either order, and nothing twice")
    func bulk() {
        let size = Self.size
        let upward = Array(1..<size)
        let orders: [(numbers: [UInt64], then: [(UInt64, Bool)])] = [
            (upward, [(0, true), (0, false)]),
            (Array(2...size), [(1, true), (0, false)]),
            (upward.reversed(), [(0, true), (0, false), (size, true), (0, false)]),
            (Array((2...size + 1).reversed()), [(1, false), (0, false)]),
            (upward.reversed(), [(size, true), (0, false)]),
            (upward.reversed(), [(0, true), (size + 1, true), (1, false), (2, false)]),
        ]
        for (index, order) in orders.enumerated() {
            var window = ReplayWindow()
            #expect(order.numbers.allSatisfy { window.insert($0) }, "order \(index)")
            #expect(!order.numbers.contains { window.insert($0) }, "order \(index)")
            for (number, isNew) in order.then {
                #expect(window.insert(number) == isNew, "order \(index): \(number)")
            }
        }
    }

    @Test("both windows do what a set of all numbers would", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        var window = ReplayWindow()
        var short = ShortReplayWindow()
        var seen: Set<UInt64> = []
        var shortSeen: Set<UInt64> = []
        var largest: UInt64 = 0
        for step in 0..<40_000 {
            let jump: UInt64 =
                switch Int.random(in: 0..<20, using: &generator) {
                case 0: .random(in: 0...3 * Self.size, using: &generator)
                case 1: .random(in: 0...200, using: &generator)
                default: .random(in: 0...3, using: &generator)
                }
            let isBackward = Bool.random(using: &generator)
            let number = isBackward ? largest - min(largest, jump) : largest + jump
            largest = max(largest, number)
            let isNew = largest - number < Self.size && seen.insert(number).inserted
            let isShortNew = largest - number < 64 && shortSeen.insert(number).inserted
            #expect(window.insert(number) == isNew, "seed \(seed), step \(step)")
            #expect(short.insert(number) == isShortNew, "seed \(seed), step \(step)")
            #expect(window.largest == largest)
        }
    }

    @Test("the short window ends before the last number")  // [SIG-5]
    func shortEnd() {
        var window = ShortReplayWindow()
        let end = UInt64.max
        let numbers: [UInt64] = [end, end - 1, end - 1, end - 2, end - 64, end - 65]
        let accepted = numbers.map { window.insert($0) }
        #expect(accepted == [false, true, false, true, true, false])
    }
}
