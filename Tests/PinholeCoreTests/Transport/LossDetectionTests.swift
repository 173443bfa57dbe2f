import PinholeWire
import Testing

@testable import PinholeCore

struct RTTEstimatorTests {
    private let start = Instant(nanoseconds: 0)

    @Test("before the first sample the initial round trip is assumed")  // [ACK-5]
    func initial() {
        #expect(RTTEstimator().smoothed == 333_000_000)
        #expect(RTTEstimator().probeTimeout == 333_000_000 + 4 * 166_500_000 + 25_000_000)
        #expect(RTTEstimator(initial: .milliseconds(40)).smoothed == 40_000_000)
    }

    @Test("samples are weighed as RFC 9002 §5.3 says")
    func samples() {
        var rtt = RTTEstimator()
        rtt.update(sample: .milliseconds(100), ackDelay: .milliseconds(20), at: start)
        #expect(rtt.smoothed == 100_000_000)
        #expect(rtt.variation == 50_000_000)
        rtt.update(sample: .milliseconds(140), ackDelay: .milliseconds(20), at: start)
        #expect(rtt.latest == 140_000_000)
        #expect(rtt.minimum == 100_000_000)
        #expect(rtt.variation == (3 * 50_000_000 + 20_000_000) / 4)
        #expect(rtt.smoothed == (7 * 100_000_000 + 120_000_000) / 8)
    }

    @Test("a delay that would bring a sample below the minimum is not subtracted, and none counts for more than 25 ms")
    func delays() {
        var rtt = RTTEstimator()
        rtt.update(sample: .milliseconds(100), ackDelay: .zero, at: start)
        rtt.update(sample: .milliseconds(110), ackDelay: .milliseconds(20), at: start)
        #expect(rtt.smoothed == (7 * 100_000_000 + 110_000_000) / 8)
        var lying = RTTEstimator()
        lying.update(sample: .milliseconds(100), ackDelay: .zero, at: start)
        lying.update(sample: .milliseconds(200), ackDelay: .seconds(5), at: start)
        #expect(lying.smoothed == (7 * 100_000_000 + 175_000_000) / 8)
    }

    @Test("the minimum is that of the last minute, and starts again after persistent congestion")
    func minimum() {
        var rtt = RTTEstimator()
        rtt.update(sample: .milliseconds(20), ackDelay: .zero, at: start)
        for second in 1...29 { rtt.update(sample: .milliseconds(80), ackDelay: .zero, at: start + .seconds(second)) }
        #expect(rtt.minimum == 20_000_000)
        for second in 30...61 { rtt.update(sample: .milliseconds(80), ackDelay: .zero, at: start + .seconds(second)) }
        #expect(rtt.minimum == 80_000_000, "the path became longer")
        rtt.update(sample: .milliseconds(120), ackDelay: .zero, at: start + .seconds(62))
        rtt.restartMinimum(at: start + .seconds(62))
        #expect(rtt.minimum == 120_000_000)
    }
}

