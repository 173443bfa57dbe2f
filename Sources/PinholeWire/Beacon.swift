/// What a peer says to everybody on its local network, so that its contacts there can find it.
///
/// ```
/// 0xC4 | ver=1 | nonce[16] | n times entry[8]         n is 8, 16, 32, 64 or 128
/// ```
/// An entry means something to one contact and looks random to everybody else; entries that mean nothing to anybody hide
/// how many contacts there are.
package struct Beacon: Equatable, Sendable {
    package let nonce: [UInt8]
    package let entries: [UInt64]

    package static let nonceSize = 16
    private static let header = 2 + nonceSize
    private static let entrySize = 8

    /// At most ``Limits/beaconEntries`` entries.
    package init(nonce: [UInt8], entries: [UInt64]) {
        precondition(nonce.count == Self.nonceSize, "a beacon's nonce has 16 bytes")
        precondition(!entries.isEmpty && entries.count <= Limits.beaconEntries, "a beacon has 1 to 128 entries")
        self.nonce = nonce
        self.entries = entries
    }

    package init(_ datagram: Span<UInt8>) throws(WireError) {
        let count = (datagram.count - Self.header) / Self.entrySize
        guard datagram.count == Self.header + count * Self.entrySize, (1...Limits.beaconEntries).contains(count) else {
            throw .malformed
        }
        var reader = ByteReader(datagram)
        guard try reader.u8() == DatagramKind.beaconByte, try reader.u8() == Limits.version else { throw .malformed }
        nonce = try reader.array(Self.nonceSize)
        var entries: [UInt64] = []
        entries.reserveCapacity(count)
        for _ in 0..<count { entries.append(try reader.u64()) }
        self.entries = entries
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.header + entries.count * Self.entrySize)
        writer.u8(DatagramKind.beaconByte)
        writer.u8(Limits.version)
        writer.append(nonce)
        for entry in entries { writer.u64(entry) }
        return writer.bytes
    }

    /// The number of entries to write for `count` contacts: so that it tells little about them.
    package static func paddedCount(_ count: Int) -> Int {
        var padded = 8
        while padded < count { padded *= 2 }
        return padded
    }

    /// Where beacons go, and where they are listened for: in a block that RFC 2365 §6.1 leaves to sites.
    package static let group4 = IPAddress(v4: 0xefff_5048)
    /// `ff12::5048`: link-local scope, not assigned by IANA for ever (RFC 4291 §2.7).
    package static let group6 = IPAddress(v6High: 0xff12_0000_0000_0000, low: 0x5048)

    package static func group(_ family: IPAddress.Family) -> TransportAddress {
        switch family {
        case .v4: TransportAddress(group4, port: Limits.beaconPort)
        case .v6: TransportAddress(group6, port: Limits.beaconPort)
        }
    }
}

/// What the low byte of an entry says.
package struct BeaconFlags: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The sender wants a session now.
    package static let calling = BeaconFlags(rawValue: 1)
}
