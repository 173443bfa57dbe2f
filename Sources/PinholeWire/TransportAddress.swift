/// An IP address and a UDP port.
package struct TransportAddress: Hashable, Sendable {
    package let ip: IPAddress
    package let port: UInt16

    package init(_ ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    package var family: IPAddress.Family { ip.family }

    @inlinable
    package static func == (left: TransportAddress, right: TransportAddress) -> Bool {
        left.port == right.port && left.ip == right.ip
    }

    /// Whether a datagram may be sent here because a peer asked for it: no port 0, broadcast, multicast,
    /// unspecified, reserved or link-local address, and loopback only when `loopback` says so.
    package func isPunchable(loopback: Bool) -> Bool {
        port != 0 && !ip.isUnspecified && !ip.isMulticast && !ip.isReserved && !ip.isLinkLocal
            && (loopback || !ip.isLoopback)
    }
}

extension TransportAddress: CustomStringConvertible {
    package var description: String {
        switch family {
        case .v4: "\(ip):\(port)"
        case .v6: "[\(ip)]:\(port)"
        }
    }

    /// Parses `192.0.2.1:443` or `[2001:db8::1]:443`.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { return nil }
        let host = text[..<colon]
        if host.first == "[" {
            guard host.last == "]", let ip = IPAddress(host.dropFirst().dropLast()), host.contains(":") else {
                return nil
            }
            self.init(ip, port: port)
        } else {
            guard !host.contains(":"), let ip = IPAddress(host) else { return nil }
            self.init(ip, port: port)
        }
    }
}

extension ByteWriter {
    /// family (4 or 6) ‖ address (4 or 16 bytes) ‖ port: 7 or 19 bytes.
    package mutating func address(_ address: TransportAddress) {
        u8(address.family.rawValue)
        append(address.ip.bytes)
        u16(address.port)
    }
}

extension ByteReader {
    package mutating func address() throws(WireError) -> TransportAddress {
        let length: Int
        switch IPAddress.Family(rawValue: try u8()) {
        case .v4: length = 4
        case .v6: length = 16
        case nil: throw .malformed
        }
        guard let ip = IPAddress(bytes: try array(length)) else { throw .malformed }
        return TransportAddress(ip, port: try u16())
    }
}
