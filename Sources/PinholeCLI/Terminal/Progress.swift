import Glibc
import Pinhole
import Synchronization

/// The progress of one file: a bar on a terminal, a line at the start and the end elsewhere.
final class Progress: Sendable {
    private struct State {
        var lastShown: ContinuousClock.Instant?
        /// What was there when it began, or went on: the rate is not made of that.
        var start: (done: UInt64, time: ContinuousClock.Instant)
        var done: UInt64
        /// Of the last few seconds.
        var rate = Rate()
    }

    private let label: Phrase
    private let isLive = Console.isTerminal(STDERR_FILENO) && Console.isCapable
    private let state: Mutex<State>

    init(_ label: Phrase, size: UInt64?) {
        self.label = label
        state = Mutex(State(start: (0, .now), done: 0))
        guard !isLive else { return }
        Console.talk(size.map { "\(label): \(Format.size($0)) …" } ?? "\(label) …")
    }

    /// The bytes begin to flow, or go on after an interruption.
    func begin(at done: UInt64, of total: UInt64) {
        state.withLock { state in
            (state.start, state.done, state.rate) = ((done, .now), done, Rate())
        }
        guard done > 0, Console.screen == nil else { return }
        Console.talk("\(label): goes on at \(Format.size(done)) of \(Format.size(total)).")
    }

    /// At most four times a second.
    func update(done: UInt64, total: UInt64) {
        let now = ContinuousClock.now
        let rate = state.withLock { state -> Double? in
            state.done = done
            if let last = state.lastShown, now - last < .milliseconds(250) { return nil }
            state.lastShown = now
            return state.rate.update(done, at: now)
        }
        guard isLive, Console.screen == nil, let rate else { return }
        Console.live("\(Self.line(label, done: done, of: total, rate: rate))")
    }

    /// `film: 2.1 MB of 4.2 MB, 50 %, 10.0 MB/s, 0.2 s left`; `rate` in bytes a second, 0 where nobody knows it yet.
    static func line(_ label: Phrase, done: UInt64, of total: UInt64, rate: Double) -> Phrase {
        let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
        let start: Phrase = "\(label): \(Format.size(done)) of \(Format.size(total)), \(percent) %"
        guard rate > 0 else { return start }
        let left = Format.span(seconds: Double(total - min(done, total)) / rate)
        return "\(start), \(Format.size(UInt64(rate)))/s, \(left) left"
    }

    func finish(_ words: Phrase) {
        Console.talk("\(label): \(words)")
    }

    /// `2.1 MB in 0.21 s, 10.0 MB/s`.
    func summary(size: UInt64) -> Phrase {
        let (start, done) = state.withLock { ($0.start, max($0.done, $0.start.done)) }
        let elapsed = ContinuousClock.now - start.time
        let rate = Double(done - start.done) / max(elapsed / .seconds(1), 0.001)
        return "\(Format.size(size)) in \(Format.duration(elapsed)), \(Format.size(UInt64(rate)))/s"
    }
}

/// Bytes a second, of the last three seconds or so.
struct Rate {
    private var samples: [(done: UInt64, time: ContinuousClock.Instant)] = []

    mutating func update(_ done: UInt64, at now: ContinuousClock.Instant) -> Double {
        samples.append((done, now))
        while samples.count > 2, now - samples[1].time > .seconds(3) { samples.removeFirst() }
        guard let first = samples.first, now - first.time > .milliseconds(200), done > first.done else { return 0 }
        return Double(done - first.done) / ((now - first.time) / .seconds(1))
    }
}
