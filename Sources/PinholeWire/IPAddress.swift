/// An IPv4 or IPv6 address as a value of fixed size.
package struct IPAddress: Hashable, Sendable {
    package enum Family: UInt8, Sendable, CaseIterable {
        case v4 = 4
        case v6 = 6
    }

    package let family: Family
    /// An IPv4 address occupies the low 32 bits of `low`.
    @usableFromInline let high: UInt64
    @usableFromInline let low: UInt64

    private init(family: Family, high: UInt64, low: UInt64) {
        self.family = family
        self.high = high
        self.low = low
    }

    @inlinable
    package static func == (left: IPAddress, right: IPAddress) -> Bool {
        left.low == right.low && left.high == right.high && left.family.rawValue == right.family.rawValue
    }

    package init(v4 bits: UInt32) {
        self.init(family: .v4, high: 0, low: UInt64(bits))
    }

    /// An IPv4-mapped address (RFC 4291 §2.5.5.2) becomes the IPv4 address that it stands for.
    package init(v6High high: UInt64, low: UInt64) {
        if high == 0, low >> 32 == 0xffff {
            self.init(v4: UInt32(truncatingIfNeeded: low))
        } else {
            self.init(family: .v6, high: high, low: low)
        }
    }

    /// Four or sixteen bytes in network order.
    package init?(bytes: some Collection<UInt8>) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in bytes {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }
        switch bytes.count {
        case 4: self.init(family: .v4, high: 0, low: low)
        case 16: self.init(v6High: high, low: low)
        default: return nil
        }
    }

    /// Four or sixteen bytes in network order.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        switch family {
        case .v4:
            writer.u32(v4Bits)
        case .v6:
            writer.u64(high)
            writer.u64(low)
        }
        return writer.bytes
    }

    package var v4Bits: UInt32 { UInt32(truncatingIfNeeded: low) }
    package var v6Bits: (high: UInt64, low: UInt64) { (high, low) }

    /// Whether both addresses begin with the same `length` bits.
    package func sharesPrefix(_ length: Int, with other: IPAddress) -> Bool {
        guard family == other.family else { return false }
        switch family {
        case .v4:
            guard length > 0 else { return true }
            let shift = UInt64(32 - min(length, 32))
            return low >> shift == other.low >> shift
        case .v6:
            guard length > 0 else { return true }
            if length <= 64 {
                return high >> UInt64(64 - length) == other.high >> UInt64(64 - length)
            }
            let shift = UInt64(128 - min(length, 128))
            return high == other.high && low >> shift == other.low >> shift
        }
    }

    /// The first address that begins with the same `length` bits.
    package func masked(to length: Int) -> IPAddress {
        func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : ~0 << UInt64(64 - min(bits, 64)) }
        return switch family {
        case .v4: IPAddress(family: .v4, high: 0, low: low & mask(length + 32))
        case .v6: IPAddress(family: .v6, high: high & mask(length), low: low & mask(length - 64))
        }
    }
}

extension IPAddress {
    package var isUnspecified: Bool { high == 0 && low == 0 }

    package var isLoopback: Bool {
        switch family {
        case .v4: low >> 24 == 127
        case .v6: high == 0 && low == 1
        }
    }

    package var isMulticast: Bool {
        switch family {
        case .v4: low >> 28 == 0xe
        case .v6: high >> 56 == 0xff
        }
    }

    package var isLinkLocal: Bool {
        switch family {
        case .v4: low >> 16 == 0xa9fe
        case .v6: high >> 54 == 0xfe80 >> 6
        }
    }

    /// RFC 4007: the interface, by its index on this machine, on whose link a link-local IPv6 address means something; 0 for
    /// every other address. It is kept in bits that are 0 in such an address (RFC 4291 §2.5.6), and never leaves the machine.
    package var zone: UInt32 {
        family == .v6 && isLinkLocal ? UInt32(truncatingIfNeeded: high) : 0
    }

