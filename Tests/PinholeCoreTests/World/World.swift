import PinholeCore
import PinholeCrypto
import PinholeWire
import Signaling
import TestSupport

/// Peers, their NATs and the real signaling service in virtual time: nothing here sleeps, and a seed repeats a run.
final class World {
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    let seed: UInt64
    var random: SeededRandom
    /// The share of datagrams that are lost, 0 … 1.
    var loss = 0.0
    /// The share of datagrams that arrive twice.
    var duplication = 0.0
    /// From one end to the other; 20 ms each way makes a round trip of 40 ms.
    var delay: Duration = .milliseconds(20)
    var jitter: Duration = .zero
    /// Every datagram that was put on the wire, if it is wanted.
    var recording: [Flight]?
    /// Looks at each datagram on the wire; `nil` drops it.
    var tap: ((Flight) -> Flight?)?
    /// Called before a peer gets a datagram, with where the peer sees it come from.
    var beforeDelivery: ((Flight, _ source: TransportAddress, Peer) -> Void)?

    private(set) var peers: [Peer] = []
    var service: Service
    let serviceSecret = ServiceSecret.generate()
    private(set) var isServiceUp = true
    /// Datagrams that reached the service, by kind.
    private(set) var atService: [DatagramKind: Int] = [:]
    private var flights: [Flight] = []
    private var sequence = 0

    struct Flight {
        var arrival: Instant
        var sequence: Int
        var source: TransportAddress
        var destination: TransportAddress
        var bytes: [UInt8]
    }

    static let unixMilliseconds: UInt64 = 1_790_000_000_000
    static let serviceAddress = IPAddress("203.0.113.1")!
    static let servicePorts: [UInt16] = [41414, 41415, 41416, 41417]

    init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        service = Self.makeService(serviceSecret)
        service.setWallClock(unixMilliseconds: Self.unixMilliseconds, at: now)
    }

    private static func makeService(_ secret: ServiceSecret) -> Service {
        let sockets = servicePorts.enumerated().map { index, port in
            Topology.Socket(address: TransportAddress(serviceAddress, port: port), portIndex: index, isSecond: false)
        }
        return Service(secret: secret, topology: Topology(sockets: sockets), seed: [UInt8](repeating: 7, count: 72))
    }

    @discardableResult
    func addPeer(_ inside: String, behind nat: NAT? = nil, identity: IdentitySecret = .generate()) -> Peer {
        let peer = Peer(self, at: TransportAddress(inside)!, behind: nat, identity: identity)
        peers.append(peer)
        return peer
    }

    func remove(_ peer: Peer) {
        peers.removeAll { $0 === peer }
    }

    /// The service dies, with all that it knew.
    func stopService() {
        isServiceUp = false
        service = Self.makeService(serviceSecret)
        service.setWallClock(unixMilliseconds: Self.unixMilliseconds, at: now)
    }

    func startService() {
        isServiceUp = true
    }

    /// Puts a datagram of `source` (as seen outside its NAT) on the wire.
    func send(_ bytes: [UInt8], from source: TransportAddress, to destination: TransportAddress) {
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
    func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
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
        if flight.destination.ip == Self.serviceAddress { return deliverToService(flight) }
        for peer in peers {
            guard let source = peer.accepts(flight) else { continue }
            beforeDelivery?(flight, source, peer)
            peer.receive(flight.bytes, from: source)
            return
        }
    }

    private func deliverToService(_ flight: Flight) {
        if let kind = DatagramKind(flight.bytes.span) { atService[kind, default: 0] += 1 }
        guard isServiceUp, let socket = Self.servicePorts.firstIndex(of: flight.destination.port) else { return }
        var outbox = Outbox()
        let endpoint = LocalEndpoint(socket: UInt8(socket))
        service.receive(flight.bytes.span, from: flight.source, at: endpoint, now: now, into: &outbox)
        _ = service.handleTimeout(at: now)
        for entry in outbox.entries {
            let port = Self.servicePorts[Int(entry.endpoint.socket)]
            send(
                Array(outbox.bytes[entry.bytes]), from: TransportAddress(Self.serviceAddress, port: port),
                to: entry.destination)
        }
    }
}
