import PinholeWire
import Testing

@testable import PinholeCore

struct CubicTests {
    private let start = Instant(nanoseconds: 0)
    private var rtt: RTTEstimator {
        var rtt = RTTEstimator()
        rtt.update(sample: .milliseconds(100), ackDelay: .zero, at: start)
        return rtt
    }

    private func packet(sentAt: Instant) -> SentPacket {
        SentPacket(number: 0, sentAt: sentAt, size: 1200, largestAcknowledged: nil, frames: SentFrames())
    }

    /// Acknowledges whole windows, one each 100 ms; the window after each.
    private func run(_ cubic: inout Cubic, from now: Instant, roundTrips: Int, isAppLimited: Bool = false) -> [Int] {
        (1...roundTrips).map { round in
            let time = now + .milliseconds(100) * round
            for _ in 0..<cubic.window / 1200 {
                cubic.didAcknowledge(
                    packet(sentAt: time - .milliseconds(100)), rtt: rtt, isAppLimited: isAppLimited, at: time)
            }
            return cubic.window
        }
    }

    @Test("slow start doubles the window in a round trip")
    func slowStart() {
        var cubic = Cubic(maxDatagramSize: 1200)
        #expect(cubic.window == 12_000)
        #expect(run(&cubic, from: start, roundTrips: 4) == [24_000, 48_000, 96_000, 192_000])
    }

    @Test("a window that is not used does not grow")
    func appLimited() {
        var cubic = Cubic(maxDatagramSize: 1200)
        #expect(run(&cubic, from: start, roundTrips: 5, isAppLimited: true).last == 12_000)
        cubic.didCongest(lost: 1200, sentAt: start, at: start)
        #expect(run(&cubic, from: start + .seconds(1), roundTrips: 50, isAppLimited: true).last == 8400)
    }

    @Test("what a router said by a mark is not taken back")
    func marks() {
        var cubic = Cubic(maxDatagramSize: 1200)
        _ = run(&cubic, from: start, roundTrips: 3)
        let now = start + .seconds(1)
        cubic.didCongest(lost: 0, sentAt: now - .milliseconds(50), at: now)
        cubic.undoCongestion()
        #expect(cubic.window == 67_200)
        cubic.didCongest(lost: 1200, sentAt: now + .milliseconds(1), at: now + .milliseconds(100))
        cubic.undoCongestion()
        #expect(cubic.window == 67_200)
    }

    @Test("an event takes three tenths, once for all packets that were in flight")
    func reduction() {
        var cubic = Cubic(maxDatagramSize: 1200)
        _ = run(&cubic, from: start, roundTrips: 3)
        let now = start + .seconds(1)
        cubic.didCongest(lost: 1200, sentAt: now - .milliseconds(50), at: now)
        #expect(cubic.window == 67_200)
        cubic.didCongest(lost: 1200, sentAt: now - .milliseconds(1), at: now + .milliseconds(10))
        #expect(cubic.window == 67_200)
        cubic.didAcknowledge(packet(sentAt: now), rtt: rtt, isAppLimited: false, at: now + .milliseconds(90))
        #expect(cubic.window == 67_200, "no growth by packets from before the event")
        cubic.didCongest(lost: 1200, sentAt: now + .milliseconds(1), at: now + .milliseconds(100))
        #expect(cubic.window < 67_200)
        for _ in 0..<20 { cubic.didCongest(lost: 1200, sentAt: now + .seconds(9), at: now + .seconds(10)) }
        #expect(cubic.window >= 2400)
    }

