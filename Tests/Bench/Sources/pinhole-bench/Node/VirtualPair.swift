import PinholeCore
import PinholeCrypto
import PinholeWire

/// Two endpoints that know each other's address, and the time between them, which is virtual: only what they compute is
/// real.
final class VirtualPair {
    private struct Flight {
        let arrival: Instant
        let bytes: [UInt8]
        let destination: Int
    }

    private let identities = [IdentitySecret.generate(), IdentitySecret.generate()]
    private let addresses = ["192.0.2.1:4000", "192.0.2.2:4000"].compactMap { TransportAddress($0) }
    private let endpoints: [Endpoint]
    /// One way.
    private let delay: Duration
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private var flights: [Flight] = []
    private var deadlines: [Instant?] = [nil, nil]
    /// When each side was told that the session is up.
    private(set) var connected: [Instant?] = [nil, nil]

    init(delay: Duration) throws {
        self.delay = delay
        let start = now
        endpoints = identities.map {
            Endpoint(
                identity: $0, entropy: Entropy(SystemRandomNumberGenerator()), unixMilliseconds: 1_800_000_000_000,
                at: start)
        }
        for side in 0...1 {
            endpoints[side].setLocal(
                [LocalAddress(addresses[side].ip, prefixLength: 24)], ports: [.v4: addresses[side].port], at: start)
            try endpoints[side].add(
                identities[1 - side].publicKey, directAddresses: side == 0 ? [addresses[1]] : [], at: start)
        }
    }

    /// From nothing to a session on both sides. Returns whether that came about.
    func connect() -> Bool {
        connected = [nil, nil]
        endpoints[0].connect(to: identities[1].publicKey, at: now)
        return run(until: now + .seconds(5)) { self.connected[0] != nil && self.connected[1] != nil }
    }

    /// Ends the session, and lets a second pass, so that the next one is not taken for a flood.
    func disconnect() {
        endpoints[0].disconnect(from: identities[1].publicKey, at: now)
        _ = run(until: now + .seconds(1)) { false }
    }

    private func run(until end: Instant, _ isDone: () -> Bool) -> Bool {
        for side in 0...1 { drain(side) }
        while !isDone() {
            let next = ([flights.first?.arrival] + deadlines).compactMap { $0 }.min()
            guard let next, next <= end else {
                now = end
                return isDone()
            }
            now = max(now, next)
            while let flight = flights.first, flight.arrival <= now {
                flights.removeFirst()
                let source = Route(addresses[1 - flight.destination])
                endpoints[flight.destination].receive(flight.bytes.span, from: source, at: now)
                drain(flight.destination)
            }
            for side in 0...1 {
                guard let deadline = deadlines[side], deadline <= now else { continue }
                endpoints[side].handleTimeout(at: now)
                drain(side)
            }
        }
        return true
    }

    private func drain(_ side: Int) {
        let endpoint = endpoints[side]
        while true {
            switch endpoint.poll(at: now) {
            case .transmit(let datagram):
                guard datagram.route.remote == addresses[1 - side] else { continue }
                let bytes = [UInt8](copying: endpoint.bytes(of: datagram))
                flights.append(Flight(arrival: now + delay, bytes: bytes, destination: 1 - side))
            case .openSockets(let ids, _): for id in ids { endpoint.didOpen(id, port: nil, at: now) }
            case .event(.connected): connected[side] = now
            case .event, .beacon, .closeSockets: break
            case .idle(let deadline):
                deadlines[side] = deadline
                return
            }
        }
    }
}

@available(*, unavailable)
extension VirtualPair: Sendable {}
