internal import PinholeCrypto
internal import PinholeWire

// Which addresses this peer names, and which of those that it is told it believes and probes.

extension Environment {
    /// This peer's own candidates, for a contact: its interfaces' addresses, its router's mappings, and where it is seen
    /// from outside. What a service that another contact brought along says is not passed on. `urgent` ones come first.
    func candidates(for peer: IdentityKey, behind urgent: [Candidate] = []) -> [Candidate] {
        let outside = outsideCandidates(for: peer)
        // A machine with many interfaces is hardly ever reached at most of them.
        let room = max(Limits.minHostCandidates, Limits.maxCandidates - outside.count - urgent.count)
        var candidates = urgent + hostCandidates.prefix(room)
        for candidate in outside where !candidates.contains(where: { $0.address == candidate.address }) {
            candidates.append(candidate)
        }
        return Array(candidates.prefix(Limits.maxCandidates))
    }

    private var hostCandidates: [Candidate] {
        var candidates: [Candidate] = []
        for local in localAddresses where !local.ip.isLoopback || allowsLoopback {
            guard let port = localPorts[local.ip.family] else { continue }
            let address = TransportAddress(local.ip, port: port)
            if address.isPunchable(loopback: allowsLoopback) { candidates.append(Candidate(.host, address)) }
        }
        return candidates
    }

    /// Mappings, and where services see this peer.
    private func outsideCandidates(for peer: IdentityKey) -> [Candidate] {
        var candidates: [Candidate] = []
        for family in IPAddress.Family.allCases {
            guard let mapped = mapped[family], mapped.scope.includes(peer) else { continue }
            candidates.append(Candidate(.portMapped, mapped.address))
        }
        for address in observed(for: peer) where !candidates.contains(where: { $0.address == address }) {
            candidates.append(Candidate(.serverReflexive, address))
        }
        return candidates
    }
}

// MARK: What others say

extension Environment {
    /// Whether a service may be right that it sees this peer at an address.
    func believes(observed: TransportAddress, of service: TransportAddress) -> Bool {
        isPlausible(observed, of: service)
            || observed.isPunchable(loopback: allowsLoopback) && localAddresses.contains { $0.ip == observed.ip }
    }

    /// Whether an address may be the second one of a service.
    func believes(second: TransportAddress, of service: TransportAddress) -> Bool {
        second.ip != service.ip && isPlausible(second, of: service)
    }

    /// Private addresses, of our own network or of another, are believed only of a service that is at such an address itself.
    private func isPlausible(_ address: TransportAddress, of service: TransportAddress) -> Bool {
        let isInside = service.ip.isPrivate || service.ip.isLoopback
        return address.family == service.family
            && address.isPunchable(loopback: allowsLoopback || service.ip.isLoopback)
            && !localAddresses.contains { $0.isBroadcast(address.ip) }
            && (isInside || !address.ip.isPrivate)
    }

    /// Whether an address that a contact named may be probed.
    func mayProbe(
        _ address: TransportAddress, of peer: IdentityKey, peerObserved: some Sequence<TransportAddress>
    ) -> Bool {
        refusal(of: address, of: peer, peerObserved: peerObserved) == nil
    }

    /// Why an address that a contact named is not probed, if it is not.
    ///
    /// Private addresses only where they can mean the contact: on one of our own networks, or behind the same public
    /// address. Never a service, and never ourselves; but what a service that another contact brought along says of
    /// itself and of us must not keep this one from being reached.
    func refusal(
        of address: TransportAddress, of peer: IdentityKey, peerObserved: some Sequence<TransportAddress>
    ) -> ProbeRefusal? {
        guard address.isPunchable(loopback: allowsLoopback) else { return .unusable }
        guard localPorts[address.family] != nil else { return .noFamily }
        guard !isService(address, for: peer) else { return .service }
        let observed = observed(for: peer)
        guard !observed.contains(address), !isOwn(address, for: peer) else { return .own }
        guard !localAddresses.contains(where: { $0.isBroadcast(address.ip) }) else { return .broadcast }
        guard address.ip.isPrivate else { return nil }
        let isBehindSameNAT = peerObserved.contains { other in observed.contains { $0.ip == other.ip } }
        return isNeighbour(address.ip) || isBehindSameNAT ? nil : .otherNetwork
    }

    private func isOwn(_ address: TransportAddress, for peer: IdentityKey) -> Bool {
        mapped.values.contains { $0.address == address && $0.scope.includes(peer) }
            || localPorts[address.family] == address.port && localAddresses.contains { $0.ip == address.ip }
    }

    private func isService(_ address: TransportAddress, for peer: IdentityKey) -> Bool {
        serviceScopes[address]?.contains { $0.includes(peer) } ?? false
    }
}
