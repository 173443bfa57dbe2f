import PinholeCore
package import PinholeCrypto
package import PinholeWire
package import Signaling
package import TestSupport

/// Peers, their NATs and the real signaling service in virtual time: nothing here sleeps, and a seed repeats a run.
package final class World {
    package private(set) var now = Instant(nanoseconds: 1_000_000_000)
    package let seed: UInt64
    package var random: SeededRandom
    /// The share of datagrams that are lost, 0 … 1.
    package var loss = 0.0
    /// The share of datagrams that arrive twice.
    package var duplication = 0.0
    /// From one end to the other; 20 ms each way makes a round trip of 40 ms.
    package var delay: Duration = .milliseconds(20)
    package var jitter: Duration = .zero
    /// Every datagram that was put on the wire, if it is wanted.
    package var recording: [Flight]?
    /// Looks at each datagram on the wire; `nil` drops it.
    package var tap: ((Flight) -> Flight?)?
    /// Called before a peer gets a datagram, with where the peer sees it come from.
    package var beforeDelivery: ((Flight, _ source: TransportAddress, Peer) -> Void)?

    package private(set) var peers: [Peer] = []
    package var service: Service
    package let serviceSecret = ServiceSecret.generate()
    package private(set) var isServiceUp = true
    /// Datagrams that reached the service, by kind.
    package private(set) var atService: [DatagramKind: Int] = [:]
    private var flights: [Flight] = []
    private var sequence = 0

    package struct Flight {
        package var arrival: Instant
        package var sequence: Int
        package var source: TransportAddress
        package var destination: TransportAddress
        package var bytes: [UInt8]
    }

    package static let unixMilliseconds: UInt64 = 1_790_000_000_000
    package static let serviceAddress = IPAddress("203.0.113.1")!
    package static let serviceAddress6 = IPAddress("2001:db8:cafe::1")!
    package static let servicePorts: [UInt16] = [41414, 41415, 41416, 41417]

    package init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        service = Self.makeService(serviceSecret)
        service.setWallClock(unixMilliseconds: Self.unixMilliseconds, at: now)
    }

    private static func makeService(_ secret: ServiceSecret) -> Service {
        let sockets = [serviceAddress, serviceAddress6].flatMap { ip in
            servicePorts.enumerated().map { index, port in
                Topology.Socket(address: TransportAddress(ip, port: port), portIndex: index, isSecond: false)
            }
        }
        return Service(secret: secret, topology: Topology(sockets: sockets), seed: [UInt8](repeating: 7, count: 72))
    }

    @discardableResult
    package func addPeer(_ inside: String, behind nat: NAT? = nil, identity: IdentitySecret = .generate()) -> Peer {
        let peer = Peer(self, at: TransportAddress(inside)!, behind: nat, identity: identity)
        peers.append(peer)
        return peer
    }

    package func remove(_ peer: Peer) {
        peers.removeAll { $0 === peer }
    }

    /// The service dies, with all that it knew.
    package func stopService() {
        isServiceUp = false
        service = Self.makeService(serviceSecret)
        service.setWallClock(unixMilliseconds: Self.unixMilliseconds, at: now)
    }

    package func startService() {
        isServiceUp = true
    }

    /// Puts a datagram of `source` (as seen outside its NAT) on the wire.
    package func send(_ bytes: [UInt8], from source: TransportAddress, to destination: TransportAddress) {
        if Double.random(in: 0..<1, using: &random) < loss { return }
        launch(bytes, from: source, to: destination)
        if Double.random(in: 0..<1, using: &random) < duplication { launch(bytes, from: source, to: destination) }
    }

    private func launch(_ bytes: [UInt8], from source: TransportAddress, to destination: TransportAddress) {
        let extra = Int64.random(in: 0...max(0, jitter.nanoseconds), using: &random)
        sequence += 1
        let flight = Flight(
            arrival: now + delay + .nanoseconds(extra), sequence: sequence, source: source, destination: destination,
            bytes: bytes)
        recording?.append(flight)
        guard let tap else { return flights.append(flight) }
        if let passed = tap(flight) { flights.append(passed) }
    }

    /// Lets time pass until `condition` holds. Returns whether it did within `limit`.
    @discardableResult
    package func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
        let end = now + limit
        for peer in peers { peer.drain() }
        while !condition() {
            let next = ([end] + flights.map(\.arrival) + peers.compactMap(\.wakeTime)).min()!
            now = max(now, next)
            for peer in peers { peer.wake() }
            deliver()
            if now >= end { return condition() }
        }
        return true
    }

    private func deliver() {
        let due = flights.filter { $0.arrival <= now }.sorted { ($0.arrival, $0.sequence) < ($1.arrival, $1.sequence) }
        flights.removeAll { $0.arrival <= now }
        for flight in due { deliver(flight) }
    }

    private func deliver(_ flight: Flight) {
        if Self.isService(flight.destination.ip) { return deliverToService(flight) }
        for peer in peers {
            guard let route = peer.accepts(flight) else { continue }
            beforeDelivery?(flight, route.remote, peer)
            peer.receive(flight.bytes, from: route.remote, by: route.socket)
            return
        }
    }

    private func deliverToService(_ flight: Flight) {
        if let kind = DatagramKind(flight.bytes.span) { atService[kind, default: 0] += 1 }
        let socket = service.topology.sockets.firstIndex { $0.address == flight.destination }
        guard isServiceUp, let socket else { return }
        var outbox = Outbox()
        let endpoint = LocalEndpoint(socket: UInt8(socket))
        service.receive(flight.bytes.span, from: flight.source, at: endpoint, now: now, into: &outbox)
        _ = service.handleTimeout(at: now)
        for entry in outbox.entries {
            let source = service.topology.sockets[Int(entry.endpoint.socket)].address
            send(Array(outbox.bytes[entry.bytes]), from: source, to: entry.destination)
        }
    }

    package static func isService(_ ip: IPAddress) -> Bool {
        ip == serviceAddress || ip == serviceAddress6
    }
}