    @Test("the window comes back to where it was after K seconds, flat there, and then goes on")
    func cubicGrowth() {
        var cubic = Cubic(maxDatagramSize: 1200)
        _ = run(&cubic, from: start, roundTrips: 7)
        let before = cubic.window
        cubic.didCongest(lost: 1200, sentAt: start + .seconds(1), at: start + .seconds(1))
        // K = cbrt(W_max · 0.3 / 0.4) segments.
        let windows = run(&cubic, from: start + .seconds(1), roundTrips: 250)
        let wMax = Double(before) / 1200
        var k = 0.0
        while k * k * k < wMax * 0.3 / 0.4 { k += 0.01 }
        let plateau = windows[Int(k * 10)]
        #expect(abs(plateau - before) < before / 50, "W_max after K = \(k) s: \(plateau), not \(before)")
        let early = windows[10] - windows[0]
        let middle = windows[Int(k * 10) + 2] - windows[Int(k * 10) - 8]
        #expect(early > 5 * middle, "steep first, then flat")
        #expect(windows[249] > before * 2)
        #expect(zip(windows, windows.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test("time in which the window was not used is no time for the cubic function")
    func idleEpoch() {
        var busy = Cubic(maxDatagramSize: 1200)
        _ = run(&busy, from: start, roundTrips: 6)
        busy.didCongest(lost: 1200, sentAt: start + .seconds(1), at: start + .seconds(1))
        var idle = busy
        let steady = run(&busy, from: start + .seconds(1), roundTrips: 20)
        _ = run(&idle, from: start + .seconds(1), roundTrips: 10)
        _ = run(&idle, from: start + .seconds(2), roundTrips: 100, isAppLimited: true)
        let resumed = run(&idle, from: start + .seconds(12), roundTrips: 10)
        #expect(abs((resumed.last ?? 0) - (steady.last ?? 0)) < 12_000)
    }

    @Test("when all losses were reordering, the event did not happen")
    func undo() {
        var cubic = Cubic(maxDatagramSize: 1200)
        _ = run(&cubic, from: start, roundTrips: 4)
        let before = cubic.window
        cubic.didCongest(lost: 1200, sentAt: start + .seconds(1), at: start + .seconds(1))
        #expect(cubic.window < before)
        cubic.undoCongestion()
        #expect(cubic.window == before)
        #expect(cubic.isInSlowStart)
        cubic.undoCongestion()
        #expect(cubic.window == before)
    }

    // [ACK-10]
    @Test("the initial window is ten packets, but no more than 14,720 bytes or two, and follows the packets' size")
    func initialWindow() {
        #expect(Limits.initialWindow(1200) == 12_000)
        #expect(Limits.initialWindow(1472) == 14_720)
        #expect(Limits.initialWindow(8900) == 17_800)
        var cubic = Cubic(maxDatagramSize: 1200)
        cubic.maxDatagramSize = 1452
        #expect(cubic.window == 14_520)
        cubic.didCongest(lost: 1200, sentAt: start, at: start)
        let reduced = cubic.window
        cubic.maxDatagramSize = 8900
        #expect(cubic.window == reduced, "it is no longer the initial one")
    }

    @Test("after persistent congestion the window's earlier height means nothing, and slow start ends at the threshold")
    func afterPersistent() {
        var cubic = Cubic(maxDatagramSize: 1200)
        _ = run(&cubic, from: start, roundTrips: 6)
        cubic.didCongest(lost: 1200, sentAt: start + .seconds(1), at: start + .seconds(1))
        let threshold = cubic.window
        cubic.didCongestPersistently(at: start + .seconds(1))
        let windows = run(&cubic, from: start + .seconds(2), roundTrips: 12)
        #expect(windows.contains { abs($0 - threshold) <= 2400 })
        // RFC 9438 §4.8: from here W_max is what it is now, and the function convex.
        let growth = zip(windows.suffix(4), windows.suffix(4).dropFirst()).map { $1 - $0 }
        #expect(windows.last ?? 0 >= threshold && growth.allSatisfy { $0 < threshold / 4 }, "\(windows)")
    }

    @Test("persistent congestion leaves two packets")  // [ACK-10]
    func persistent() {
        var cubic = Cubic(maxDatagramSize: 1200)
        _ = run(&cubic, from: start, roundTrips: 6)
        cubic.didCongest(lost: 1200, sentAt: start + .seconds(1), at: start + .seconds(1))
        cubic.didCongestPersistently(at: start + .seconds(1))
        #expect(cubic.window == 2400)
        #expect(cubic.isInSlowStart)
    }
}

struct ModelTests {
    @Test("what an application does not use does not grow the window", arguments: [0, 0.02])
    func appLimited(loss: Double) {
        // 1 Mbit/s of messages on a path of 50.
        let path = Bottleneck(rate: 6_250_000, delay: .milliseconds(25), capacity: 312_500, loss: loss, seed: 2)
        path.flows[0].files = 0
        path.flows[0].chatInterval = .microseconds(800)
        _ = path.run(for: .seconds(2))
        let before = path.flows[0].sender.statistics.congestionWindow
        _ = path.run(for: .seconds(10))
        let after = path.flows[0].sender.statistics.congestionWindow
        #expect(after <= max(before, 60_000), "from \(before) to \(after)")
        #expect(path.flows[0].latencies.count > 10_000)
    }

