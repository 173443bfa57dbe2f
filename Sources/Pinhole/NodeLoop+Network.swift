import PinholeCore
import PinholeWire

// What the services and the measurements say of this network.

extension NodeLoop {
    func expect(_ stage: NetworkReport.Stage, _ measured: Expectation<Void>) {
        measurements.removeAll { $0.measured.isGivenUp }
        measurements.append((stage, measured))
        tellMeasured()
    }

    /// Tells those who wait for it that a stage is reached.
    func tellMeasured() {
        for measurement in measurements where isMeasured(measurement.stage) { measurement.measured.fulfil(()) }
        measurements.removeAll { isMeasured($0.stage) }
    }

    private func isMeasured(_ stage: NetworkReport.Stage) -> Bool {
        let families = Set(services.used.flatMap(\.observed.keys))
        let isDecided = services.used.allSatisfy { $0.rtt != nil || $0.failure != nil }
        switch stage {
        case .verdict:
            return families.contains { family in
                let mapping = endpoint.profile(family)?.behavior.mapping ?? .unknown
                return mapping != .unknown || !endpoint.isMeasuring(family)
            } || isDecided && families.isEmpty
        case .complete:
            // A service that is down says nothing that another has not shown.
            return (isDecided || !families.isEmpty)
                && families.allSatisfy { !endpoint.isMeasuring($0) && isMappingKnown($0) }
        }
    }

    var networkReport: NetworkReport {
        let (ipv4, ipv6) = (report(on: .v4), report(on: .v6))
        return NetworkReport(
            udpWorks: services.used.contains { $0.rtt != nil }, ipv4: ipv4, ipv6: ipv6,
            isComplete: isMeasured(.complete),
            services: services.used.map {
                NetworkReport.Service(
                    address: $0.address, hasAddress: hasAddress($0), rtt: $0.rtt,
                    failure: $0.rtt == nil ? $0.failure ?? "it has not answered yet" : nil)
            },
            verdict: silence ?? verdict(ipv4, ipv6))
    }

    private func hasAddress(_ service: ServiceList.Service) -> Bool {
        !(names.addresses[service.address] ?? []).isEmpty
    }

    /// Why nothing is heard of any service, if that is so.
    private var silence: Phrase? {
        let used = services.used
        if used.contains(where: { $0.rtt != nil }) { return nil }
        if used.isEmpty { return "unknown: no service is configured that could be asked" }
        guard used.contains(where: hasAddress) else {
            return "unknown: the services' names have no address, or no name server answers"
        }
        return "no service answers: the services are down, or this network blocks UDP"
    }

    /// What an IPv4 NAT does is what decides; a network without IPv4 is judged by IPv6.
    private func verdict(_ ipv4: NetworkReport.Family?, _ ipv6: NetworkReport.Family?) -> Phrase {
        let family: IPAddress.Family = ipv4 == nil && ipv6 != nil ? .v6 : .v4
        let isMapped = endpoint.mappedAddress(family) != nil
        return (endpoint.profile(family) ?? NATProfile()).verdict(isMapped: isMapped)
    }

    private func report(on family: IPAddress.Family) -> NetworkReport.Family? {
        guard let observed = services.used.lazy.compactMap({ $0.observed[family] }).first else { return nil }
        let profile = endpoint.profile(family) ?? NATProfile()
        let allocation = profile.allocation
        let now = Int64(clamping: loop.unixMilliseconds)
        let measured = endpoint.network(family).map { Int64(clamping: $0.lifetimeTime) }
        return NetworkReport.Family(
            address: observed.description, mapping: NetworkReport.Mapping(profile.behavior.mapping),
            filtering: NetworkReport.Filtering(profile.behavior.filtering),
            portPreserved: observed.port == loop.localPort(family),
            allocation: NetworkReport.Allocation(allocation.kind),
            portDelta: allocation.kind == .sequential ? Int(allocation.delta) : nil,
            portRange: allocation.kind == .unknown ? nil : allocation.low...allocation.high,
            hairpins: profile.hairpins, lifetime: profile.lifetime, lifetimeLimit: profile.lifetimeLimit,
            lifetimeAge: measured.flatMap { $0 > 0 ? .milliseconds(max(0, now - $0)) : nil },
            portMapping: portMapping(of: family))
    }

    private func portMapping(of family: IPAddress.Family) -> NetworkReport.PortMapping {
        guard mapsPorts else { return .off }
        switch mappings[family] {
        case .searching, nil: return .unknown
        case .some(.none): return .none
        case .mapped(let grant):
            let isReached = endpoint.mappedAddress(family)?.port == grant.externalPort
            return .mapped(
                NetworkReport.PortMapping.Method(grant.method), port: grant.externalPort,
                isReached: isReached ? true : nil)
        }
    }

    private func isMappingKnown(_ family: IPAddress.Family) -> Bool {
        switch portMapping(of: family) {
        case .off, .none, .mapped(_, _, isReached: _?): true
        case .unknown, .mapped(_, _, isReached: nil): false
        }
    }
}
