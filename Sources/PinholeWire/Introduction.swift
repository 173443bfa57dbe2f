/// What follows the HELLO plaintext in a signaling blob: where the sender may be reached, and behind what.
package struct Introduction: Equatable, Sendable {
    package var behavior: NATBehavior
    package var candidates: [Candidate]
    /// How the sender's NAT picks external ports; `unknown` while that is being measured.
    package var allocation: PortAllocation
    /// Counts what an attempt's introductions say: of two, the one with the greater round is newer.
    package var round: UInt8

    package init(
        behavior: NATBehavior, candidates: [Candidate], allocation: PortAllocation = PortAllocation(), round: UInt8 = 0
    ) {
        self.behavior = behavior
        self.candidates = candidates
        self.allocation = allocation
        self.round = round
    }

    package init(_ bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        behavior = NATBehavior(byte: try reader.u8())
        candidates = try reader.candidates()
        guard !reader.isAtEnd else {
            (allocation, round) = (PortAllocation(), 0)
            return
        }
        allocation = try reader.portAllocation()
        round = try reader.u8()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 12 + candidates.count * 20)
        writer.u8(behavior.byte)
        writer.candidates(candidates)
        writer.portAllocation(allocation)
        writer.u8(round)
        return writer.bytes
    }
}

extension ByteWriter {
    /// kind:u8 ‖ delta:i16 ‖ low:u16 ‖ high:u16 ‖ last:u16.
    fileprivate mutating func portAllocation(_ allocation: PortAllocation) {
        u8(allocation.kind.rawValue)
        u16(UInt16(bitPattern: allocation.delta))
        u16(allocation.low)
        u16(allocation.high)
        u16(allocation.last)
    }
}

extension ByteReader {
    /// A kind from beyond this version counts as unknown, as a class of behavior does.
    fileprivate mutating func portAllocation() throws(WireError) -> PortAllocation {
        let kind = PortAllocation.Kind(rawValue: try u8()) ?? .unknown
        let delta = Int16(bitPattern: try u16())
        return PortAllocation(kind: kind, delta: delta, low: try u16(), high: try u16(), last: try u16())
    }
}
