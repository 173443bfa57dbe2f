package import PinholeWire

/// The kinds of access that the matrix is made of.
package enum NetworkType: String, CaseIterable, Sendable {
    /// A public address.
    case open = "N"
    case fullCone = "F"
    /// A router that maps a port when it is asked to, and is as hard as ``random`` otherwise.
    case mapped = "M"
    case addressRestricted = "A"
    /// A home router: one port for all destinations, and only who was spoken to may answer.
    case portRestricted = "P"
    /// The same with other ports outside than inside.
    case renumbering = "E"
    /// The same as ``portRestricted`` without an input firewall.
    case careless = "p"
    /// Another port for each destination: counted, from a block, or random.
    case sequential = "Q"
    case block = "B"
    case random = "S"
    /// IPv6 behind a stateful firewall.
    case firewall = "6"
    case blocked = "X"
}

extension NAT {
    /// The NAT of a type, with Linux' lifetimes; `nil` for an open network.
    package convenience init?(_ type: NetworkType, external: IPAddress, seed: UInt64) {
        let mapping: Mapping
        let filtering: Filtering
        let allocation: Allocation
        switch type {
        case .open: return nil
        case .fullCone: (mapping, filtering, allocation) = (.endpointIndependent, .endpointIndependent, .preserving)
        case .addressRestricted:
            (mapping, filtering, allocation) = (.endpointIndependent, .addressDependent, .preserving)
        case .portRestricted, .blocked:
            (mapping, filtering, allocation) = (.endpointIndependent, .addressAndPortDependent, .preserving)
        // Linux picks a port for each flow, and keeps the inside one while nothing is in its way.
        case .careless:
            (mapping, filtering, allocation) = (.addressAndPortDependent, .addressAndPortDependent, .preserving)
        case .sequential:
            (mapping, filtering, allocation) = (.addressAndPortDependent, .addressAndPortDependent, .sequential(by: 1))
        case .block:
            (mapping, filtering, allocation) = (
                .addressAndPortDependent, .addressAndPortDependent, .block(20_000...20_511)
            )
        case .renumbering:
            (mapping, filtering, allocation) = (.endpointIndependent, .addressAndPortDependent, .random)
        case .random, .mapped:
            (mapping, filtering, allocation) = (.addressAndPortDependent, .addressAndPortDependent, .random)
        case .firewall: (mapping, filtering, allocation) = (.endpointIndependent, .addressAndPortDependent, .none)
        }
        self.init(mapping, filtering, allocation, lifetime: .linux, external: external, seed: seed)
        isCareless = type == .careless
        isBlocking = type == .blocked
        mapsPorts = type == .mapped
    }

    /// A home router.
    package static func home(_ external: String, seed: UInt64 = 1) -> NAT {
        NAT(.endpointIndependent, .addressAndPortDependent, external: IPAddress(external)!, seed: seed)
    }

    /// Another random port for every destination.
    package static func symmetric(_ external: String, seed: UInt64 = 1) -> NAT {
        NAT(.addressAndPortDependent, .addressAndPortDependent, external: IPAddress(external)!, seed: seed)
    }
}

extension World {
    /// Two contacts on networks of these types that are registered with the service.
    package func makePair(_ first: NetworkType, _ second: NetworkType) -> (Peer, Peer) {
        let alice = addPeer(number: 1, on: first)
        let bob = addPeer(number: 2, on: second)
        alice.add(bob)
        bob.add(alice)
        alice.useService()
        bob.useService()
        run(for: .seconds(5))
        return (alice, bob)
    }

    /// A peer on a network of its own; `number` is 1…200.
    package func addPeer(number: Int, on type: NetworkType) -> Peer {
        addPeer(makeNetwork(number, type))
    }

    /// Where a host of a new network is plugged in.
    package func makeNetwork(_ number: Int, _ type: NetworkType) -> [Interface] {
        let outside = IPAddress("198.51.100.\(number)")!
        let inside4 = TransportAddress("192.168.\(number).10:4000")!
        let inside6 = TransportAddress("[2001:db8:\(number)::2]:4000")!
        switch type {
        case .open:
            return [Interface(TransportAddress("198.18.\(number).2:4000")!), Interface(inside6)]
        case .firewall:
            // The usual case: what is hard over IPv4 is easy over IPv6.
            let router = NAT(.random, external: outside, seed: random.next())
            let firewall = NAT(.firewall, external: outside, seed: random.next())
            return [Interface(inside4, behind: router), Interface(inside6, behind: firewall)]
        case .fullCone, .mapped, .addressRestricted, .portRestricted, .renumbering, .careless, .sequential, .block,
            .random, .blocked:
            return [Interface(inside4, behind: NAT(type, external: outside, seed: random.next()))]
        }
    }
}
