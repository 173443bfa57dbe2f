import Foundation
import Glibc
import PinholeWire
import Testing

extension Laboratory {
    /// Networks that are more than two homes on two lines.
    ///
    /// ```
    ///   alice ── router1 ─┐                                   alice ─┐
    ///                     ├─ carrier ── backbone ── service          ├─ router1 ── backbone ── service
    ///   bob ──── router2 ─┘  100.64/10                        bob ───┘  two networks
    /// ```
    @Suite("topologies")
    struct TopologyTests {
        @Test("customers of one carrier, whose router loops its own address back")
        func carrierHairpin() async throws {
            try await Network.run { network in
                let carrier = try network.addCarrier(.home.hairpinning)
                for _ in 0..<2 { try network.addSite(.home, behind: carrier) }
                let talk = try Talk(network)
                #expect(try talk.path.remote.hasPrefix("\(carrier.wan):"))
                try talk.exchange("over the hairpin")
                try talk.end()
            }
        }

        @Test("a carrier's customer and somebody else")
        func carrierCustomer() async throws {
            let pairs = RouterPair.pairs(
                [RouterType.none, .fullCone, .addressFiltering, .home], [RouterType.home, .renumbering])
            try await together(pairs, carrierCustomer)
        }

        private func carrierCustomer(_ pair: RouterPair) async throws {
            try await Network.run([pair.one]) { network in
                let carrier = try network.addCarrier(pair.other)
                try network.addSite(.home, behind: carrier)
                let talk = try Talk(network)
                #expect(try talk.path.connectMs <= 1000)
                try talk.end()
            }
        }

        @Test("customers of two carriers")
        func twoCarriers() async throws {
            try await Network.run { network in
                for type in [RouterType.home, .renumbering] {
                    try network.addSite(.home, behind: try network.addCarrier(type))
                }
                let talk = try Talk(network)
                #expect(try talk.path.connectMs <= 1000)
                try talk.end()
            }
        }

        @Test("two networks of one router that forwards between them")
        func otherNetwork() async throws {
            try await Network.run([.home]) { network in
                let site = network.sites[0]
                let talk = try Talk(network, [site, try network.addNeighbour(at: site, in: .second)])
                let path = try talk.path
                #expect(path.kind == "host" && path.remote.hasPrefix("192.168.2."), "\(path)")
                try talk.end()
            }
        }

        @Test("guests and hosts of one router that keeps them apart and loops its own address back")
        func guests() async throws {
            try await Network.run([RouterType.home.isolating.hairpinning]) { network in
                let site = network.sites[0]
                let talk = try Talk(network, [site, try network.addNeighbour(at: site, in: .second)])
                #expect(try talk.path.remote.hasPrefix("\(site.wan):"))
                try talk.end()
            }
        }

        /// Who has no direct path although both are close by.
        private enum Apart: CaseIterable { case customersOfOneCarrier, guestsAndHosts }

        @Test("a carrier's customers and a router's guests without hairpin have no direct path, and are told so")
        func withoutHairpin() async throws {
            try await together(Apart.allCases) { apart in
                try await Network.run { network in
                    switch apart {
                    case .customersOfOneCarrier:
                        let carrier = try network.addCarrier(.home)
                        for _ in 0..<2 { try network.addSite(.home, behind: carrier) }
                        try expectNoDirectPath(network.sites, of: network)
                    case .guestsAndHosts:
                        let site = try network.addSite(.home.isolating)
                        try expectNoDirectPath([site, try network.addNeighbour(at: site, in: .second)], of: network)
                    }
                }
            }
        }

        @Test("a router on whose own address an early packet takes the mapping's place")
        func careless() async throws {
            try await together([RouterType.none, .fullCone, .addressFiltering, .home, .careless], careless)
        }

        private func careless(_ peer: RouterType) async throws {
            try await Network.run([.careless, peer]) { network in
                // Who calls decides whose packet is early.
                for sites in [network.sites, network.sites.reversed()] {
                    for site in network.sites { try site.router.flushConnections() }
                    let talk = try Talk(network, sites)
                    #expect(try talk.path.connectMs <= 5000)
                    try talk.end()
                    try talk.killTheService()
                }
            }
        }

        @Test("a router that allows 64 sessions a host is enough for two people")
        func sessionLimit() async throws {
            try await Network.run([RouterType.home.limited(to: 64), .home]) { network in
                let talk = try Talk(network)
                try talk.end()
                #expect(try network.sites[0].router.counters()["refused"] == Namespace.Counter())
            }
        }

        @Test("a router that allows 64 sessions a host: a punch that wants more disturbs nobody")
        func sessionLimitAndPunch() async throws {
            let pairs = [
                RouterPair(one: .home.limited(to: 64), other: .symmetric),
                RouterPair(one: .symmetric.limited(to: 64), other: .home),
            ]
            try await together(pairs, sessionLimitAndPunch)
        }

        private func sessionLimitAndPunch(_ pair: RouterPair) async throws {
            let (type, other) = (pair.one, pair.other)
            try await Network.run([type, .fullCone, other]) { network in
                let service = try SignalingService(on: network)
                let people = try zip(["alice", "bob", "carol"], network.sites).map {
                    try Peer($0, at: $1, of: network, service: service.address)
                }
                for person in people[1...] {
                    try people[0].add(person)
                    try person.add(people[0])
                }
                let alice = try people[0].listen()
                try alice.expect("service-up")
                let bob = try people[1].chat(with: people[0])
                try bob.expect("connected")
                let carol = try people[2].chat(with: people[0])
                let outcome = try carol.expect(oneOf: ["connected", "unreachable"], within: .seconds(15))
                #expect(outcome.event == "connected" || outcome.exitCode == 79, "\(outcome)")
                bob.say("is all well?")
                try alice.expect(message: "is all well?", within: .seconds(5))
                for conversation in [alice, bob] {
                    #expect(!conversation.events.contains { $0.event == "service-down" || $0.event == "disconnected" })
                }
                let refused = try network.sites[0].router.counters()["refused"]?.packets ?? 0
                print("\(type) with \(other.letter): \(outcome.event), \(refused) packets refused")
            }
        }

        /// One sentence, exit code 79, within ten seconds.
        private func expectNoDirectPath(_ sites: [Network.Site], of network: Network) throws {
            let service = try SignalingService(on: network)
            let (alice, bob) = try Peer.pair(at: sites, of: network, service: service.address)
            let listener = try bob.listen()
            try listener.expect("service-up")
            let outcome = try alice.run(["ping", "bob"])
            #expect(outcome.status == .exited(79), "\(outcome)")
            #expect(outcome.duration < .seconds(11), "took \(outcome.duration)")
            let complaint = try #require(outcome.complaints.first, "\(outcome.errors)")
            #expect(outcome.complaints.count == 1 && complaint.contains("bob"), "\(complaint)")
            let counters = try network.service.counters()
            #expect(counters["session"]?.packets == 0)
        }
    }
}
