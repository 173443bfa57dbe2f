import CBench
import Glibc
import Synchronization

/// A directory in memory, removed when it is not needed any more, or when somebody stops the bench.
struct Directory {
    let path: String

    private static let made = Mutex<Set<String>>([])

    init() throws(Child.Failure) {
        var template = Array("/dev/shm/pinhole-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Child.Failure(description: "no directory in /dev/shm") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.path = path
        Self.made.withLock { _ = $0.insert(path) }
    }

    func remove() {
        bench_remove(path)
        Self.made.withLock { _ = $0.remove(path) }
    }

    /// On a signal that ends the bench: what it started ends with it, and what it wrote goes.
    static func removeAllOnSignals() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                var signals = sigset_t()
                sigemptyset(&signals)
                for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
                var signal: Int32 = 0
                sigwait(&signals, &signal)
                for path in Directory.made.withLock({ $0 }) { bench_remove(path) }
                exit(128 + signal)
            }, nil)
    }
}