    /// A link-local IPv6 address on the link of an interface (0: on none that is known); others stay as they are.
    package func inZone(_ zone: UInt32) -> IPAddress {
        guard family == .v6, isLinkLocal else { return self }
        return IPAddress(v6High: high & ~0xffff_ffff | UInt64(zone), low: low)
    }

    /// Addresses that only mean something inside a site: RFC 1918, RFC 6598 (carrier-grade NAT) and RFC 4193.
    package var isPrivate: Bool {
        switch family {
        case .v4: low >> 24 == 10 || low >> 20 == 0xac1 || low >> 16 == 0xc0a8 || low >> 22 == 0x6440 >> 6
        case .v6: high >> 57 == 0xfc >> 1
        }
    }

    /// 0.0.0.0/8, 240.0.0.0/4 and the limited broadcast address.
    package var isReserved: Bool {
        switch family {
        case .v4: low >> 24 == 0 || low >> 28 == 0xf
        case .v6: false
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the canonical text of RFC 5952, with the zone behind a `%` if there is one.
    package var description: String {
        switch family {
        case .v4: bytes.map(String.init).joined(separator: ".")
        case .v6 where zone != 0: "\(Self.canonicalText(inZone(0).groups))%\(zone)"
        case .v6: Self.canonicalText(groups)
        }
    }

    private var groups: [UInt16] {
        let bytes = self.bytes
        return stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    }

    private static func canonicalText(_ groups: [UInt16]) -> String {
        var best = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(best.count, 1) { best = start..<index }
            start = index + 1
        }
        func hex(_ range: Range<Int>) -> String {
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty ? hex(0..<8) : hex(0..<best.lowerBound) + "::" + hex(best.upperBound..<8)
    }

    /// Parses dotted decimal or any text form of RFC 4291 §2.2, a link-local one with or without the number of its zone.
    package init?(_ text: some StringProtocol) {
        if let percent = text.firstIndex(of: "%") {
            let number = text[text.index(after: percent)...]
            guard let ip = IPAddress(text[..<percent]), ip.family == .v6, ip.isLinkLocal, ip.zone == 0,
                number.utf8.allSatisfy({ (0x30...0x39).contains($0) }), number.first != "0", let zone = UInt32(number)
            else { return nil }
            self = ip.inZone(zone)
        } else if text.contains(":") {
            guard let groups = Self.parseGroups(text) else { return nil }
            let high = groups[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            let low = groups[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            self.init(v6High: high, low: low)
        } else {
            guard let bits = Self.parseDotted(text) else { return nil }
            self.init(v4: bits)
        }
    }

    private static func parseDotted(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.first != "0", let octet = UInt8(part)
            else { return nil }
            bits = bits << 8 | UInt32(octet)
        }
        return bits
    }

    private static func parseGroups(_ text: some StringProtocol) -> [UInt16]? {
        func list(_ text: some StringProtocol, isLast: Bool) -> [UInt16]? {
            if text.isEmpty { return [] }
            var groups: [UInt16] = []
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                if isLast, index == parts.count - 1, part.contains(".") {
                    guard let bits = parseDotted(part) else { return nil }
                    groups += [UInt16(truncatingIfNeeded: bits >> 16), UInt16(truncatingIfNeeded: bits)]
                } else {
                    guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
                        let group = UInt16(part, radix: 16)
                    else { return nil }
                    groups.append(group)
                }
            }
            return groups
        }
        guard let gap = text.firstRange(of: "::") else {
            guard let groups = list(text, isLast: true), groups.count == 8 else { return nil }
            return groups
        }
        let rest = text[gap.upperBound...]
        guard rest.firstRange(of: "::") == nil, let left = list(text[..<gap.lowerBound], isLast: false),
            let right = list(rest, isLast: true),
            left.count + right.count < 8
        else { return nil }
        return left + [UInt16](repeating: 0, count: 8 - left.count - right.count) + right
    }
}
