import PinholeWire
import Simulator
import Testing

@Suite("the simulated NAT")
struct NATTests {
    static let inside = TransportAddress("192.168.1.10:4000")!
    static let neighbour = TransportAddress("192.168.1.11:4000")!
    static let external = IPAddress("198.51.100.1")!
    static let start = Instant(nanoseconds: 0)

    /// An address of the world: two ports of an address share a number's tens.
    static func remote(_ number: Int) -> TransportAddress {
        TransportAddress(IPAddress(v4: 0xc633_6500 + UInt32(number / 10)), port: UInt16(5000 + number % 10))
    }

    private static func nat(_ type: NetworkType, seed: UInt64 = 1) -> NAT {
        NAT(type, external: external, seed: seed)!
    }

    private func port(_ nat: NAT, to number: Int, at seconds: Double = 0, from inside: TransportAddress = inside)
        -> UInt16?
    {
        nat.outbound(inside, to: Self.remote(number), at: Self.start + .seconds(seconds))?.port
    }

    private func passes(_ nat: NAT, _ port: UInt16, from number: Int, at seconds: Double = 0) -> TransportAddress? {
        nat.inbound(
            TransportAddress(Self.external, port: port), from: Self.remote(number), at: Self.start + .seconds(seconds))
    }

    @Test("the mapping depends on what its class says", arguments: NetworkType.allCases)
    func mapping(type: NetworkType) throws {
        guard let nat = NAT(type, external: Self.external, seed: 7) else { return }
        let ports = [10, 11, 20, 10].map { port(nat, to: $0) }
        switch type {
        case .fullCone, .addressRestricted, .portRestricted, .careless, .firewall:
            #expect(ports.allSatisfy { $0 == 4000 })
        case .renumbering:
            #expect(Set(ports).count == 1 && ports[0] != 4000)
        case .sequential, .block, .random, .mapped:
            #expect(Set(ports).count == 3 && ports[0] == ports[3])
        case .blocked:
            #expect(ports.allSatisfy { $0 == nil })
        case .open:
            Issue.record("an open network has no NAT")
        }
    }

    @Test("the filter lets in whom its class lets in", arguments: NetworkType.allCases)
    func filtering(type: NetworkType) throws {
        guard let nat = NAT(type, external: Self.external, seed: 7), let port = port(nat, to: 10) else { return }
        let destination = TransportAddress(type == .firewall ? Self.inside.ip : Self.external, port: port)
        let passed = [10, 11, 20].map { nat.inbound(destination, from: Self.remote($0), at: Self.start) == Self.inside }
        switch type {
        case .fullCone: #expect(passed == [true, true, true])
        case .addressRestricted: #expect(passed == [true, true, false])
        default: #expect(passed == [true, false, false])
        }
    }

