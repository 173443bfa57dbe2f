import CDatagram
import Glibc
package import PinholeWire

// Which of this machine's addresses a peer may be told.

extension Interfaces {
    /// The addresses that may be told, those in `preferred` first: on interfaces that are up, and usable.
    ///
    /// Link-local addresses mean nothing to a peer elsewhere. RFC 8445 §5.1.1.1: where an interface has temporary
    /// addresses, "host candidates corresponding to IPv6 addresses that do allow location tracking, that are configured on
    /// the same interface, and are part of the same network prefix MUST NOT be gathered"; those that a person gave may.
    package static func candidates(
        _ all: [InterfaceAddress], preferred: [IPAddress], allowsLoopback: Bool
    ) -> [InterfaceAddress] {
        let usable = all.filter { address in
            address.isUp && !address.ip.isLinkLocal && !address.ip.isUnspecified
                && (allowsLoopback || !address.ip.isLoopback)
                && address.flags.isDisjoint(with: [.tentative, .failed, .deprecated])
        }
        let temporary = usable.filter { $0.flags.contains(.temporary) }
        let tellable = usable.filter { address in
            !address.flags.isDisjoint(with: [.temporary, .permanent])
                || !temporary.contains {
                    $0.name == address.name && $0.ip.sharesPrefix(address.prefixLength, with: address.ip)
                }
        }
        return tellable.filter { preferred.contains($0.ip) } + tellable.filter { !preferred.contains($0.ip) }
    }

    /// The address from which the rest of the world is reached. When another default route takes over, it is another one,
    /// though no interface changed.
    package static func preferredAddress(_ family: IPAddress.Family) -> IPAddress? {
        // Addresses for documentation (RFC 5737, RFC 3849) are nobody's neighbours.
        let elsewhere =
            switch family {
            case .v4: IPAddress(v4: 0xc000_0201)
            case .v6: IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1)
            }
        let source = route_source(datagram_ip(elsewhere))
        return source.family == 0 ? nil : IPAddress(source)
    }
}

/// `/proc/net/if_inet6`: the only place but netlink where the kernel says what an IPv6 address is.
enum IPv6Flags {
    static func current() -> [IPAddress: InterfaceAddress.Flags] {
        // Of this thread, as threads may be in different network namespaces.
        guard let file = fopen("/proc/thread-self/net/if_inet6", "re") else { return [:] }
        defer { fclose(file) }
        var flags: [IPAddress: InterfaceAddress.Flags] = [:]
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if let (ip, value) = parse(text) { flags[ip] = value }
        }
        return flags
    }

    /// One line: address, index, prefix length, scope and flags in hexadecimal, then the interface's name.
    static func parse(_ line: String) -> (IPAddress, InterfaceAddress.Flags)? {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count >= 6, fields[0].utf8.count == 32, let flags = UInt8(fields[4], radix: 16),
            let high = UInt64(fields[0].prefix(16), radix: 16), let low = UInt64(fields[0].suffix(16), radix: 16)
        else { return nil }
        return (IPAddress(v6High: high, low: low), InterfaceAddress.Flags(rawValue: flags))
    }
}
