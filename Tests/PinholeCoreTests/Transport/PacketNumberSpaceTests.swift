import PinholeWire
import Testing

@testable import PinholeCore

struct PacketNumberSpaceTests {
    private let start = Instant(nanoseconds: 0)

    @Test("every second ack-eliciting packet is acknowledged at once, a single one after 25 ms")  // [ACK-1]
    func delay() {
        var space = PacketNumberSpace(at: start)
        space.didReceive(0, isAckEliciting: true, at: start)
        #expect(!space.isAckDue(at: start))
        #expect(space.ackDeadline == start + .milliseconds(25))
        #expect(space.isAckDue(at: start + .milliseconds(25)))
        space.didReceive(1, isAckEliciting: true, at: start)
        #expect(space.isAckDue(at: start))
        #expect(space.makeAck(upTo: 1000, at: start)?.ranges == [0...1])
        #expect(!space.isAckDue(at: start + .seconds(1)))
        #expect(space.ackDeadline == nil)
    }

    @Test("a packet with CE is acknowledged at once")  // [ECN-3]
    func congestionExperienced() {
        var space = PacketNumberSpace(at: start)
        space.didReceive(0, isAckEliciting: true, ecn: .ect0, at: start)
        #expect(!space.isAckDue(at: start))
        _ = space.makeAck(upTo: 1000, at: start)
        space.didReceive(1, isAckEliciting: true, ecn: .ce, at: start)
        #expect(space.isAckDue(at: start))
    }

    @Test("packets that only acknowledge are not acknowledged")  // [FRM-14]
    func acknowledgementsOnly() {
        var space = PacketNumberSpace(at: start)
        for number in 0..<10 { space.didReceive(UInt64(number), isAckEliciting: false, at: start) }
        #expect(!space.isAckDue(at: start + .seconds(10)))
        #expect(!space.isAckUseful)
    }

    // [ACK-1]
    @Test("a gap, and what fills it, is acknowledged at once", arguments: [[0, 2], [0, 1, 5, 3]] as [[UInt64]])
    func gaps(numbers: [UInt64]) {
        var space = PacketNumberSpace(at: start)
        for number in numbers.dropLast() {
            space.didReceive(number, isAckEliciting: true, at: start)
            _ = space.makeAck(upTo: 1000, at: start)
        }
        space.didReceive(numbers.last ?? 0, isAckEliciting: true, at: start)
        #expect(space.isAckDue(at: start))
    }

    @Test("an ACK says how long its largest packet has waited")  // [FRM-3]
    func ackDelay() {
        var space = PacketNumberSpace(at: start)
        space.didReceive(4, isAckEliciting: true, at: start)
        space.didReceive(1, isAckEliciting: true, at: start + .milliseconds(2))
        let ack = space.makeAck(upTo: 1000, at: start + .milliseconds(5))
        #expect(ack == AckFrame(ranges: [4...4, 1...1], delay: 5000))
    }

    @Test("the newest ranges are kept, as many as one ACK may have")  // [ACK-2]
    func manyRanges() {
        var space = PacketNumberSpace(at: start)
        for number in 0..<100 { space.didReceive(UInt64(number * 2), isAckEliciting: true, at: start) }
        let ack = space.makeAck(upTo: 1171, at: start)
        #expect(ack?.ranges.count == Limits.maxAckRanges)
        #expect(ack?.largest == 198)
        #expect(space.makeAck(upTo: 60, at: start)?.ranges == [198...198, 196...196])
        #expect(space.makeAck(upTo: 10, at: start) == nil)
    }

    @Test("what the peer knows to be acknowledged is forgotten, but for the newest range")
    func forgetting() {
        var space = PacketNumberSpace(at: start)
        for number in [0, 1, 5, 6, 9] as [UInt64] { space.didReceive(number, isAckEliciting: true, at: start) }
        space.forget(upTo: 5)
        #expect(space.makeAck(upTo: 1000, at: start)?.ranges == [9...9, 6...6])
        space.forget(upTo: 9)
        #expect(space.makeAck(upTo: 1000, at: start)?.ranges == [9...9])
    }

    @Test("a number counts once")
    func duplicates() {
        var space = PacketNumberSpace(at: start)
        space.didReceive(0, isAckEliciting: true, at: start)
        _ = space.makeAck(upTo: 1000, at: start)
        for _ in 0..<5 { space.didReceive(0, isAckEliciting: true, at: start) }
        #expect(!space.isAckUseful)
    }

    @Test("numbers are taken in order, once each")  // [PKT-5]
    func taking() {
        var space = PacketNumberSpace(at: start)
        #expect((0..<5).map { _ in space.take() } == [0, 1, 2, 3, 4])
        #expect(space.next == 5)
    }

    @Test("the peer is asked which ranges it knows when they are many, once in a round trip")
    func asking() {
        let start = Instant(nanoseconds: 0)
        var space = PacketNumberSpace(at: start)
        let later = start + .seconds(5)
        for number in 0..<UInt64(Limits.fewAckRanges) {
            space.didReceive(number * 2, isAckEliciting: true, at: start)
        }
        #expect(!space.wantsAnswer(rtt: RTTEstimator(), at: later))
        space.didReceive(1000, isAckEliciting: true, at: start)
        #expect(space.wantsAnswer(rtt: RTTEstimator(), at: later))
        space.didElicit(at: later)
        #expect(!space.wantsAnswer(rtt: RTTEstimator(), at: later))
    }
}
