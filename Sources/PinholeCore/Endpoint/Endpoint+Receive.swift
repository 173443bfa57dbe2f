internal import PinholeCrypto
package import PinholeWire

// The door: one datagram in, by what its first byte claims, cheapest checks first. Nothing here throws or answers a
// stranger.

extension Endpoint {
    /// Takes in a datagram of at most 64 KiB that came by the socket of `source`, with the ECN field of its IP header. What
    /// is not ours is counted and dropped.
    package func receive(
        _ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint = .notECT, at now: Instant
    ) {
        guard let kind = DatagramKind(datagram), source.remote.port != 0,
            kind == .beacon || source.socket != .beacon
        else {
            return environment.drops.count(.malformed)
        }
        switch kind {
        case .data, .handshake:
            route(datagram, from: source, ecn: ecn, at: now)
        case .hello:
            receiveHello(datagram, from: source, at: now)
        case .cookie:
            guard let slot = slot(for: datagram) else { return environment.drops.count(.unknownConnection) }
            connections[slot]?.receiveCookie(datagram)
            settleLater(slot)
        case .challenge, .server:
            receiveSignaling(datagram, kind: kind, from: source, at: now)
        case .stun:
            receiveSTUN(datagram, from: source, at: now)
        case .beacon:
            receiveBeacon(datagram, from: source, at: now)
        case .register, .client:
            environment.drops.count(.malformed)
        }
    }

    private func slot(for datagram: Span<UInt8>) -> Int? {
        ConnectionID(destinationOf: datagram).flatMap { routes[$0] }
    }

    private func route(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        guard let id = ConnectionID(destinationOf: datagram), let connection = connection(routedBy: id) else {
            return environment.drops.count(.unknownConnection)
        }
        connection.receive(datagram, from: source, ecn: ecn, at: now)
        settleLater(connection)
    }

    private func connection(routedBy id: ConnectionID) -> Connection? {
        if let newest, newest.id == id { return newest.connection }
        guard let slot = routes[id], let connection = connections[slot] else { return nil }
        newest = (id, connection)
        return connection
    }

    private func receiveSignaling(
        _ datagram: Span<UInt8>, kind: DatagramKind, from source: Route, at now: Instant
    ) {
        let candidates = clients.indices.filter { clients[$0].address == source.remote }
        guard !candidates.isEmpty else { return environment.drops.count(.unknownService) }
        for index in candidates {
            let events = clients[index].receive(datagram, kind: kind, at: now, &environment.entropy)
            for event in events { handle(event, of: index, at: now) }
        }
        settleClients(at: now)
    }
}
