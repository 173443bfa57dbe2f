import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// Two peers on a line of 10 Mbit/s and 40 ms, and a file that goes over it.
struct SizedTransfer {
    let world: World
    let alice: Peer
    let bob: Peer
    let content: [UInt8]
    private let began: Instant

    /// Bytes per second.
    static let rate = 1_250_000.0

    init(
        seed: UInt64, bytes: Int, mtu: Int? = 1500, codepoints: Link.Codepoints = .kept, _ first: NAT? = nil,
        _ second: NAT? = nil
    ) {
        world = World(seed: seed)
        world.link.rate = Self.rate
        world.link.queue = 128 * 1024
        world.link.mtu = mtu
        world.link.codepoints = codepoints
        (alice, bob) = world.makePair(first, second)
        alice.connect(to: bob)
        var random = SeededRandom(seed: seed)
        let pattern = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &random) }
        // No two stretches are alike, and a debug build makes it quickly.
        content = (0..<bytes / 4096).flatMap { number in pattern[(number % 4096)...] + pattern[..<(number % 4096)] }
        let (one, other) = (alice, bob)
        world.run(for: .seconds(8)) { !one.connections.isEmpty && !other.connections.isEmpty }
        world.run(for: .seconds(1))
        began = world.now
        alice.sendFile(7, name: "file", content, to: bob)
    }

    /// Lets time pass since the file was offered; `isWhole` afterwards.
    func run(until limit: Duration) {
        world.run(for: max(.zero, began + limit - world.now)) { isWhole }
    }

    var elapsed: Duration { world.now - began }
    var isWhole: Bool { bob.stored["file"] == content }

    /// The sender's.
    var transport: Transport? { alice.connection(to: bob)?.session?.transport }

    /// Where the sender sends.
    var path: TransportAddress? { alice.endpoint.path(to: bob.key)?.remote }

    /// How much of the line a transfer of so many bytes in the time that has passed uses.
    var share: Double { Double(content.count) / (elapsed / .seconds(1)) / Self.rate }
}

