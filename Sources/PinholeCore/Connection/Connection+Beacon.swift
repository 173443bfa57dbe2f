internal import PinholeWire

// A peer on the same local network: where its beacons came from, and calling it there.

/// The addresses on local networks at which a peer was heard lately.
struct Neighborhood {
    private var heard: [(address: TransportAddress, at: Instant)] = []

    /// One of each family on two networks.
    private static let limit = 4

    var addresses: [TransportAddress] { heard.map(\.address) }

    /// Notes that a beacon came from `address`; the newest of too many stay.
    mutating func note(_ address: TransportAddress, at now: Instant) {
        heard.removeAll { $0.address == address }
        heard.append((address, now))
        if heard.count > Self.limit { heard.removeFirst() }
    }

    /// Forgets where nothing came from for a while.
    mutating func prune(at now: Instant) {
        heard.removeAll { now - $0.at > Limits.neighborLifetime }
    }
}

extension Connection {
    /// Whether a session is wanted and there is none.
    var isCalling: Bool {
        session == nil && (wantedSince != nil || !outbox.isEmpty)
    }

    /// Where the peer listens, as far as it is known: by hand, or by its beacons.
    var listeningAddresses: [TransportAddress] {
        directAddresses + neighborhood.addresses.filter { !directAddresses.contains($0) }
    }

    /// An authentic beacon of the peer. It is called if either of the two wants that; a session gets one more path.
    func heardBeacon(from address: TransportAddress, isCalling isCalled: Bool, at now: Instant) {
        neighborhood.prune(at: now)
        neighborhood.note(address, at: now)
        report?.named(Candidate(.host, address), refusal: nil)
        guard session == nil else { return tryNeighbor(address, at: now) }
        guard isCalled || isCalling, pairings.isEmpty else { return }
        guard directHello == nil else { return sendDirectHello(at: now) }
        if isCalling, attemptDeadline == nil {
            wantedSince = now
            events.append(.connecting(peer))
        }
        retry = nil
        _ = currentAttempt(at: now)
        attemptDeadline = max(attemptDeadline ?? now, now + Self.punchPatience)
        callDirectly(at: now)
    }

    private func tryNeighbor(_ address: TransportAddress, at now: Instant) {
        let route = Route(address)
        guard !(paths[route]?.isValidated ?? false) || search != nil else { return }
        checklist.add(Candidate(.host, address), at: now)
        sendPathChallenge(to: route, at: now)
    }

    /// How an address became known. Who sends beacons is called at its own interface's.
    func kind(of address: TransportAddress) -> Candidate.Kind {
        checklist.kind(of: address) ?? (neighborhood.addresses.contains(address) ? .host : .peerReflexive)
    }

    /// HELLOs to where the peer listens.
    func callDirectly(at now: Instant) {
        guard !listeningAddresses.isEmpty else { return }
        directHello = DirectHello(resend: now, cookie: directHello?.cookie)
        sendDirectHello(at: now)
    }
}
