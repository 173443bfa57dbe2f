import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("how a NAT gives external ports away")
struct PortAllocationTests {
    private static let outside = IPAddress("198.51.100.1")!

    private static func allocation(
        _ mapping: NAT.Mapping, _ allocation: NAT.Allocation, seed: UInt64, others: Double = 0, loss: Double = 0
    ) -> PortAllocation? {
        let world = World(seed: seed)
        world.loss = loss
        let nat = NAT(mapping, .addressAndPortDependent, allocation, external: outside, seed: seed)
        nat.otherBindings = others
        let alice = world.addPeer("192.168.1.10:4000", behind: nat)
        alice.useService()
        world.run(for: .seconds(20)) { alice.profile != nil }
        return alice.profile?.allocation
    }

    static let kinds: [(NAT.Mapping, NAT.Allocation, PortAllocation.Kind)] = [
        (.endpointIndependent, .preserving, .preserving), (.endpointIndependent, .random, .random),
        (.endpointIndependent, .sequential(by: 1), .sequential),
        (.endpointIndependent, .block(20_000...20_511), .block),
        (.addressAndPortDependent, .sequential(by: 1), .sequential),
        (.addressAndPortDependent, .sequential(by: 2), .sequential),
        (.addressAndPortDependent, .block(20_000...21_023), .block), (.addressAndPortDependent, .random, .random),
        (.addressDependent, .random, .random),
    ]

    @Test("each way is recognized", arguments: kinds)  // [NAT-6]
    func recognized(_ mapping: NAT.Mapping, _ way: NAT.Allocation, _ kind: PortAllocation.Kind) throws {
        for seed in UInt64(1)...50 {
            let found = try #require(Self.allocation(mapping, way, seed: seed))
            #expect(found.kind == kind, "seed \(seed): \(found)")
            #expect(found.low <= found.last && found.last <= found.high)
            if case .sequential(let delta) = way { #expect(found.delta == Int16(delta), "seed \(seed)") }
            if case .block(let ports) = way {
                #expect(ports.contains(found.low) && ports.contains(found.high), "seed \(seed)")
            }
        }
    }

    @Test("a counter is recognized while other hosts use it too, and when datagrams are lost")
    func disturbed() {
        var (busy, lossy) = (0, 0)
        for seed in UInt64(1)...200 {
            // 20 mappings of others in a second: one comes between two of ours, 5 ms apart, once in ten times.
            let found = Self.allocation(.addressAndPortDependent, .sequential(by: 1), seed: seed, others: 20)
            if found?.kind == .sequential, found?.delta == 1 { busy += 1 }
            let other = Self.allocation(.addressAndPortDependent, .sequential(by: 1), seed: seed, loss: 0.05)
            if other?.kind == .sequential, other?.delta == 1 { lossy += 1 }
        }
        #expect(busy >= 190 && lossy >= 180, "\(busy) and \(lossy) of 200")
    }

    private static func classified(_ ports: [UInt16], local: UInt16? = nil) -> PortAllocation {
        PortAllocation(ports.map { PortAllocation.Sample(local: local, external: $0) })
    }

    @Test("steps: a counter in the other byte order, downwards, over the end")  // [PUN-11]
    func steps() {
        // numgen inc … offset 30000, as the kernel writes it: 0x7530 becomes 0x3075, and 0x75ff is followed by 0x7600.
        let swapped = (0..<10).map { (UInt16(0x75fa) + UInt16($0)).byteSwapped }
        #expect(Self.classified(swapped).kind == .sequential && Self.classified(swapped).delta == 256)
        #expect(Self.classified([5000, 4998, 4996, 4994]).delta == -2)
        #expect(Self.classified([65_533, 65_535, 1, 3, 5]).delta == 2)
        #expect(Self.classified([100, 101, 103, 104, 105]).delta == 1)
    }

    @Test("too little is not enough")  // [NAT-6]
    func few() {
        #expect(Self.classified([]) == PortAllocation())
        #expect(Self.classified([5000]).kind == .unknown)
        #expect(Self.classified([5000, 5001]).kind == .unknown)
        #expect(Self.classified([5000, 25_001, 61_000]).kind == .unknown)
        #expect(Self.classified([5000, 25_001, 61_000]).high == 61_000)
        // One mapping for all destinations is one sample.
        #expect(Self.classified([5000, 5000, 5000, 5000, 5000], local: 7).kind == .unknown)
    }

    @Test("random ports are taken for nothing else, 20,000 times")  // [NAT-6]
    func random() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        var mistakes = 0
        for _ in 0..<20_000 {
            let ports = (0..<11).map { _ in UInt16.random(in: 1024...65535, using: &random) }
            if Self.classified(ports, local: 4000).kind != .random { mistakes += 1 }
        }
        #expect(mistakes <= 2, "seed \(seed)")
    }
}
