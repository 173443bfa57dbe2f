import PinholeWire
import Testing

extension Laboratory {
    /// The laboratory proves its own routers before anything is concluded from them.
    ///
    /// ```
    ///   probe :40000, :40001 ── router ── backbone ── 198.51.100.2 :3478, :3479
    ///        (192.168.1.10)     (any type)            198.51.100.3 :3478
    /// ```
    @Suite("routers")
    struct RouterTests {
        @Test("behaves as its letter says", arguments: RouterType.all.filter(\.passesUDP))
        func behavior(of type: RouterType) async throws {
            try await Network.run([type]) { network in
                for family in type.families {
                    let measured = try NATProbe(network, family).behavior()
                    #expect(measured == type.behavior(over: family), "\(type) over \(family)")
                }
            }
        }

        @Test("the first mapping keeps its port, or does not", arguments: RouterType.all.filter(\.passesUDP))
        func preservation(by type: RouterType) async throws {
            try await Network.run([type]) { network in
                let probe = try NATProbe(network, type.families.contains(.v4) ? .v4 : .v6)
                let mapped = try probe.mapping(to: probe.first)
                #expect((mapped.port == probe.host.address.port) == type.preservesPorts, "\(type): mapped to \(mapped)")
            }
        }

        @Test("an early packet takes the mapping's port only where the router has no input firewall")
        func reverseTupleCapture() async throws {
            for (type, keeps) in [(RouterType.home, true), (RouterType.careless, false)] {
                try await Network.run([type]) { network in
                    let probe = try NATProbe(network, .v4)
                    let early = TransportAddress(network.sites[0].wan, probe.host.address.port)
                    probe.first.send("early", to: early)
                    // A second, solicited flow shows when the early packet has arrived: the backbone keeps order.
                    let other = try ProbeSocket(in: network.sites[0].host, network.sites[0].address)
                    other.send("now?", to: probe.first.address)
                    let asked = try #require(probe.first.receive())
                    probe.first.send("now", to: asked.source)
                    #expect(other.receive() != nil)
                    let mapped = try probe.mapping(to: probe.first)
                    #expect((mapped.port == probe.host.address.port) == keeps, "\(type): mapped to \(mapped)")
                }
            }
        }

        @Test("lets no UDP through")
        func blocked() async throws {
            try await Network.run([.blocked]) { network in
                let probe = try NATProbe(network, .v4)
                probe.host.send("hello", to: probe.first.address)
                #expect(probe.first.receive(within: .milliseconds(500)) == nil)
                let counters = try network.service.counters()
                #expect(counters["datagrams"] == Namespace.Counter())
            }
        }

        @Test("a flush makes a router forget")
        func flush() async throws {
            try await Network.run([.home]) { network in
                let probe = try NATProbe(network, .v4)
                let mapped = try probe.mapping(to: probe.first)
                probe.first.send("known", to: mapped)
                #expect(probe.host.receive() != nil)
                try network.sites[0].router.flushConnections()
                probe.first.send("forgotten", to: mapped)
                #expect(probe.host.receive(within: .milliseconds(500)) == nil)
                #expect(try probe.mapping(to: probe.first) == mapped)
                probe.first.send("known again", to: mapped)
                #expect(probe.host.receive() != nil)
            }
        }

        @Test("a mapping lives as long as it is told to")
        func lifetime() async throws {
            try await Network.run([.home]) { network in
                try network.setMappingLifetime(of: network.sites[0], unanswered: .seconds(1), answered: .seconds(1))
                let probe = try NATProbe(network, .v4)
                let mapped = try probe.mapping(to: probe.first)
                probe.first.send("in time", to: mapped)
                #expect(probe.host.receive() != nil)
                // Silence is what is tested; the socket waits for it.
                #expect(probe.host.receive(within: .milliseconds(2500)) == nil)
                probe.first.send("too late", to: mapped)
                #expect(probe.host.receive(within: .milliseconds(300)) == nil)
            }
        }

        @Test("another port for the same socket after a rebinding")
        func rebinding() async throws {
            try await Network.run([.home]) { network in
                let probe = try NATProbe(network, .v4)
                #expect(try probe.mapping(to: probe.first).port == probe.host.address.port)
                try network.rebind(network.sites[0], to: 50_000...50_099)
                #expect(try (50_000...50_099).contains(probe.mapping(to: probe.first).port))
                #expect(try probe.behavior() == RouterType.home.behavior)
            }
        }

        @Test("a host's sixty-fifth session is refused, and those before it go on")
        func sessionLimit() async throws {
            try await Network.run([RouterType.home.limited(to: 64)]) { network in
                let probe = try NATProbe(network, .v4)
                _ = try probe.mapping(to: probe.first)
                for port in 0..<100 {
                    probe.host.send("more", to: TransportAddress(Network.serviceAddresses[0], UInt16(5000 + port)))
                }
                _ = try probe.mapping(to: probe.first)
                let refused = try #require(try network.sites[0].router.counters()["refused"]?.packets)
                #expect(refused == 100 - 63)
            }
        }

