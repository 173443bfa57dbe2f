import PinholeWire
import Testing

@testable import Pinhole

@Suite("getting a port from a gateway")
struct PortMapperTests {
    private static func gateway(_ change: (inout ScriptedGateway) -> Void) -> ScriptedGateway {
        var gateway = ScriptedGateway()
        change(&gateway)
        return gateway
    }

    private static func set(
        _ method: PortMappingMethod, _ manner: ScriptedGateway.Manner, _ gateway: inout ScriptedGateway
    ) {
        switch method {
        case .pcp: gateway.pcp = manner
        case .natPMP: gateway.natPMP = manner
        case .upnp: gateway.upnp = manner
        }
    }

    @Test("each method alone gives one", arguments: PortMappingMethod.allCases)
    func alone(method: PortMappingMethod) {
        var gateway = Self.gateway { Self.set(method, .grants, &$0) }
        let time = gateway.run(for: .seconds(5)) { $0.mapper.lease != nil }
        #expect(gateway.mapper.lease?.method == method)
        #expect(gateway.mapper.lease?.externalPort == 40_000)
        // PCP answers in a packet; the next one waits for its quarter of a second; UPnP is slow to find and to add.
        let limit: [PortMappingMethod: Duration] = [
            .pcp: .milliseconds(2), .natPMP: .milliseconds(253), .upnp: .milliseconds(2400),
        ]
        #expect(time! <= limit[method]!)
    }

    @Test("all at once are asked, and the best that answers within 250 ms is used; the others are not")  // [MAP-2]
    func together() {
        var gateway = Self.gateway { ($0.pcp, $0.natPMP, $0.upnp) = (.grants, .grants, .grants) }
        gateway.run(for: .seconds(5))
        #expect(gateway.mapper.lease?.method == .pcp)
        #expect(gateway.table == [.pcp: 40_000])
        #expect(gateway.log == ["pcp map 40000", "nat-pmp address", "upnp find"])
    }

    @Test("a better method that is slower than 250 ms is not waited for, and used when it answers first")  // [MAP-2]
    func slow() {
        var gateway = Self.gateway {
            ($0.pcp, $0.natPMP) = (.grants, .grants)
            $0.delays[.pcp] = .milliseconds(300)
        }
        gateway.run(for: .seconds(2)) { $0.mapper.lease != nil }
        #expect(gateway.mapper.lease?.method == .natPMP)
        gateway.run(for: .seconds(2))
        #expect(gateway.mapper.lease?.method == .natPMP)
        gateway.close()
        gateway.run(for: .seconds(2)) { $0.mapper.isFinished }
        // What came late is given back too.
        #expect(gateway.table.isEmpty)
    }

    @Test("a lost request costs its repetition: 250, then 500 ms")  // [MAP-1]
    func repetition() {
        var gateway = Self.gateway { $0.pcp = .silent }
        gateway.run(for: .milliseconds(600))
        gateway.pcp = .grants
        let time = gateway.run(for: .seconds(1)) { $0.mapper.lease != nil }
        #expect(time == .milliseconds(152))
        #expect(gateway.log.filter { $0.hasPrefix("pcp") }.count == 3)
    }

    @Test("where nobody answers, all are asked for 2 s, and not again for 15 minutes")  // [MAP-1] [MAP-8]
    func silence() {
        var gateway = ScriptedGateway()
        let time = gateway.run(for: .seconds(5)) { !$0.log.isEmpty && $0.mapper.isResting }
        #expect(time! <= .seconds(2))
        let asked = gateway.log.count
        #expect(gateway.log == ["pcp map 40000", "nat-pmp address", "upnp find", "pcp map 40000", "pcp map 40000"])
        gateway.run(for: .seconds(890))
        #expect(gateway.log.count == asked)
        gateway.upnp = .grants
        gateway.run(for: .seconds(30))
        #expect(gateway.mapper.lease?.method == .upnp)
    }

    @Test("IPv6 has PCP alone")
    func ipv6() {
        var gateway = ScriptedGateway(client: IPAddress("2001:db8:1::10")!)
        (gateway.pcp, gateway.natPMP, gateway.upnp) = (.refuses, .grants, .grants)
        gateway.run(for: .seconds(3))
        #expect(gateway.mapper.isResting)
        #expect(gateway.log == ["pcp map 40000"])
    }
}

