import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// Whole files over bad paths: every byte arrives, within the time that the path allows, and nothing grows without end.
struct TransferTests {
    struct Path: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let size: Int
        let limit: Duration
        let conditions: @Sendable () -> LinkConditions
    }

    static let megabyte = 1_000_000

    static let paths: [Path] = [
        Path(testDescription: "10 MB, clean, 50 Mbit/s, 50 ms RTT", size: 10 * megabyte, limit: .seconds(3)) {
            LinkConditions(delay: .milliseconds(25), rate: 6_250_000)
        },
        Path(testDescription: "10 MB, 2 % loss", size: 10 * megabyte, limit: .seconds(4)) {
            LinkConditions(delay: .milliseconds(25), loss: 0.02, rate: 6_250_000)
        },
        Path(testDescription: "10 MB, 25 % reordering", size: 10 * megabyte, limit: .seconds(4)) {
            LinkConditions(delay: .milliseconds(25), reordering: 0.25, rate: 6_250_000)
        },
        Path(testDescription: "10 MB, 750 ms RTT", size: 10 * megabyte, limit: .seconds(14)) {
            LinkConditions(delay: .milliseconds(375), rate: 6_250_000)
        },
        Path(testDescription: "10 MB, blackhole 5 s on 2 s off", size: 10 * megabyte, limit: .seconds(30)) {
            LinkConditions(delay: .milliseconds(25), rate: 6_250_000, blackhole: (.seconds(5), .seconds(2)))
        },
        Path(testDescription: "1 MB, everything at once", size: megabyte, limit: .seconds(60)) {
            LinkConditions(
                delay: .milliseconds(40), jitter: .milliseconds(30), loss: 0.05, duplication: 0.05, reordering: 0.1,
                rate: 1_250_000, queue: 64 * 1024)
        },
    ]

    @Test("a file arrives whole and in time", arguments: paths, [1, 2] as [UInt64])
    func transfer(_ path: Path, seed: UInt64) {
        let link = TransportLink(seed: seed, path.conditions())
        var writer = Writer(SeededRandom.bytes(path.size, seed: seed), to: 16)
        var reader = Reader()
        var inFlight = 0
        var unread: UInt64 = 0
        let isWhole = link.run(for: path.limit) {
            writer.fill(&link.a)
            inFlight = max(inFlight, link.a.bytesInFlight)
            unread = max(unread, link.b.receiveStreams[16]?.unread ?? 0)
            reader.drain(&link.b)
        } until: {
            reader.finished.contains(16)
        }
        #expect(link.error == nil)
        #expect(isWhole, "seed \(seed): \(reader.bytes[16]?.count ?? 0) of \(path.size) after \(link.elapsed)")
        #expect(reader.bytes[16] == writer.content, "seed \(seed)")
        #expect(unread <= Limits.maxStreamWindow, "seed \(seed)")
        #expect(inFlight <= Int(Limits.maxStreamWindow) * 5 / 4, "seed \(seed): data, headers and repetitions")
    }
}

extension SeededRandom {
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return random.bytes(count)
    }
}
