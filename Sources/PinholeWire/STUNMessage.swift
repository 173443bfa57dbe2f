/// STUN Binding requests and responses (RFC 8489), with RFC 5780's attributes for measuring NAT behaviour.
package struct STUNMessage: Equatable, Sendable {
    package enum Class: Equatable, Sendable {
        case request
        case success
        /// RFC 8489 §14.8: 300 … 699, or 0 where the response names none.
        case error(code: UInt16)
    }

    package var messageClass: Class
    /// 96 bits, chosen by the client.
    package var transactionID: TransactionID
    /// RFC 8489 §14.2; in responses.
    package var mappedAddress: TransportAddress?
    /// RFC 5780 §7.2; in requests: answer from the other address, the other port, or both.
    package var changeIP = false
    package var changePort = false
    /// RFC 5780 §7.5; in requests: answer to this port of the source's address. It may be 0, which nothing reaches.
    package var responsePort: UInt16?
    /// RFC 5780 §7.3; in responses.
    package var responseOrigin: TransportAddress?
    /// RFC 5780 §7.4; in responses.
    package var otherAddress: TransportAddress?
    /// RFC 8489 §14.13: types of attributes that were required and not understood.
    package var unknownAttributes: [UInt16] = []

    package init(_ messageClass: Class, transactionID: TransactionID) {
        self.messageClass = messageClass
        self.transactionID = transactionID
    }

    package struct TransactionID: Hashable, Sendable {
        package let high: UInt32
        package let low: UInt64

        package init(high: UInt32, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    package static let magicCookie: UInt32 = 0x2112_a442
    package static let headerSize = 20
}

/// The attributes' type numbers (RFC 8489 §18.3, RFC 5780 §9.1); types below 0x8000 must be understood.
private enum Attribute {
    static let mappedAddress: UInt16 = 0x0001
    static let changeRequest: UInt16 = 0x0003
    static let username: UInt16 = 0x0006
    static let messageIntegrity: UInt16 = 0x0008
    static let errorCode: UInt16 = 0x0009
    static let unknownAttributes: UInt16 = 0x000a
    static let realm: UInt16 = 0x0014
    static let nonce: UInt16 = 0x0015
    static let xorMappedAddress: UInt16 = 0x0020
    static let responsePort: UInt16 = 0x0027
    static let responseOrigin: UInt16 = 0x802b
    static let otherAddress: UInt16 = 0x802c
}

extension STUNMessage {
    /// Parses a Binding message; everything else is malformed to us.
    package init(_ datagram: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(datagram)
        let type = try reader.u16()
        let length = Int(try reader.u16())
        guard try reader.u32() == Self.magicCookie, length % 4 == 0 else { throw .malformed }
        transactionID = TransactionID(high: try reader.u32(), low: try reader.u64())
        guard reader.remaining == length else { throw .malformed }
        switch type {
        case 0x0001: messageClass = .request
        case 0x0101: messageClass = .success
        case 0x0111: messageClass = .error(code: 0)
        default: throw .unknownType
        }
        while !reader.isAtEnd { try readAttribute(&reader) }
    }

    private mutating func readAttribute(_ reader: inout ByteReader) throws(WireError) {
        let type = try reader.u16()
        let length = Int(try reader.u16())
        let value = try reader.array(length)
        try reader.skip((4 - length % 4) % 4)
        var body = ByteReader(value.span)
        switch type {
        case Attribute.xorMappedAddress: mappedAddress = try body.stunAddress(xor: transactionID)
        case Attribute.mappedAddress:
            if mappedAddress == nil { mappedAddress = try body.stunAddress(xor: nil) }
        case Attribute.responseOrigin: responseOrigin = try body.stunAddress(xor: nil)
        case Attribute.otherAddress: otherAddress = try body.stunAddress(xor: nil)
        case Attribute.changeRequest:
            let flags = try body.u32()
            changeIP = flags & 4 != 0
            changePort = flags & 2 != 0
        case Attribute.responsePort:
            // Two bytes and two of padding; some senders count the padding.
            guard length == 2 || length == 4 else { throw .malformed }
            responsePort = try body.u16()
        case Attribute.errorCode:
            let number = try body.u32()
            let (hundreds, rest) = (UInt16(number >> 8 & 7), UInt16(number & 0xff))
            guard (3...6).contains(hundreds), rest < 100 else { throw .malformed }
            if case .error = messageClass { messageClass = .error(code: 100 * hundreds + rest) }
        case Attribute.unknownAttributes, Attribute.username, Attribute.messageIntegrity, Attribute.realm,
            Attribute.nonce:
            break
        case 0..<0x8000:
            unknownAttributes.append(type)
        default:
            break
        }
    }

    package var encoded: [UInt8] {
        var attributes = ByteWriter(capacity: 64)
        if changeIP || changePort {
            attributes.u16(Attribute.changeRequest)
            attributes.u16(4)
            attributes.u32((changeIP ? 4 : 0) | (changePort ? 2 : 0))
        }
        if let responsePort {
            attributes.u16(Attribute.responsePort)
            attributes.u16(2)
            attributes.u16(responsePort)
            attributes.zeros(2)
        }
        if case .error(let code) = messageClass {
            if code != 0 {
                attributes.u16(Attribute.errorCode)
                attributes.u16(4)
                attributes.u32(UInt32(code / 100) << 8 | UInt32(code % 100))
            }
            if !unknownAttributes.isEmpty {
                attributes.u16(Attribute.unknownAttributes)
                attributes.u16(UInt16(2 * unknownAttributes.count))
                for type in unknownAttributes { attributes.u16(type) }
                attributes.zeros(unknownAttributes.count % 2 * 2)
            }
        }
        if let mappedAddress { attributes.stunAddress(Attribute.xorMappedAddress, mappedAddress, xor: transactionID) }
        if let responseOrigin { attributes.stunAddress(Attribute.responseOrigin, responseOrigin, xor: nil) }
        if let otherAddress { attributes.stunAddress(Attribute.otherAddress, otherAddress, xor: nil) }

        var writer = ByteWriter(capacity: Self.headerSize + attributes.count)
        switch messageClass {
        case .request: writer.u16(0x0001)
        case .success: writer.u16(0x0101)
        case .error: writer.u16(0x0111)
        }
        writer.u16(UInt16(attributes.count))
        writer.u32(Self.magicCookie)
        writer.u32(transactionID.high)
        writer.u64(transactionID.low)
        writer.append(attributes.bytes)
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func stunAddress(
        xor transaction: STUNMessage.TransactionID?
    ) throws(WireError) -> TransportAddress {
        _ = try u8()
        let length: Int
        switch try u8() {
        case 1: length = 4
        case 2: length = 16
        default: throw .malformed
        }
        var port = try u16()
        var bytes = try array(length)
        if let transaction {
            let mask = transaction.addressMask
            port ^= UInt16(STUNMessage.magicCookie >> 16)
            for index in bytes.indices { bytes[index] ^= mask[index] }
        }
        guard let ip = IPAddress(bytes: bytes) else { throw .malformed }
        return TransportAddress(ip, port: port)
    }
}

extension ByteWriter {
    fileprivate mutating func stunAddress(
        _ type: UInt16, _ address: TransportAddress, xor transaction: STUNMessage.TransactionID?
    ) {
        var bytes = address.ip.bytes
        var port = address.port
        if let transaction {
            let mask = transaction.addressMask
            port ^= UInt16(STUNMessage.magicCookie >> 16)
            for index in bytes.indices { bytes[index] ^= mask[index] }
        }
        u16(type)
        u16(UInt16(4 + bytes.count))
        u8(0)
        u8(address.family == .v4 ? 1 : 2)
        u16(port)
        append(bytes)
    }
}

extension STUNMessage.TransactionID {
    /// RFC 8489 §14.2: the magic cookie and the transaction ID.
    fileprivate var addressMask: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.u32(STUNMessage.magicCookie)
        writer.u32(high)
        writer.u64(low)
        return writer.bytes
    }
}
