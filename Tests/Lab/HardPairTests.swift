import PinholeWire
import Testing

extension Laboratory {
    /// Pairs that cannot connect: they must say so soon, and say why.
    ///
    /// ```
    ///   alice ── router1 (S or X) ── backbone ── router2 ── bob
    ///                                    └── service
    /// ```
    @Suite("no direct path", .figures("no direct path: until it was told", "what", "time", "target"))
    struct HardPairTests {
        @Test("two symmetric NATs are named within ten seconds, and nothing is relayed")
        func symmetricPair() async throws {
            try await Network.run([.symmetric, .symmetric]) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(
                    at: network.sites, of: network, service: service.address(.v4))
                let listener = try bob.listen()
                try listener.expect("service-up")
                for arguments in [["ping", "bob"], ["send", "bob", "are you there?"]] {
                    let outcome = try alice.run(arguments)
                    #expect(outcome.status == .exited(79), "\(arguments): \(outcome)")
                    #expect(outcome.duration < .seconds(11), "\(arguments) took \(outcome.duration)")
                    Figures.note("S–S, \(arguments[0])", outcome.duration, target: .seconds(10))
                    let complaint = try #require(outcome.complaints.first, "\(outcome.errors)")
                    #expect(outcome.complaints.count == 1)
                    // One half of the sentence is about this network, the other about the peer's.
                    #expect(complaint.ranges(of: "hard NAT").count == 2 && complaint.contains("bob"), "\(complaint)")
                    #expect(!outcome.output.contains("are you there?"))
                }
                let counters = try network.service.counters()
                #expect(counters["session"]?.packets == 0)
                #expect(counters["handshake"]?.packets == 0)
            }
        }

        /// Whose network lets no UDP out.
        private enum Blocked: CaseIterable { case here, there }

        @Test("a network without UDP is recognised, and who is in one is not online")
        func blocked() async throws {
            try await together(Blocked.allCases) { blocked in
                switch blocked {
                case .here: try await blockedHere()
                case .there: try await blockedPeer()
                }
            }
        }

        private func blockedHere() async throws {
            try await Network.run([.blocked, .home]) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(
                    at: network.sites, of: network, service: service.address(.v4))
                let listener = try bob.listen()
                try listener.expect("service-up")
                let outcome = try alice.run(["ping", "bob"])
                #expect(outcome.status == .exited(69), "\(outcome)")
                #expect(outcome.duration < .seconds(6), "took \(outcome.duration)")
                Figures.note("UDP blocked here, ping", outcome.duration, target: .seconds(3))
                let complaint = try #require(outcome.complaints.first, "\(outcome.errors)")
                #expect(outcome.complaints.count == 1)
                #expect(complaint.contains("service"), "\(complaint)")
                #expect(
                    outcome.errors.contains("UDP"), "the person should learn that UDP is blocked: \(outcome.errors)")
            }
        }

        private func blockedPeer() async throws {
            try await Network.run([.home, .blocked]) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address)
                let listener = try bob.listen()
                try listener.expect("service-down")
                let caller = try alice.chat(with: bob)
                let registered = try caller.expect("service-up")
                let outcome = try caller.expect("unreachable")
                Figures.note("UDP blocked there", outcome.instant - registered.instant, target: .seconds(3))
                #expect(outcome.exitCode == 75 && outcome.reason == "bob is not online", "\(outcome)")
            }
        }
    }
}
