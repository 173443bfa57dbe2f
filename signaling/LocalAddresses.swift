import Glibc
import PinholeWire

/// The addresses of this machine's interfaces.
enum LocalAddresses {
    /// Those that a client is most likely to reach first: global before private, IPv4 before IPv6, loopback last.
    static func current() -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let interface = next?.pointee {
            next = interface.ifa_next
            if let address = interface.ifa_addr, let ip = IPAddress(address), !ip.isLinkLocal { addresses.append(ip) }
        }
        func rank(_ ip: IPAddress) -> Int {
            (ip.isLoopback ? 4 : ip.isPrivate ? 2 : 0) + (ip.family == .v4 ? 0 : 1)
        }
        return addresses.sorted { rank($0) < rank($1) }
    }
}

extension IPAddress {
    /// `nil` for what is neither IPv4 nor IPv6.
    fileprivate init?(_ address: UnsafeMutablePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let bytes = UnsafeRawBufferPointer(start: raw + MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!, count: 4)
            self.init(bytes: bytes)
        case AF_INET6:
            let bytes = UnsafeRawBufferPointer(
                start: raw + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!, count: 16)
            self.init(bytes: bytes)
        default:
            return nil
        }
    }
}
