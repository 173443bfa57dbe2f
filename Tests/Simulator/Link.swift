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
    /// The largest packet that passes, in bytes, IP header included; `nil` lets all pass.
    package var mtu: Int?
    /// Bytes of UDP payload per second towards each address; `nil` lets all pass at once.
    package var rate: Double?
    /// What may wait for its turn at that rate, in bytes, before datagrams are lost.
    package var queue = 256 * 1024
    /// What waits, in bytes, when datagrams that are ECN-capable are marked; `nil` marks none.
    package var markingThreshold: Int?
    /// What becomes of codepoints on the way.
    package var codepoints = Codepoints.kept
    private var isLosing = false
    /// When all that waits for an address has left.
    private var busyUntil: [IPAddress: Instant] = [:]

    /// What routers do to the ECN field.
    package enum Codepoints: Sendable {
        case kept
        case bleached
        /// Whatever is ECN-capable arrives as CE.
        case allCongested
        /// Whatever is ECN-capable is lost.
        case dropped
    }

    package init(delay: Duration) {
        self.delay = delay
    }

    /// How long a datagram takes, and the second copy of it; `nil` for what does not arrive.
    mutating func travel(
        _ flight: inout World.Flight, at now: Instant, _ random: inout SeededRandom
    ) -> (first: Duration?, copy: Duration?) {
        let header = flight.destination.family == .v4 ? 28 : 48
        if let mtu, flight.bytes.count + header > mtu { return (nil, nil) }
        guard let wait = wait(&flight, at: now), passesCodepoint(&flight.ecn) else { return (nil, nil) }
        if loses(&random) { return (nil, nil) }
        return (wait + time(&random), random.chance(duplication) ? wait + time(&random) : nil)
    }

    /// Until the datagram has left the queue; `nil` if that is full.
    private mutating func wait(_ flight: inout World.Flight, at now: Instant) -> Duration? {
        guard let rate else { return .zero }
        let free = max(busyUntil[flight.destination.ip] ?? now, now)
        let waiting = Int((free - now) / .seconds(1) * rate)
        guard waiting + flight.bytes.count <= queue else { return nil }
        if let markingThreshold, waiting > markingThreshold, flight.ecn == .ect0 { flight.ecn = .ce }
        let end = free + .nanoseconds(Int64(Double(flight.bytes.count) / rate * 1e9))
        busyUntil[flight.destination.ip] = end
        return end - now
    }

    private func passesCodepoint(_ ecn: inout ECNCodepoint) -> Bool {
        switch codepoints {
        case .kept: return true
        case .bleached: ecn = .notECT
        case .allCongested: if ecn != .notECT { ecn = .ce }
        case .dropped: return ecn == .notECT
        }
        return true
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