        @Test("loops its own address back to the host that has the port, or does not", arguments: [true, false])
        func hairpin(_ works: Bool) async throws {
            try await Network.run([works ? RouterType.home.hairpinning : .home]) { network in
                let (site, probe) = (network.sites[0], try NATProbe(network, .v4))
                let neighbour = try network.addNeighbour(at: site)
                let other = try ProbeSocket(in: neighbour.host, neighbour.address, port: 40_002)
                let mapped = try probe.mapping(to: probe.first)
                other.send("over the hairpin", to: mapped)
                let datagram = probe.host.receive(within: .milliseconds(300))
                #expect(datagram?.source == (works ? TransportAddress(site.wan, 40_002) : nil))
                if let datagram {
                    probe.host.send("back", to: datagram.source)
                    #expect(other.receive()?.source == mapped)
                }
            }
        }

        @Test("two local networks of one router meet, or are kept apart", arguments: [true, false])
        func segments(_ meet: Bool) async throws {
            try await Network.run([meet ? RouterType.home : .home.isolating]) { network in
                let site = network.sites[0]
                let neighbour = try network.addNeighbour(at: site, in: .second)
                let one = try ProbeSocket(in: site.host, site.address)
                let other = try ProbeSocket(in: neighbour.host, neighbour.address)
                one.send("hello", to: other.address)
                #expect(other.receive(within: .milliseconds(300))?.source == (meet ? one.address : nil))
            }
        }

        @Test("a carrier's customers share one address and meet only over its hairpin", arguments: [true, false])
        func carrier(_ hairpins: Bool) async throws {
            try await Network.run { network in
                let carrier = try network.addCarrier(hairpins ? RouterType.home.hairpinning : .home)
                let sites = try (0..<2).map { _ in try network.addSite(.home, behind: carrier) }
                let server = try ProbeSocket(in: network.service, Network.serviceAddresses[0], port: 3478)
                let sockets = try sites.enumerated().map { index, site in
                    try ProbeSocket(in: site.host, site.address, port: UInt16(40_000 + index))
                }
                var mapped: [TransportAddress] = []
                for socket in sockets {
                    socket.send("where?", to: server.address)
                    mapped.append(try #require(server.receive()).source)
                }
                #expect(mapped == sockets.map { TransportAddress(carrier.wan, $0.address.port) })
                for index in [0, 1, 0] { sockets[index].send("punch", to: mapped[1 - index]) }
                let expected = hairpins ? ProbeSocket.Datagram(bytes: Array("punch".utf8), source: mapped[0]) : nil
                #expect(sockets[1].receive(within: .milliseconds(300)) == expected)
            }
        }

        @Test("a host that moves to another site has that site's addresses, in every family")
        func moving() async throws {
            try await Network.run([.home, .ipv6Firewall, .dualStack]) { network in
                let site = network.sites[0]
                let there = try network.move(site, to: network.sites[1], from: "eth0", as: "eth1")
                let probe = try ProbeSocket(in: there.host, there.address6)
                let server = try ProbeSocket(in: network.service, Network.serviceAddresses6[0], port: 3478)
                probe.send("hello", to: server.address)
                #expect(server.receive()?.source == probe.address)
                let back = try network.move(there, to: site, from: "eth1", as: "eth0")
                let probe4 = try ProbeSocket(in: back.host, back.address, port: 40_000)
                let server4 = try ProbeSocket(in: network.service, Network.serviceAddresses[0], port: 3478)
                probe4.send("hello", to: server4.address)
                #expect(server4.receive()?.source == TransportAddress(site.wan, 40_000))
            }
        }

        @Test("a second provider's line takes over, and gives back")
        func failover() async throws {
            try await Network.run([.home]) { network in
                let (site, probe) = (network.sites[0], try NATProbe(network, .v4))
                let second = try network.addUplink(to: site)
                #expect(try probe.mapping(to: probe.first).ip == IPAddress(site.wan))
                try network.failOver(site, from: site.uplink, to: second)
                #expect(try probe.mapping(to: probe.first).ip == IPAddress(second.address))
                try network.failOver(site, from: second, to: site.uplink)
                #expect(try probe.mapping(to: probe.first).ip == IPAddress(site.wan))
            }
        }

        @Test("a router that was off comes back with another address and an empty memory")
        func reboot() async throws {
            try await Network.run([.home]) { network in
                let (site, probe) = (network.sites[0], try NATProbe(network, .v4))
                let before = try probe.mapping(to: probe.first)
                try network.shutDown(site)
                probe.host.send("lost", to: probe.first.address)
                #expect(probe.first.receive(within: .milliseconds(100)) == nil)
                try network.startUp(site)
                let after = try probe.mapping(to: probe.first)
                #expect(after.ip != before.ip)
                probe.first.send("welcome back", to: after)
                #expect(probe.host.receive() != nil)
            }
        }
    }
}
