package import Pinhole

extension NetworkReport.Allocation: Codable {}

/// What `netcheck --json` prints.
package struct NetworkShape: Codable, Sendable {
    let udp: Bool
    let complete: Bool
    @Nullable var ipv4: String?
    @Nullable var ipv6: String?
    @Nullable var family: PathReport.Family?
    let mapping: NetworkReport.Mapping
    let filtering: NetworkReport.Filtering
    @Nullable var portPreserved: Bool?
    @Nullable var nat4: NAT?
    @Nullable var nat6: NAT?
    let services: [Service]
    let verdict: String

    struct Service: Codable, Sendable {
        let address: String
        let found: Bool
        @Nullable var rttMs: Double?
        @Nullable var failure: String?
    }

    struct NAT: Codable, Sendable {
        let address: String
        let mapping: NetworkReport.Mapping
        let filtering: NetworkReport.Filtering
        @Nullable var portPreserved: Bool?
        let allocation: NetworkReport.Allocation
        @Nullable var portDelta: Int?
        @Nullable var portLow: UInt16?
        @Nullable var portHigh: UInt16?
        @Nullable var hairpins: Bool?
        @Nullable var lifetimeMs: Double?
        @Nullable var lifetimeLimitMs: Double?
        @Nullable var lifetimeAgeMs: Double?
        let portMapping: PortMapping
        @Nullable var mappedPort: UInt16?
        @Nullable var mappedPortReached: Bool?
    }

    enum PortMapping: String, Codable, CaseIterable, Sendable {
        case off, unknown, none
        case pcp = "PCP"
        case natPMP = "NAT-PMP"
        case upnp = "UPnP-IGD"
    }
}

extension NetworkShape {
    package init(_ report: NetworkReport) {
        let deciding = report.deciding
        (udp, complete, verdict) = (report.udpWorks, report.isComplete, report.verdict.spoken)
        (ipv4, ipv6) = (report.ipv4?.address, report.ipv6?.address)
        family = deciding.map { $0 == report.ipv4 ? .ipv4 : .ipv6 }
        (mapping, filtering) = (deciding?.mapping ?? .unknown, deciding?.filtering ?? .unknown)
        portPreserved = deciding?.portPreserved
        (nat4, nat6) = (report.ipv4.map(NAT.init), report.ipv6.map(NAT.init))
        services = report.services.map {
            Service(
                address: "\($0.address)", found: $0.hasAddress, rttMs: $0.rtt?.milliseconds, failure: $0.failure?.spoken
            )
        }
    }

    package var report: NetworkReport {
        NetworkReport(
            udpWorks: udp, ipv4: nat4?.family, ipv6: nat6?.family, isComplete: complete,
            services: services.compactMap { service in
                (try? ServiceAddress(service.address)).map {
                    NetworkReport.Service(
                        address: $0, hasAddress: service.found, rtt: service.rttMs.map { Duration(milliseconds: $0) },
                        failure: service.failure.map { Phrase(verbatim: $0) })
                }
            },
            verdict: Phrase(verbatim: verdict))
    }
}

extension NetworkShape.NAT {
    init(_ family: NetworkReport.Family) {
        (address, mapping, filtering) = (family.address, family.mapping, family.filtering)
        (allocation, portDelta) = (family.allocation, family.portDelta)
        (portPreserved, hairpins) = (family.portPreserved, family.hairpins)
        (portLow, portHigh) = (family.portRange?.lowerBound, family.portRange?.upperBound)
        lifetimeMs = family.lifetime?.milliseconds
        lifetimeLimitMs = family.lifetimeLimit?.milliseconds
        lifetimeAgeMs = family.lifetimeAge?.milliseconds
        switch family.portMapping {
        case .off: portMapping = .off
        case .unknown: portMapping = .unknown
        case .none: portMapping = .none
        case .mapped(let method, let port, let isReached):
            portMapping =
                switch method {
                case .pcp: .pcp
                case .natPMP: .natPMP
                case .upnp: .upnp
                }
            (mappedPort, mappedPortReached) = (port, isReached)
        }
    }

    var family: NetworkReport.Family {
        func mapped(_ method: NetworkReport.PortMapping.Method) -> NetworkReport.PortMapping {
            .mapped(method, port: mappedPort ?? 0, isReached: mappedPortReached)
        }
        let portMapping: NetworkReport.PortMapping =
            switch self.portMapping {
            case .off: .off
            case .unknown: .unknown
            case .none: .none
            case .pcp: mapped(.pcp)
            case .natPMP: mapped(.natPMP)
            case .upnp: mapped(.upnp)
            }
        var range: ClosedRange<UInt16>?
        if let portLow, let portHigh, portLow <= portHigh { range = portLow...portHigh }
        return NetworkReport.Family(
            address: address, mapping: mapping, filtering: filtering, portPreserved: portPreserved,
            allocation: allocation, portDelta: portDelta, portRange: range, hairpins: hairpins,
            lifetime: lifetimeMs.map { Duration(milliseconds: $0) },
            lifetimeLimit: lifetimeLimitMs.map { Duration(milliseconds: $0) },
            lifetimeAge: lifetimeAgeMs.map { Duration(milliseconds: $0) }, portMapping: portMapping)
    }
}
