import Glibc
import PinholeWire
import Testing

extension Laboratory {
    /// What happens to a network while people talk: the conversation goes on, and how soon is printed.
    ///
    /// ```
    ///   alice ── router1 ─┐            ┌─ router2 ── bob
    ///                     ├─ backbone ─┤
    ///           service ──┘            └─ router3 (where somebody moves to)
    /// ```
    @Suite(
        "recovery",
        .figures("recovery: from the change until both had read a line of the other", "what", "time", "target"))
    struct RecoveryTests {
        @Test("another external port for the same socket", arguments: [RouterType.none, .fullCone, .home])
        func rebinding(_ type: RouterType) async throws {
            try await Network.run([.home, type]) { network in
                let talk = try Talk(network)
                try network.rebind(network.sites[0], to: 50_000...50_999)
                // One round trip and nothing else where the mover's packets still get in.
                let target = type == .home ? Duration.seconds(3) : Network.roundTrip
                let first = try talk.say("the mover's first line", from: talk.alice, within: .seconds(15))
                let both = try talk.exchange("rebound", within: .seconds(15))
                Figures.note("rebinding, P–\(type.letter): the mover's line", first, target: target)
                Figures.note("rebinding, P–\(type.letter): then both ways", both)
                try talk.end()
            }
        }

        @Test("a router that was off for two seconds has another address")
        func reboot() async throws { try await together([RouterType.none, .home], reboot) }

        private func reboot(_ type: RouterType) async throws {
            try await Network.run([.home, type]) { network in
                let talk = try Talk(network)
                try network.shutDown(network.sites[0])
                try network.pass(.seconds(2))
                try network.startUp(network.sites[0])
                let time = try talk.exchange("rebooted", within: .seconds(20))
                Figures.note("reboot, P–\(type.letter)", time, target: .seconds(3))
                try talk.end()
            }
        }

        @Test("a second provider's line takes over, and gives back")
        func failover() async throws {
            try await Network.run([.home, .home]) { network in
                let talk = try Talk(network)
                let site = network.sites[0]
                let second = try network.addUplink(to: site)
                try network.failOver(site, from: site.uplink, to: second)
                Figures.note("second line, P–P", try talk.exchange("over", within: .seconds(20)), target: .seconds(3))
                try network.failOver(site, from: second, to: site.uplink)
                Figures.note("first line, P–P", try talk.exchange("back", within: .seconds(20)), target: .seconds(3))
                try talk.end()
            }
        }

        @Test("both routers forget, the service is dead, and only one speaks")
        func silentFlush() async throws {
            try await Network.run([.home, .home]) { network in
                let talk = try Talk(network)
                try talk.killTheService()
                var worst = Duration.zero
                for count in 1...3 {
                    // Nothing is on its way that would open the way again by itself.
                    try network.pass(.seconds(1))
                    for site in network.sites { try site.router.flushConnections() }
                    let line = "is this still open? (\(count))"
                    worst = max(worst, try talk.say(line, from: talk.alice, within: .seconds(15)))
                }
                Figures.note("silent flush, service dead, P–P: the slowest of 3", worst, target: .seconds(3))
                try talk.end()
            }
        }

        @Test("mappings that live for two seconds")
        func shortLife() async throws {
            try await Network.run([.home, .home]) { network in
                for site in network.sites {
                    try network.setMappingLifetime(of: site, unanswered: .seconds(2), answered: .seconds(2))
                }
                let talk = try Talk(network)
                var worst = Duration.zero
                for pause in Requirements.isFull ? [1, 3, 6] : [1, 5] {
                    try network.pass(.seconds(pause))
                    worst = max(worst, try talk.say("after \(pause) s", from: talk.bob, within: .seconds(15)))
                    worst = max(worst, try talk.say("also after \(pause) s", from: talk.alice, within: .seconds(15)))
                }
                Figures.note("mappings of 2 s, P–P: the slowest line", worst, target: .seconds(3))
                try talk.end()
            }
        }

        @Test("silence costs a byte a second", .fullOnly)
        func idle() async throws {
            try await Network.run([.home, .home]) { network in
                let talk = try Talk(network)
                let (one, other) = (network.sites[0].wan, network.sites[1].wan)
                // Linux keeps a mapping 120 s, and it takes that long to find out.
                try network.pass(.seconds(200))
                try network.backbone.nft(
                    """
                    table inet idle {
                        counter session {}
                        chain forward {
                            type filter hook forward priority filter
                            iifname "lag" ip saddr { \(one), \(other) } ip daddr { \(one), \(other) } counter name session
                        }
                    }
                    """)
                let time = 240
                try network.pass(.seconds(time))
                let bytes = try #require(try network.backbone.counters()["session"]?.bytes)
                Figures.note([
                    "idle session, both ways, IP headers included", "\(bytes) bytes in \(time) s", "≤ \(time)",
                ])
                #expect(bytes <= 4 * time)
                try talk.exchange("still there", within: .seconds(10))
                try talk.end()
            }
        }
    }
}

extension Laboratory.RecoveryTests {
    /// Where somebody goes, and where they were.
    struct Move: CustomTestStringConvertible {
        let from: RouterType
        let to: RouterType
        let peer: RouterType
        var testDescription: String { "\(from.letter) → \(to.letter) → \(from.letter), to \(peer.letter)" }
    }

    @Test(
        "a host leaves its network for another, and comes back",
        arguments: [
            Move(from: .home, to: .ipv6Firewall, peer: .dualStack), Move(from: .home, to: .home, peer: .home),
            Move(from: .dualStack, to: .home, peer: .none),
            Move(from: .ipv6Firewall, to: .dualStack, peer: .ipv6Firewall),
        ])
    func linkSwitch(_ move: Move) async throws {
        try await Network.run([move.from, move.peer, move.to]) { network in
            let talk = try Talk(network)
            let home = network.sites[0]
            let away = try network.move(home, to: network.sites[2], from: "eth0", as: "eth1")
            let there = try talk.exchange("away", within: .seconds(20))
            _ = try network.move(away, to: home, from: "eth1", as: "eth0")
            let back = try talk.exchange("home again", within: .seconds(20))
            Figures.note("link switch, \(move.testDescription): away", there, target: .seconds(1))
            Figures.note("link switch, \(move.testDescription): back", back, target: .seconds(1))
            try talk.end()
        }
    }

    @Test("both move at the same moment")
    func bothMove() async throws {
        try await Network.run([.home, .home, .home, .home]) { network in
            let talk = try Talk(network)
            for index in 0..<2 {
                _ = try network.move(
                    network.sites[index], to: network.sites[2 + index], from: "eth0", as: "eth1")
            }
            let time = try talk.exchange("where are you?", within: .seconds(20))
            Figures.note("both move, P–P", time, target: .seconds(1))
            try talk.end()
        }
    }

    @Test("both routers get another address at the same moment")
    func bothRenumbered() async throws {
        try await Network.run([.home, .home]) { network in
            let talk = try Talk(network)
            for site in network.sites { try network.renumber(site) }
            let time = try talk.exchange("who are you?", within: .seconds(20))
            Figures.note("both renumbered, P–P", time, target: .seconds(3))
            try talk.end()
        }
    }
}
