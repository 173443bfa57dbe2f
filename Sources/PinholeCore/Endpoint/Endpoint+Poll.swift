internal import PinholeCrypto
package import PinholeWire

/// Outwards: what is to be sent and told, and when to come again.
extension Endpoint {
    /// The next thing to send or to tell, or until when there is nothing.
    package func poll(at now: Instant) -> Output {
        while true {
            if let request = environment.sockets.takeOpening() { return request }
            if let datagram = environment.arena.takeNext() { return .transmit(datagram) }
            if let beacon = beacons.takeOutgoing() { return beacon }
            if eventIndex < events.count {
                defer { eventIndex += 1 }
                return .event(events[eventIndex])
            }
            events.removeAll(keepingCapacity: true)
            eventIndex = 0
            guard settledInTurn < Self.connectionsPerTurn || dirty.isEmpty else { return endTurn(until: now) }
            guard let connection = dirty.popFirst() else {
                if arePairsStale {
                    refreshClients(at: now)
                    settleClients(at: now)
                    continue
                }
                // Last, as connections may have had something to send by them.
                if let request = environment.sockets.takeClosing() { return request }
                return endTurn(until: takeUnfinished() ? now : nextTimeout(at: now))
            }
            connection.isDirty = false
            settledInTurn += 1
            // Those of contacts that were removed meanwhile have nothing to say.
            if connections[connection.slot] === connection { settle(connection.slot, connection, at: now) }
        }
    }

    /// So many connections send before the shell looks at what arrived, about as much as it takes in at once: the answers
    /// of thousands would fill a socket's buffer, and what is lost there is sent again by all of them together.
    private static let connectionsPerTurn = 64

    private func endTurn(until deadline: Instant?) -> Output {
        environment.turn += 1
        settledInTurn = 0
        // Who had a turn was noted.
        if dirty.isEmpty { unnoted.removeAll(keepingCapacity: true) } else { noteExpectations() }
        return .idle(until: deadline)
    }

    /// Gives those who have more to send another turn, after the shell has looked at what arrived and at what was asked
    /// for: a window of megabytes takes tens of milliseconds, for which a message must not wait.
    private func takeUnfinished() -> Bool {
        guard !unfinished.isEmpty else { return false }
        for connection in unfinished {
            connection.hasMoreToSend = false
            settleLater(connection)
        }
        unfinished.removeAll(keepingCapacity: true)
        return true
    }

    /// The bytes of a datagram that the latest ``poll(at:)`` gave; they are overwritten after the next.
    @_lifetime(borrow self)
    package func bytes(of datagram: OutgoingDatagram) -> Span<UInt8> {
        unsafe _overrideLifetime(Span(_unsafeElements: environment.arena.bytes(of: datagram)), borrowing: self)
    }

    /// A datagram that the latest ``poll(at:)`` gave, with those behind it that can be sent by the same call: they are not
    /// given by themselves then. Its ``bytes(of:)`` are overwritten after the next ``poll(at:)``.
    package func run(from datagram: OutgoingDatagram) -> OutgoingRun {
        environment.arena.takeRun(from: datagram)
    }

    @_lifetime(borrow self)
    package func bytes(of run: OutgoingRun) -> Span<UInt8> {
        unsafe _overrideLifetime(Span(_unsafeElements: environment.arena.bytes(of: run)), borrowing: self)
    }

    private func nextTimeout(at now: Instant) -> Instant? {
        var nearest = Instant.earlier(deadlines.nearest, .earlier(nextMeasurement, beacons.nextTimeout))
        nearest = .earlier(nearest, twins.nextTimeout)
        for client in clients { nearest = .earlier(nearest, client.nextTimeout) }
        for mapping in mappings.values { nearest = .earlier(nearest, mapping.nextTimeout) }
        return nearest
    }

    /// Does all that was due at or before `now`.
    package func handleTimeout(at now: Instant) {
        while let slot = deadlines.popDue(at: now) {
            connections[slot]?.handleTimeout(at: now)
            settleLater(slot)
        }
        for index in clients.indices {
            if let event = clients[index].handleTimeout(at: now, &environment.entropy) {
                handle(event, of: index, at: now)
            }
        }
        continueMeasurements(at: now)
        sendBeacons(at: now)
        handleTwinTimeout(at: now)
        handleMappingTimeout(at: now)
        settleClients(at: now)
    }

    /// Marks a connection for its turn in ``poll(at:)``.
    func settleLater(_ slot: Int) {
        if let connection = connections[slot] { settleLater(connection) }
    }

    func settleLater(_ connection: Connection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
        unnoted.append(connection)
    }

    /// Takes over what a connection has to send, to tell and to ask for, and when it must be woken.
    func settle(_ slot: Int, _ connection: Connection, at now: Instant) {
        connection.drainTransport(at: now)
        // Who has had its turn waits for the next, even if it is given more meanwhile.
        if !connection.hasMoreToSend {
            connection.transmitDue(at: now)
            if connection.hasMoreToSend { unfinished.append(connection) }
        }
        connection.reportOutgoing(at: now)
        if connection.isThere != connection.isPresent {
            connection.isPresent.toggle()
            connection.events.append(.presence(connection.peer, connection.isPresent))
        }
        events += connection.events
        connection.events.removeAll(keepingCapacity: true)
        if !connection.requests.isEmpty {
            let requests = connection.requests
            connection.requests.removeAll()
            for request in requests { handle(request, of: slot, connection, at: now) }
            settleClients(at: now)
        }
        route(slot, connection)
        noteExpectation(of: connection)
        deadlines.set(connection.nextTimeout, for: slot)
    }

    private func route(_ slot: Int, _ connection: Connection) {
        guard !connection.isRouted else { return }
        let ids = connection.connectionIDs
        for id in connection.routedIDs { routes[id] = nil }
        for id in ids { routes[id] = slot }
        connection.routedIDs = ids
        newest = nil
    }

    /// Takes back messages that were not told yet: with one that could not be stored before them, they must come again.
    func forgetMessages(from key: IdentityKey) {
        let waiting = events[eventIndex...].filter { if case .message(_, key) = $0 { false } else { true } }
        events.replaceSubrange(eventIndex..., with: waiting)
    }

    func tell(_ event: Event) {
        events.append(event)
    }

    func transmit(_ datagram: [UInt8], to route: Route) {
        environment.arena.append(datagram, to: route)
    }

    /// Takes over what the clients have to send, and what is known of them.
    func settleClients(at now: Instant) {
        for index in clients.indices {
            for datagram in clients[index].takeOutgoing() { transmit(datagram, to: Route(clients[index].address)) }
        }
        environment.registrations = clients.map(\.registration)
        learnTags(at: now)
    }
}
