import PinholeWire

/// Which packet numbers were received, for the last 8192 (RFC 6479): a ring of words in which old ones are cleared as
/// the window moves. Consulted only after a packet's tag verified, so that a forgery cannot move it.
///
/// The ring is made when numbers of two words have come: a handshake takes a few packets, and there may be thousands.
package struct ReplayWindow: Sendable {
    /// The largest number received, or `nil` before the first.
    package private(set) var largest: UInt64?
    /// The word of the largest number, while all are in it.
    private var only: UInt64 = 0
    /// The ring; empty until it is needed.
    private var words: [UInt64] = []
    private let first: UInt64

    private static let wordCount = Limits.replayWindow / 64 + 1

    /// `expected` is the number that is most likely the first.
    package init(expected: UInt64 = 0) {
        first = expected
    }

    /// The number that is most likely next, for ``PacketNumber/expand(_:expected:)``.
    package var expected: UInt64 {
        guard let largest else { return first }
        return largest == .max ? .max : largest + 1
    }

    /// Notes a number and says whether it is new: not received before, and less than 8192 behind the largest.
    package mutating func insert(_ number: UInt64) -> Bool {
        let block = number / 64
        let bit: UInt64 = 1 << (number % 64)
        if words.isEmpty {
            if largest.map({ $0 / 64 == block }) ?? true {
                guard only & bit == 0 else { return false }
                only |= bit
                largest = max(largest ?? number, number)
                return true
            }
            makeRing()
        }
        if let largest {
            if number > largest {
                let first = largest / 64
                let cleared = min(block - first, UInt64(Self.wordCount))
                for step in 0..<cleared { words[Self.slot(block - step)] = 0 }
                self.largest = number
            } else if largest - number >= UInt64(Limits.replayWindow) {
                return false
            }
        }
        let slot = Self.slot(block)
        guard words[slot] & bit == 0 else { return false }
        words[slot] |= bit
        return true
    }

    private mutating func makeRing() {
        words = [UInt64](repeating: 0, count: Self.wordCount)
        if let largest { words[Self.slot(largest / 64)] = only }
    }

    private static func slot(_ block: UInt64) -> Int {
        Int(block % UInt64(wordCount))
    }
}

/// The same for the last 64 packet numbers, in 16 bytes: for a service that holds many.
struct ShortReplayWindow: Sendable {
    /// One more than the largest number received; 0 before the first.
    private(set) var expected: UInt64 = 0
    private var bits: UInt64 = 0

    mutating func insert(_ number: UInt64) -> Bool {
        guard number < .max else { return false }
        if number >= expected {
            let shift = number - expected + 1
            bits = shift < 64 ? bits << shift | 1 : 1
            expected = number + 1
            return true
        }
        let age = expected - 1 - number
        guard age < 64, bits >> age & 1 == 0 else { return false }
        bits |= 1 << age
        return true
    }
}
