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
                    #expect(measured == type.behavior, "\(type) over \(family)")
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
    }
}
