import PinholeWire
import Testing

extension Laboratory {
    /// The running service as any STUN client sees it (RFC 8489, RFC 5780), through each kind of router.
    ///
    /// ```
    ///   client :40000, :40001 ── router (any type) ── backbone ── pinhole-signaling: two addresses, four ports
    /// ```
    @Suite("STUN")
    struct STUNTests {
        @Test("tells the mapping and the filtering of a router", arguments: RouterType.all.filter(\.passesUDP))
        func behavior(of type: RouterType) async throws {
            try await Network.run([type]) { network in
                let site = network.sites[0]
                _ = try SignalingService(on: network)
                let isV4 = type.families.contains(.v4)
                let servers = (isV4 ? Network.serviceAddresses : Network.serviceAddresses6).map {
                    TransportAddress($0, SignalingService.port)
                }
                let clients = try [UInt16(40_000), 40_001].map {
                    try ProbeSocket(in: site.host, isV4 ? site.address : site.address6, port: $0)
                }

                let first = try Self.mapped(clients[0], by: servers[0])
                let other = TransportAddress(servers[0].ip, port: SignalingService.port + 1)
                let same = try [other, servers[1]].allSatisfy { try Self.mapped(clients[0], by: $0) == first }
                let isIndependent = type.behavior.mapping != .addressAndPortDependent
                #expect(same == isIndependent, "\(type)")
                #expect((first == clients[0].address) == (type.behavior.mapping == .none), "\(type): \(first)")

                // The answer to an ordinary request comes last and tells that the others would have come.
                let requests = [(1, true, true), (2, false, true), (3, false, false)].map { number, ip, port in
                    var request = Self.request(number)
                    (request.changeIP, request.changePort) = (ip, port)
                    return request
                }
                _ = try Self.mapped(clients[1], by: servers[0])
                for request in requests { clients[1].send(request.encoded, to: servers[0]) }
                var origins: [UInt64: TransportAddress] = [:]
                while origins[3] == nil {
                    let datagram = try #require(clients[1].receive())
                    let response = try STUNMessage(datagram.bytes.span)
                    #expect(response.responseOrigin == datagram.source)
                    origins[response.transactionID.low] = datagram.source
                }
                #expect((origins[1] != nil) == (type.behavior.filtering == .endpointIndependent), "\(type)")
                #expect((origins[2] != nil) == (type.behavior.filtering != .addressAndPortDependent), "\(type)")
                #expect(origins[1].map { $0.ip == servers[1].ip && $0.port != servers[0].port } != false)
                #expect(origins[2].map { $0.ip == servers[0].ip && $0.port != servers[0].port } != false)
                #expect(origins[3] == servers[0])
            }
        }

        private static func request(_ number: Int) -> STUNMessage {
            STUNMessage(.request, transactionID: STUNMessage.TransactionID(high: 7, low: UInt64(number)))
        }

        private static func mapped(_ client: ProbeSocket, by server: TransportAddress) throws -> TransportAddress {
            client.send(request(0).encoded, to: server)
            let datagram = try #require(client.receive(), "\(server) did not answer")
            #expect(datagram.source == server)
            return try #require(try STUNMessage(datagram.bytes.span).mappedAddress)
        }
    }
}
