package import PinholeCrypto
package import PinholeWire

/// What a peer is, without I/O: one socket's worth of protocol. It routes datagrams to connections and services, and
/// gathers what they want sent and told.
///
/// Three verbs in: ``receive(_:from:at:)``, the requests (`connect`, `send`, …) and ``handleTimeout(at:)``. One out:
/// ``poll(at:)``, called until it says `.idle`. Not thread-safe: it belongs to one loop.
package final class Endpoint {
    let identity: IdentitySecret
    let environment: Environment
    var connections: [Int: Connection] = [:]
    var slots: [IdentityKey: Int] = [:]
    private var nextSlot = 0
    var routes: [ConnectionID: Int] = [:]
    /// Whom the newest datagram was for: the next is mostly for the same.
    var newest: (id: ConnectionID, connection: Connection)?
    var watched: Set<Int> = []

    var clients: [SignalingClient] = []
    private var clientsMade = 0
    var tags: [RendezvousTag: Int] = [:]
    /// What the services call today, as of ``tags``.
    private var learnedDays: Set<UInt64> = []
    /// Whether contacts came, went or are watched of whom the services are still to be told.
    var arePairsStale = false
    /// How often all pairs were gone through, and how often the tags of one: what contacts cost, for tests.
    private(set) var refreshes = 0
    private(set) var tagsLearned = 0
    /// The newest measurement of each family's NAT, under way or complete, and that of its mappings' lifetime.
    var measurements: [IPAddress.Family: NATMeasurement] = [:]
    /// What is to be measured when the time for it has come.
    var postponedMeasurements: [IPAddress.Family: PostponedMeasurement] = [:]
    var lifetimeTests: [IPAddress.Family: LifetimeTest] = [:]
    /// The networks that this machine was on before, and what is known of them.
    var networks: [NetworkID: NetworkRecord] = [:]
    /// Ports that a router forwards to the main sockets, as far as it can be believed.
    var mappings: [IPAddress.Family: MappingVerifier] = [:]
    /// Services that were reported down, so that each failure is told once.
    var reportedDown: Set<Int> = []

    var cookieGate: CookieGate
    var helloLoad = SourceLoad(limit: Limits.hellosPerSecond, perSource: Limits.hellosPerSecondPerSource)
    var beacons = Beacons()
    /// Other nodes with this identity, and the tags by which they are found today.
    var twins: Twins
    var twinTags: Set<RendezvousTag> = []
    var watchesContacts = false

    private var events: [Event] = []
    private var eventIndex = 0
    private var deadlines = DeadlineQueue()
    /// Connections that something happened to, in the order in which it did; each once (``Connection/isDirty``).
    private var dirty = Queue<Connection>()

    /// `unixMilliseconds` is the wall clock at `now`; `allowsLoopback` lets peers be reached on this machine.
    package init(
        identity: IdentitySecret, allowsLoopback: Bool = false, entropy: Entropy, unixMilliseconds: UInt64,
        at now: Instant
    ) {
        self.identity = identity
        environment = Environment(
            entropy: entropy, allowsLoopback: allowsLoopback, unixMilliseconds: unixMilliseconds, at: now)
        cookieGate = CookieGate(own: identity.publicKey)
        twins = Twins(identity, instance: environment.entropy.next())
    }

    /// Datagrams that were dropped so far, by reason.
    package var drops: DropCounters { environment.drops }
}

@available(*, unavailable)
extension Endpoint: Sendable {}

// MARK: Where this peer is

extension Endpoint {
    /// The addresses of this machine's interfaces, and the ports of the sockets by family. Of each family the address that
    /// the rest of the world is reached from comes first.
    package func setLocal(_ addresses: [LocalAddress], ports: [IPAddress.Family: UInt16], at now: Instant) {
        let change = environment.setLocal(addresses, ports: ports)
        guard let change else { return }
        forgetLostFamilies()
        for index in clients.indices { clients[index].restart(at: now) }
        for slot in connections.keys.sorted() { networkChanged(slot, change, at: now) }
        settleClients(at: now)
    }

    private func networkChanged(_ slot: Int, _ change: NetworkChange, at now: Instant) {
        guard let connection = connections[slot] else { return }
        connection.networkChanged(change, at: now)
        settleLater(slot)
    }

    /// What each interface of this machine carries in one packet, by its address, in bytes and with the IP header.
    package func setInterfaceMTUs(_ mtus: [IPAddress: Int], at now: Instant) {
        guard mtus != environment.interfaceMTUs else { return }
        environment.interfaceMTUs = mtus
        for (slot, connection) in connections where connection.session != nil {
            connection.interfacesChanged(at: now)
            settleLater(slot)
        }
    }

    /// A session packet of `size` bytes did not leave, as the interface towards `route` carries less.
    package func refused(_ size: Int, over route: Route, at now: Instant) {
        for (slot, connection) in connections where connection.session != nil && connection.paths[route] != nil {
            connection.refused(size, over: route, at: now)
            settleLater(slot)
        }
    }

    /// The services to register with. What is registered already stays so; what is not used any more is left.
    package func setServices(_ services: [RendezvousService], at now: Instant) {
        var known = clients
        clients.removeAll()
        for service in services {
            for address in service.addresses {
                let index = known.firstIndex {
                    $0.address == address && $0.service.key == service.key && $0.service.token == service.token
                }
                if let index {
                    clients.append(known.remove(at: index))
                    clients[clients.count - 1].service = service
                } else {
                    clientsMade += 1
                    let twins = service.scope == .everybody ? twins.keys : nil
                    clients.append(SignalingClient(clientsMade, service, at: address, twins: twins, now: now))
                }
            }
        }
        for index in known.indices {
            twins.ended(known[index].id)
            forgetPresence(by: known[index].id)
            known[index].unregister(at: now)
            for datagram in known[index].takeOutgoing() { transmit(datagram, to: Route(known[index].address)) }
        }
        reportedDown.formIntersection(services.map(\.id))
        forgetMeasurements()
        noteServiceAddresses()
        refreshClients(at: now)
        settleClients(at: now)
    }

