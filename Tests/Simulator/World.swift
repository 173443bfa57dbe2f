package import PinholeCrypto
package import PinholeWire
package import Signaling
package import TestSupport

/// Peers, their NATs and the real signaling service in virtual time: nothing here sleeps, and a seed repeats a run.
///
/// The places of a world are the internet, which is `nil`, and the inside of each NAT. A datagram goes from NAT to NAT
/// outwards until it is where its destination is, takes the time of one link, and is then let in, or not, by the NATs
/// of its receiver (`World+Routing`).
package final class World {
    package private(set) var now = Instant(nanoseconds: 1_000_000_000)
    package let seed: UInt64
    package var random: SeededRandom
    /// Between any two places of the internet; 20 ms each way makes a round trip of 40 ms.
    package var link = Link(delay: .milliseconds(20))
    package var delay: Duration {
        get { link.delay }
        set { link.delay = newValue }
    }
    package var jitter: Duration {
        get { link.jitter }
        set { link.jitter = newValue }
    }
    package var loss: Double {
        get { link.loss }
        set { link.loss = newValue }
    }
    package var duplication: Double {
        get { link.duplication }
        set { link.duplication = newValue }
    }
    /// Between hosts behind the same NAT.
    package var localLink = Link(delay: .milliseconds(1))
    /// Every datagram that was put on the wire, if it is wanted.
    package var recording: [Flight]?
    /// Looks at each datagram on the wire; `nil` drops it.
    package var tap: ((Flight) -> Flight?)?
    /// Called before a peer gets a datagram, with where the peer sees it come from.
    package var beforeDelivery: ((Flight, _ source: TransportAddress, Peer) -> Void)?
    /// Told of all that happens, for people.
    package var trace: ((String) -> Void)?

    private(set) var hosts: [any Host] = []
    /// All NATs that somebody is behind.
    private(set) var routers: [NAT] = []
    package var service: Service
    package let serviceSecret = ServiceSecret.generate()
    /// Answers in the place of ``service``, under its key.
    package var liar: LyingService?
    package private(set) var isServiceUp = true
    /// Further services, each at an address of its own.
    package private(set) var otherServices: [ServiceHost] = []
    /// Datagrams that reached the service, by kind.
    package private(set) var atService: [DatagramKind: Int] = [:]
    private var flights = FlightQueue()
    private var sequence = 0

    /// A datagram on its way.
    package struct Flight {
        package var arrival: Instant
        package var sequence: Int
        package var source: TransportAddress
        package var destination: TransportAddress
        package var bytes: [UInt8]
        package var ecn = ECNCodepoint.notECT
        /// Where it arrives: behind this NAT, or on the internet.
        package var place: NAT?
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

    package func addPeer(_ inside: String, behind nat: NAT? = nil, identity: IdentitySecret = .generate()) -> Peer {
        addPeer([Interface(TransportAddress(inside)!, behind: nat)], identity: identity)
    }

    /// A peer with an address of each family, or of one.
    package func addPeer(_ interfaces: [Interface], identity: IdentitySecret = .generate()) -> Peer {
        let peer = Peer(self, at: interfaces, identity: identity)
        add(peer)
        return peer
    }

    package func add(_ host: any Host) {
        hosts.append(host)
        findRouters()
    }

    package func remove(_ host: any Host) {
        hosts.removeAll { $0 === host }
        findRouters()
    }

    /// Somebody is plugged in elsewhere.
    package func findRouters() {
        routers.removeAll()
        for interface in hosts.flatMap(\.interfaces) {
            var next = interface.nat
            while let nat = next, !routers.contains(where: { $0 === nat }) {
                routers.append(nat)
                next = nat.outer
            }
        }
    }

    /// The service dies, with all that it knew.
    package func stopService() {
        isServiceUp = false
        service = Self.makeService(serviceSecret)
        service.setWallClock(unixMilliseconds: Self.unixMilliseconds, at: now)
    }

    package func addService(_ address: String) -> ServiceHost {
        let host = ServiceHost(IPAddress(address)!, in: self)
        otherServices.append(host)
        return host
    }

    package func startService() {
        isServiceUp = true
    }
}

// MARK: Time

extension World {
    /// Lets time pass until `condition` holds. Returns whether it did within `limit`.
    @discardableResult
    package func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
        let end = now + limit
        var turnsAtThisInstant = 0
        for host in hosts { host.drain() }
        while !condition() {
            var next = min(end, flights.nextArrival ?? end)
            for host in hosts { next = min(next, host.wakeTime ?? next) }
            turnsAtThisInstant = next > now ? 0 : turnsAtThisInstant + 1
            precondition(turnsAtThisInstant < 10_000, "a peer spins without time passing, seed \(seed)")
            now = max(now, next)
            for host in hosts { host.wake() }
            while let flight = flights.popDue(at: now) { deliver(flight) }
            if now >= end { return condition() }
        }
        return true
    }

    /// Puts a datagram on a link; it arrives at `place`.
    func launch(
        _ bytes: [UInt8], _ ecn: ECNCodepoint, from source: TransportAddress, to destination: TransportAddress,
        at place: NAT?
    ) {
        var flight = Flight(
            arrival: now, sequence: 0, source: source, destination: destination, bytes: bytes, ecn: ecn, place: place)
        let (first, copy) =
            place == nil ? link.travel(&flight, at: now, &random) : localLink.travel(&flight, at: now, &random)
        guard let first else { return note("lost", source, destination, bytes) }
        note("leaves", source, destination, bytes)
        for time in [first, copy].compactMap(\.self) {
            sequence += 1
            flight.arrival = now + time
            flight.sequence = sequence
            recording?.append(flight)
            if let passed = tap?(flight) ?? (tap == nil ? flight : nil) { flights.insert(passed) }
        }
    }

    func deliverToService(_ flight: Flight) {
        if let kind = DatagramKind(flight.bytes.span) { atService[kind, default: 0] += 1 }
        let socket = service.topology.sockets.firstIndex { $0.address == flight.destination }
        guard isServiceUp, let socket else { return }
        if let liar {
            for (bytes, destination) in liar.receive(flight.bytes, from: flight.source, at: now) {
                send(bytes, from: flight.destination, to: destination)
            }
            return
        }
        var outbox = Outbox()
        let endpoint = LocalEndpoint(socket: UInt8(socket))
        service.receive(flight.bytes.span, from: flight.source, at: endpoint, now: now, into: &outbox)
        _ = service.handleTimeout(at: now, into: &outbox)
        for entry in outbox.entries {
            let source = service.topology.sockets[Int(entry.endpoint.socket)].address
            send(Array(outbox.bytes[entry.bytes]), from: source, at: nil, to: entry.destination)
        }
    }
}
