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
            connections[slot]?.receiveCookie(datagram, at: now)
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

    /// A HELLO: length, then MAC, then cookie under load, then each contact's key (protocol §2).
    private func receiveHello(_ datagram: Span<UInt8>, from source: Route, at now: Instant) {
        guard datagram.count == Limits.helloSize else { return environment.drops.count(.malformed) }
        guard cookieGate.hasValidMAC1(datagram) else { return receiveIntroducedHello(datagram, from: source, at: now) }
        let hasCookie = cookieGate.hasValidCookie(datagram, from: source.remote, at: now)
        if helloLoad.isOverloaded(by: source.remote, at: now), !hasCookie {
            environment.drops.count(.rateLimited)
            return transmit(cookieGate.cookieReply(to: datagram, from: source.remote, at: now), to: source)
        }
        for (slot, connection) in connections {
            guard let hello = PeerHello.open(datagram, pair: connection.pair) else { continue }
            if hello.plaintext.timestamp <= connection.authenticatedTimestamp, !hasCookie,
                !connection.isEcho(hello)
            {
                return answerStale(datagram, hello, connection, from: source, at: now)
            }
            connection.receive(hello, hasCookie: hasCookie, from: source, at: now)
            return settleLater(slot)
        }
        environment.drops.count(.notForUs)
    }

    /// Without a MAC a HELLO can only be from a contact that we are calling, or that a service has just introduced.
    private func receiveIntroducedHello(_ datagram: Span<UInt8>, from source: Route, at now: Instant) {
        // Under load only what comes from where an answer is waited for is worth a decryption.
        let isOverloaded = helloLoad.isOverloaded(by: source.remote, at: now)
        for (slot, connection) in connections
        where connection.attempt != nil && (!isOverloaded || connection.awaits(source.remote)) {
            guard let hello = PeerHello.open(datagram, pair: connection.pair) else { continue }
            connection.receive(hello, hasCookie: false, from: source, at: now)
            return settleLater(slot)
        }
        environment.drops.count(isOverloaded ? .rateLimited : .notForUs)
    }

    /// Authentic and old: a replay, or a contact whose clock is wrong. A cookie tells which; one in 10 s.
    private func answerStale(
        _ datagram: Span<UInt8>, _ hello: PeerHello, _ connection: Connection, from source: Route,
        at now: Instant
    ) {
        // The very one that was authenticated, once more, says nothing new.
        guard hello.plaintext.timestamp != connection.authenticatedTimestamp else {
            return environment.drops.count(.notForUs)
        }
        guard connection.lastStaleCookie.map({ now - $0 >= .seconds(10) }) ?? true else {
            return environment.drops.count(.rateLimited)
        }
        connection.lastStaleCookie = now
        transmit(cookieGate.cookieReply(to: datagram, from: source.remote, at: now), to: source)
    }
}