    @Test("a counter moves by its step, and others move it too")
    func sequential() throws {
        let nat = NAT(
            .addressAndPortDependent, .addressAndPortDependent, .sequential(by: 256), external: Self.external, seed: 3)
        let ports = try (0..<300).map { try #require(port(nat, to: $0)) }
        let steps = zip(ports, ports.dropFirst()).map { $1 &- $0 }
        #expect(steps.count { $0 == 256 } >= 296, "all but those at the end of the range")
        #expect(ports.allSatisfy { $0 >= 1024 })
        nat.otherBindings = 10
        let before = try #require(port(nat, to: 1000, at: 1))
        let after = try #require(port(nat, to: 1001, at: 3))
        #expect((after &- before) / 256 > 5, "about twenty others in two seconds")
    }

    @Test("a block is not left, and no port of it is given twice to one remote address")
    func block() throws {
        let nat = Self.nat(.block)
        let ports = try (0..<512).map { number in
            try #require(port(nat, to: 10, from: TransportAddress(Self.inside.ip, port: UInt16(10_000 + number))))
        }
        #expect(Set(ports).count == 512 && ports.allSatisfy { (20_000...20_511).contains($0) })
        #expect(port(nat, to: 10, from: TransportAddress(Self.inside.ip, port: 9)) == nil, "the block is used up")
    }

    @Test("random ports are spread over the whole range")
    func random() throws {
        let nat = Self.nat(.random)
        let ports = try (0..<4000).map { try #require(port(nat, to: $0)) }
        for quarter in 0..<4 {
            let low = 1024 + 16_128 * quarter
            let share = Double(ports.count { (low..<low + 16_128).contains(Int($0)) }) / 4000
            #expect(abs(share - 0.25) < 0.04)
        }
    }

    @Test("two hosts with the same port share what they can, and no remote address sees one port twice")
    func neighbours() throws {
        let linux = Self.nat(.careless)
        #expect(port(linux, to: 10) == 4000 && port(linux, to: 20, from: Self.neighbour) == 4000)
        let other = try #require(port(linux, to: 10, from: Self.neighbour))
        #expect(other != 4000)
        #expect(passes(linux, 4000, from: 10) == Self.inside && passes(linux, other, from: 10) == Self.neighbour)
        let home = Self.nat(.portRestricted)
        #expect(port(home, to: 10) == 4000 && port(home, to: 20, from: Self.neighbour) != 4000)
    }

    @Test("Linux forgets after 30 s what was not answered late enough, and else after 120 s", arguments: [false, true])
    func lifetime(isPromoted: Bool) {
        let nat = Self.nat(.portRestricted)
        _ = port(nat, to: 10, at: 0)
        #expect(passes(nat, 4000, from: 10, at: 0.1) != nil)
        let last = isPromoted ? 2.5 : 1.5
        _ = port(nat, to: 10, at: last)
        #expect(passes(nat, 4000, from: 10, at: last + 29) != nil)
        let second = isPromoted ? last + 29 + 119 : last + 29 + 31
        // What came after 29 s refreshed the flow for 30 s or, being later than 2 s after its begin, for 120 s.
        #expect(passes(nat, 4000, from: 10, at: second + (isPromoted ? 0 : 90)) == nil || isPromoted)
        let quiet = Self.nat(.portRestricted)
        _ = port(quiet, to: 10, at: 0)
        #expect(passes(quiet, 4000, from: 10, at: 29.9) != nil)
        let silent = Self.nat(.portRestricted)
        _ = port(silent, to: 10, at: 0)
        #expect(passes(silent, 4000, from: 10, at: 30.1) == nil)
    }

    @Test("an answered flow lives 30 s while it is young, and 120 s once it has lasted 2 s")
    func promotion() {
        for (last, life) in [(1.9, 30.0), (2.1, 120.0)] {
            for (after, isAlive) in [(life - 0.1, true), (life + 0.1, false)] {
                let nat = Self.nat(.portRestricted)
                _ = port(nat, to: 10, at: 0)
                _ = passes(nat, 4000, from: 10, at: 0.05)
                _ = port(nat, to: 10, at: last)
                #expect(
                    (passes(nat, 4000, from: 10, at: last + after) != nil) == isAlive, "last packet after \(last) s")
            }
        }
    }

    @Test("a random NAT gives another port when the old one was forgotten")
    func rebinding() throws {
        let nat = Self.nat(.random)
        let first = try #require(port(nat, to: 10, at: 0))
        #expect(port(nat, to: 10, at: 29) == first)
        #expect(port(nat, to: 10, at: 60) != first)
        nat.flush()
        #expect(passes(nat, first, from: 10, at: 60) == nil)
    }

    @Test("without an input firewall an early packet takes the tuple that the answer to it needs")
    func careless() {
        let nat = Self.nat(.careless)
        #expect(port(nat, to: 20) == 4000)
        #expect(passes(nat, 4000, from: 10) == nil)
        #expect(port(nat, to: 10) != 4000)
        #expect(port(nat, to: 11) == 4000, "another port of the same address is not affected")
        let proper = Self.nat(.portRestricted)
        _ = port(proper, to: 20)
        _ = passes(proper, 4000, from: 10)
        #expect(port(proper, to: 10) == 4000)
        let later = Self.nat(.careless)
        _ = passes(later, 4000, from: 10)
        #expect(port(later, to: 10, at: 31) == 4000, "what was captured is forgotten after 30 s")
    }

    @Test("no host has more flows than the limit, until old ones are forgotten")
    func sessionLimit() {
        let nat = Self.nat(.portRestricted)
        nat.sessionLimit = 64
        let admitted = (0..<100).count { port(nat, to: $0) != nil }
        #expect(admitted == 64)
        #expect(port(nat, to: 5) != nil, "flows that are there go on")
        #expect(port(nat, to: 500, from: Self.neighbour) != nil, "the limit is for each host")
        #expect(port(nat, to: 600, at: 31) != nil)
        #expect(nat.flowsMade == 66)
    }

    @Test("a forwarded port lets everybody in, and its socket sends by it")
    func forwards() {
        let nat = Self.nat(.mapped)
        nat.forwards[7000] = Self.inside
        #expect(passes(nat, 7000, from: 10) == Self.inside)
        #expect(port(nat, to: 10) == 7000 && port(nat, to: 20) == 7000)
        #expect(port(nat, to: 20, from: Self.neighbour) != 7000)
    }
}
