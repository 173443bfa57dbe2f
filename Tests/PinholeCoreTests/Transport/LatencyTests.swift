import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// How long a chat line takes while a file uses all that the path gives: at most a round trip and 10 ms more than alone.
struct LatencyTests {
    struct Line: CustomTestStringConvertible, Sendable {
        /// Bytes per second.
        let rate: Double
        let roundTrip: Duration
        /// In products of these two.
        var queue = 1.0
        var loss = 0.0
        var testDescription: String { "\(rate / 125_000) Mbit/s, \(roundTrip), queue \(queue), loss \(loss)" }
    }

    static let lines: [Line] = [
        Line(rate: 6_250_000, roundTrip: .milliseconds(50)),
        Line(rate: 6_250_000, roundTrip: .milliseconds(50), queue: 4),
        Line(rate: 6_250_000, roundTrip: .milliseconds(50), loss: 0.01),
        Line(rate: 125_000, roundTrip: .milliseconds(100)),
        Line(rate: 125_000, roundTrip: .milliseconds(100), queue: 4),
        Line(rate: 125_000, roundTrip: .milliseconds(100), loss: 0.01),
    ]

    /// The latency that 99 of 100 messages do not pass, of `count` after a file has found its rate.
    private func percentile(_ line: Line, files: Int, count: Int) -> Duration? {
        let product = line.rate * (line.roundTrip / .seconds(1))
        let path = Bottleneck(
            rate: line.rate, delay: line.roundTrip / 2, capacity: Int(line.queue * product), loss: line.loss, seed: 7)
        path.flows[0].files = files
        _ = path.run(for: .seconds(10))
        path.flows[0].chatInterval = .microseconds(41_300)
        _ = path.run(for: .seconds(60)) { path.flows[0].latencies.count >= count }
        #expect(path.flows[0].latencies.count >= count && path.error == nil)
        if files > 0 { #expect(path.flows[0].delivered > Int(line.rate * 8)) }
        let sorted = path.flows[0].latencies.sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count * 99 / 100]
    }

    @Test("p99 of a chat message beside a file", arguments: lines)
    func besideFile(_ line: Line) throws {
        // Of 400 the p99 is the fourth worst; without losses fewer say the same.
        let count = line.loss > 0 ? 400 : 200
        let alone = try #require(percentile(line, files: 0, count: count))
        let beside = try #require(percentile(line, files: 1, count: count))
        #expect(beside <= alone + line.roundTrip + .milliseconds(10), "\(beside), alone \(alone)")
        Figure.note("A18, beyond what it takes alone, in round trips", "\((beside - alone) / line.roundTrip)")
    }

    @Test("64 files at once share a path evenly, and a chat line passes them all")
    func manyFiles() throws {
        let path = Bottleneck(rate: 6_250_000, delay: .milliseconds(25), capacity: 312_500, seed: 3)
        path.flows[0].files = 64
        _ = path.run(for: .seconds(3))
        path.flows[0].chatInterval = .milliseconds(37)
        let before = path.flows[0].filesRead
        _ = path.run(for: .seconds(5))
        let parts = zip(path.flows[0].filesRead, before).map { $0 - $1 }
        let least = try #require(parts.min())
        let most = try #require(parts.max())
        #expect(least > 0 && Double(most) < 1.25 * Double(least), "\(least) … \(most)")
        let worst = try #require(path.flows[0].latencies.max())
        #expect(path.flows[0].latencies.count > 100)
        #expect(worst < .milliseconds(25 + 50 + 10), "\(worst)")
    }
}
