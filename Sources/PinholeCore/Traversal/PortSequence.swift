internal import PinholeWire

/// Where a peer's external ports are looked for.
enum PortSearch: Hashable {
    /// The mappings that follow the one at `last`. Each step goes one mapping further, and one more every `stretch`
    /// steps: 0 for never.
    case window(last: UInt16, delta: Int16, count: Int, stretch: Int)
    /// Between two ports that were seen, and then around them.
    case block(low: UInt16, high: UInt16, count: Int)
    /// Between two ports that were seen, and no others.
    case within(low: UInt16, high: UInt16, count: Int)
    /// Anywhere from 1024 up.
    case everywhere(count: Int)

    /// All of a block, again and again, but no port of it more often than an address is probed in a round.
    static func sweepable(low: UInt16, high: UInt16) -> PortSearch {
        let width = abs(Int(high) - Int(low)) + 1
        return .within(low: low, high: high, count: min(Limits.blockSweep, width * Limits.probesPerRound))
    }

    var count: Int {
        switch self {
        case .window(_, _, let count, _), .block(_, _, let count), .within(_, _, let count),
            .everywhere(let count):
            count
        }
    }
}

/// The ports of a search in the order in which they are tried, none of them twice.
struct PortSequence {
    private let search: PortSearch
    /// What is worth a try before all others, the best last.
    private var guesses: [UInt16]
    private var ranges: [ShuffledPorts]
    private var tried: Set<UInt16> = []
    private var steps = 0

    init(_ search: PortSearch, guesses: [UInt16] = []) {
        self.search = search
        self.guesses = guesses.reversed()
        switch search {
        case .window:
            ranges = []
        case .block(let low, let high, _):
            // The samples show no more than a part of the block.
            let seen = Self.range(low, high)
            let first = max(Int(seen.lowerBound) - Self.blockSize, Int(Self.lowest))
            let last = min(Int(seen.upperBound) + Self.blockSize, Int(UInt16.max))
            ranges = [ShuffledPorts(UInt16(first)...UInt16(last)), ShuffledPorts(seen)]
        case .within(let low, let high, _):
            ranges = [ShuffledPorts(Self.range(low, high))]
        case .everywhere:
            ranges = [ShuffledPorts(Self.lowest...UInt16.max)]
        }
    }

    private static func range(_ low: UInt16, _ high: UInt16) -> ClosedRange<UInt16> {
        max(lowest, min(low, high))...max(lowest, low, high)
    }

    /// NATs leave the well-known ports alone (RFC 4787 §4.2.2).
    static let lowest: UInt16 = 1024
    /// The greatest block that is common where addresses are shared (RFC 6431 and its kin).
    private static let blockSize = 1024

    /// The next port, until as many as the search has were tried.
    mutating func next(_ entropy: inout Entropy) -> UInt16? {
        while tried.count < search.count, let port = candidate(&entropy) {
            if port != 0, tried.insert(port).inserted { return port }
        }
        return nil
    }

    private mutating func candidate(_ entropy: inout Entropy) -> UInt16? {
        if let guess = guesses.popLast() { return guess }
        if case .window(let last, let delta, let count, let stretch) = search {
            guard steps < 2 * count else { return nil }
            steps += 1
            let extra = stretch == 0 ? 0 : (steps - 1) / stretch
            return PortAllocation.port(steps + extra, mappingsAfter: last, delta: delta)
        }
        while !ranges.isEmpty {
            if let port = ranges[ranges.count - 1].next(&entropy) { return port }
            ranges.removeLast()
        }
        return nil
    }
}

extension PortAllocation {
    /// The external port of the mapping that is the `count`th after the one at `last`.
    ///
    /// A NAT that keeps its counter in the machine's order and writes it out as it is shows successive ports that are
    /// 256 apart, and 257 where the low byte overflows. Other counters go from 65535 to 1024.
    static func port(_ count: Int, mappingsAfter last: UInt16, delta: Int16) -> UInt16 {
        if delta == 256 || delta == -256 {
            let counter = Int(last.byteSwapped) + count * (delta > 0 ? 1 : -1)
            return UInt16(truncatingIfNeeded: counter).byteSwapped
        }
        let lowest = Int(PortSequence.lowest)
        let span = 65_536 - lowest
        let offset = (Int(last) - lowest + count * Int(delta)) % span
        return UInt16(lowest + (offset < 0 ? offset + span : offset))
    }
}

/// A range of ports in random order, without making a list of it: the shuffle of Fisher and Yates, of which only the
/// places that differ are kept.
struct ShuffledPorts {
    private let low: Int
    private var left: Int
    private var moved: [Int: Int] = [:]

    init(_ range: ClosedRange<UInt16>) {
        low = Int(range.lowerBound)
        left = range.count
    }

    mutating func next(_ entropy: inout Entropy) -> UInt16? {
        guard left > 0 else { return nil }
        let pick = entropy.index(below: left)
        left -= 1
        let port = low + (moved[pick] ?? pick)
        moved[pick] = moved[left] ?? left
        moved[left] = nil
        return UInt16(port)
    }
}
