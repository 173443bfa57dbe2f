import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// What one sender makes of a path, and two of a common one. Figures are shares of the path's rate, which counts headers.
struct SharingTests {
    /// 10 Mbit/s and 50 ms; queues in bandwidth-delay products.
    private static let rate = 1_250_000.0
    private static let product = 62_500.0

    struct Meeting: CustomTestStringConvertible, Sendable {
        /// In products of rate and the longer round trip.
        let queue: Double
        /// Milliseconds, of Pinhole's path and of the other's.
        var trips = (50, 50)
        /// Seconds after which each begins.
        var starts = (0, 0)
        var testDescription: String { "queue \(queue), \(trips) ms, from \(starts) s" }
    }

    private func meet(_ meeting: Meeting, loss: Double = 0, seed: UInt64 = 1) -> Bottleneck {
        let shorter = min(meeting.trips.0, meeting.trips.1)
        let longer = max(meeting.trips.0, meeting.trips.1)
        let path = Bottleneck(
            flows: 2, rate: Self.rate, delay: .microseconds(500 * shorter),
            capacity: Int(meeting.queue * Self.rate * Double(longer) / 1000), loss: loss, seed: seed)
        path.flows[0].extraDelay = .microseconds(500 * (meeting.trips.0 - shorter))
        path.flows[1].extraDelay = .microseconds(500 * (meeting.trips.1 - shorter))
        path.flows[0].start = .seconds(meeting.starts.0)
        path.flows[1].start = .seconds(meeting.starts.1)
        return path
    }

    @Test(
        "beside one CUBIC flow on 10 Mbit/s it takes 30 to 70 %",
        arguments: [0.25, 0.5, 2, 4].map { Meeting(queue: $0) }
            + [(0, 0), (0, 5), (5, 0)].map { Meeting(queue: 1, starts: $0) })
    func beside(_ meeting: Meeting) {
        let path = meet(meeting)
        path.flows[1].sender.congestion = Congestion(maxDatagramSize: Limits.maxDatagramSize, mayUseModel: false)
        _ = path.run(for: .seconds(10))
        let shares = path.run(for: .seconds(20))
        #expect(path.error == nil)
        Figure.note("A21", "\(shares[0])")
        #expect((0.3...0.7).contains(shares[0]), "\(shares)")
        #expect((0.25...0.7).contains(shares[1]), "\(shares)")
        #expect(shares[0] + shares[1] > 0.9, "\(shares)")
    }

    struct Path: CustomTestStringConvertible, Sendable {
        let loss: Double
        /// What must arrive, of what the losses leave.
        let share: Double
        var testDescription: String { "\(loss)" }
    }

    /// A path of 50 Mbit/s and 50 ms with a queue of one product of these.
    @Test(
        "random loss costs what is lost and little more: 50 Mbit/s, 50 ms",
        arguments: [Path(loss: 0, share: 0.96), Path(loss: 0.01, share: 0.945), Path(loss: 0.05, share: 0.9)],
        [1, 2] as [UInt64])
    func random(_ path: Path, seed: UInt64) {
        let link = Bottleneck(
            rate: 5 * Self.rate, delay: .milliseconds(25), capacity: Int(5 * Self.product), loss: path.loss, seed: seed)
        _ = link.run(for: .seconds(3))
        let share = link.run(for: .seconds(8))[0]
        #expect(link.error == nil)
        #expect(share >= path.share, "seed \(seed)")
        #expect(link.flows[0].sender.congestion.usesModel, "seed \(seed)")
    }

    @Test("alone on a path it fills it and not its queue, however long that is", arguments: [1, 4] as [Double])
    func shortQueue(queue: Double) {
        let path = Bottleneck(
            rate: Self.rate, delay: .milliseconds(25), capacity: Int(queue * Self.product), seed: 1)
        _ = path.run(for: .seconds(6))
        path.link.forgetWaits()
        let share = path.run(for: .seconds(20))[0]
        #expect(share > 0.95)
        #expect(path.link.longestWait < .milliseconds(25), "half a round trip: \(path.link.longestWait)")
        #expect(path.link.meanWait < .milliseconds(6), "\(path.link.meanWait)")
    }
}

