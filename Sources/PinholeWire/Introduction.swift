/// What follows the HELLO plaintext in a signaling blob: where the sender may be reached, and behind what.
package struct Introduction: Equatable, Sendable {
    package var behavior: NATBehavior
    package var candidates: [Candidate]

    package init(behavior: NATBehavior, candidates: [Candidate]) {
        self.behavior = behavior
        self.candidates = candidates
    }

    package init(_ bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        behavior = NATBehavior(byte: try reader.u8())
        candidates = try reader.candidates()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 2 + candidates.count * 20)
        writer.u8(behavior.byte)
        writer.candidates(candidates)
        return writer.bytes
    }
}
