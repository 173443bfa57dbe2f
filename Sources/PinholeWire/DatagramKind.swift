/// What a datagram claims to be, by its first byte (the demultiplexing of RFC 7983, extended by RFC 9443).
package enum DatagramKind: Equatable, Sendable {
    /// 0x00 … 0x03.
    case stun
    /// 0x40 … 0x7F; the low bits are header-protected.
    case data
    case hello
    case cookie
    case handshake
    case beacon
    case register
    case challenge
    case client
    case server

    package init?(_ datagram: Span<UInt8>) {
        guard datagram.count > 0 else { return nil }
        switch datagram[0] {
        case 0x00...0x03: self = .stun
        case 0x40...0x7f: self = .data
        case Self.helloByte: self = .hello
        case Self.cookieByte: self = .cookie
        case Self.handshakeByte: self = .handshake
        case Self.beaconByte: self = .beacon
        case Self.registerByte: self = .register
        case Self.challengeByte: self = .challenge
        case Self.clientByte: self = .client
        case Self.serverByte: self = .server
        default: return nil
        }
    }

    package static let helloByte: UInt8 = 0xc1
    package static let cookieByte: UInt8 = 0xc2
    package static let handshakeByte: UInt8 = 0xc3
    package static let beaconByte: UInt8 = 0xc4
    package static let registerByte: UInt8 = 0xd1
    package static let challengeByte: UInt8 = 0xd2
    package static let clientByte: UInt8 = 0xd3
    package static let serverByte: UInt8 = 0xd4
    /// The fixed bits of a session packet's first byte; the phase is in the two bits 0x0C.
    package static let dataByte: UInt8 = 0x40
}
