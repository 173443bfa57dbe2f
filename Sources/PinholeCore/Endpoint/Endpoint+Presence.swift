package import PinholeCrypto
package import PinholeWire

// Who is there: contacts, as far as anybody tells, and other nodes with this identity.

extension Endpoint {
    /// Whether the services are to say of all contacts when they come and go, and not only of those that are wanted.
    package func watchContacts(_ isWatching: Bool, at now: Instant) {
        guard isWatching != watchesContacts else { return }
        watchesContacts = isWatching
        arePairsStale = true
    }

    /// Whether every service has confirmed all tags, and thereby said who is there, or was given up once.
    package var hasHeardServices: Bool {
        !arePairsStale && !clients.isEmpty && clients.allSatisfy { $0.hasToldTags || $0.hasFailed }
    }

    /// Whether a contact is reachable, as far as anybody tells.
    package func isPresent(_ key: IdentityKey) -> Bool {
        slots[key].flatMap { connections[$0]?.isThere } ?? false
    }

    /// A service says that a contact came or went.
    func note(_ slot: Int, isThere: Bool, by client: Int) {
        guard let connection = connections[slot] else { return }
        if isThere { connection.seenBy.insert(client) } else { connection.forget(client: client) }
    }

    /// A service is silent: what it said does not count any more.
    func forgetPresence(by client: Int, mayReturn: Bool = false) {
        for (slot, connection) in connections where connection.forget(client: client, mayReturn: mayReturn) {
            settleLater(slot)
        }
    }

    /// Neighbours that were not heard for a while are gone.
    func pruneNeighbours(at now: Instant) {
        for (slot, connection) in connections where !connection.neighbourhood.addresses.isEmpty {
            connection.neighbourhood.prune(at: now)
            if connection.isThere != connection.isPresent { settleLater(slot) }
        }
    }
}

// MARK: Twins

extension Endpoint {
    /// Whether a tag is that of this identity itself, from a service of one's own.
    func isTwinTag(_ tag: RendezvousTag, at index: Int) -> Bool {
        twinTags.contains(tag) && clients[index].twins != nil
    }

    func handleTwinTimeout(at now: Instant) {
        for (id, side, blob) in twins.takeDue(at: now, &environment.entropy) {
            guard let index = client(withID: id) else { continue }
            clients[index].askTwin(side, blob: blob, at: now)
        }
    }

    func receiveTwin(_ tag: RendezvousTag, observed: [TransportAddress], blob: [UInt8], at index: Int, now: Instant) {
        // With an empty one a service only says that somebody is there.
        guard !blob.isEmpty else { return }
        let (answer, isNews) = twins.receive(blob, by: clients[index].id, at: now, &environment.entropy)
        if let answer { clients[index].answerTwin(tag, answer.side, blob: answer.blob) }
        if isNews { tell(.twin(observed.first)) }
    }

    /// A beacon with an entry that only this identity can make.
    func heardTwin(from address: TransportAddress, at now: Instant) {
        // A beacon does not say which node it is of; one that sends from many addresses is told once.
        guard twins.heard(0, at: now) else { return }
        tell(.twin(address))
        // It is to hear the same at once.
        beacons.hurry(at: now)
    }
}
