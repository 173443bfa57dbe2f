import PinholeCore
import PinholeWire

// Keeping what the gateway gave, and giving it back.

extension PortMapper {
    /// The gateway gave `port` for `lifetime` seconds, until `farewell` is asked of it.
    mutating func grant(
        _ method: PortMappingMethod, _ port: UInt16, lifetime: UInt32, isReset: Bool, farewell: Request, at now: Instant
    ) {
        guard port != 0, lifetime >= Limits.minMappingLease else { return fail(method, at: now) }
        let seconds = Int64(min(lifetime, Limits.maxMappingLease))
        farewells[method] = farewell
        switch state {
        case .mapped(let lease) where lease.method != method, .renewing(let lease) where lease.method != method:
            // A better one answered after this one was asked. It stays until the end: removing it could remove both.
            standings[method] = .offered
        case .searching, .requesting, .mapped, .renewing:
            if isReset || lease?.externalPort != port { generation += 1 }
            state = .mapped(
                Lease(
                    method: method, externalPort: port, granted: now, expiry: now + .seconds(seconds),
                    renewal: now + .seconds(seconds) / 2))
        case .resting, .closed:
            // It comes too late.
            remove(method)
        }
    }

    /// Whether the port was reached from outside.
    mutating func verify(_ port: UInt16, isReachable: Bool, at now: Instant) {
        guard let lease, lease.externalPort == port else { return }
        if isReachable {
            disappointments[lease.method] = nil
        } else {
            disappoint(lease.method, at: now)
        }
    }

    mutating func renew(_ lease: Lease, at now: Instant) {
        request(lease.method, suggesting: lease.externalPort, at: now)
        if case .requesting = state { state = .renewing(lease) }
    }

    /// The lease ran out before it could be renewed.
    mutating func lose(at now: Instant) {
        if let lease { farewells[lease.method] = nil }
        exchange = nil
        search(at: now)
    }

    /// What was given is not what was asked for: away with it, and once more with another port, then others are asked.
    mutating func disappoint(_ method: PortMappingMethod, at now: Instant) {
        remove(method)
        let count = disappointments[method, default: 0] + 1
        disappointments[method] = count
        state = .requesting(method)
        guard count < 2 else { return fail(method, at: now) }
        request(method, suggesting: 1024 + UInt16(entropy.next() % 64_512), at: now)
    }

    private mutating func remove(_ method: PortMappingMethod) {
        guard let farewell = farewells.removeValue(forKey: method) else { return }
        if method == .pcp { exchange = nil }
        requests.append(farewell)
    }

    /// RFC 6887 §15.1: the suggested port "MUST be set to zero".
    var pcpFarewell: Request { .pcp(pcpRequest(0, lifetime: 0).encoded) }

    /// RFC 6886 §3.4: "the Suggested External Port […] MUST be set to zero by the client on sending".
    static let natPMPFarewell = Request.natPMP(.map(externalPort: 0, lifetime: 0))

    /// Gives back all that the gateway gave, and what it may be giving at the moment.
    mutating func close(at now: Instant) {
        switch state {
        case .requesting(.pcp): farewells[.pcp] = pcpFarewell
        case .requesting(.natPMP): farewells[.natPMP] = Self.natPMPFarewell
        case .requesting(.upnp), .resting, .searching, .mapped, .renewing, .closed: break
        }
        // In a search there may be nobody who speaks PCP: no answer is waited for.
        if exchange != nil, farewells[.pcp] == nil { requests.append(pcpFarewell) }
        exchange = farewells[.pcp].map { _ in
            Exchange(
                request: pcpRequest(0, lifetime: 0), timesSent: 1, due: now + Limits.gatewayFirstAnswer)
        }
        state = .closed(unconfirmed: Set(farewells.keys))
        requests += methods.compactMap { farewells.removeValue(forKey: $0) }
    }

    /// A gateway that answers, whatever it says, holds nothing any more.
    mutating func confirmEnd(of method: PortMappingMethod) {
        guard case .closed(var unconfirmed) = state else { return }
        unconfirmed.remove(method)
        state = .closed(unconfirmed: unconfirmed)
    }
}
