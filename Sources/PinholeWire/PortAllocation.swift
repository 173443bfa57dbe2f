/// How a NAT picks the external port of a new mapping, as far as samples show it.
package struct PortAllocation: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case unknown = 0
        /// The number of the socket's own port, while nobody else has it (RFC 4787 §4.2.1).
        case preserving = 1
        /// Each new mapping lies `delta` above the one before.
        case sequential = 2
        /// Anywhere between `low` and `high`.
        case block = 3
        /// Anywhere at all.
        case random = 4
    }

    package var kind: Kind
    /// Of `sequential`: from one mapping to the next, modulo 65536; never 0.
    package var delta: Int16
    /// The smallest and the greatest external port that were seen.
    package var low: UInt16
    package var high: UInt16
    /// The external port that was given away last.
    package var last: UInt16

    package init(kind: Kind = .unknown, delta: Int16 = 0, low: UInt16 = 0, high: UInt16 = 0, last: UInt16 = 0) {
        self.kind = kind
        self.delta = delta
        self.low = low
        self.high = high
        self.last = last
    }
}
