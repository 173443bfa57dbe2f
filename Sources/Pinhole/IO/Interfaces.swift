import CDatagram
import Glibc
package import PinholeWire

/// An address of one of this machine's interfaces.
package struct InterfaceAddress: Hashable, Sendable {
    package let name: String
    /// How the kernel calls it.
    package let index: UInt32
    package let ip: IPAddress
    /// Bits of the address that name the network.
    package let prefixLength: Int
    /// Whether the interface is up and has a carrier.
    package let isUp: Bool
    /// Whether a datagram can be sent to everybody on its network.
    package let hasMulticast: Bool
    /// What the kernel says of an IPv6 address; none of an IPv4 address.
    package let flags: Flags
    /// The longest packet that the interface carries, in bytes, IP header included; `nil` if the system does not say.
    package let mtu: Int?

    package init(
        name: String, index: UInt32 = 0, ip: IPAddress, prefixLength: Int, isUp: Bool, hasMulticast: Bool = true,
        flags: Flags = [], mtu: Int? = nil
    ) {
        self.name = name
        self.index = index
        self.ip = ip
        self.prefixLength = prefixLength
        self.isUp = isUp
        self.hasMulticast = hasMulticast
        self.flags = flags
        self.mtu = mtu
    }

    /// linux/if_addr.h.
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Made to be replaced within a day (RFC 8981).
        static let temporary = Flags(rawValue: 0x01)
        /// A neighbour has it.
        static let failed = Flags(rawValue: 0x08)
        /// Its prefix is no longer announced, or its successor is there.
        static let deprecated = Flags(rawValue: 0x20)
        /// It is not known yet whether a neighbour has it: nothing can be sent from it.
        static let tentative = Flags(rawValue: 0x40)
        /// Given by a person, for good.
        static let permanent = Flags(rawValue: 0x80)
    }
}

/// This machine's interfaces.
package enum Interfaces {
    /// The addresses at this moment, in the system's order.
    package static func current() -> [InterfaceAddress] {
        let flags = IPv6Flags.current()
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: [InterfaceAddress] = []
        // Each costs several system calls, and an interface may have many addresses.
        var known: [String: (index: UInt32, mtu: Int32)] = [:]
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let ip = entry.ifa_addr.flatMap({ IPAddress(UnsafePointer($0)) }) else { continue }
            let name = String(cString: entry.ifa_name)
            let (index, mtu) = known[name] ?? (if_nametoindex(entry.ifa_name), interface_mtu(entry.ifa_name))
            known[name] = (index, mtu)
            addresses.append(
                InterfaceAddress(
                    name: name, index: index, ip: ip.inZone(index),
                    prefixLength: entry.ifa_netmask.map { prefixLength(UnsafePointer($0), ip.family) } ?? 0,
                    isUp: entry.ifa_flags & running == running,
                    hasMulticast: entry.ifa_flags & UInt32(IFF_MULTICAST) != 0, flags: flags[ip] ?? [],
                    mtu: mtu > 0 ? Int(mtu) : nil))
        }
        return addresses
    }

    /// What each of this machine's interfaces carries, by its addresses.
    package static var mtus: [IPAddress: Int] { mtus(of: current()) }

    /// What each of these interfaces carries, by its addresses.
    package static func mtus(of interfaces: [InterfaceAddress]) -> [IPAddress: Int] {
        Dictionary(interfaces.compactMap { address in address.mtu.map { (address.ip, $0) } }) { first, _ in first }
    }

    private static func prefixLength(_ mask: UnsafePointer<sockaddr>, _ family: IPAddress.Family) -> Int {
        networkBytes(mask, family).reduce(0) { $0 + $1.nonzeroBitCount }
    }

    private static let running = UInt32(IFF_UP | IFF_RUNNING)
}

extension IPAddress {
    /// The address inside a socket address of IPv4 or IPv6.
    init?(_ address: UnsafePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET: self.init(bytes: networkBytes(address, .v4))
        case AF_INET6: self.init(bytes: networkBytes(address, .v6))
        default: return nil
        }
    }
}

/// The address bytes of a socket address, whatever family its own field says: netmasks leave that at 0 on some systems.
private func networkBytes(_ address: UnsafePointer<sockaddr>, _ family: IPAddress.Family) -> [UInt8] {
    switch family {
    case .v4:
        address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) }
        }
    case .v6:
        address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
        }
    }
}
