import Foundation
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// `LAB=full` tries ten thousand; `swift run -c release simulator --worlds 100000` as many as one likes.
@Suite("random worlds")
struct RandomWorldTests {
    private static let count: UInt64 = ProcessInfo.processInfo.environment["LAB"] == "full" ? 10_000 : 200

    @Test(
        "whatever happens, nothing is lost, doubled, out of order or sent to strangers",
        arguments: 0..<8 as Range<UInt64>)
    func random(part: UInt64) throws {
        var sum = RandomWorld.Summary()
        for seed in stride(from: part, to: Self.count, by: 8) {
            let summary = try RandomWorld.run(seed: seed, deeds: 40)
            sum.messages += summary.messages
            sum.files += summary.files
            sum.streams += summary.streams
            sum.reads += summary.reads
        }
        // A world where nothing was said proves nothing.
        let count = Int(Self.count)
        #expect(sum.messages > count / 2 && sum.files > count / 10)
        // Two streams are opened in the end of each.
        #expect(sum.streams > count / 4 + count / 50 && sum.reads > count / 50)
    }

    @Test("a seed repeats a world")
    func repeats() throws {
        var traces: [[String]] = [[], []]
        for run in 0..<2 {
            _ = try RandomWorld.run(seed: 7, deeds: 40) { traces[run].append($0) }
        }
        #expect(traces[0] == traces[1])
    }
}

/// What random worlds found, under the names of what went wrong.
@Suite("random worlds that went wrong")
struct RandomWorldRegressionTests {
    @Test("a service that multiplies introductions had both sides answer for ever")
    func echoingService() throws {
        _ = try RandomWorld.run(
            seed: 13,
            [
                .weather(.corruptService(.manyAddresses)), .recover(.bob), .say(.bob, lines: 2), .connectBoth,
                .pass(seconds: 185),
            ])
    }

    @Test("a file, or messages, that waited when a person hung up never went, though both were there again")
    func hungUp() throws {
        _ = try RandomWorld.run(
            seed: 177,
            [.kill(.bob), .offer(.alice, bytes: 37_312), .disconnect(.alice), .pass(seconds: 149), .recover(.bob)])
        _ = try RandomWorld.run(
            seed: 472, [.connectBoth, .kill(.alice), .say(.bob, lines: 4), .disconnect(.bob), .pass(seconds: 5)])
    }

    @Test("two whose clocks each went back were apart for ever")
    func bothClocks() throws {
        _ = try RandomWorld.run(
            seed: 571,
            [
                .setClock(.alice, hours: 8766), .setClock(.bob, hours: 8766), .connectBoth, .pass(seconds: 5),
                .restoreBackup(.alice), .restoreBackup(.bob), .connectBoth, .say(.alice, lines: 1),
            ])
    }
}
