import Foundation
import Glibc
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
            struct Family: Decodable {
                var address: String
                var mapping: String
                var filtering: String
                var portPreserved: Bool?
                var allocation: String
                var portDelta: Int?
                var portLow: UInt16?
                var portHigh: UInt16?
                var hairpins: Bool?
                var lifetimeMs: Double?
                var lifetimeLimitMs: Double?
                var lifetimeAgeMs: Double?
            }

            var v: Int
            var udp: Bool
            var complete: Bool
            var mapping: String
            var filtering: String
            var portPreserved: Bool?
            var nat4: Family?
            var nat6: Family?
            var verdict: String
        }

        private static func netcheck(_ peer: Peer) throws -> (report: Report, outcome: Peer.Outcome) {
            let outcome = try peer.run(["netcheck", "--json"])
            #expect(outcome.status == .exited(0), "\(outcome)")
            return (try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)), outcome)
        }

        @Test("names what the router does, within 5 s")
        func names() async throws { try await together(RouterType.all.filter(\.passesUDP), names) }

        private func names(_ type: RouterType) async throws {
            try await Network.run([type]) { network in
                let service = try SignalingService(on: network)
                for family in type.families {
                    let name = family == .v4 ? "alice" : "alice6"
                    let peer = try Peer(name, at: network.sites[0], of: network, service: service.address(family))
                    let (report, outcome) = try Self.netcheck(peer)
                    #expect(report.v == 1 && report.udp && report.complete && !report.verdict.isEmpty)
                    #expect(outcome.duration < .seconds(5), "\(type): \(outcome.duration)")
                    let measured = try #require(family == .v4 ? report.nat4 : report.nat6, "\(type): \(outcome.output)")
                    #expect((family == .v4 ? report.nat6 : report.nat4) == nil)
                    try Self.check(measured, of: type, family, at: peer.site, outcome.output)
                    #expect(report.mapping == measured.mapping && report.filtering == measured.filtering)
                    #expect(report.portPreserved == measured.portPreserved)
                }
            }
        }

        private static func check(
            _ measured: Report.Family, of type: RouterType, _ family: IPAddress.Family, at site: Network.Site,
            _ output: String
        ) throws {
            let behavior = type.behavior(over: family)
            #expect(measured.mapping == behavior.mapping.name, "\(type): \(output)")
            #expect(measured.filtering == behavior.filtering.name, "\(type): \(output)")
            let isTranslated = behavior.mapping != .none
            #expect(measured.portPreserved == (type.preservesPorts || !isTranslated), "\(type): \(output)")
            let ip = family == .v6 ? site.address6 : type.isPublic ? site.address : site.wan
            #expect(TransportAddress(measured.address)?.ip == IPAddress(ip), "\(type): \(output)")
            // Nobody else's mappings come between, so the counter's step is seen as it is: its bytes are swapped.
            let allocations = ["E": "random", "Q": "sequential", "B": "block", "S": "random"]
            #expect(measured.allocation == allocations[type.letter] ?? "preserving", "\(type): \(output)")
            #expect(measured.portDelta == (type.letter == "Q" ? 256 : nil), "\(type): \(output)")
            if type.letter == "B" {
                let (low, high) = (try #require(measured.portLow), try #require(measured.portHigh))
                #expect(low >= 20_000 && low < high && high <= 20_511, "\(output)")
            }
            // The address is on the host itself: there is nothing to try.
            #expect(measured.hairpins == (isTranslated ? false : nil), "\(type): \(output)")
            #expect(measured.lifetimeMs == nil && measured.lifetimeAgeMs == nil)
        }

        @Test("sees that a router leads its own addresses back inside")
        func hairpin() async throws {
            try await Network.run([.home.hairpinning]) { network in
                let service = try SignalingService(on: network)
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(.v4))
                #expect(try Self.netcheck(peer).report.nat4?.hairpins == true)
            }
        }

        @Test(
            "says how hard the NAT is within a second, and the rest within five",
            arguments: [RouterType.home, .symmetric])
        func firstVerdict(_ type: RouterType) async throws {
            try await Network.run([type]) { network in
                let service = try SignalingService(on: network)
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(.v4))
                let begin = ContinuousClock.now
                let program = try peer.start(["netcheck"])
                let words = try network.reactor.wait(for: "the first verdict", within: .seconds(1)) {
                    program.output.lines.first { $0.hasPrefix("NAT ") }
                }
                #expect(words.contains(type == .home ? "easy" : "hard"), "\(words)")
                #expect(try network.reactor.exitStatus(of: program, within: .seconds(10)) == .exited(0))
                #expect(ContinuousClock.now - begin < .seconds(5))
                let labels = program.output.lines.compactMap { $0.split(separator: " ").first.map(String.init) }
                #expect(
                    labels == [
                        "UDP", "IPv4", "IPv6", "NAT", "Filter", "Ports", "Hairpin", "Lifetime", "Mapping", "Service",
                        "Verdict",
                    ])
            }
        }

        @Test("knows how long a mapping lives once somebody has listened on this network", .fullOnly)
        func lifetime() async throws {
            try await Network.run([.symmetric]) { network in
                let service = try SignalingService(on: network)
                let site = network.sites[0]
                try network.setMappingLifetime(of: site, unanswered: .seconds(4), answered: .seconds(9))
                let peer = try Peer("alice", at: site, of: network, service: service.address(.v4))
                let listening = try peer.start(["listen"])
                // 10 s until it begins, 25 s until the youngest is gone, then ages of 6, 12 and 18 s.
                try network.pass(.seconds(60))
                listening.signal(SIGTERM)
                _ = try network.reactor.exitStatus(of: listening, within: .seconds(10))
                let measured = try #require(try Self.netcheck(peer).report.nat4)
                let (life, limit) = (try #require(measured.lifetimeMs), try #require(measured.lifetimeLimitMs))
                #expect(life < 9100 && limit > 8900 && limit - life <= 6300, "\(life) … \(limit)")
                #expect(try #require(measured.lifetimeAgeMs) < 60_000)
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
