import PinholeWire
import TestSupport

/// A NAT in RFC 4787's terms: mapping × filtering, with port preservation or random ports.
final class NAT {
    enum Mapping { case endpointIndependent, addressAndPortDependent }
    enum Filtering { case endpointIndependent, addressDependent, addressAndPortDependent }

    let mapping: Mapping
    let filtering: Filtering
    var external: IPAddress
    private var random: SeededRandom
    private var ports: [Key: UInt16] = [:]
    private var owners: [UInt16: Binding] = [:]

    private struct Key: Hashable {
        let inside: TransportAddress
        let destination: TransportAddress?
    }

    private struct Binding {
        let inside: TransportAddress
        var sentTo: Set<TransportAddress>
    }

    init(_ mapping: Mapping, _ filtering: Filtering, external: IPAddress, seed: UInt64) {
        self.mapping = mapping
        self.filtering = filtering
        self.external = external
        random = SeededRandom(seed: seed)
    }

    /// A home router: one port for all destinations, and only who was spoken to may answer.
    static func home(_ external: String, seed: UInt64 = 1) -> NAT {
        NAT(.endpointIndependent, .addressAndPortDependent, external: IPAddress(external)!, seed: seed)
    }

    /// Another random port for every destination.
    static func symmetric(_ external: String, seed: UInt64 = 1) -> NAT {
        NAT(.addressAndPortDependent, .addressAndPortDependent, external: IPAddress(external)!, seed: seed)
    }

    func outbound(_ inside: TransportAddress, to destination: TransportAddress) -> TransportAddress {
        let key = Key(inside: inside, destination: mapping == .endpointIndependent ? nil : destination)
        let port = ports[key] ?? allocate(for: inside)
        ports[key] = port
        owners[port, default: Binding(inside: inside, sentTo: [])].sentTo.insert(destination)
        return TransportAddress(external, port: port)
    }

    func inbound(_ port: UInt16, from source: TransportAddress) -> TransportAddress? {
        guard let binding = owners[port] else { return nil }
        let passes =
            switch filtering {
            case .endpointIndependent: true
            case .addressDependent: binding.sentTo.contains { $0.ip == source.ip }
            case .addressAndPortDependent: binding.sentTo.contains(source)
            }
        return passes ? binding.inside : nil
    }

    /// The router rebooted.
    func flush() {
        ports.removeAll()
        owners.removeAll()
    }

    private func allocate(for inside: TransportAddress) -> UInt16 {
        if mapping == .endpointIndependent, owners[inside.port] == nil { return inside.port }
        while true {
            let port = UInt16.random(in: 1024...65535, using: &random)
            if owners[port] == nil { return port }
        }
    }
}
