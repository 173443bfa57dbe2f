import ArgumentParser
import Pinhole

/// `pinhole netcheck`: what this network does to UDP.
struct NetcheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netcheck",
        abstract: "Find out what this network lets through, and whom you can reach from it.",
        discussion: """
            Asks the signaling services from one socket at several of their ports and compares what they see.

            Example:
              $ pinhole netcheck
              UDP         works
              IPv4        198.51.100.23:50412
              IPv6        none
              NAT         the same port towards everybody (easy); lets in only whom you wrote to
              Ports       kept as they are on this machine
              Service     signal.example.org answers in 23.1 ms
              Verdict     direct connections work with everybody but …
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Option(help: ArgumentHelp("How long to wait for the services.", valueName: "seconds"))
    var timeout = 5.0

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 600 else {
            throw ValidationError("--timeout must be more than 0 and at most 600 seconds")
        }
    }

    func run() async throws {
        guard try !Settings(network, global: global).services.isEmpty else {
            throw Failure(
                .configuration, "no signaling service is configured, so there is nobody to ask",
                hint: "give --service pinhole-signal://…, or put services = [\"pinhole-signal://…\"] into "
                    + global.configurationPath)
        }
        let limit = Duration.milliseconds(Int64(timeout * 1000))
        let report = try await Session.run(network, global: global, policy: .ask, tellsEvents: global.verbose) {
            session in
            try await session.node.networkReport(timeout: limit)
        }
        if json {
            show(report)
        } else {
            explain(report)
        }
        guard report.udpWorks else {
            throw Failure(
                .unreachableService, "no signaling service answered over UDP",
                hint: "is the address right, is the service up, does this network block UDP?")
        }
    }

    private func show(_ report: NetworkReport) {
        JSON.show([
            "udp": .bool(report.udpWorks), "ipv4": .string(report.ipv4), "ipv6": .string(report.ipv6),
            "mapping": .string(report.mapping.rawValue), "filtering": .string(report.filtering.rawValue),
            "portPreserved": .bool(report.portPreserved), "hairpins": .bool(report.hairpins),
            "services": .array(
                report.services.map {
                    [
                        "address": .string("\($0.address)"), "rttMs": .milliseconds($0.rtt),
                        "failure": .string($0.failure),
                    ]
                }),
            "verdict": .string(report.verdict),
        ])
    }

    private func explain(_ report: NetworkReport) {
        func line(_ label: String, _ words: String) {
            Console.result(label + String(repeating: " ", count: max(12 - label.count, 1)) + words)
        }
        line("UDP", report.udpWorks ? "works" : "no answer")
        line("IPv4", report.ipv4 ?? "none")
        line("IPv6", report.ipv6 ?? "none")
        line("NAT", Self.words(report.mapping) + Self.words(report.filtering))
        if let kept = report.portPreserved {
            line("Ports", kept ? "kept as they are on this machine" : "changed by the NAT")
        }
        if let hairpins = report.hairpins {
            line("Hairpin", hairpins ? "works" : "does not work")
        }
        for service in report.services {
            let state = service.rtt.map { "answers in \(Format.duration($0))" } ?? service.failure ?? "does not answer"
            line("Service", "\(service.address): \(state)")
        }
        line("Verdict", report.verdict)
    }

    private static func words(_ mapping: NetworkReport.Mapping) -> String {
        switch mapping {
        case .unknown: "could not be seen"
        case .none: "none, the address is your own"
        case .endpointIndependent: "the same port towards everybody (easy)"
        case .addressDependent: "another port for each address (hard)"
        case .addressAndPortDependent: "another port for each address and port (hard)"
        }
    }

    private static func words(_ filtering: NetworkReport.Filtering) -> String {
        switch filtering {
        case .unknown: ""
        case .endpointIndependent: "; lets in everybody"
        case .addressDependent: "; lets in only addresses you wrote to"
        case .addressAndPortDependent: "; lets in only ports you wrote to"
        }
    }
}
