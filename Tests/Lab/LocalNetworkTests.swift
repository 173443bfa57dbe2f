import PinholeWire
import Testing

extension Laboratory {
    /// Finding each other on the local network, without a service.
    ///
    /// ```
    ///   alice ─┐                                  alice ══ bob      two ends of one cable, with nothing else
    ///          ├─ router1 ── backbone ── service
    ///   bob ───┘  (bridge `lan`)                  alice, bob        two programs on one machine
    /// ```
    @Suite("local network")
    struct LocalNetworkTests {
        @Test("neighbours who never heard of a service talk at once, whoever is there first")
        func noService() async throws {
            try await Network.run([.home]) { network in
                let site = network.sites[0]
                let (alice, bob) = try Peer.pair(
                    at: [site, try network.addNeighbour(at: site)], of: network, service: nil)
                let other = try bob.listen()
                try Self.waitForBeacons(bob)
                let one = try alice.chat(with: bob)
                let connected = try #require(try one.expect("connected").path)
                #expect(connected.kind == "host" && connected.remote.hasPrefix(bob.site.address), "\(connected)")
                try Self.talk(one, other)
                print("local network, no service: session in \(connected.connectMs) ms")
                #expect(connected.connectMs < 500)
                #expect(try network.service.counters()["datagrams"] == Namespace.Counter())
            }
        }

        @Test("neighbours whose service is dead talk all the same, and who comes later is found")
        func deadService() async throws {
            try await Network.run([.home]) { network in
                let service = try SignalingService(on: network)
                let address = service.address(.v4)
                service.kill()
                let site = network.sites[0]
                let (alice, bob) = try Peer.pair(
                    at: [site, try network.addNeighbour(at: site)], of: network, service: address)
                let one = try alice.chat(with: bob)
                try one.expect("unreachable")
                let other = try bob.listen()
                try one.expect("connected")
                try Self.talk(one, other)
            }
        }

        @Test("two people on one machine need neither a service nor a network that answers")
        func oneMachine() async throws {
            try await Network.run([.home]) { network in
                let site = network.sites[0]
                let (alice, bob) = try Peer.pair(at: [site, site], of: network, service: nil)
                let other = try bob.listen()
                try Self.waitForBeacons(bob)
                let one = try alice.chat(with: bob)
                let path = try #require(try one.expect("connected").path)
                #expect(path.kind == "host", "\(path)")
                try Self.talk(one, other)
            }
        }

        @Test("two ends of a cable, without a router and without addresses but those that IPv6 gives itself")
        func cable() async throws {
            try await Network.run([.home]) { network in
                let site = network.sites[0]
                let (alice, bob) = try Peer.pair(
                    at: [site, try network.addNeighbour(at: site)], of: network, service: nil)
                for host in [alice.site.host, bob.site.host] {
                    try host.ip("addr flush dev eth0 scope global\nroute flush dev eth0")
                }
                let other = try bob.listen()
                try Self.waitForBeacons(bob)
                let one = try alice.chat(with: bob)
                let path = try #require(try one.expect("connected").path)
                #expect(path.kind == "host" && path.remote.hasPrefix("[fe80::"), "\(path)")
                try Self.talk(one, other)
            }
        }

        @Test("a network that is plugged in later is used at once")
        func pluggedIn() async throws {
            try await Network.run([.home]) { network in
                let site = network.sites[0]
                let (alice, bob) = try Peer.pair(
                    at: [site, try network.addNeighbour(at: site)], of: network, service: nil)
                try bob.site.host.ip("link set eth0 down")
                let other = try bob.listen()
                let one = try alice.chat(with: bob)
                try one.expect("unreachable")
                try bob.site.host.ip("link set eth0 up")
                let begin = ContinuousClock.now
                try one.expect("connected")
                print("local network, plugged in: session after \(ContinuousClock.now - begin)")
                #expect(ContinuousClock.now - begin < .seconds(3))
                try Self.talk(one, other)
            }
        }

        @Test("a second network behind the same router needs the service, and talks inside")
        func otherSubnet() async throws {
            try await Network.run([.home]) { network in
                let site = network.sites[0]
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(
                    at: [site, try network.addNeighbour(at: site, in: .second)], of: network,
                    service: service.address(.v4))
                let other = try bob.chat(with: alice)
                try other.expect("service-up")
                let one = try alice.chat(with: bob)
                let path = try #require(try one.expect("connected").path)
                #expect(path.remote.hasPrefix(bob.site.address), "\(path)")
                try Self.talk(one, other)
            }
        }

        @Test("who does not want it says nothing to the network, and listens to nobody")
        func off() async throws {
            try await Network.run([.home]) { network in
                let site = network.sites[0]
                let (alice, bob) = try Peer.pair(
                    at: [site, try network.addNeighbour(at: site)], of: network, service: nil)
                try Self.count(on: bob.site.host)
                try bob.configure("lan = false")
                let other = try bob.listen()
                let one = try alice.chat(with: bob)
                try one.expect("unreachable")
                #expect(try bob.site.host.counters()["heard"]?.packets ?? 0 > 0)
                #expect(try bob.site.host.counters()["said"] == Namespace.Counter())
                #expect(try !network.udpPorts(on: bob.site.host).contains(Limits.beaconPort))
                one.program.closeInput()
                other.program.closeInput()
            }
        }

        private static func count(on host: Namespace) throws {
            try host.nft(
                """
                table inet witness {
                    counter heard {}
                    counter said {}
                    chain incoming {
                        type filter hook prerouting priority raw
                        udp dport \(Limits.beaconPort) counter name heard
                    }
                    chain outgoing {
                        type filter hook output priority raw
                        udp dport \(Limits.beaconPort) counter name said
                    }
                }
                """)
        }

        private static func waitForBeacons(_ peer: Peer) throws {
            _ = try peer.network.reactor.wait(for: "\(peer.name) to listen for beacons", within: .seconds(10)) {
                try peer.network.udpPorts(on: peer.site.host).contains(Limits.beaconPort) ? true : nil
            }
        }

        private static func talk(_ one: Conversation, _ other: Conversation) throws {
            one.say("hello there")
            try other.expect(message: "hello there")
            try one.expect("delivered")
        }
    }
}
