import Foundation
import PinholeWire
import Testing

extension Laboratory {
    /// What a person is told who asks why.
    ///
    /// ```
    ///   alice ── router1 (P, S or X) ── backbone ── router2 (P or S) ── bob
    ///                                       ├── service
    ///                                       └── (a service that does not exist)
    /// ```
    @Suite("doctor")
    struct DoctorTests {
        private struct Report: Decodable {
            struct Address: Decodable {
                var address: String
                var kind: String
                var datagramsSent: Int
                var answeredMs: Double?
                var skipped: String?
            }

            struct Service: Decodable {
                var answer: String
            }

            struct NAT: Decodable {
                var mapping: String
            }

            var v: Int
            var outcome: String
            var exitCode: Int32
            var message: String?
            var durationMs: Double
            var network: NAT
            var peer: NAT?
            var services: [Service]
            var addresses: [Address]
        }

        private func examine(
            _ types: [RouterType], _ options: [String] = []
        ) async throws -> (report: Report, outcome: Peer.Outcome) {
            try await Network.run(types) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let listener = try bob.listen()
                try listener.expect("service-up")
                let outcome = try alice.run(["doctor", "bob", "--json"] + options)
                let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
                #expect(report.v == 1 && outcome.status == .exited(report.exitCode), "\(outcome)")
                return (report, outcome)
            }
        }

        @Test("tells how a path was found")
        func connected() async throws {
            let (report, outcome) = try await examine([.home, .home])
            #expect(report.outcome == "connected" && report.exitCode == 0, "\(outcome)")
            #expect(report.services.map(\.answer) == ["present"])
            #expect(report.network.mapping == "endpoint-independent")
            #expect(report.peer?.mapping == "endpoint-independent")
            let answered = report.addresses.filter { $0.answeredMs != nil }
            #expect(answered.contains { $0.address.hasPrefix("203.0.113.18:") && $0.datagramsSent > 0 }, "\(outcome)")
        }

        @Test("tells that two hard NATs cannot meet, without a single address if that is wanted")
        func hard() async throws {
            let (report, outcome) = try await examine([.symmetric, .symmetric], ["--hide-addresses"])
            #expect(report.outcome == "no-direct-path" && report.exitCode == 79, "\(outcome)")
            #expect(report.network.mapping == "address-and-port-dependent")
            #expect(report.peer?.mapping == "address-and-port-dependent")
            #expect(report.message?.ranges(of: "hard NAT").count == 2, "\(outcome)")
            for part in ["203.0.113.", "198.51.100.", "192.168.1.", "pinsrv1"] {
                #expect(!outcome.output.contains(part), "\(outcome)")
            }
            #expect(outcome.output.contains("ipv4-1"))
        }

        @Test("tells within three seconds that no service answers")
        func blocked() async throws {
            let (report, outcome) = try await examine([.blocked, .home])
            #expect(report.outcome == "no-service" && report.exitCode == 69, "\(outcome)")
            #expect(report.durationMs <= 3000 && report.addresses.isEmpty && report.peer == nil, "\(outcome)")
        }

        @Test("a contact is found through the service that it brings along, and a dead one costs nothing")
        func carried() async throws {
            try await Network.run([.home, .home]) { network in
                let service = try SignalingService(on: network)
                let address = service.address(.v4)
                // The same key where nobody listens.
                let dead = String(address[..<address.lastIndex(of: ":")!]) + ":9"
                let alice = try Peer("alice", at: network.sites[0], of: network, service: dead)
                let bob = try Peer("bob", at: network.sites[1], of: network, service: address)
                try bob.add(alice)
                for arguments in [[bob.key], [bob.key, "--service", address]] {
                    let outcome = try alice.run(["contact", "add", "bob"] + arguments)
                    #expect(outcome.status == .exited(0), "\(outcome)")
                }
                let listener = try bob.listen()
                try listener.expect("service-up")
                let outcome = try alice.run(["ping", "bob", "--json"])
                #expect(outcome.status == .exited(0), "\(outcome)")
                #expect(outcome.duration < .seconds(2), "took \(outcome.duration)")
            }
        }
    }
}
