import Pinhole
import Testing

@testable import PinholeCLI

@Suite("progress of a file")
struct ProgressTests {
    @Test("the rate is that of the last three seconds, and none is known at first")
    func rate() {
        let start = ContinuousClock.now
        var rate = Rate()
        #expect(isAbout(rate.update(5000, at: start), 0))
        #expect(isAbout(rate.update(5100, at: start + .milliseconds(100)), 0))
        for second in 1...10 {
            let now = rate.update(5000 + UInt64(second) * 1000, at: start + .seconds(second))
            #expect(isAbout(now, 1000))
        }
        // It stalls, and goes on faster.
        #expect(rate.update(15_000, at: start + .seconds(12)) < 1000)
        for second in 13...16 { _ = rate.update(15_000 + UInt64(second - 12) * 8000, at: start + .seconds(second)) }
        let last = rate.update(55_000, at: start + .seconds(17))
        #expect(isAbout(last, 8000))
    }

    private func isAbout(_ rate: Double, _ expected: Double) -> Bool { abs(rate - expected) < 0.001 }

    @Test("a line says how much is there, how fast it comes, and how long it will take")
    func line() {
        func line(_ done: UInt64, _ rate: Double) -> String {
            Progress.line("film", done: done, of: 4_000_000, rate: rate).english
        }
        #expect(line(0, 0) == "film: 0 bytes of 4.0 MB, 0 %")
        #expect(line(1_000_000, 50_000) == "film: 1.0 MB of 4.0 MB, 25 %, 50.0 kB/s, 60 s left")
        #expect(line(4_000_000, 50_000) == "film: 4.0 MB of 4.0 MB, 100 %, 50.0 kB/s, 0 s left")
        #expect(Progress.line("empty", done: 0, of: 0, rate: 0).english == "empty: 0 bytes of 0 bytes, 100 %")
    }
}
