import Glibc
import Pinhole
import Synchronization

/// The progress of one file: a bar on a terminal, a line at the start and the end elsewhere.
final class Progress: Sendable {
    private let label: Phrase
    private let start = ContinuousClock.now
    private let isLive = Console.isTerminal(STDERR_FILENO) && Console.isCapable
    private let lastShown = Mutex<ContinuousClock.Instant?>(nil)

    init(_ label: Phrase, size: UInt64) {
        self.label = label
        if !isLive { Console.talk("\(label): \(Format.size(size)) …") }
    }

    /// At most four times a second.
    func update(done: UInt64, total: UInt64) {
        guard isLive, Console.screen == nil else { return }
        let now = ContinuousClock.now
        lastShown.withLock { lastShown in
            if let last = lastShown, now - last < .milliseconds(250) { return }
            lastShown = now
            let seconds = (now - start) / .seconds(1)
            let rate = seconds > 0 ? Double(done) / seconds : 0
            let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
            var line: Phrase = "\(label): \(Format.size(done)) of \(Format.size(total)), \(percent) %"
            if seconds > 0.5, rate > 0 {
                let left = Int(Double(total - min(done, total)) / rate)
                line = "\(line), \(Format.size(UInt64(rate)))/s, \(left) s left"
            }
            Console.live("\(line)")
        }
    }

    func finish(_ words: Phrase) {
        Console.talk("\(label): \(words)")
    }

    /// `2.1 MB in 0.21 s, 10.0 MB/s`.
    func summary(size: UInt64) -> Phrase {
        let elapsed = ContinuousClock.now - start
        let rate = Double(size) / max(elapsed / .seconds(1), 0.001)
        return "\(Format.size(size)) in \(Format.duration(elapsed)), \(Format.size(UInt64(rate)))/s"
    }
}
