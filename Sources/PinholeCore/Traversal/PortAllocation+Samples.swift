internal import PinholeWire

extension PortAllocation {
    /// One mapping: the socket's own port, if it is known, and the one that the service saw.
    struct Sample: Hashable, Sendable {
        var local: UInt16?
        var external: UInt16
    }

    /// What mappings, in the order in which they were made, say of the NAT that made them.
    init(_ samples: [Sample]) {
        // A mapping that serves several destinations is one.
        var mappings: [Sample] = []
        for sample in samples where !mappings.contains(sample) { mappings.append(sample) }
        let ports = mappings.map(\.external)
        guard let low = ports.min(), let high = ports.max(), let last = ports.last else {
            self.init()
            return
        }
        let preserved = mappings.count { $0.local == $0.external }
        let delta = Self.delta(ports)
        self.init(low: low, high: high, last: last)
        if preserved * 2 > mappings.count {
            kind = .preserving
        } else if let delta {
            (kind, self.delta) = (.sequential, delta)
        } else if mappings.count < Self.minimum {
            kind = .unknown
        } else {
            kind = high - low < Limits.maxPortBlock ? .block : .random
        }
    }

    /// With four ports, and 63 blocks of 1024 that they could be in, chance looks like a block once in 60,000 times.
    private static let minimum = 4
    /// Mappings of other hosts that may come between two of ours.
    private static let maxSkipped = 8

    /// The step from one mapping to the next, if all but a few of the steps are it, or a small multiple of it where
    /// another host's mapping came between. A counter that is kept in the other byte order steps by 256.
    private static func delta(_ ports: [UInt16]) -> Int16? {
        let steps = zip(ports, ports.dropFirst()).map { Int16(bitPattern: $1 &- $0) }
        let counts = Dictionary(steps.map { ($0, 1) }, uniquingKeysWith: +)
        let commonest = counts.filter { $0.key != 0 }.max { ($0.value, -Int($0.key)) < ($1.value, -Int($1.key)) }
        guard let (step, count) = commonest, count >= 2 else { return nil }
        let fitting = steps.count { (1...maxSkipped).map { step &* Int16($0) }.contains($0) }
        return fitting * 4 >= steps.count * 3 ? step : nil
    }
}
