import Foundation
import PinholeWire
import Testing

extension Laboratory {
    /// The product's own eyes: it must see each router as the laboratory measured it.
    ///
    /// ```
    ///   pinhole netcheck ── router (any type) ── backbone ── service, two addresses, four ports
    /// ```
    @Suite("netcheck")
    struct NetcheckTests {
        private struct Report: Decodable {
            var udp: Bool
            var ipv4: String?
            var ipv6: String?
            var mapping: String
            var filtering: String
            var portPreserved: Bool?
            var verdict: String
        }

        @Test("names what the router does", arguments: RouterType.all.filter(\.passesUDP))
        func names(_ type: RouterType) async throws {
            try await Network.run([type]) { network in
                let family: IPAddress.Family = type.families.contains(.v4) ? .v4 : .v6
                let service = try SignalingService(on: network)
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(family))
                let outcome = try peer.run(["netcheck", "--json"])
                #expect(outcome.status == .exited(0), "\(outcome)")
                let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
                #expect(report.udp)
                #expect(report.mapping == type.behavior.mapping.name, "\(type): \(outcome.output)")
                #expect(report.filtering == type.behavior.filtering.name, "\(type): \(outcome.output)")
                #expect(report.portPreserved == type.preservesPorts, "\(type): \(outcome.output)")
                let seen = family == .v4 ? report.ipv4 : report.ipv6
                let address =
                    family == .v6 ? "[\(peer.site.address6)]" : type.isPublic ? peer.site.address : peer.site.wan
                #expect(seen?.hasPrefix(address) == true, "\(type): \(outcome.output)")
                #expect(!report.verdict.isEmpty)
            }
        }

        @Test("says that UDP does not get out: exit code 69")
        func blocked() async throws {
            try await Network.run([.blocked]) { network in
                let service = try SignalingService(on: network)
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(.v4))
                let outcome = try peer.run(["netcheck"])
                #expect(outcome.status == .exited(69), "\(outcome)")
                #expect(outcome.complaints.count == 1 && outcome.errors.contains("UDP"), "\(outcome.errors)")
            }
        }
    }
}

extension NATBehavior.Mapping {
    /// The word that `netcheck --json` uses.
    fileprivate var name: String {
        switch self {
        case .unknown: "unknown"
        case .none: "none"
        case .endpointIndependent: "endpoint-independent"
        case .addressDependent: "address-dependent"
        case .addressAndPortDependent: "address-and-port-dependent"
        }
    }
}

extension NATBehavior.Filtering {
    fileprivate var name: String {
        switch self {
        case .unknown: "unknown"
        case .endpointIndependent: "endpoint-independent"
        case .addressDependent: "address-dependent"
        case .addressAndPortDependent: "address-and-port-dependent"
        }
    }
}
