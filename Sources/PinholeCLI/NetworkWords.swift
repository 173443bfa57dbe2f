import Pinhole

/// A network in plain words, line by line.
struct NetworkWords {
    private let report: NetworkReport

    init(_ report: NetworkReport) {
        self.report = report
    }

    /// What is known within a second: whether UDP works, and how hard the NAT is.
    var first: [String] {
        [
            Self.line("UDP", udp),
            Self.line("IPv4", report.ipv4.map { "\($0.address)" } ?? "none"),
            Self.line("IPv6", report.ipv6.map { "\($0.address)" } ?? "none"),
            Self.line("NAT", Self.words(report.deciding?.mapping ?? .unknown)),
        ]
    }

    private var udp: Phrase {
        if report.udpWorks { return "works" }
        return report.services.contains(where: \.hasAddress) ? "no answer" : "not tried: there is no service to ask"
    }

    /// What is known a little later; the verdict is the last of it.
    var rest: [String] {
        var lines = [Self.line("Filter", Self.words(report.deciding?.filtering ?? .unknown))]
        if let family = report.deciding {
            lines.append(Self.line("Ports", Self.ports(of: family)))
            if family.mapping != .none { lines.append(Self.line("Hairpin", Self.hairpin(family.hairpins))) }
            lines.append(Self.line("Lifetime", Self.lifetime(of: family)))
            if family.mapping != .none { lines.append(Self.line("Mapping", Self.words(family.portMapping))) }
        }
        if report.ipv4 != nil, let ipv6 = report.ipv6 {
            lines.append(Self.line("IPv6 NAT", "\(Self.words(ipv6.mapping)); \(Self.words(ipv6.filtering))"))
        }
        for service in report.services {
            let state: Phrase =
                service.rtt.map { "answers in \(Format.duration($0))" } ?? service.failure ?? "does not answer"
            lines.append(Self.line("Service", "\(service.address): \(state)"))
        }
        if report.udpWorks, !report.isComplete {
            lines.append(Self.line("Note", "there was no time to find out everything"))
        }
        return lines + [Self.line("Verdict", report.verdict)]
    }

    private static func line(_ label: Phrase, _ words: Phrase) -> String {
        Format.field(label, words, width: 12)
    }

    static func words(_ mapping: NetworkReport.Mapping) -> Phrase {
        switch mapping {
        case .unknown: "could not be seen"
        case .none: "none, the address is your own"
        case .endpointIndependent: "the same port towards everybody (easy)"
        case .addressDependent: "another port for each address (hard)"
        case .addressAndPortDependent: "another port for each address and port (hard)"
        }
    }

    static func words(_ filtering: NetworkReport.Filtering) -> Phrase {
        switch filtering {
        case .unknown: "could not be seen"
        case .endpointIndependent: "lets in everybody"
        case .addressDependent: "lets in only addresses you wrote to"
        case .addressAndPortDependent: "lets in only ports you wrote to"
        }
    }

    private static func ports(of family: NetworkReport.Family) -> Phrase {
        let range: Phrase = family.portRange.map { "\($0.lowerBound) to \($0.upperBound)" } ?? ""
        return switch family.allocation {
        case .unknown:
            switch family.portPreserved {
            case true?: "kept as they are on this machine, as far as was seen"
            case false?: "changed by the NAT, in a way that could not be seen"
            case nil: "could not be seen"
            }
        case .preserving: "kept as they are on this machine"
        case .sequential: "counted in steps of \(family.portDelta ?? 1) (can be foreseen)"
        case .block: "random ones of a small block, \(range) as far as was seen (can be searched)"
        case .random: "random ones, \(range) as far as was seen (cannot be foreseen)"
        }
    }

    private static func hairpin(_ hairpins: Bool?) -> Phrase {
        switch hairpins {
        case true?: "works: the router leads its own outer addresses back inside"
        case false?: "does not work: others behind this router are reached inside only"
        case nil: "could not be tried"
        }
    }

    private static func words(_ mapping: NetworkReport.PortMapping) -> Phrase {
        switch mapping {
        case .off: "the router is not asked to forward a port (port-mapping = false)"
        case .unknown: "the router has not answered yet"
        case .none: "the router forwards no port (PCP, NAT-PMP or UPnP would make this network easy)"
        case .mapped(let method, let port, true?):
            "the router forwards its port \(port) (\(method.rawValue)), which was reached from outside"
        case .mapped(let method, let port, _):
            "the router says that it forwards its port \(port) (\(method.rawValue)), which was not reached from outside yet"
        }
    }

    private static func lifetime(of family: NetworkReport.Family) -> Phrase {
        let age: Phrase = family.lifetimeAge.map { " (measured \(Format.age($0)) ago)" } ?? ""
        return switch (family.lifetime, family.lifetimeLimit) {
        case (let lifetime?, let limit?):
            "an idle mapping lives \(Format.seconds(lifetime)), and is gone after \(Format.seconds(limit))\(age)"
        case (let lifetime?, nil): "an idle mapping lives \(Format.seconds(lifetime)) or longer\(age)"
        case (nil, let limit?): "an idle mapping is gone after \(Format.seconds(limit))\(age)"
        case (nil, nil): "not known yet: 'listen' and 'chat' measure it, which takes minutes"
        }
    }
}
