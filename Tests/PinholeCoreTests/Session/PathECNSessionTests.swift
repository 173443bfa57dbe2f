import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("ECN on the paths of a session")
struct PathECNSessionTests {
    /// Alice sends a file; what became of the codepoints of her full packets.
    private func transfer(
        _ seed: UInt64, _ codepoints: Link.Codepoints = .kept, markingThreshold: Int? = nil
    ) -> (SizedTransfer, codepoints: [ECNCodepoint: Int]) {
        let transfer = SizedTransfer(seed: seed, bytes: 3_000_000, codepoints: codepoints)
        transfer.world.recording = []
        transfer.world.link.markingThreshold = markingThreshold
        transfer.run(until: .seconds(40))
        #expect(transfer.isWhole)
        let source = transfer.alice.address
        let flights = (transfer.world.recording ?? []).filter { $0.source == source && $0.bytes.count > 1000 }
        return (transfer, Dictionary(grouping: flights, by: \.ecn).mapValues(\.count))
    }

    @Test("a queue that marks is kept short, and nothing is lost")
    func marked() {
        let (transfer, codepoints) = transfer(1, markingThreshold: 30_000)
        #expect(transfer.transport?.hasECN == true)
        #expect(codepoints[.ce] ?? 0 > 0 && codepoints[.ect0] ?? 0 > 1500)
        #expect(transfer.transport?.statistics.congestionMarks ?? 0 > 0)
        #expect(transfer.transport?.statistics.packetsLost == 0)
        #expect(transfer.share > 0.8, "\(transfer.share)")
    }

    @Test("a path that bleaches is told by its first answers")
    func bleached() {
        let (transfer, codepoints) = transfer(2, .bleached)
        #expect(transfer.transport?.hasECN == false)
        #expect(codepoints[.ect0] == nil && transfer.share > 0.8, "\(transfer.share)")
    }

    @Test("a path that marks everything is not listened to for long")
    func allMarked() {
        let (transfer, codepoints) = transfer(3, .allCongested)
        #expect(transfer.transport?.hasECN == false)
        #expect(codepoints[.ce] ?? 0 <= 10 && transfer.share > 0.7, "\(transfer.share), \(codepoints)")
    }

    @Test("a path that drops what is marked carries what is not")
    func dropped() {
        let (transfer, codepoints) = transfer(4, .dropped)
        #expect(transfer.transport?.hasECN == false)
        #expect(codepoints[.ect0] == nil && transfer.share > 0.6, "\(transfer.share)")
    }

    @Test(
        "a path that begins to drop what is marked, or to bleach, does not stop a transfer", arguments: [true, false])
    func later(drops: Bool) {
        let transfer = SizedTransfer(seed: 6, bytes: 3_000_000)
        transfer.run(until: .seconds(1))
        #expect(transfer.transport?.hasECN == true)
        transfer.world.link.codepoints = drops ? .dropped : .bleached
        transfer.run(until: .seconds(20))
        #expect(transfer.isWhole && transfer.transport?.hasECN == false)
        #expect(transfer.share > 0.5, "\(transfer.share)")
    }

    @Test("acknowledgements are not marked, and those of marked packets count them")  // [ECN-1] [ECN-2]
    func counts() {
        let (transfer, _) = transfer(5)
        #expect(transfer.transport?.hasECN == true)
        let source = transfer.bob.address
        let answers = (transfer.world.recording ?? []).filter { $0.source == source && $0.bytes.count < 200 }
        #expect(answers.count > 300)
        #expect(answers.count { $0.ecn != .notECT } < answers.count / 10)
    }
}
