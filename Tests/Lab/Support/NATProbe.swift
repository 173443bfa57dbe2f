import PinholeWire
import Testing

/// RFC 5780's questions, asked with the laboratory's own sockets: behind the router, and on both service addresses.
struct NATProbe {
    let host: ProbeSocket
    /// Another port of the host, so that the questions about filtering leave no trace in the answers about mapping.
    private let second: ProbeSocket
    let first: ProbeSocket
    private let otherPort: ProbeSocket
    private let otherAddress: ProbeSocket

    init(_ network: Network, _ family: IPAddress.Family) throws(LabError) {
        let site = network.sites[0]
        let addresses = family == .v4 ? Network.serviceAddresses : Network.serviceAddresses6
        host = try ProbeSocket(in: site.host, family == .v4 ? site.address : site.address6, port: 40_000)
        second = try ProbeSocket(in: site.host, family == .v4 ? site.address : site.address6, port: 40_001)
        first = try ProbeSocket(in: network.service, addresses[0], port: 3478)
        otherPort = try ProbeSocket(in: network.service, addresses[0], port: 3479)
        otherAddress = try ProbeSocket(in: network.service, addresses[1], port: 3478)
    }

    func behavior() throws -> NATBehavior {
        NATBehavior(mapping: try mapping(), filtering: try filtering())
    }

    /// Where a packet of the host comes from, as `destination` sees it.
    func mapping(to destination: ProbeSocket) throws -> TransportAddress {
        try mapping(of: host, to: destination)
    }

    private func mapping(of socket: ProbeSocket, to destination: ProbeSocket) throws -> TransportAddress {
        socket.send("mapping?", to: destination.address)
        return try #require(destination.receive(), "the host's datagram did not arrive at \(destination.address)")
            .source
    }

    /// One round trip.
    func echo() throws -> ProbeSocket.Datagram {
        first.send("echo", to: try mapping(to: first))
        return try #require(host.receive())
    }

    private func mapping() throws -> NATBehavior.Mapping {
        let one = try mapping(to: first)
        let two = try mapping(to: otherPort)
        let three = try mapping(to: otherAddress)
        if one != two { return .addressAndPortDependent }
        if one != three { return .addressDependent }
        return one == host.address ? .none : .endpointIndependent
    }

    /// Unexpected packets are sent before an expected one; the network keeps order, so what did not arrive with it never will.
    private func filtering() throws -> NATBehavior.Filtering {
        let mapped = try mapping(of: second, to: first)
        otherAddress.send("other address", to: mapped)
        otherPort.send("other port", to: mapped)
        first.send("expected", to: mapped)
        var arrived: Set<String> = []
        while !arrived.contains("expected") {
            arrived.insert(String(decoding: try #require(second.receive()).bytes, as: UTF8.self))
        }
        if arrived.contains("other address") { return .endpointIndependent }
        return arrived.contains("other port") ? .addressDependent : .addressAndPortDependent
    }
}
