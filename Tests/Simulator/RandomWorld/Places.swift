package import PinholeWire

/// Where somebody was, or was said to be, at any time: datagrams go nowhere else.
package struct Places {
    private var known: Set<IPAddress> = []

    /// An address that only a lying service names, and one that only an attacker sends from.
    package static let victim = TransportAddress("198.18.99.99:9")!
    package static let attacker = TransportAddress("198.18.88.88:8888")!

    package init() {}

    /// Notes where a host is plugged in, and what its routers are called outside.
    package mutating func visited(_ interfaces: [Interface]) {
        for interface in interfaces {
            known.insert(interface.address.ip)
            var nat = interface.nat
            while let router = nat {
                known.insert(router.external)
                nat = router.outer
            }
        }
    }

    /// From now on datagrams may go to an address that a liar named, or an attacker wrote from.
    package mutating func named(_ address: TransportAddress) { known.insert(address.ip) }

    /// Whether an address is a host's, a router's or a service's, or was named.
    package func isKnown(_ ip: IPAddress) -> Bool { World.isService(ip) || known.contains(ip) }
}