struct SlowStartTests {
    /// Acknowledges `count` packets of a round; the window's growth in packets.
    private func round(_ start: inout SlowStart, _ rtt: inout RTTEstimator, _ milliseconds: Int, first: UInt64)
        -> Double
    {
        let now = Instant(nanoseconds: Int64(first) * 1_000_000_000)
        for number in first..<first + 10 { start.didSend(number) }
        var growth = 0.0
        for number in first..<first + 10 {
            rtt.update(sample: .milliseconds(milliseconds), ackDelay: .zero, at: now)
            let packet = SentPacket(
                number: number, sentAt: now, size: 1000, largestAcknowledged: nil, frames: SentFrames())
            growth += start.growth(by: packet)
            start.didSample(rtt.latest)
        }
        return growth / 1000
    }

    @Test("round trips that grow by an eighth end the doubling, and five slow rounds the slow start")
    func longerRoundTrips() {
        var start = SlowStart()
        var rtt = RTTEstimator()
        var growth: [Double] = []
        for (index, milliseconds) in [80, 80, 89, 101, 101, 101, 101, 101, 101].enumerated() {
            growth.append(round(&start, &rtt, milliseconds, first: UInt64(index * 10)))
        }
        #expect(growth[0] == 10 && growth[1] == 10)
        #expect(growth[2] == 10, "less than an eighth, and than 16 ms, is noise")
        #expect(growth[3] == 8.5, "the eighth sample decides, for what comes after it")
        #expect(growth[4...7].allSatisfy { $0 == 2.5 })
        #expect(start.isOver)
        #expect(growth.last == 0)
    }

    @Test("when round trips shorten again it was noise")
    func noise() {
        var start = SlowStart()
        var rtt = RTTEstimator()
        for (index, milliseconds) in [40, 50, 42].enumerated() {
            _ = round(&start, &rtt, milliseconds, first: UInt64(index * 10))
        }
        #expect(round(&start, &rtt, 42, first: 30) == 10)
        #expect(!start.isOver)
    }
}

struct DeliveryRateTests {
    private func packet(_ rate: inout DeliveryRate, _ number: UInt64, inFlight: Int, at now: Instant) -> SentPacket {
        SentPacket(
            number: number, sentAt: now, size: 1000, largestAcknowledged: nil, frames: SentFrames(),
            stamp: rate.stamp(inFlight: inFlight, at: now))
    }

    @Test("a burst that is acknowledged at once is no faster than it was sent")
    func compressedAcknowledgements() throws {
        let start = Instant(nanoseconds: 0)
        var rate = DeliveryRate(at: start)
        // 100 packets, one each millisecond: 1 MB/s, all acknowledged at once.
        let packets = (0..<100).map { packet(&rate, UInt64($0), inFlight: $0 * 1000, at: start + .milliseconds($0)) }
        let now = start + .milliseconds(120)
        for packet in packets { rate.didAcknowledge(packet, at: now) }
        let first = rate.takeSample(minimumRTT: 20_000_000, at: now)
        let sample = try #require(first)
        #expect(sample.rate <= 1_020_000 && sample.rate > 800_000, "\(sample.rate)")
        let again = rate.takeSample(minimumRTT: 0, at: now)
        #expect(again == nil, "nothing new")
    }

    @Test("what is sent while there is nothing more to send is marked")
    func appLimited() {
        let start = Instant(nanoseconds: 0)
        var rate = DeliveryRate(at: start)
        rate.didRunDry(inFlight: 0)
        let limited = packet(&rate, 0, inFlight: 0, at: start)
        rate.didAcknowledge(limited, at: start + .milliseconds(10))
        let first = rate.takeSample(minimumRTT: 0, at: start + .milliseconds(10))
        #expect(first?.isAppLimited == true)
        let free = packet(&rate, 1, inFlight: 1000, at: start + .milliseconds(10))
        rate.didAcknowledge(free, at: start + .milliseconds(20))
        let second = rate.takeSample(minimumRTT: 0, at: start + .milliseconds(20))
        #expect(second?.isAppLimited == false)
    }
}
