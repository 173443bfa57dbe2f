import PinholeWire
import Testing

extension Laboratory {
    /// The laboratory proves its own routers before anything is concluded from them.
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

extension Laboratory {
    @Suite("backbone")
    struct BackboneTests {
        @Test("a round trip takes the two delays, in both families")
        func delay() async throws {
            try await Network.run([.none]) { network in
                for family in [IPAddress.Family.v4, .v6] {
                    let probe = try NATProbe(network, family)
                    _ = try probe.mapping(to: probe.first)  // neighbours are found
                    var best = Duration.seconds(10)
                    for _ in 0..<5 {
                        best = min(best, try ContinuousClock().measure { _ = try probe.echo() })
                    }
                    #expect(best >= Network.roundTrip && best < Network.roundTrip + .milliseconds(20), "\(best)")
                }
            }
        }

        @Test("a burst of full packets arrives whole and in order")
        func burst() async throws {
            try await Network.run([.home]) { network in
                let probe = try NATProbe(network, .v4)
                let count = 200
                for index in 0..<count {
                    probe.host.send([UInt8(index)] + [UInt8](repeating: 0, count: 1199), to: probe.first.address)
                }
                for index in 0..<count {
                    let datagram = try #require(probe.first.receive())
                    #expect(datagram.bytes.first == UInt8(index))
                }
            }
        }

        @Test("the witness counts session bytes, and only those")
        func witness() async throws {
            try await Network.run([.none]) { network in
                let probe = try NATProbe(network, .v4)
                for first in [UInt8(0x00), 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xc1, 0xc3, 0xc4, 0xd1, 0xd4] {
                    probe.host.send([first] + [UInt8](repeating: 7, count: 63), to: probe.first.address)
                    _ = probe.first.receive()
                }
                let counters = try network.service.counters()
                #expect(counters["datagrams"] == Namespace.Counter(packets: 11, bytes: 11 * 92))
                #expect(counters["session"]?.packets == 2)
                #expect(counters["handshake"]?.packets == 2)
            }
        }

        @Test("nothing leads outside")
        func isolation() async throws {
            try await Network.run([.home]) { network in
                for namespace in [network.backbone, network.service, network.sites[0].router] {
                    let links = try namespace.enter { () throws(LabError) in try Tool.run("ip", ["-br", "link"]) }
                    let names = links.split(separator: "\n").compactMap { $0.split(separator: "@").first }
                    let known = ["lo", "lag", "service", "site1", "wan", "lan", "eth0"]
                    #expect(names.allSatisfy { name in known.contains { name.hasPrefix($0) } }, "\(links)")
                }
            }
        }
    }
}
