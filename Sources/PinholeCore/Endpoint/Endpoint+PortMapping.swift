package import PinholeWire

// Ports that a router was asked for: the shell gets them, a service verifies them, and what is verified is a candidate.

extension Endpoint {
    /// The external port that this network's router forwards to the main socket of a family, as the router says; `nil`:
    /// none. The same port once more is verified anew.
    ///
    /// ``Event/mappingVerified(_:)`` or ``Event/mappingUnreachable(port:family:)`` follows when a service could tell.
    package func setMapping(_ port: UInt16?, _ family: IPAddress.Family, at now: Instant) {
        guard let port, port != 0 else {
            mappings[family] = nil
            return withdrawMapping(family)
        }
        if mappings[family]?.port != port {
            withdrawMapping(family)
            mappings[family] = MappingVerifier(port: port)
        }
        mappings[family]?.begin(verifyingService(family), at: now, &environment.entropy)
        settleMapping(family)
    }

    /// The address at which a router's mapping is reached from outside, once that was seen.
    package func mappedAddress(_ family: IPAddress.Family) -> TransportAddress? {
        environment.mapped[family]?.address
    }

    /// A service came up, or sees this peer elsewhere.
    func verifyMapping(_ family: IPAddress.Family, at now: Instant) {
        guard let port = mappings[family]?.port else { return }
        if let mapped = environment.mapped[family],
            !clients.contains(where: { $0.isRegistered && $0.observed?.ip == mapped.address.ip })
        {
            withdrawMapping(family)
        }
        setMapping(port, family, at: now)
    }

    func handleMappingTimeout(at now: Instant) {
        for family in IPAddress.Family.allCases where mappings[family] != nil {
            let service = verifyingService(family)
            let finding = mappings[family]?.handleTimeout(service, at: now, &environment.entropy)
            if let finding { note(finding, family, at: now) }
            settleMapping(family)
        }
    }

    /// Returns whether the answer was asked for.
    func receiveMappingAnswer(_ response: STUNMessage, from source: Route, at now: Instant) -> Bool {
        let family = source.remote.family
        guard source.socket == .main, let answer = mappings[family]?.receive(response, from: source.remote, at: now)
        else { return false }
        if let finding = answer { note(finding, family, at: now) }
        return true
    }

    private func note(_ finding: MappingVerifier.Finding, _ family: IPAddress.Family, at now: Instant) {
        guard let port = mappings[family]?.port else { return }
        switch finding {
        case .reachable(let address, let scope):
            let mapped = MappedAddress(address: address, scope: scope)
            guard environment.mapped.updateValue(mapped, forKey: family) != mapped else { return }
            tell(.mappingVerified(address))
            for (slot, connection) in connections {
                connection.candidatesGrew(at: now)
                settleLater(slot)
            }
        case .unreachable:
            withdrawMapping(family)
            tell(.mappingUnreachable(port: port, family: family))
        }
    }

    private func withdrawMapping(_ family: IPAddress.Family) {
        environment.mapped[family] = nil
    }

    private func settleMapping(_ family: IPAddress.Family) {
        for (request, destination) in mappings[family]?.takeOutgoing() ?? [] {
            transmit(request.encoded, to: Route(destination))
        }
    }

    /// One of our own if there is one: what contacts brought along is believed for their sake alone.
    private func verifyingService(_ family: IPAddress.Family) -> MappingVerifier.Service? {
        let own = clients.filter { $0.service.scope == .everybody }
        for client in own + clients where client.address.family == family {
            if client.isRegistered, let observed = client.observed,
                environment.believes(observed: observed, of: client.address)
            {
                return MappingVerifier.Service(
                    address: client.address, scope: client.service.scope, observed: observed)
            }
        }
        return nil
    }
}

extension Connection {
    /// There is one more way to reach this peer: the other side learns of it within the session, or by another
    /// introduction while there is none.
    func candidatesGrew(at now: Instant) {
        if session == nil, let ownHello, !introducers.isEmpty {
            introduce(ownHello, at: now)
        } else {
            serviceChanged(at: now)
        }
    }
}