@Suite("what size of datagrams a session uses")
struct PathSizeTests {
    @Test(  // [SIZ-7]
        "the line's MTU is found within a few round trips and used",
        arguments: [(1500, 1472), (1400, 1372), (1280, 1252)])
    func found(mtu: Int, size: Int) {
        let transfer = SizedTransfer(seed: 1, bytes: 3_000_000, mtu: mtu)
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole)
        #expect(transfer.transport?.maxDatagramSize == size)
        #expect(transfer.transport?.statistics.mtuProbes ?? 99 <= 16)
        // Where the first guess was wrong some probes were lost, and none of them counted as congestion.
        #expect(transfer.share > 0.8, "\(transfer.share)")
    }

    @Test("where nothing comes through, the probes that every path carries leave with no more than 508 bytes")
    func rescue() {
        let transfer = SizedTransfer(seed: 2, bytes: 2_000_000)
        transfer.run(until: .seconds(1))
        var sizes: Set<Int> = []
        transfer.world.tap = { [alice = transfer.alice] flight in
            if flight.source == alice.address, flight.isDirect { sizes.insert(flight.bytes.count) }
            return flight.bytes.count <= Limits.narrowDatagramSize ? flight : nil
        }
        transfer.run(until: .seconds(4))
        // Frames of 479 bytes are padded to what was left of the packet, and not to 512.
        #expect(sizes.contains(508) && !sizes.contains(512 + Limits.dataOverhead), "\(sizes.sorted())")
    }

    @Test("people who only chat send no probes")  // [SIZ-6]
    func chat() {
        let world = World(seed: 3)
        let (alice, bob) = world.makePair(nil, nil)
        alice.connect(to: bob)
        world.run(for: .seconds(5))
        world.recording = []
        for number in 0..<50 {
            alice.send("line \(number)", to: bob)
            world.run(for: .seconds(1))
        }
        #expect(bob.texts.count == 50)
        #expect((world.recording ?? []).allSatisfy { $0.bytes.count <= 1200 })
    }

    @Test("an MTU that falls in the middle of 10 MB to 1280, and then to 1000, costs little and loses nothing")
    func falls() {
        let transfer = SizedTransfer(seed: 2, bytes: 10_000_000)
        transfer.run(until: .seconds(2))
        #expect(transfer.transport?.maxDatagramSize == 1472)
        transfer.world.link.mtu = 1280
        transfer.run(until: .seconds(5))
        #expect(transfer.transport?.maxDatagramSize == 1252)
        transfer.world.link.mtu = 1000
        transfer.run(until: .seconds(30))
        #expect(transfer.isWhole)
        #expect(transfer.transport?.maxDatagramSize ?? 0 > 900)
        #expect(transfer.share > 0.7, "\(transfer.share) in \(transfer.elapsed)")
    }

    @Test("whenever it falls, and however far, data goes on within two seconds", arguments: 0..<12 as Range<UInt64>)
    func fallsAnywhere(seed: UInt64) {
        let transfer = SizedTransfer(seed: seed, bytes: 2_000_000)
        var random = SeededRandom(seed: seed)
        transfer.run(until: .milliseconds(Int64.random(in: 100...1500, using: &random)))
        transfer.world.link.mtu = [1280, 1000, 576][Int(seed % 3)]
        var received = transfer.bob.received[7]?.count ?? 0
        while !transfer.isWhole, transfer.elapsed < .seconds(60) {
            transfer.world.run(for: .seconds(2)) { transfer.isWhole }
            let now = transfer.bob.received[7]?.count ?? 0
            #expect(now > received || transfer.isWhole, "seed \(seed): it stands still at \(now) bytes")
            received = now
        }
        #expect(transfer.isWhole, "seed \(seed)")
    }

    @Test("an MTU that grows again is used ten minutes later")  // [SIZ-8]
    func grows() {
        let transfer = SizedTransfer(seed: 5, bytes: 3_000_000, mtu: 1280)
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole && transfer.transport?.maxDatagramSize == 1252)
        transfer.world.link.mtu = 1500
        transfer.world.run(for: .seconds(601))
        transfer.alice.sendFile(8, name: "other", transfer.content, to: transfer.bob)
        transfer.world.run(for: .seconds(20)) { transfer.bob.stored["other"] != nil }
        #expect(transfer.bob.stored["other"] == transfer.content)
        #expect(transfer.transport?.maxDatagramSize == 1472)
    }

    @Test("a tunnel of 576 bytes carries messages and files", arguments: 0..<4 as Range<UInt64>)  // [SIZ-11]
    func tunnel(seed: UInt64) {
        let transfer = SizedTransfer(seed: seed, bytes: 500_000, mtu: 576)
        transfer.bob.send(String(repeating: "long ", count: 2000), to: transfer.alice)
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole && transfer.alice.texts.count == 1, "seed \(seed)")
    }

    @Test("what this machine's interface carries is known from the start, and followed")
    func interface() {
        let transfer = SizedTransfer(seed: 6, bytes: 3_000_000, mtu: 9000)
        let source = transfer.alice.address.ip
        transfer.alice.endpoint.setInterfaceMTUs([source: 9000], at: transfer.world.now)
        transfer.run(until: .seconds(1))
        #expect(transfer.transport?.maxDatagramSize == 8972)
        transfer.alice.endpoint.setInterfaceMTUs([source: 1400], at: transfer.world.now)
        #expect(transfer.transport?.maxDatagramSize == 1200)
        transfer.world.link.mtu = 1400
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole && transfer.transport?.maxDatagramSize == 1372)
    }

    @Test("packets that the kernel refuses are sent again at once in smaller ones")  // [SIZ-12]
    func refused() {
        let transfer = SizedTransfer(seed: 7, bytes: 2_000_000)
        transfer.run(until: .milliseconds(800))
        transfer.world.link.mtu = 1280
        let route = Route(transfer.bob.address)
        transfer.alice.endpoint.refused(1472, over: route, at: transfer.world.now)
        #expect(transfer.transport?.maxDatagramSize == 1200)
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole && transfer.transport?.statistics.probeTimeouts ?? 9 <= 2)
    }
}
