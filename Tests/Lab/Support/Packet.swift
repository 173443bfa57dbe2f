import PinholeWire

/// An IPv4 packet that carries UDP, as it crossed the backbone.
struct Packet {
    let bytes: [UInt8]

    private static let headers = 20 + 8

    /// Whether it is IPv4 without options, and UDP.
    var isUDP: Bool { bytes.count >= Self.headers && bytes[0] == 0x45 && bytes[9] == 17 }
    var payload: ArraySlice<UInt8> { bytes.dropFirst(Self.headers) }
    var source: TransportAddress { address(at: 12, port: 20) }
    var destination: TransportAddress { address(at: 16, port: 22) }

    /// The same packet with another payload and without UDP checksum, which IPv4 allows.
    func carrying(_ payload: some Collection<UInt8>) -> Packet {
        var bytes = Array(bytes.prefix(Self.headers)) + payload
        bytes.set(UInt16(bytes.count), at: 2)
        bytes.set(UInt16(bytes.count - 20), at: 24)
        bytes.set(0, at: 26)
        bytes.set(0, at: 10)
        var sum = stride(from: 0, to: 20, by: 2).reduce(UInt32(0)) {
            $0 + UInt32(bytes[$1]) << 8 + UInt32(bytes[$1 + 1])
        }
        while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
        bytes.set(~UInt16(sum), at: 10)
        return Packet(bytes: bytes)
    }

    private func address(at offset: Int, port: Int) -> TransportAddress {
        let bits = bytes[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return TransportAddress(IPAddress(v4: bits), port: UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1]))
    }
}

extension [UInt8] {
    fileprivate mutating func set(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(value >> 8)
        self[offset + 1] = UInt8(value & 0xff)
    }
}
