import PinholeCore
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

/// Writes down what happens to it.
private final class Diary: LoopDelegate {
    let entries: Entries

    final class Entries: Sendable {
        private let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }
        func add(_ word: String) { words.withLock { $0.append(word) } }
    }

    init(_ entries: Entries) {
        self.entries = entries
    }

    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {}
    func refused(_ size: Int, over route: Route, at now: Instant) {}
    func drain(at now: Instant) -> Instant? { nil }
    func addressesChanged(at now: Instant) {}
}

@Suite("a loop in memory")
struct MemoryLoopTests {
    private let entries = Diary.Entries()

    private func makeLoop(isInMemory: Bool) throws -> any DatagramShell {
        if isInMemory { return MemoryNetwork().join() }
        return try DatagramLoop(isLoopback: true)
    }

    @Test("what is asked before the start waits for it, as at a loop with sockets", arguments: [true, false])
    func beforeStart(isInMemory: Bool) throws {
        let loop = try makeLoop(isInMemory: isInMemory)
        for number in 0..<3 { loop.perform { [entries] in entries.add("\(number)") } }
        #expect(!loop.isRunning && entries.all.isEmpty)
        let isStarted = try loop.start(Diary(entries))
        #expect(isStarted && loop.isRunning)
        loop.perform { [entries] in entries.add("last") }
        loop.stop()
        #expect(entries.all == ["0", "1", "2", "last"])
        let isAccepted = loop.perform { [entries] in entries.add("too late") }
        #expect(!isAccepted && entries.all.count == 4)
    }

    @Test("without a start it never happens", arguments: [true, false])
    func neverStarted(isInMemory: Bool) throws {
        let loop = try makeLoop(isInMemory: isInMemory)
        loop.perform { [entries] in entries.add("never") }
        loop.stop()
        let isStarted = try loop.start(Diary(entries))
        #expect(!isStarted && entries.all.isEmpty)
    }
}
