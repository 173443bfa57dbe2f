internal import PinholeWire

/// The largest value of the latest rounds, by the three that may still become it (Kathleen Nichols' windowed maximum):
/// no memory of its own, so that a copy is a few words.
struct WindowedMaximum: Sendable {
    private struct Entry {
        var value: Double
        var round: Int
    }

    private let rounds: Int
    private var first: Entry?
    private var second = Entry(value: 0, round: 0)
    private var third = Entry(value: 0, round: 0)

    init(rounds: Int) {
        self.rounds = rounds
    }

    var value: Double? { first?.value }

    mutating func add(_ value: Double, round: Int) {
        let entry = Entry(value: value, round: round)
        guard let first, value < first.value, round - third.round <= rounds else { return reset(to: entry) }
        if value >= second.value {
            second = entry
            third = entry
        } else if value >= third.value {
            third = entry
        }
        if round - first.round > rounds {
            self.first = second
            second = third
            third = entry
        } else if second.round == first.round, round - first.round > rounds / 4 {
            // No second in a quarter of the window: take this one, so that there is one when the first is too old.
            second = entry
            third = entry
        } else if third.round == second.round, round - first.round > rounds / 2 {
            third = entry
        }
    }

    private mutating func reset(to entry: Entry) {
        first = entry
        second = entry
        third = entry
    }
}

/// How far acknowledgements run ahead of the bandwidth: where they come in bursts, a window without room for them would
/// leave the path idle between two.
struct AcknowledgementExcess: Sendable {
    private var most = WindowedMaximum(rounds: 10)
    private var epochStart: Instant?
    private var acknowledged = 0
    private var pending = 0

    var bytes: Int { Int(most.value ?? 0) }

    mutating func didAcknowledge(_ bytes: Int) {
        pending += bytes
    }

    mutating func update(rate: Double, round: Int, limit: Int, at now: Instant) {
        let start = epochStart ?? now
        let expected = rate * Double((now - start).nanoseconds) / 1e9
        if epochStart == nil || Double(acknowledged) <= expected {
            epochStart = now
            acknowledged = 0
        }
        acknowledged += pending
        pending = 0
        let since = epochStart ?? now
        let excess = Double(acknowledged) - rate * Double((now - since).nanoseconds) / 1e9
        most.add(min(max(excess, 0), Double(limit) / 2), round: round)
    }
}
