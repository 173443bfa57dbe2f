package import PinholeCore
package import PinholeWire

/// The addresses that beacons leave from: those of the interfaces through which a datagram reaches a whole network.
package struct BeaconSources {
    package private(set) var addresses: [LocalAddress] = []
    /// The index of the interface that has each.
    package private(set) var interfaces: [IPAddress: UInt32] = [:]

    /// Machines with many virtual networks do not need to be found on each.
    private static let limit = 16

    package init(_ all: [InterfaceAddress], allowsLoopback: Bool) {
        // On a link all IPv6 hosts have link-local addresses, whatever else they have or have not.
        let usable = all.filter { $0.isUp && !$0.ip.isUnspecified && $0.flags.isDisjoint(with: [.tentative, .failed]) }
        let withLinkLocal = Set(usable.filter { $0.ip.family == .v6 && $0.ip.isLinkLocal }.map(\.index))
        var networks: Set<Network> = []
        for address in usable {
            guard address.ip.isLoopback ? allowsLoopback : address.hasMulticast else { continue }
            if address.ip.family == .v6, !address.ip.isLinkLocal, withLinkLocal.contains(address.index) { continue }
            let network = Network(interface: address.index, family: address.ip.family, prefix: address.prefix)
            guard addresses.count < Self.limit, networks.insert(network).inserted else { continue }
            addresses.append(LocalAddress(address.ip, prefixLength: address.prefixLength))
            interfaces[address.ip] = address.index
        }
    }

    private struct Network: Hashable {
        let interface: UInt32
        let family: IPAddress.Family
        let prefix: [UInt8]
    }
}

extension InterfaceAddress {
    /// The bits that name the network; those of IPv6 count as one network.
    fileprivate var prefix: [UInt8] {
        ip.family == .v4 ? IPAddress(v4: ip.v4Bits & ~(UInt32.max >> UInt32(prefixLength))).bytes : []
    }
}