@Suite("keeping a gateway's port")
struct PortMapperLeaseTests {
    // [MAP-4]
    @Test("a lease is renewed at half of its life, with the same port", arguments: PortMappingMethod.allCases)
    func renewal(method: PortMappingMethod) {
        var gateway = ScriptedGateway()
        (gateway.pcp, gateway.natPMP, gateway.upnp) = (
            method == .pcp ? .grants : .silent, method == .natPMP ? .grants : .silent,
            method == .upnp ? .grants : .silent
        )
        gateway.run(for: .seconds(3)) { $0.mapper.lease != nil }
        let generation = gateway.mapper.generation
        let first = gateway.mapper.lease
        gateway.run(for: .seconds(3590))
        #expect(gateway.mapper.lease == first)
        gateway.run(for: .seconds(30))
        #expect(gateway.mapper.lease!.granted > first!.granted)
        gateway.run(for: .seconds(86_400))
        #expect(gateway.mapper.lease?.externalPort == 40_000)
        #expect(gateway.mapper.generation == generation, "nothing changed, nothing is verified anew")
        // Of PCP three go unanswered in the search, if it is not the one.
        let requests = gateway.log.filter { $0.hasSuffix(" 40000") }.count
        #expect((25...29).contains(requests), "\(requests) in a day and an hour")
    }

    // [MAP-4]
    @Test("a renewal that fails is tried again at half of what is left; when the lease ends everybody is asked anew")
    func failedRenewal() {
        var gateway = ScriptedGateway()
        gateway.pcp = .grants
        gateway.run(for: .seconds(1))
        let first = gateway.mapper.lease!
        gateway.pcp = .silent
        gateway.run(for: .seconds(7190))
        #expect(gateway.mapper.lease?.externalPort == 40_000)
        let tries = gateway.log.filter { $0.hasPrefix("pcp map") }.count
        #expect((15...45).contains(tries), "\(tries)")
        gateway.natPMP = .grants
        gateway.run(for: .seconds(15))
        #expect(gateway.now > first.expiry)
        #expect(gateway.mapper.lease?.method == .natPMP)
    }

    // [MAP-5]
    @Test("a gateway that began anew is noticed when it says so, and asked for the same port", arguments: [1, 2])
    func announced(seed: UInt64) {
        var gateway = ScriptedGateway(seed: seed)
        gateway.natPMP = .grants
        gateway.run(for: .seconds(60))
        let generation = gateway.mapper.generation
        gateway.reboot(announcing: true)
        #expect(gateway.table.isEmpty)
        gateway.run(for: .seconds(1))
        #expect(gateway.table == [.natPMP: 40_000])
        #expect(gateway.mapper.generation > generation, "it is verified anew")
    }

    @Test("and at the renewal where it does not say so", arguments: PortMappingMethod.allCases.dropLast())
    func unannounced(method: PortMappingMethod) {
        var gateway = ScriptedGateway()
        if method == .pcp { gateway.pcp = .grants } else { gateway.natPMP = .grants }
        gateway.run(for: .seconds(1000))
        let generation = gateway.mapper.generation
        gateway.reboot(announcing: false)
        gateway.run(for: .seconds(3000))
        #expect(gateway.table == [method: 40_000])
        #expect(gateway.mapper.generation > generation)
    }

    @Test("who announces a new beginning without end gets one request in 5 s")  // [MAP-5]
    func announcementFlood() {
        var gateway = ScriptedGateway()
        gateway.natPMP = .grants
        gateway.run(for: .seconds(1))
        let before = gateway.log.count
        for round in 0..<10_000 {
            gateway.announce([0, 128, 0, 0, 0, 0, UInt8(round % 2), 0, 203, 0, 113, 10])
            gateway.run(for: .milliseconds(1))
        }
        #expect(gateway.log.count - before <= 3, "\(gateway.log)")
    }

    @Test("a better port that came late is used when the one in use is not reached")
    func lateBetterPort() {
        var gateway = ScriptedGateway()
        (gateway.pcp, gateway.natPMP) = (.grants, .grants)
        gateway.delays[.pcp] = .milliseconds(300)
        gateway.isReached = { method, _ in method == .pcp }
        gateway.run(for: .seconds(10))
        #expect(gateway.mapper.lease?.method == .pcp, "\(gateway.log)")
        #expect(gateway.table == [.pcp: 40_000])
        gateway.close()
        #expect(gateway.run(for: .seconds(2)) { $0.mapper.isFinished } != nil)
        #expect(gateway.table.isEmpty)
    }