    @Test("a mark by a router counts as a full queue: CUBIC reduces, once for a round trip")  // [ACK-13]
    func mark() {
        let now = Instant(nanoseconds: 1_000_000_000)
        var rtt = RTTEstimator()
        rtt.update(sample: .milliseconds(50), ackDelay: .zero, at: now)
        var congestion = Congestion(maxDatagramSize: 1200)
        congestion.didReceiveAck(nil, rtt: rtt, inFlight: 12_000, delivered: 1200, at: now)
        let before = congestion.window
        congestion.didMark(sentAt: now, at: now + .milliseconds(50))
        #expect(congestion.window == before * 7 / 10)
        congestion.didMark(sentAt: now + .milliseconds(20), at: now + .milliseconds(60))
        #expect(congestion.window == before * 7 / 10)
        #expect(!congestion.usesModel)
    }

    @Test("two sessions share a path within two to one", arguments: [0, 0.01], [0, 5])
    func sharing(loss: Double, start: Int) {
        let path = Bottleneck(
            flows: 2, rate: 1_250_000, delay: .milliseconds(25), capacity: 62_500, loss: loss, seed: 1)
        path.flows[1].start = .seconds(start)
        _ = path.run(for: .seconds(8))
        let shares = path.run(for: .seconds(25))
        #expect(max(shares[0], shares[1]) < 2 * min(shares[0], shares[1]), "\(shares)")
        #expect(shares[0] + shares[1] > 0.97 * (0.96 - loss), "\(shares)")
    }
}

struct PacerTests {
    private let start = Instant(nanoseconds: 0)

    @Test("without a rate everything passes")
    func unlimited() {
        var pacer = Pacer(at: start)
        pacer.update(rate: nil, maxDatagramSize: 1200, at: start)
        for _ in 0..<100 { pacer.didSend(1200) }
        #expect(pacer.isOpen)
        #expect(pacer.opensAt == nil)
    }

    @Test("a burst is ten packets, and then it is the rate")
    func rate() {
        var pacer = Pacer(at: start)
        var now = start
        var sent = 0
        var atOnce = 0
        while now < start + .seconds(1) {
            pacer.update(rate: 120_000, maxDatagramSize: 1200, at: now)
            while pacer.isOpen {
                pacer.didSend(1200)
                sent += 1
            }
            if now == start { atOnce = sent }
            guard let opensAt = pacer.opensAt else { break }
            #expect(opensAt > now)
            now = opensAt
        }
        #expect(atOnce == 10)
        #expect((109...111).contains(sent), "ten at once and a hundred in the second: \(sent)")
    }

    @Test("at a high rate packets are waited for together, no more than half a millisecond's at once")
    func batches() {
        var pacer = Pacer(at: start)
        pacer.update(rate: 120_000_000, maxDatagramSize: 1200, at: start)
        while pacer.isOpen { pacer.didSend(1200) }
        let wait = (pacer.opensAt ?? start) - start
        #expect(wait >= .microseconds(500) && wait <= .microseconds(520))
    }

    @Test("a minute of silence saves up one burst")
    func idle() {
        var pacer = Pacer(at: start)
        pacer.update(rate: 120_000, maxDatagramSize: 1200, at: start)
        pacer.update(rate: 120_000, maxDatagramSize: 1200, at: start + .seconds(60))
        var burst = 0
        while pacer.isOpen {
            pacer.didSend(1200)
            burst += 1
        }
        #expect(burst == 10)
    }
}
