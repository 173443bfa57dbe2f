/// What two nodes with one identity say to each other through a service, sealed by a key of that identity.
///
/// ```
/// instance:u64 ‖ challenge:u64 ‖ echo:u64 ‖ side:u8
/// ```
package struct TwinBlob: Equatable, Sendable {
    /// Which node: drawn anew by each.
    package var instance: UInt64
    /// What the other node is to repeat, so that nobody can repeat it in its stead.
    package var challenge: UInt64
    /// The other node's challenge; 0 in the first word.
    package var echo: UInt64
    /// The seat from which it was sent; the answer comes from the other one.
    package var side: Role

    package static let size = 25

    package init(instance: UInt64, challenge: UInt64, echo: UInt64, side: Role) {
        self.instance = instance
        self.challenge = challenge
        self.echo = echo
        self.side = side
    }

    package init(_ plaintext: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(plaintext)
        instance = try reader.u64()
        challenge = try reader.u64()
        echo = try reader.u64()
        guard let side = Role(rawValue: try reader.u8()) else { throw .malformed }
        self.side = side
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.u64(instance)
        writer.u64(challenge)
        writer.u64(echo)
        writer.u8(side.rawValue)
        return writer.bytes
    }
}
