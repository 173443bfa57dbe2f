import PinholeWire
import TestSupport

/// What happens to datagrams between two places.
package struct Link: Sendable {
    /// One way.
    package var delay: Duration
    /// Each datagram takes up to this much longer, so some overtake others.
    package var jitter: Duration = .zero
    /// The share that is lost, 0 … 1.
    package var loss = 0.0
    /// How many are lost in a row, on average (Gilbert's model); 1 loses each by itself.
    package var burst = 1.0
    /// The share that arrives twice.
    package var duplication = 0.0
    /// The share that takes ``reorderingDelay`` longer, and arrives behind what was sent after it.
    package var reordering = 0.0
    package var reorderingDelay: Duration = .milliseconds(5)
    private var isLosing = false

    package init(delay: Duration) {
        self.delay = delay
    }

    /// How long a datagram takes, and the second copy of it; `nil` for what does not arrive.
    mutating func travel(_ random: inout SeededRandom) -> (first: Duration?, copy: Duration?) {
        if loses(&random) { return (nil, nil) }
        return (time(&random), random.chance(duplication) ? time(&random) : nil)
    }

    private mutating func loses(_ random: inout SeededRandom) -> Bool {
        guard loss > 0 else { return false }
        guard burst > 1 else { return random.chance(loss) }
        // So many enter the losing state that the share of time spent there is `loss`.
        isLosing = isLosing ? !random.chance(1 / burst) : random.chance(loss / (burst * (1 - loss)))
        return isLosing
    }

    private func time(_ random: inout SeededRandom) -> Duration {
        var time = delay
        if jitter > .zero { time += .nanoseconds(Int64.random(in: 0...jitter.nanoseconds, using: &random)) }
        if random.chance(reordering) { time += reorderingDelay }
        return time
    }
}