    @Test("what UPnP gave is given back after a search that found no UPnP")
    func endAfterSearch() {
        var gateway = ScriptedGateway()
        (gateway.pcp, gateway.upnp) = (.grants, .grants)
        gateway.delays[.pcp] = .milliseconds(500)
        gateway.run(for: .seconds(2))
        // UPnP's port was asked for when PCP's came, and stays beside it.
        #expect(gateway.mapper.lease?.method == .pcp && gateway.table == [.pcp: 40_000, .upnp: 40_000])
        (gateway.pcp, gateway.upnp) = (.silent, .silent)
        gateway.run(for: .seconds(7300))
        #expect(gateway.mapper.lease == nil && gateway.log.filter { $0 == "upnp find" }.count == 2)
        gateway.upnp = .grants
        gateway.close()
        #expect(gateway.run(for: .seconds(2)) { $0.mapper.isFinished } != nil)
        #expect(gateway.table[.upnp] == nil, "\(gateway.log)")
    }

    @Test("the end of a UPnP port that may have been given, before another one is asked for")
    func unansweredPort() {
        var gateway = ScriptedGateway()
        gateway.upnp = .grants
        gateway.delays[.upnp] = .milliseconds(400)
        gateway.isReached = { _, _ in false }
        gateway.run(for: .seconds(2)) { $0.log.filter { $0.hasPrefix("upnp add") }.count == 2 }
        // The answer about the second port is lost.
        gateway.upnp = .silent
        gateway.run(for: .seconds(5))
        #expect(gateway.mapper.lease == nil)
        gateway.upnp = .grants
        gateway.isReached = { _, _ in true }
        gateway.run(for: .seconds(900))
        #expect(gateway.mapper.lease?.externalPort == 40_000)
        let added = gateway.log.filter { $0.hasPrefix("upnp add") }.map { $0.dropFirst(9) }
        let removed = gateway.log.filter { $0.hasPrefix("upnp remove") }.map { $0.dropFirst(12) }
        #expect(Array(added.prefix(2)) == removed, "\(gateway.log)")
    }

    @Test("the end while a port is asked for takes it back", arguments: PortMappingMethod.allCases)
    func endWhileAsking(method: PortMappingMethod) {
        var gateway = ScriptedGateway()
        (gateway.pcp, gateway.natPMP, gateway.upnp) = (
            method == .pcp ? .grants : .silent, method == .natPMP ? .grants : .silent,
            method == .upnp ? .grants : .silent
        )
        gateway.run(for: .seconds(3)) { !$0.table.isEmpty }
        #expect(gateway.mapper.lease == nil, "its answer is on the way")
        gateway.close()
        #expect(gateway.run(for: .seconds(3)) { $0.mapper.isFinished } != nil)
        #expect(gateway.table.isEmpty, "\(gateway.log)")
    }

    @Test("a port that is another's is not removed")
    func anothersPort() {
        var gateway = ScriptedGateway()
        gateway.upnp = .refuses
        gateway.run(for: .seconds(10))
        #expect(gateway.log.filter { $0.hasPrefix("upnp add") }.count == 2)
        gateway.close()
        gateway.run(for: .seconds(2))
        #expect(gateway.mapper.isFinished)
        #expect(!gateway.log.contains { $0.hasPrefix("upnp remove") }, "\(gateway.log)")
    }

    @Test("the end gives everything back", arguments: PortMappingMethod.allCases)  // [MAP-7]
    func end(method: PortMappingMethod) {
        var gateway = ScriptedGateway()
        (gateway.pcp, gateway.natPMP, gateway.upnp) = (
            method == .pcp ? .grants : .silent, method == .natPMP ? .grants : .silent,
            method == .upnp ? .grants : .silent
        )
        gateway.run(for: .seconds(3))
        #expect(!gateway.table.isEmpty)
        gateway.close()
        let time = gateway.run(for: .seconds(1)) { $0.mapper.isFinished }
        #expect(time != nil)
        #expect(gateway.table.isEmpty)
        #expect(gateway.mapper.lease == nil && gateway.mapper.nextTimeout == nil)
    }
}

@Suite("a gateway that does not hold what it says")
struct BrokenGatewayTests {
    @Test("a mapping that leads to another port or host is removed, and the next method asked")  // [MAP-6]
    func elsewhere() {
        var gateway = ScriptedGateway()
        (gateway.natPMP, gateway.upnp) = (.mapsElsewhere, .grants)
        gateway.run(for: .seconds(5))
        #expect(gateway.mapper.lease?.method == .upnp)
        #expect(gateway.table == [.upnp: 40_000])
        #expect(gateway.log.contains("nat-pmp remove"))

        gateway = ScriptedGateway()
        gateway.upnp = .mapsElsewhere
        gateway.run(for: .seconds(10))
        #expect(gateway.mapper.isResting)
        #expect(gateway.table.isEmpty)
        // Once more with another port, as somebody may hold the first.
        #expect(gateway.log.filter { $0.hasPrefix("upnp add") }.count == 2)
        #expect(gateway.log.filter { $0.hasPrefix("upnp remove") }.count == 2)
    }

