import PinholeWire

/// The Port Control Protocol (RFC 6887), as far as one UDP port needs it: ANNOUNCE and MAP.
enum PCP {
    static let version: UInt8 = 2
    /// RFC 6887 §7: "at most 1100 octets".
    static let maxSize = 1100
    static let headerSize = 24
    static let mapSize = 36
    /// RFC 6887 §11.1: the IANA protocol number.
    static let udp: UInt8 = 17

    enum Opcode: UInt8 {
        case announce = 0
        case map = 1
    }

    /// 96 random bits that tie a mapping to whom it was given (RFC 6887 §11.1).
    struct Nonce: Hashable {
        let high: UInt32
        let low: UInt64
    }
}

/// A request to map one UDP port of the sender.
struct PCPRequest: Equatable {
    /// The address that the request is sent from.
    var client: IPAddress
    var nonce: PCP.Nonce
    var internalPort: UInt16
    /// 0: any.
    var suggestedPort: UInt16
    /// Seconds; 0 removes the mapping.
    var lifetime: UInt32

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: PCP.headerSize + PCP.mapSize)
        writer.u8(PCP.version)
        writer.u8(PCP.Opcode.map.rawValue)
        writer.u16(0)
        writer.u32(lifetime)
        writer.address128(client)
        writer.u32(nonce.high)
        writer.u64(nonce.low)
        writer.u8(PCP.udp)
        writer.zeros(3)
        writer.u16(internalPort)
        writer.u16(suggestedPort)
        // RFC 6887 §11.1: the unspecified address of the family that is wanted.
        writer.address128(client.family == .v4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0))
        return writer.bytes
    }
}

/// What a gateway says: in answer, or unasked after it began anew.
struct PCPResponse: Equatable {
    enum Body: Equatable {
        case announce
        case map(Map)
    }

    /// What was mapped; in a refusal, what was asked for.
    struct Map: Equatable {
        var nonce: PCP.Nonce
        var protocolNumber: UInt8
        var internalPort: UInt16
        var externalPort: UInt16
        var externalAddress: IPAddress
    }

    /// RFC 6887 §7.4; 0 is success.
    var result: UInt8
    /// Seconds that the mapping lives, or that an error will last.
    var lifetime: UInt32
    /// Seconds since the gateway began with an empty table.
    var epoch: UInt32
    var body: Body

    /// RFC 6887 §8.3: what does not have this form is dropped. `.unknownType` says that the gateway speaks another
    /// version: RFC 6887 §9, and NAT-PMP's servers.
    init(_ datagram: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(datagram)
        guard try reader.u8() == PCP.version else { throw .unknownType }
        guard datagram.count <= PCP.maxSize, datagram.count % 4 == 0 else { throw .malformed }
        let opcode = try reader.u8()
        guard opcode & 0x80 != 0 else { throw .malformed }
        try reader.skip(1)
        result = try reader.u8()
        lifetime = try reader.u32()
        epoch = try reader.u32()
        try reader.skip(12)
        switch PCP.Opcode(rawValue: opcode & 0x7f) {
        case .announce: body = .announce
        case .map: body = .map(try Map(&reader))
        case nil: throw .malformed
        }
    }
}

extension PCPResponse.Map {
    fileprivate init(_ reader: inout ByteReader) throws(WireError) {
        nonce = PCP.Nonce(high: try reader.u32(), low: try reader.u64())
        protocolNumber = try reader.u8()
        try reader.skip(3)
        internalPort = try reader.u16()
        externalPort = try reader.u16()
        externalAddress = IPAddress(v6High: try reader.u64(), low: try reader.u64())
    }
}

extension ByteWriter {
    /// RFC 6887 §5: IPv4 addresses are IPv4-mapped IPv6 addresses.
    fileprivate mutating func address128(_ address: IPAddress) {
        switch address.family {
        case .v4:
            u64(0)
            u32(0xffff)
            u32(address.v4Bits)
        case .v6:
            append(address.bytes)
        }
    }
}
