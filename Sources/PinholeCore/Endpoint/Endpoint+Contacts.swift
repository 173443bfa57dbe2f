package import PinholeCrypto
package import PinholeWire

/// Whom this peer knows.
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
        let connection = Connection(
            pair, for: purpose, slot: slot, directAddresses: directAddresses, state: state, environment: environment)
        connections[slot] = connection
        slots[key] = slot
        pairs.append((slot, pair))
        noteExpectation(of: connection)
        learnTags(of: slot, pair)
        arePairsStale = true
    }

    /// Ends the session with a contact and forgets it.
    package func remove(_ key: IdentityKey, at now: Instant) {
        guard let slot = slots.removeValue(forKey: key), let connection = connections[slot] else { return }
        connection.disconnect(at: now)
        settle(slot, connection, at: now)
        connections[slot] = nil
        pairs.removeAll { $0.slot == slot }
        forgetExpectation(of: connection)
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
    func learnTags(at now: Instant) {
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
