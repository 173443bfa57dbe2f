import Foundation
import Glibc
import PinholeWire
import Testing

extension Laboratory {
    /// Routers that forward a port when they are asked to, and routers that only say so.
    ///
    /// ```
    ///   pinhole ── S router with miniupnpd, or with a server of the test's own ── backbone ── service
    /// ```
    @Suite("port mapping")
    struct PortMappingTests {
        private struct Report: Decodable {
            struct Family: Decodable {
                var portMapping: String
                var mappedPort: Int?
                var mappedPortReached: Bool?
            }
            var complete: Bool
            var nat4: Family?
        }

        private static func netcheck(_ peer: Peer, _ options: [String] = []) throws -> (Report.Family, Duration) {
            let outcome = try peer.run(["netcheck", "--json"] + options)
            #expect(outcome.status == .exited(0), "\(outcome)")
            let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
            return (try #require(report.nat4, "\(outcome)"), outcome.duration)
        }

        @Test("a real gateway maps, the port is reached from outside, and given back")
        func maps() async throws { try await together(MappingDaemon.Offer.allCases, maps) }

        private func maps(_ offer: MappingDaemon.Offer) async throws {
            try await Network.run([.symmetric]) { network in
                let service = try SignalingService(on: network)
                let daemon = try MappingDaemon(at: network.sites[0], of: network, offering: offer)
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(.v4))
                let (family, time) = try Self.netcheck(peer)
                #expect(family.portMapping == (offer == .all ? "PCP" : offer.rawValue))
                #expect(family.mappedPortReached == true && family.mappedPort != nil)
                #expect(time < .seconds(6))
                #expect(try daemon.ports() == [], "the end gives it back")
                print("port mapping, \(offer.rawValue): netcheck took \(time)")
            }
        }

        @Test("it connects with everybody, whoever calls: M × P, p, Q and S")
        func connects() async throws {
            try await together([RouterType.home, .careless, .sequential, .symmetric], connects)
        }

        private func connects(_ other: RouterType) async throws {
            try await Network.run([.symmetric, other]) { network in
                let service = try SignalingService(on: network)
                let daemon = try MappingDaemon(at: network.sites[0], of: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let listening = try alice.listen()
                try listening.expect("service-up")
                _ = try daemon.waitForPorts(within: .seconds(3)) { $0.count == 1 }
                try network.pass(.milliseconds(300))
                let chat = try bob.chat(with: alice)
                let path = try #require(try chat.expect("connected").path)
                #expect(path.remote == "\(network.sites[0].wan):\(try daemon.ports()[0])")
                #expect(path.kind == "port-mapped")
                #expect(path.connectMs < 1000, "\(path.connectMs) ms")
                chat.say("through the router's port")
                try listening.expect(message: "through the router's port")
                print("port mapping, M × \(other.letter): connected in \(path.connectMs) ms")
                #expect(try chat.finish() == .exited(0))
                listening.program.signal(SIGTERM)
                _ = try network.reactor.exitStatus(of: listening.program, within: .seconds(5))

                let waiting = try bob.listen()
                try waiting.expect("service-up")
                let calling = try alice.chat(with: bob)
                let called = try #require(try calling.expect("connected").path)
                #expect(called.connectMs < 2000, "\(called.connectMs) ms")
                calling.say("the other way round")
                try waiting.expect(message: "the other way round")
                print("port mapping, \(other.letter) × M: connected in \(called.connectMs) ms")
            }
        }

        @Test(  // [MAP-7]
            "Ctrl-C and SIGTERM give the port back, and do not wait for a router that is gone",
            arguments: [SIGINT, SIGTERM])
        func ends(signal: Int32) async throws {
            try await Network.run([.symmetric]) { network in
                let service = try SignalingService(on: network)
                let daemon = try MappingDaemon(at: network.sites[0], of: network)
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(.v4))
                let first = try peer.listen()
                _ = try daemon.waitForPorts(within: .seconds(3)) { $0.count == 1 }
                // The daemon lists the port before its answer has arrived: the end may come in between.
                first.program.signal(signal)
                _ = try network.reactor.exitStatus(of: first.program, within: .seconds(5))
                // The program does not wait for the daemon, which may still have it to read.
                _ = try daemon.waitForPorts(within: .seconds(3)) { $0.isEmpty }

                let second = try peer.listen()
                _ = try daemon.waitForPorts(within: .seconds(3)) { $0.count == 1 }
                daemon.program.signal(SIGSTOP)
                let begin = ContinuousClock.now
                second.program.signal(signal)
                _ = try network.reactor.exitStatus(of: second.program, within: .seconds(5))
                let time = ContinuousClock.now - begin
                #expect(time < .milliseconds(1500), "\(time)")
                print("port mapping: the end took \(time) with a router that did not answer")
            }
        }