    @Test("an answer to another mapping is not ours")
    func otherAnswer() {
        var gateway = ScriptedGateway()
        gateway.pcp = .mapsElsewhere
        gateway.run(for: .seconds(5))
        #expect(gateway.mapper.lease == nil)
    }

    // [MAP-3]
    @Test("a mapping without a lease is none", arguments: PortMappingMethod.allCases.dropLast(), [UInt32(0), 29])
    func noLease(method: PortMappingMethod, seconds: UInt32) {
        var gateway = ScriptedGateway()
        gateway.lease = seconds
        if method == .pcp { gateway.pcp = .grants } else { gateway.natPMP = .grants }
        gateway.run(for: .seconds(5))
        #expect(gateway.mapper.isResting)
        #expect(gateway.log.count <= 8, "\(gateway.log)")
    }

    @Test("a lease for ever is renewed like others, and one of years is taken for a day")  // [MAP-3]
    func longLease() {
        var gateway = ScriptedGateway()
        (gateway.upnp, gateway.lease) = (.grants, 0)
        gateway.run(for: .seconds(3))
        let lease = gateway.mapper.lease!
        #expect(lease.renewal - lease.granted == .seconds(3600))
        gateway = ScriptedGateway()
        (gateway.pcp, gateway.lease) = (.grants, .max)
        gateway.run(for: .seconds(3))
        #expect(gateway.mapper.lease!.expiry - gateway.mapper.lease!.granted == .seconds(86_400))
    }

    @Test("garbage and refusals are no port, and cost no more than silence")
    func garbage() {
        for manner in [ScriptedGateway.Manner.garbage, .refuses, .grantsNothing] {
            var gateway = ScriptedGateway()
            (gateway.pcp, gateway.natPMP, gateway.upnp) = (manner, manner, manner == .grantsNothing ? .refuses : manner)
            gateway.run(for: .seconds(10))
            #expect(gateway.mapper.lease == nil && gateway.mapper.isResting, "\(manner)")
            #expect(gateway.log.count <= 10, "\(gateway.log)")
        }
    }

    @Test(  // [MAP-11]
        "a mapping that the outside does not reach is removed and added again with another port, then others are asked")
    func dead() {
        var gateway = ScriptedGateway()
        (gateway.pcp, gateway.natPMP, gateway.upnp) = (.grants, .grants, .grants)
        gateway.isReached = { method, _ in method == .upnp }
        gateway.run(for: .seconds(10))
        #expect(gateway.mapper.lease?.method == .upnp)
        #expect(gateway.table == [.upnp: 40_000])
        let maps = gateway.log.filter { $0.hasPrefix("pcp map") }
        #expect(maps.count == 2 && maps[0] == "pcp map 40000" && maps[1] != maps[0], "\(maps)")
        #expect(gateway.log.filter { $0 == "nat-pmp remove" }.count == 2)
    }

    @Test("where none of them is reached, there is silence in the end")
    func allDead() {
        var gateway = ScriptedGateway()
        (gateway.pcp, gateway.natPMP, gateway.upnp) = (.grants, .grants, .grants)
        gateway.isReached = { _, _ in false }
        gateway.run(for: .seconds(20))
        #expect(gateway.mapper.isResting)
        #expect(gateway.table.isEmpty)
        #expect(gateway.log.count < 25, "\(gateway.log)")
    }

    @Test("a mapping that dies later is noticed the same way, as often as it happens")
    func diesLater() {
        var gateway = ScriptedGateway()
        gateway.pcp = .grants
        gateway.run(for: .seconds(1))
        for _ in 0..<5 {
            let port = gateway.mapper.lease!.externalPort
            gateway.verify(port, false)
            gateway.run(for: .seconds(1))
            #expect(gateway.mapper.lease != nil && gateway.mapper.lease!.externalPort != port)
            #expect(gateway.table[.pcp] == gateway.mapper.lease!.externalPort)
        }
    }

    @Test("what is said of a port that is not ours any more changes nothing")
    func lateVerdict() {
        var gateway = ScriptedGateway()
        gateway.pcp = .grants
        gateway.run(for: .seconds(1))
        gateway.verify(4711, false)
        gateway.run(for: .seconds(1))
        #expect(gateway.mapper.lease?.externalPort == 40_000)
    }
}
