import PinholeWire
import Testing

@testable import PinholeCore

/// A session that rests between two files: what was learned of the path is not forgotten for a few lines of chat.
struct PauseTests {
    private static let rate = 6_250_000.0

    struct Path: CustomTestStringConvertible, Sendable {
        /// Milliseconds.
        let trip: Int
        var loss = 0.0
        var testDescription: String { "\(trip) ms, loss \(loss)" }
    }

    @Test(
        "after minutes of single messages a file is as fast as before",
        arguments: [Path(trip: 50), Path(trip: 50, loss: 0.03), Path(trip: 200)])
    func fileAfterMessages(_ condition: Path) {
        let product = Int(Self.rate * Double(condition.trip) / 1000)
        let path = Bottleneck(
            rate: Self.rate, delay: .milliseconds(condition.trip / 2), capacity: product, loss: condition.loss, seed: 7)
        path.flows[0].chatInterval = .milliseconds(1700)
        _ = path.run(for: .seconds(5))
        let before = path.run(for: .seconds(5))[0]
        path.flows[0].fileSize = 0
        _ = path.run(for: .seconds(180))
        path.flows[0].fileSize = nil
        let after = path.run(for: .seconds(5))[0]
        #expect(path.error == nil)
        #expect(before > 0.8, "\(before)")
        #expect(after > 0.85 * before, "\(after) after \(before)")
    }

    @Test("a packet by itself says nothing of the path's rate")
    func singlePacket() {
        let start = Instant(nanoseconds: 0)
        var rate = DeliveryRate(at: start)
        for number in UInt64(0)..<3 {
            let now = start + .seconds(Int64(number))
            rate.didRunDry(inFlight: 0)
            let packet = SentPacket(
                number: number, sentAt: now, size: 1000, largestAcknowledged: nil, frames: SentFrames(),
                stamp: rate.stamp(inFlight: 0, at: now))
            rate.didAcknowledge(packet, at: now + .milliseconds(50))
            #expect(rate.takeSample(minimumRTT: 0, at: now + .milliseconds(50))?.isAppLimited == true)
        }
    }

    @Test("files are offered a bounded number at a time, and the next when one is answered")
    func offers() {
        var files = OutgoingFiles()
        for id in 0..<UInt64(Limits.maxOpenOffers + 2) {
            files.add(FileOffer(transfer: id, salt: [], contentSize: 1, totalSize: 1, name: "file"))
        }
        var offered = 0
        while files.nextOffer() != nil { offered += 1 }
        #expect(offered == Limits.maxOpenOffers)
        _ = files.accepted(0, .none)
        let next = files.nextOffer()
        let none = files.nextOffer()
        #expect(next != nil && none == nil)
        _ = files.remove(1)
        let last = files.nextOffer()
        #expect(last != nil)
        files.sessionBegan()
        let again = files.nextOffer()
        #expect(again != nil)
    }

    @Test("of many accepted files a bounded number is sent at a time, and the next when one is written or postponed")
    func active() {
        var files = OutgoingFiles()
        let ids = 0..<UInt64(Limits.maxActiveFiles + 3)
        for id in ids { files.add(FileOffer(transfer: id, salt: [], contentSize: 1, totalSize: 1, name: "file")) }
        while files.nextOffer() != nil {}
        for id in ids { _ = files.accepted(id, .none) }
        var begun: [UInt64] = []
        while let next = files.nextToBegin() { begun.append(next.id) }
        #expect(begun.count == Limits.maxActiveFiles)
        let streams = begun.compactMap { files.begin($0) }
        #expect(Set(streams).count == begun.count)
        _ = files.advanced(begun[0], by: 1, isLast: true)
        let second = files.nextToBegin()
        let none = files.nextToBegin()
        #expect(second != nil && none == nil)
        // What is postponed begins again when it is accepted again, and not before.
        let postponed = files.postponed(begun[1])
        #expect(postponed.isOpen && postponed.stream == streams[1])
        let third = files.nextToBegin()
        #expect(third != nil)
        let late = files.begin(begun[1])
        #expect(late == nil)
        let isAccepted = files.accepted(begun[1], .none)
        #expect(isAccepted)
    }
}
