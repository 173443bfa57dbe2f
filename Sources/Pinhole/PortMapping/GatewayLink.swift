import Glibc
import PinholeCore
import PinholeWire

/// One gateway, what it is asked through, and what is to be asked. Confined to one thread.
final class GatewayLink {
    let gateway: Gateway
    let internalPort: UInt16
    private var mapper: PortMapper
    private let pcp: ConnectedSocket
    private let natPMP: NATPMPClient?
    private let igd: IGDClient?

    /// nil when there is no way to the gateway.
    init?(_ gateway: Gateway, internalPort: UInt16, at now: Instant) {
        guard
            let pcp = ConnectedSocket(
                to: gateway.address, port: Limits.gatewayPort, interfaceIndex: gateway.interfaceIndex,
                from: gateway.client)
        else { return nil }
        self.gateway = gateway
        self.internalPort = internalPort
        self.pcp = pcp
        switch gateway.client.family {
        case .v4:
            natPMP = NATPMPClient(gateway: gateway.address, internalPort: internalPort)
            igd = IGDClient(gateway: gateway, internalPort: internalPort)
        case .v6:
            natPMP = nil
            igd = nil
        }
        mapper = PortMapper(
            client: gateway.client, internalPort: internalPort, entropy: Entropy(SystemRandomNumberGenerator()), at: now
        )
    }

    /// What the gateway gives now; another value whenever it is to be verified anew.
    var grant: PortMappingService.Grant? {
        mapper.lease.map {
            PortMappingService.Grant(
                method: $0.method, externalPort: $0.externalPort, generation: mapper.generation)
        }
    }

    /// Whether all methods were asked in vain.
    var isResting: Bool { mapper.isResting }
    /// Whether everything was given back after `close`.
    var isFinished: Bool { mapper.isFinished }

    var descriptors: [Int32] { [pcp.descriptor, natPMP?.descriptor ?? -1, igd?.descriptor ?? -1] }

    func nextTimeout(at now: Instant) -> Instant? {
        [mapper.nextTimeout, natPMP?.nextTimeout(at: now), igd?.nextTimeout(at: now)].compactMap { $0 }.min()
    }

    func verify(_ port: UInt16, isReachable: Bool, at now: Instant) {
        mapper.verify(port, isReachable: isReachable, at: now)
    }

    /// The gateway said on the network that its clock stands at `datagram`'s epoch.
    func receiveAnnouncement(_ datagram: Span<UInt8>, at now: Instant) {
        mapper.receiveAnnouncement(datagram, at: now)
    }

    /// Gives back what the gateway gave; `advance` until `isFinished`.
    func close(at now: Instant) {
        igd?.cancel()
        mapper.close(at: now)
    }

    /// Hears, decides and asks until there is nothing more to do now.
    func advance(at now: Instant) {
        // Who answers without end does not hold the thread.
        for _ in 0..<64 {
            guard let datagram = pcp.receive() else { break }
            mapper.receivePCP(datagram.span, at: now)
        }
        mapper.handleTimeout(at: now)
        for _ in 0..<64 {
            for request in mapper.takeRequests() { perform(request) }
            if let (request, answer) = natPMP?.advance(at: now) {
                mapper.receive(answer, to: request, at: now)
            } else if let (request, answer) = igd?.advance(at: now) {
                mapper.receive(answer, to: request, at: now)
            } else {
                return
            }
        }
    }

    private func perform(_ request: PortMapper.Request) {
        switch request {
        case .pcp(let datagram): pcp.send(datagram)
        case .natPMP(let request): natPMP?.perform(request)
        case .upnp(let request): igd?.perform(request)
        }
    }
}

@available(*, unavailable)
extension GatewayLink: Sendable {}