struct LossDetectionTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private var rtt: RTTEstimator {
        var rtt = RTTEstimator()
        rtt.update(sample: .milliseconds(100), ackDelay: .zero, at: start)
        return rtt
    }

    private func packets(_ count: Int, every interval: Duration) -> SentPackets {
        var sent = SentPackets()
        for number in 0..<count {
            let time = start + interval * (number + 1)
            sent.append(
                SentPacket(
                    number: UInt64(number), sentAt: time, size: 1200, largestAcknowledged: nil, frames: SentFrames()))
        }
        return sent
    }

    /// Acknowledges and looks for losses; the numbers that are given up.
    private func acknowledge(
        _ range: ClosedRange<UInt64>, in sent: inout SentPackets, _ detection: inout LossDetection, at now: Instant
    ) -> [UInt64] {
        var acknowledged: [SentPacket] = []
        var spurious: [SentPacket] = []
        var lost: [SentPacket] = []
        sent.acknowledge(range, into: &acknowledged, spurious: &spurious)
        sent.trim()
        detection.didAcknowledge(range.upperBound, something: !acknowledged.isEmpty)
        for packet in spurious { _ = detection.didFindSpurious(packet) }
        _ = detection.detectLosses(in: &sent, rtt: rtt, at: now, into: &lost)
        return lost.map(\.number)
    }

    @Test("a packet is lost when one three numbers later arrived")  // [ACK-6]
    func packetThreshold() {
        var sent = packets(10, every: .milliseconds(1))
        var detection = LossDetection()
        #expect(acknowledge(4...4, in: &sent, &detection, at: start + .milliseconds(20)) == [0, 1])
        #expect(sent.first?.number == 2)
    }

    @Test("a packet is lost 9/8 of a round trip after it was sent, when a later one arrived")  // [ACK-7]
    func timeThreshold() {
        var sent = packets(2, every: .milliseconds(1))
        var detection = LossDetection()
        let early = start + .milliseconds(102)
        #expect(acknowledge(1...1, in: &sent, &detection, at: early) == [])
        let due = start + .milliseconds(1) + .microseconds(112_500)
        #expect(detection.timeout(sent: sent, rtt: rtt) == due)
        var lost: [SentPacket] = []
        _ = detection.detectLosses(in: &sent, rtt: rtt, at: due, into: &lost)
        #expect(lost.map(\.number) == [0])
    }

    @Test("a packet that arrives after all makes the thresholds wider")  // [ACK-7]
    func reordering() {
        var sent = packets(20, every: .milliseconds(1))
        var detection = LossDetection()
        #expect(acknowledge(6...9, in: &sent, &detection, at: start + .milliseconds(20)) == [0, 1, 2, 3, 4, 5])
        #expect(acknowledge(0...5, in: &sent, &detection, at: start + .milliseconds(21)) == [])
        #expect(detection.packetThreshold == 10)
        #expect(acknowledge(19...19, in: &sent, &detection, at: start + .milliseconds(22)) == [])
    }

    @Test("a packet from before an earlier reduction says nothing of the latest")  // [ACK-7]
    func episodes() {
        var sent = packets(40, every: .milliseconds(1))
        var detection = LossDetection()
        #expect(acknowledge(10...10, in: &sent, &detection, at: start + .milliseconds(20)).count == 8)
        // Those of the second half were sent after that, and one of them is lost.
        var later = SentPackets()
        for number in 50..<60 as Range<UInt64> {
            let sentAt = start + .milliseconds(Int64(number) - 20)
            later.append(
                SentPacket(
                    number: number, sentAt: sentAt, size: 1200, largestAcknowledged: nil, frames: SentFrames()))
        }
        #expect(acknowledge(53...53, in: &later, &detection, at: start + .milliseconds(40)) == [50])
        let (old, new) = (packets(1, every: .milliseconds(1)).first, start + .milliseconds(30))
        let tooEarly = old.map { detection.didFindSpurious($0) }
        #expect(tooEarly == false)
        let isUndone = detection.didFindSpurious(
            SentPacket(number: 50, sentAt: new, size: 1200, largestAcknowledged: nil, frames: SentFrames()))
        #expect(isUndone)
    }

    @Test("the answer to a probe of a faster path says nothing of the packets on this one")
    func otherPath() throws {
        var transport = Transport(at: start)
        transport.write([UInt8](repeating: 1, count: 5000), to: 16)
        var now = start
        for _ in 0..<4 { _ = transport.nextPacket(upTo: TransportLink.size, at: now) }
        let probes = (0..<6).map { _ in transport.takePacketNumber() }
        now += .milliseconds(5)
        try transport.receive(.ack(AckFrame(ranges: [probes[0]...probes[5]], delay: 0)), at: now)
        #expect(transport.statistics.packetsLost == 0 && transport.ptoCount == 0)
    }

    @Test("an ACK that waited while the machine slept is no round trip")
    func asleep() {
        var rtt = rtt
        let before = rtt
        rtt.update(sample: .seconds(8 * 3600), ackDelay: .zero, at: start + .seconds(8 * 3600))
        #expect(rtt == before)
        // A path that became slow is believed.
        rtt.update(sample: .seconds(3), ackDelay: .zero, at: start + .seconds(9 * 3600))
        #expect(rtt.latest == 3_000_000_000)
    }

    @Test("probes back off by two, up to a second, and an acknowledgement ends that")  // [ACK-8]
    func probeBackoff() {
        var sent = packets(2, every: .zero)
        var detection = LossDetection()
        var rtt = RTTEstimator()
        rtt.update(sample: .milliseconds(20), ackDelay: .zero, at: start)
        detection.didSend(at: start)
        let base = 20 + 4 * 10 + 25
        var intervals: [Duration] = []
        var now = start
        for _ in 0..<6 {
            let due = detection.timeout(sent: sent, rtt: rtt) ?? now
            intervals.append(due - now)
            now = due
            detection.didTimeOut(at: now)
        }
        #expect(intervals == [1, 2, 4, 8].map { .milliseconds(base * $0) } + [.seconds(1), .seconds(1)])
        #expect(detection.ptoCount == 6)
        _ = acknowledge(0...0, in: &sent, &detection, at: start)
        #expect(detection.ptoCount == 0)
    }

    @Test("on a path slower than a second the probe still waits for a whole round trip")  // [ACK-8]
    func slowPath() {
        let sent = packets(1, every: .zero)
        var rtt = RTTEstimator()
        for _ in 0..<40 { rtt.update(sample: .seconds(3), ackDelay: .zero, at: start) }
        var detection = LossDetection()
        detection.didSend(at: start)
        for _ in 0..<3 { detection.didTimeOut(at: start) }
        let due = detection.timeout(sent: sent, rtt: rtt)
        #expect((due ?? start) - start == .nanoseconds(rtt.probeTimeout))
        #expect(rtt.probeTimeout > 3_000_000_000)
    }

    @Test("nothing in flight, no timer")
    func idle() {
        var detection = LossDetection()
        detection.didSend(at: start)
        #expect(detection.timeout(sent: SentPackets(), rtt: rtt) == nil)
    }

    @Test("losses over three probe timeouts with nothing between them are persistent congestion")  // [ACK-9]
    func persistentCongestion() {
        // A probe timeout is 100 + 4·50 + 25 ms here.
        for (interval, isPersistent) in [(Duration.milliseconds(90), false), (.milliseconds(110), true)] {
            var sent = packets(11, every: interval)
            var detection = LossDetection()
            var ignored: [SentPacket] = []
            var spurious: [SentPacket] = []
            var lost: [SentPacket] = []
            sent.acknowledge(10...10, into: &ignored, spurious: &spurious)
            detection.didAcknowledge(10, something: true)
            let verdict = detection.detectLosses(in: &sent, rtt: rtt, at: start + .seconds(10), into: &lost)
            #expect(lost.count == 10)
            #expect(verdict.isPersistentCongestion == isPersistent)
        }
    }

    @Test("an acknowledged packet between the losses breaks persistent congestion")
    func interruptedCongestion() {
        var sent = packets(11, every: .milliseconds(110))
        var detection = LossDetection()
        var ignored: [SentPacket] = []
        var spurious: [SentPacket] = []
        var lost: [SentPacket] = []
        sent.acknowledge(5...5, into: &ignored, spurious: &spurious)
        sent.acknowledge(10...10, into: &ignored, spurious: &spurious)
        detection.didAcknowledge(10, something: true)
        let verdict = detection.detectLosses(in: &sent, rtt: rtt, at: start + .seconds(10), into: &lost)
        #expect(lost.count == 9)
        #expect(!verdict.isPersistentCongestion)
    }
}
