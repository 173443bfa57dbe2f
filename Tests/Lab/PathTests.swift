import Glibc
import PinholeWire
import Testing

extension Laboratory {
    /// Paths that need no service, and paths that end.
    ///
    /// ```
    ///   alice ─┐                                 alice ── router1 ─┐
    ///          ├─ router1 ── backbone ── service                   ├─ backbone ── service
    ///   bob ───┘  (bridge `lan`)                 bob ─── router2 ──┘
    ///     neighbours                               each at home; router1 changes its address, or alice restarts
    /// ```
    @Suite("paths")
    struct PathTests {
        @Test("neighbours find each other on their own network")
        func neighbours() async throws {
            try await Network.run([.home]) { network in
                let service = try SignalingService(on: network)
                let site = network.sites[0]
                let sites = [site, try network.addNeighbour(at: site)]
                let (alice, bob) = try Peer.pair(at: sites, of: network, service: service.address(.v4))
                let other = try bob.chat(with: alice)
                try other.expect("service-up")
                let one = try alice.chat(with: bob)
                let path = try #require(try one.expect("connected").path)
                #expect(path.kind == "host" && path.remote.hasPrefix(sites[1].address), "\(path)")
                try Self.talk(one, other, "over the fence")
            }
        }

        @Test("a contact with a known address needs no service")
        func direct() async throws {
            try await Network.run([.home, .none]) { network in
                let (alice, bob) = try Peer.pair(
                    at: network.sites, of: network, service: nil,
                    addresses: [nil, TransportAddress(network.sites[1].address, 45_000)])
                let other = try bob.listen(["--port", "45000"])
                _ = try network.reactor.wait(for: "bob to listen", within: .seconds(5)) {
                    try network.udpPorts(on: bob.site.host).contains(45_000) ? true : nil
                }
                let one = try alice.chat(with: bob)
                let path = try #require(try one.expect("connected").path)
                #expect(path.kind == "direct" && path.remote == "\(bob.site.address):45000", "\(path)")
                one.say("no service was needed")
                try other.expect(message: "no service was needed")
                #expect(try network.service.counters()["datagrams"] == Namespace.Counter())
            }
        }

        @Test("a killed peer comes back: what was written meanwhile arrives, once")
        func restart() async throws {
            try await Network.run([.home, .home]) { network in
                let (alice, bob) = try Self.people(network)
                let (one, other) = (try alice.chat(with: bob), try bob.chat(with: alice))
                try one.expect("connected")
                try other.expect("connected")
                try Self.talk(one, other, "before")
                one.program.signal(SIGKILL)
                _ = try network.reactor.exitStatus(of: one.program, within: .seconds(5))
                other.say("are you still there?")
                let again = try alice.chat(with: bob)
                try again.expect(message: "are you still there?", within: .seconds(15))
                try Self.talk(again, other, "after")
                // What the killed one may not have shown any more is shown again, and said to be from before.
                #expect(try again.messages().filter { $0 != "bob: before" } == ["are you still there?", "bob: after"])
                #expect(try other.messages() == ["alice: before", "alice: after"])
            }
        }

        @Test("who leaves right after reading still acknowledges, although the first acknowledgement is lost")
        func lastReceipt() async throws {
            try await Network.run([.home, .home]) { network in
                let (alice, bob) = try Self.people(network)
                let (one, other) = (try alice.chat(with: bob), try bob.chat(with: alice))
                try one.expect("connected")
                try other.expect("connected")
                try Self.talk(one, other, "before")
                let router = network.sites[0].router
                try router.nft(
                    """
                    table inet outage {
                        counter lost {}
                        chain forward {
                            type filter hook forward priority filter - 1
                            oifname wan meta l4proto udp counter name lost drop
                        }
                    }
                    """)
                other.say("goodbye")
                try one.expect(message: "goodbye")
                _ = try network.reactor.wait(for: "the acknowledgement to be lost", within: .seconds(5)) {
                    try router.counters()["lost"]?.packets ?? 0 > 0 ? true : nil
                }
                one.program.closeInput()
                try router.nft("delete table inet outage")
                let queued = try other.expect("queued") { $0.text == "goodbye" }
                try other.expect("delivered") { $0.id == queued.id }
                #expect(try one.finish() == .exited(0))
                #expect(try other.finish() == .exited(0))
            }
        }

        @Test("a router's new public address is followed", arguments: [RouterType.none, .home])
        func renumbering(_ type: RouterType) async throws {
            try await Network.run([.home, type]) { network in
                let (alice, bob) = try Self.people(network)
                let (one, other) = (try alice.chat(with: bob), try bob.chat(with: alice))
                try one.expect("connected")
                try other.expect("connected")
                try Self.talk(one, other, "before")
                try network.renumber(network.sites[0])
                // Behind a filtering router bob cannot hear the new address until the service has introduced the two again.
                try Self.talk(one, other, "after", within: .seconds(20))
            }
        }

        private static func people(_ network: Network) throws -> (alice: Peer, bob: Peer) {
            try Peer.pair(
                at: network.sites, of: network, service: try SignalingService(on: network).address(.v4))
        }

        /// Both write at once, and both read.
        private static func talk(
            _ alice: Conversation, _ bob: Conversation, _ subject: String, within limit: Duration = .seconds(10)
        ) throws {
            alice.say("alice: \(subject)")
            bob.say("bob: \(subject)")
            try bob.expect(message: "alice: \(subject)", within: limit)
            try alice.expect(message: "bob: \(subject)", within: limit)
        }
    }
}
