import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("a peer whose address changes again and again")
struct RebindingTests {
    /// 10 MB at 4 Mbit/s take 20 s; each 5 s of them the NAT in front of one of the two forgets everything.
    private func run(
        seed: UInt64, bytes: Int, renumbers: Bool, isSender: Bool, behind second: NAT?
    ) -> SizedTransfer {
        let nat = Self.renumbering(seed: seed)
        let transfer =
            isSender
            ? SizedTransfer(seed: seed, bytes: bytes, nat, second)
            : SizedTransfer(seed: seed, bytes: bytes, second, nat)
        transfer.world.link.rate = 500_000
        let (mover, other) = isSender ? (transfer.alice, transfer.bob) : (transfer.bob, transfer.alice)
        var places: Set<TransportAddress> = []
        for number in 1...12 where !transfer.isWhole {
            transfer.run(until: .seconds(5) * number)
            if let place = other.endpoint.path(to: mover.key)?.remote { places.insert(place) }
            nat.flush()
            if renumbers { nat.external = IPAddress("198.51.100.\(100 + number)")! }
        }
        #expect(places.count >= 2 && places.count >= bytes / 3_000_000, "\(places)")
        return transfer
    }

    // [PTH-10]
    @Test("10 MB arrive whole, whoever moves, and whether its address changes or its port alone", arguments: 0..<4)
    func transfer(number: Int) {
        let (renumbers, isSender) = (number & 1 != 0, number & 2 != 0)
        let transfer = run(
            seed: UInt64(number), bytes: 10_000_000, renumbers: renumbers, isSender: isSender, behind: nil)
        #expect(transfer.isWhole, "\(transfer.elapsed)")
        #expect(transfer.elapsed < .seconds(32), "\(transfer.elapsed)")
    }

    @Test("and behind two NATs, which have to be opened again each time", arguments: 0..<4)
    func filtered(number: Int) {
        let (renumbers, isSender) = (number & 1 != 0, number & 2 != 0)
        let transfer = run(
            seed: UInt64(number), bytes: 10_000_000, renumbers: renumbers, isSender: isSender,
            behind: .home("198.51.100.2", seed: 9))
        #expect(transfer.isWhole, "\(transfer.elapsed)")
        #expect(transfer.elapsed < .seconds(60), "\(transfer.elapsed)")
    }

    /// A router that gives another port after it has forgotten everything.
    private static func renumbering(seed: UInt64) -> NAT {
        NAT(
            .endpointIndependent, .addressAndPortDependent, .random, external: IPAddress("198.51.100.1")!, seed: seed)
    }

    @Test(  // [PTH-17]
        "another address begins with a fresh window and round trip, another port keeps both", arguments: [false, true])
    func fresh(renumbers: Bool) {
        let nat = Self.renumbering(seed: 3)
        // Bob sends nothing but acknowledgements; what he sees of alice's moves is in his own transport.
        let transfer = SizedTransfer(seed: 3, bytes: 3_000_000, nil, nat)
        transfer.run(until: .seconds(1))
        let before = transfer.transport?.statistics.congestionWindow ?? 0
        #expect(before > 40_000 && transfer.transport?.maxDatagramSize == 1472)
        let pathStart = transfer.transport?.pathStart
        nat.flush()
        if renumbers { nat.external = IPAddress("198.51.100.99")! }
        let old = transfer.path
        #expect(transfer.world.run(for: .seconds(10)) { transfer.path != old })
        let after = transfer.transport?.statistics.congestionWindow ?? 0
        if renumbers {
            #expect(after <= 12_000 && transfer.transport?.pathStart != pathStart)
            #expect(transfer.transport?.maxDatagramSize == 1200)
        } else {
            #expect(after > 12_000 && transfer.transport?.pathStart == pathStart)
            #expect(transfer.transport?.maxDatagramSize == 1472)
        }
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole)
    }

    // [PTH-11] [PTH-17]
    @Test("what was lost before the peer's port changed does not lead back to the old one", arguments: 0..<8)
    func patience(seed: UInt64) {
        let nat = Self.renumbering(seed: seed)
        let transfer = SizedTransfer(seed: seed, bytes: 3_000_000, nil, nat)
        transfer.world.delay = .milliseconds(50)
        transfer.run(until: .seconds(2))
        // The router starts again: what leaves meanwhile is lost.
        nat.isBlocking = true
        transfer.world.run(for: .milliseconds(1500))
        nat.isBlocking = false
        nat.flush()
        let (old, pathStart) = (transfer.path, transfer.transport?.pathStart)
        #expect(transfer.world.run(for: .seconds(10)) { transfer.path != old })
        let new = transfer.path
        transfer.world.run(for: .seconds(1)) { transfer.path != new }
        #expect(transfer.path == new && transfer.transport?.pathStart == pathStart)
    }

    @Test("another address of this machine begins a path anew as well")  // [PTH-17]
    func ownAddress() {
        let transfer = SizedTransfer(seed: 4, bytes: 3_000_000)
        transfer.run(until: .seconds(1))
        #expect(transfer.transport?.maxDatagramSize == 1472)
        let pathStart = transfer.transport?.pathStart
        transfer.alice.move(to: [Interface(TransportAddress("192.0.2.77:4000")!)])
        #expect(transfer.transport?.statistics.congestionWindow ?? 0 <= 12_000)
        #expect(transfer.transport?.pathStart != pathStart && transfer.transport?.maxDatagramSize == 1200)
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole && transfer.share > 0.6, "\(transfer.share)")
    }

    @Test("at most three times the bytes that came go to an address that is not validated")  // [PTH-2] [PTH-7]
    func amplification() {
        let victim = TransportAddress("203.0.113.99:5000")!
        for seed in 0..<8 as Range<UInt64> {
            let world = World(seed: seed)
            let (alice, bob) = world.makePair(nil, nil)
            alice.connect(to: bob)
            world.run(for: .seconds(5))
            bob.files[7] = [UInt8](repeating: 1, count: 3_000_000)
            bob.sendFile(7, name: "file", bob.files[7] ?? [], to: alice)
            world.run(for: .milliseconds(200))
            // Someone on the way sends alice's newest packets on from the victim's address, before they arrive.
            var (received, sent, isDiverting) = (0, 0, 0)
            world.tap = { flight in
                var flight = flight
                if flight.destination == victim {
                    sent += flight.bytes.count
                    #expect(sent <= 3 * received, "seed \(seed): \(sent) bytes for \(received)")
                    return nil
                }
                if flight.source == alice.address, flight.destination == bob.address, isDiverting < 5 {
                    isDiverting += 1
                    received += flight.bytes.count
                    flight.source = victim
                }
                return flight
            }
            world.run(for: .seconds(10))
            #expect(received > 0 && sent > 0)
            world.tap = nil
            #expect(world.run(for: .seconds(20)) { alice.stored["file"] != nil }, "seed \(seed)")
            #expect(alice.closings.isEmpty && bob.closings.isEmpty)
        }
    }
}
