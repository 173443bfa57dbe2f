package import PinholeCore
package import PinholeCrypto
package import PinholeWire
package import Signaling

/// One more signaling service of a ``World``, beside its own.
package final class ServiceHost {
    package let address: IPAddress
    package let secret = ServiceSecret.generate()
    /// A service that is down takes nothing in; one that starts again has forgotten everybody.
    package private(set) var isUp = true
    package var service: Service
    /// What it does with each datagram of its own before it leaves; `nil` drops it. A liar changes it.
    package var tamper: (([UInt8]) -> [UInt8]?)?
    /// Datagrams that reached it.
    package private(set) var received = 0

    init(_ address: IPAddress, in world: World) {
        self.address = address
        service = Self.makeService(secret, address, world)
    }

    private static func makeService(_ secret: ServiceSecret, _ address: IPAddress, _ world: World) -> Service {
        let sockets = World.servicePorts.enumerated().map { index, port in
            Topology.Socket(address: TransportAddress(address, port: port), portIndex: index, isSecond: false)
        }
        var service = Service(
            secret: secret, topology: Topology(sockets: sockets), seed: [UInt8](repeating: 9, count: 72))
        service.setWallClock(unixMilliseconds: World.unixMilliseconds, at: world.now)
        return service
    }

    package func stop(in world: World) {
        isUp = false
        service = Self.makeService(secret, address, world)
    }

    package func start() {
        isUp = true
    }

    func receive(_ flight: World.Flight, in world: World) {
        received += 1
        let socket = service.topology.sockets.firstIndex { $0.address == flight.destination }
        guard isUp, let socket else { return }
        var outbox = Outbox()
        let endpoint = LocalEndpoint(socket: UInt8(socket))
        service.receive(flight.bytes.span, from: flight.source, at: endpoint, now: world.now, into: &outbox)
        _ = service.handleTimeout(at: world.now, into: &outbox)
        send(outbox, in: world)
    }

    package func send(_ outbox: Outbox, in world: World) {
        for entry in outbox.entries {
            let source = service.topology.sockets[Int(entry.endpoint.socket)].address
            let bytes = Array(outbox.bytes[entry.bytes])
            guard let sent = tamper.map({ $0(bytes) }) ?? bytes else { continue }
            world.send(sent, from: source, to: entry.destination)
        }
    }

    /// How a peer is told of it: `id` is what its events call it.
    package func rendezvous(_ id: Int, for scope: RendezvousService.Scope = .everybody) -> RendezvousService {
        RendezvousService(
            id: id, key: secret.publicKey, addresses: [TransportAddress(address, port: World.servicePorts[0])],
            scope: scope)
    }
}