    /// The place of a client; nil for one whose service is not used any more.
    func client(withID id: Int) -> Int? {
        clients.firstIndex { $0.id == id }
    }

    /// What is known of the NAT in front of the socket of a family.
    package func profile(_ family: IPAddress.Family) -> NATProfile? {
        environment.nat[family]
    }
}

// MARK: Contacts

extension Endpoint {
    /// A person whom this peer answers, and may call; or, for another purpose, the key of an invite, or an inviter.
    package func add(
        _ key: IdentityKey, for purpose: ConnectionPurpose = .contact, psk: [UInt8]? = nil,
        directAddresses: [TransportAddress] = [], state: ContactState = ContactState(), at now: Instant
    ) throws(KeyError) {
        guard slots[key] == nil else { return }
        let own: IdentitySecret
        switch purpose {
        case .contact, .inviter: own = identity
        case .invited(let guest, _, _): own = guest
        }
        let pair = try PairKeys(own: own, peer: key, psk: psk)
        let slot = nextSlot
        nextSlot += 1
        connections[slot] = Connection(
            pair, for: purpose, slot: slot, directAddresses: directAddresses, state: state, environment: environment)
        slots[key] = slot
        learnTags(of: slot, pair)
        arePairsStale = true
    }

    /// Ends the session with a contact and forgets it.
    package func remove(_ key: IdentityKey, at now: Instant) {
        guard let slot = slots.removeValue(forKey: key), let connection = connections[slot] else { return }
        connection.disconnect(at: now)
        settle(slot, connection, at: now)
        connections[slot] = nil
        deadlines.set(nil, for: slot)
        for id in connection.routedIDs { routes[id] = nil }
        connection.routedIDs = []
        newest = nil
        watched.remove(slot)
        for day in tagDays { tags[connection.pair.tag(day: day)] = nil }
        arePairsStale = true
    }

    /// The greatest timestamp that was put into a HELLO for a contact.
    package func ownTimestamp(for key: IdentityKey) -> UInt64? {
        slots[key].flatMap { connections[$0]?.ownTimestamp }
    }

    package func path(to key: IdentityKey) -> PathDescription? {
        slots[key].flatMap { connections[$0] }.flatMap { $0.session == nil ? nil : $0.pathDescription }
    }

    /// What the present attempt to reach a contact does, or the last one did; `nil` before there was any.
    package func report(of key: IdentityKey) -> AttemptReport? {
        slots[key].flatMap { connections[$0]?.report }
    }

    /// Tells the services which pairs this peer belongs to: once a turn, however many of them changed.
    func refreshClients(at now: Instant) {
        arePairsStale = false
        refreshes += 1
        let sorted = connections.sorted { $0.key < $1.key }
        for index in clients.indices {
            let scope = clients[index].service.scope
            let pairs = sorted.filter { scope.includes($0.value.peer) }.map {
                SignalingClient.Pair(keys: $0.value.pair, watch: watchesContacts || watched.contains($0.key))
            }
            clients[index].setPairs(pairs, at: now)
        }
    }

    /// The days whose tags may mean a contact: those in use, and their neighbours.
    private var tagDays: Set<UInt64> {
        Set(learnedDays.flatMap { [$0, $0 + 1, $0 > 0 ? $0 - 1 : 0] })
    }

    /// Which contact each tag of the days in use means, when these are others than before.
    private func learnTags(at now: Instant) {
        let days = Set(clients.compactMap { $0.day(at: now) })
        guard days != learnedDays else { return }
        learnedDays = days
        twinTags = Set(tagDays.map(twins.keys.tag))
        tags.removeAll()
        for (slot, connection) in connections { learnTags(of: slot, connection.pair) }
    }

    private func learnTags(of slot: Int, _ pair: PairKeys) {
        for day in tagDays { tags[pair.tag(day: day)] = slot }
        tagsLearned += 1
    }
}

// MARK: Poll

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
            guard let connection = dirty.popFirst() else {
                if arePairsStale {
                    refreshClients(at: now)
                    settleClients(at: now)
                    continue
                }
                // Last, as connections may have had something to send by them.
                return environment.sockets.takeClosing() ?? .idle(until: nextTimeout(at: now))
            }
            connection.isDirty = false
            // Those of contacts that were removed meanwhile have nothing to say.
            if connections[connection.slot] === connection { settle(connection.slot, connection, at: now) }
        }
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
        var nearest = deadlines.nearest
        for client in clients { nearest = nearest.map { min($0, client.nextTimeout) } ?? client.nextTimeout }
        if let due = nextMeasurement { nearest = nearest.map { min($0, due) } ?? due }
        if let due = beacons.nextTimeout { nearest = nearest.map { min($0, due) } ?? due }
        if let due = twins.nextTimeout { nearest = nearest.map { min($0, due) } ?? due }
        for mapping in mappings.values {
            if let due = mapping.nextTimeout { nearest = nearest.map { min($0, due) } ?? due }
        }
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
    }

    /// Takes over what a connection has to send, to tell and to ask for, and when it must be woken.
    private func settle(_ slot: Int, _ connection: Connection, at now: Instant) {
        connection.drainTransport(at: now)
        connection.transmitDue(at: now)
        if connection.hasMoreToSend {
            connection.hasMoreToSend = false
            settleLater(connection)
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