        @Test("a router that lost its table is asked for the same port again")
        func reboot() async throws {
            try await Network.run([.symmetric]) { network in
                let service = try SignalingService(on: network)
                var daemon = try MappingDaemon(at: network.sites[0], of: network)
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(.v4))
                _ = try peer.listen()
                let ports = try daemon.waitForPorts(within: .seconds(3)) { $0.count == 1 }
                try network.pass(.seconds(5))
                let begin = ContinuousClock.now
                try daemon.reboot()
                #expect(try daemon.waitForPorts(within: .seconds(10)) { !$0.isEmpty } == ports)
                print("port mapping: restored \(ContinuousClock.now - begin) after a reboot")
            }
        }

        @Test("without a wish for it no router is asked")
        func off() async throws {
            try await Network.run([.symmetric]) { network in
                let service = try SignalingService(on: network)
                let gateway = try BrokenGateway(.dead, at: network.sites[0])
                defer { gateway.stop() }
                let peer = try Peer("alice", at: network.sites[0], of: network, service: service.address(.v4))
                let file = peer.directory + "/config.toml"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try (text + "port-mapping = false\n").write(toFile: file, atomically: true, encoding: .utf8)
                #expect(try Self.netcheck(peer).0.portMapping == "off")
                #expect(gateway.log == [])
            }
        }

        @Test("a router that says so and does not is found out, and holds nobody up")
        func broken() async throws { try await together(BrokenGateway.Manner.allCases, broken) }

        private func broken(_ manner: BrokenGateway.Manner) async throws {
            try await Network.run([.symmetric]) { network in
                let site = network.sites[0]
                let service = try SignalingService(on: network)
                try site.router.nft(
                    """
                    table inet watch {
                        counter web {}
                        chain forward {
                            type filter hook forward priority filter
                            meta l4proto tcp counter name web
                        }
                    }
                    """)
                let gateway = try BrokenGateway(manner, at: site)
                defer { gateway.stop() }
                let peer = try Peer("alice", at: site, of: network, service: service.address(.v4))
                let (family, time) = try Self.netcheck(peer, ["--timeout", "20"])
                #expect(family.mappedPortReached != true)
                #expect(family.portMapping == "none", "\(gateway.log)")
                #expect(gateway.log.count < 60, "\(gateway.log)")
                #expect(try site.router.counters()["web"]?.packets == 0, "it led somebody elsewhere")
                switch manner {
                case .dead:
                    #expect(gateway.log.filter { $0 == "pcp map" }.count == 2, "\(gateway.log)")
                    #expect(gateway.log.filter { $0 == "nat-pmp map" }.count == 2, "\(gateway.log)")
                    #expect(gateway.log.filter { $0.hasSuffix("remove") }.count >= 4, "\(gateway.log)")
                case .wrongPort: #expect(gateway.log.contains("nat-pmp remove"))
                case .silence, .garbage, .noLease, .redirection, .endlessDescription, .elsewhere, .foreignControl:
                    #expect(time < .seconds(7), "\(time)")
                }
                print("port mapping, \(manner.rawValue): told after \(time), \(gateway.log.count) questions")
            }
        }
    }
}
