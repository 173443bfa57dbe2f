import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// draft-ietf-quic-ack-frequency: the sender says how often, the receiver does it, and a loss never waits.
struct AckFrequencyTests {
    private let start = Instant(nanoseconds: 0)

    private func request(
        _ sequence: UInt64, threshold: UInt64, maxDelay: UInt64 = 10_000, reordering: UInt64 = 1
    ) -> AckFrequency {
        AckFrequency(
            sequence: sequence, threshold: threshold, maxDelay: maxDelay, reorderingThreshold: reordering)
    }

    @Test("as many packets as were asked for may wait, and as long")  // [ACK-3]
    func threshold() {
        var space = PacketNumberSpace(at: start)
        space.didRequest(request(1, threshold: 10))
        for number in 0..<9 as Range<UInt64> { space.didReceive(number, isAckEliciting: true, at: start) }
        #expect(!space.isAckDue(at: start))
        #expect(space.ackDeadline == start + .milliseconds(10))
        space.didReceive(9, isAckEliciting: true, at: start)
        #expect(space.isAckDue(at: start))
    }

    @Test("a gap is told at once, and so is what fills it")
    func gap() {
        var space = PacketNumberSpace(at: start)
        space.didRequest(request(1, threshold: 100))
        space.didReceive(0, isAckEliciting: true, at: start)
        space.didReceive(2, isAckEliciting: true, at: start)
        #expect(space.isAckDue(at: start))
        _ = space.makeAck(upTo: 1000, at: start)
        space.didReceive(1, isAckEliciting: true, at: start)
        #expect(space.isAckDue(at: start))
    }

    @Test("where the path reorders, a gap is told once it is as wide as the sender's own threshold")  // [ACK-4]
    func reordering() {
        var space = PacketNumberSpace(at: start)
        space.didRequest(request(1, threshold: 100, reordering: 5))
        space.didReceive(0, isAckEliciting: true, at: start)
        for number in 2..<6 as Range<UInt64> {
            space.didReceive(number, isAckEliciting: true, at: start)
            #expect(!space.isAckDue(at: start), "\(number)")
        }
        space.didReceive(6, isAckEliciting: true, at: start)
        #expect(space.isAckDue(at: start), "five beyond the missing one")
        _ = space.makeAck(upTo: 1000, at: start)
        space.didReceive(7, isAckEliciting: true, at: start)
        #expect(!space.isAckDue(at: start), "told already")
    }

    @Test("where the path reorders and loses, each loss is told as soon as it is as far behind as the threshold")
    func reorderingAndLoss() {
        var space = PacketNumberSpace(at: start)
        space.didRequest(request(1, threshold: 250, reordering: 50))
        var told: [UInt64] = []
        for number in 0..<400 as Range<UInt64> where number % 20 != 7 {
            space.didReceive(number, isAckEliciting: true, at: start)
            guard space.isAckDue(at: start) else { continue }
            told.append(number)
            let largest = space.makeAck(upTo: 1000, at: start)?.ranges.first?.upperBound
            // The peer answers at once, so that what it knows is forgotten.
            if let largest { space.forget(upTo: largest) }
        }
        // 7 is told with 57, 27 with 77 (and 107 does not come, for it is lost with …7): fifty behind each.
        #expect(told == Array(stride(from: 57, to: 400, by: 20)).map(UInt64.init))
    }

    @Test("an older request is ignored, and none delays for longer than 25 ms")  // [FRM-13] [ACK-3]
    func bounds() {
        var space = PacketNumberSpace(at: start)
        space.didRequest(request(2, threshold: 5))
        space.didRequest(request(1, threshold: 50))
        for number in 0..<5 as Range<UInt64> { space.didReceive(number, isAckEliciting: true, at: start) }
        #expect(space.isAckDue(at: start))
        _ = space.makeAck(upTo: 1000, at: start)
        space.didRequest(request(3, threshold: .max, maxDelay: .max))
        space.didReceive(5, isAckEliciting: true, at: start)
        #expect(space.ackDeadline == start + .milliseconds(25))
        for number in 6..<262 as Range<UInt64> { space.didReceive(number, isAckEliciting: true, at: start) }
        #expect(space.isAckDue(at: start))
    }

    @Test("a window of hundreds of packets asks for an eighth of the acknowledgements, and loses nothing by it")
    func sparse() {
        let path = Bottleneck(rate: 6_250_000, delay: .milliseconds(25), capacity: 312_500, seed: 1)
        _ = path.run(for: .seconds(3))
        let before = path.acknowledgements
        let packets = path.flows[0].sender.statistics.packetsSent
        let share = path.run(for: .seconds(5))[0]
        let ratio =
            Double(path.acknowledgements - before) / Double(path.flows[0].sender.statistics.packetsSent - packets)
        #expect(share > 0.96)
        #expect(ratio < 0.125 && ratio > 0.01, "\(ratio)")
        #expect(path.flows[0].sender.ackRequest.threshold >= Limits.sparseAckPackets)
    }

    @Test("a way back of a hundredth of the rate is enough")
    func narrowWayBack() {
        var link = LinkModel(rate: 6_250_000, delay: .milliseconds(25), capacity: 312_500, seed: 1)
        link.backRate = 62_500
        let path = Bottleneck(link)
        _ = path.run(for: .seconds(6))
        #expect(path.run(for: .seconds(5))[0] > 0.9)
    }

    @Test("after a new path every second packet is acknowledged again, even if the first request is lost")
    func newPath() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(25), rate: 6_250_000))
        var writer = Writer([UInt8](repeating: 1, count: 40_000_000), to: 16)
        var reader = Reader()
        link.run(for: .seconds(2)) {
            writer.fill(&link.a)
            reader.drain(&link.b)
        }
        #expect(link.a.ackRequest.threshold >= Limits.sparseAckPackets)
        link.a.resetPath(initialRTT: .milliseconds(50), at: link.now)
        link.conditions.loss = 0.5
        link.run(for: .milliseconds(300)) { reader.drain(&link.b) }
        link.conditions.loss = 0
        let asked = link.a.ackRequest
        link.run(for: .milliseconds(400)) { reader.drain(&link.b) }
        #expect(asked.threshold == Limits.ackElicitingThreshold)
        #expect(!link.a.isAckRequestQueued)
    }
}
