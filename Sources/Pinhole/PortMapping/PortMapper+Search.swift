import PinholeCore
import PinholeWire

// Looking for a gateway that maps.

extension PortMapper {
    /// Asks all methods at once.
    mutating func search(at now: Instant) {
        state = .searching(patience: now + Limits.gatewayFirstAnswer)
        standings.removeAll()
        disappointments.removeAll()
        service = nil
        askPCP(suggesting: internalPort, at: now)
        if methods.contains(.natPMP) { requests.append(.natPMP(.externalAddress)) }
        if methods.contains(.upnp) { requests.append(.upnp(.find)) }
    }

    /// Takes the best method that is there, once no better one can be waited for.
    mutating func choose(at now: Instant) {
        guard case .searching(let patience) = state else { return }
        var isAnyPending = false
        for method in methods {
            switch standings[method] {
            case .offered: return request(method, suggesting: internalPort, at: now)
            case nil where patience != nil: return
            case nil: isAnyPending = true
            case .failed: break
            }
        }
        if !isAnyPending { state = .resting(until: now + Limits.gatewayRest) }
    }

    mutating func request(_ method: PortMappingMethod, suggesting port: UInt16, at now: Instant) {
        state = .requesting(method)
        switch method {
        case .pcp:
            askPCP(suggesting: port, at: now)
        case .natPMP:
            requests.append(.natPMP(.map(externalPort: port, lifetime: Limits.mappingLifetime)))
        case .upnp:
            guard let service else { return fail(.upnp, at: now) }
            // It may be given without an answer that arrives.
            let farewell = Request.upnp(.remove(service, externalPort: port))
            if let old = farewells.updateValue(farewell, forKey: .upnp), old != farewell { requests.append(old) }
            requests.append(.upnp(.add(service, externalPort: port, lease: Limits.mappingLifetime)))
        }
    }

    private mutating func askPCP(suggesting port: UInt16, at now: Instant) {
        if farewells[.pcp] == nil {
            nonce = PCP.Nonce(high: UInt32(truncatingIfNeeded: entropy.next()), low: entropy.next())
        }
        exchange = Exchange(request: pcpRequest(port, lifetime: Limits.mappingLifetime), due: now)
        repeatPCP(at: now)
    }

    func pcpRequest(_ port: UInt16, lifetime: UInt32) -> PCPRequest {
        PCPRequest(
            client: client, nonce: nonce, internalPort: internalPort, suggestedPort: port, lifetime: lifetime)
    }

    /// A method has no port for us, now or any more.
    mutating func fail(_ method: PortMappingMethod, at now: Instant) {
        switch state {
        case .searching:
            standings[method] = .failed
            choose(at: now)
        case .requesting(method):
            standings[method] = .failed
            // The others had their time.
            state = .searching(patience: nil)
            choose(at: now)
        case .renewing(let lease) where lease.method == method:
            // RFC 6887 §11.2.1: again after half of the time that is left.
            let left = lease.expiry - now
            guard left > Limits.gatewayPatience else { return lose(at: now) }
            var lease = lease
            lease.renewal = now + left / 2
            state = .mapped(lease)
        case .resting, .requesting, .mapped, .renewing:
            standings[method] = .failed
        case .closed:
            confirmEnd(of: method)
        }
    }
}
