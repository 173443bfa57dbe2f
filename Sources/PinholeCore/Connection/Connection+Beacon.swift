internal import PinholeWire

// A peer on the same local network: where its beacons came from, and calling it there.

/// The addresses on local networks at which a peer was heard lately.
struct Neighbourhood {
    private var heard: [(address: TransportAddress, at: Instant)] = []

    /// One of each family on two networks.
    private static let limit = 4

    var addresses: [TransportAddress] { heard.map(\.address) }

    /// Notes that a beacon came from `address`; the newest of too many stay. Returns whether none came from there lately.
    mutating func note(_ address: TransportAddress, at now: Instant) -> Bool {
        let count = heard.count
        heard.removeAll { $0.address == address }
        let isNew = heard.count == count
        heard.append((address, now))
        if heard.count > Self.limit { heard.removeFirst() }
        return isNew
    }

    /// Forgets where nothing came from for a while.
    mutating func prune(at now: Instant) {
        heard.removeAll { now - $0.at > Limits.neighbourLifetime }
    }
}

extension Connection {
    /// Whether a session is wanted and there is none.
    var isCalling: Bool {
        session == nil && isWanted
    }

    /// Where the peer listens, as far as it is known: by hand, or by its beacons on the networks that we are on.
    var listeningAddresses: [TransportAddress] {
        directAddresses
            + neighbourhood.addresses.filter { !directAddresses.contains($0) && environment.isNeighbour($0.ip) }
    }

    /// An authentic beacon of the peer. It is called if either of the two wants that; a session gets one more path.
    func heardBeacon(from address: TransportAddress, isCalling isCalled: Bool, at now: Instant) {
        neighbourhood.prune(at: now)
        let isNew = neighbourhood.note(address, at: now)
        report?.named(Candidate(.host, address), refusal: nil)
        guard session == nil else { return tryNeighbour(address, at: now) }
        guard isCalled || isCalling, pairings.isEmpty else { return }
        // A call that is under way has its own pace.
        guard attempt?.directHello == nil || isNew else { return }
        if isCalling, attempt == nil {
            wantedSince = now
            events.append(.connecting(peer))
        }
        retry = nil
        _ = currentHello(at: now)
        extendAttempt(until: now + Self.punchPatience)
        callDirectly(at: now)
    }

    private func tryNeighbour(_ address: TransportAddress, at now: Instant) {
        let route = Route(address)
        guard !(paths[route]?.isValidated ?? false) || search != nil else { return }
        checklist.add(Candidate(.host, address), at: now)
        sendPathChallenge(to: route, at: now)
    }

    /// How an address became known. What comes from a network of ours comes from the peer's own interface.
    func kind(of address: TransportAddress) -> Candidate.Kind {
        checklist.kind(of: address) ?? (environment.isNeighbour(address.ip) ? .host : .peerReflexive)
    }

    /// HELLOs to where the peer listens.
    func callDirectly(at now: Instant) {
        guard !listeningAddresses.isEmpty else { return }
        attempt?.directHello = Attempt.DirectHello(resend: now)
        sendDirectHello(at: now)
    }
}
