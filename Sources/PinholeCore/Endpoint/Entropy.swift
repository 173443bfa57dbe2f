internal import PinholeWire

/// Where connection ids, challenges and jitter come from: the system in a peer, a seed in a test. Keys never do.
package struct Entropy {
    private var generator: any RandomNumberGenerator

    package init(_ generator: some RandomNumberGenerator) {
        self.generator = generator
    }

    package mutating func next() -> UInt64 {
        generator.next()
    }

    /// A number from 0 to `count` − 1.
    mutating func index(below count: Int) -> Int {
        Int.random(in: 0..<count, using: &generator)
    }

    /// A duration between `low` and `high`.
    mutating func duration(_ low: Duration, _ high: Duration) -> Duration {
        guard high > low else { return low }
        return .nanoseconds(Int64.random(in: low.nanoseconds...high.nanoseconds, using: &generator))
    }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        elements.shuffle(using: &generator)
    }

    /// `duration` ± 25 %, which keeps the two sides of a pair out of step.
    mutating func jittered(_ duration: Duration) -> Duration {
        self.duration(duration * 3 / 4, duration * 5 / 4)
    }
}
