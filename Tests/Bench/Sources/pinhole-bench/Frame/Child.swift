import CBench
import Glibc

/// A program that the bench started: itself in another role, or one that it compares with. It dies with the bench.
final class Child {
    let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var heard: [UInt8] = []
    private var usage: Usage?

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Processor time in seconds, and the largest resident size in bytes, of a process and the children it waited for.
    struct Usage {
        var user = 0.0
        var system = 0.0
        var peakBytes = 0

        var seconds: Double { user + system }

        init(_ usage: rusage) {
            user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
            system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
            peakBytes = usage.ru_maxrss * 1024
        }

        /// That of this process.
        static var own: Usage {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Usage(usage)
        }
    }

    /// Starts this program again with `arguments`, in the network of `place`.
    convenience init(_ arguments: [String], in place: Place) throws(Failure) {
        try self.init(path: "/proc/self/exe", [Role.inside.rawValue, place.name] + arguments, quiet: false)
    }

    /// Starts another program, found by its name or path, in the network of `place`. What it prints to stderr is lost if
    /// `quiet`.
    convenience init(
        program: String, _ arguments: [String], in place: Place, quiet: Bool = true
    ) throws(Failure) {
        try self.init(
            path: "/proc/self/exe", [Role.inside.rawValue, place.network, Role.program.rawValue, program] + arguments,
            quiet: quiet)
    }

    private init(path: String, _ arguments: [String], quiet: Bool) throws(Failure) {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        guard bench_pipe(&toChild) == 0, bench_pipe(&fromChild) == 0 else {
            throw Failure(description: "no pipe")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], STDOUT_FILENO)
        if quiet { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The bench waits for signals; its children shall end by them.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var brokenPipe = none
        sigaddset(&brokenPipe, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &brokenPipe)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words = (["pinhole-bench"] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, path, &actions, &attributes, words, environ)
        close(toChild[0])
        close(fromChild[1])
        input = toChild[1]
        output = fromChild[0]
        self.pid = pid
        guard status == 0 else { throw Failure(description: "cannot start \(arguments): errno \(status)") }
    }

    deinit {
        _ = end()
    }
}

// MARK: Talking

extension Child {
    func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            offset += count
        }
    }

    /// The words after `word` in the next line that begins with it. With `isPrefix` the first word may go on.
    func hear(_ word: String, within seconds: Double = 20, isPrefix: Bool = false) throws(Failure) -> [String] {
        let end = monotonicSeconds() + seconds
        while true {
            while let line = nextLine() {
                let words = line.split(separator: " ").map(String.init)
                if isPrefix, line.hasPrefix(word) { return words }
                if words.first == word { return Array(words.dropFirst()) }
                if words.first == "failed" { throw Failure(description: line) }
            }
            try fill(until: end, awaiting: word)
        }
    }

    /// Everything that it prints until it ends.
    func hearAll(within seconds: Double) throws(Failure) -> String {
        let end = monotonicSeconds() + seconds
        while try fill(until: end, awaiting: "its end", mayEnd: true) {}
        return String(decoding: heard, as: UTF8.self)
    }

    private func nextLine() -> String? {
        guard let end = heard.firstIndex(of: 10) else { return nil }
        defer { heard.removeSubrange(...end) }
        return String(decoding: heard[..<end], as: UTF8.self)
    }

    @discardableResult
    private func fill(until end: Double, awaiting what: String, mayEnd: Bool = false) throws(Failure) -> Bool {
        var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        let left = Int32(max(0, (end - monotonicSeconds()) * 1000))
        guard poll(&waiting, 1, left) > 0 else { throw Failure(description: "no \(what) from process \(pid) in time") }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(output, &buffer, buffer.count)
        guard count > 0 else {
            if mayEnd { return false }
            throw Failure(description: "process \(pid) ended before it said \(what)")
        }
        heard += buffer[..<count]
        return true
    }
}

// MARK: Watching

extension Child {
    /// Bytes that the kernel says it has in memory.
    var resident: Int { kilobytes("VmRSS:") * 1024 }

    private func kilobytes(_ field: String) -> Int {
        guard let file = fopen("/proc/\(pid)/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split(whereSeparator: \.isWhitespace)
            if let first = words.first, first == field, words.count > 1 { return Int(words[1]) ?? 0 }
        }
        return 0
    }
}

// MARK: Ending

extension Child {
    /// Waits until it ends by itself, and tells whether it did well.
    func wait(within seconds: Double) throws(Failure) -> Bool {
        _ = try hearAll(within: seconds)
        var status: Int32 = 0
        var usage = rusage()
        guard self.usage == nil, wait4(pid, &status, 0, &usage) == pid else { return false }
        close(input)
        close(output)
        self.usage = Usage(usage)
        return status == 0
    }

    /// Asks it to end, and makes it when it does not. Returns what it has used.
    @discardableResult
    func end() -> Usage {
        if let usage { return usage }
        close(input)
        kill(pid, SIGTERM)
        var status: Int32 = 0
        var used = rusage()
        var waited: pid_t = 0
        for _ in 0..<100 where waited == 0 {
            waited = wait4(pid, &status, WNOHANG, &used)
            if waited == 0 { usleep(10_000) }
        }
        if waited == 0 {
            kill(pid, SIGKILL)
            wait4(pid, &status, 0, &used)
        }
        close(output)
        let usage = Usage(used)
        self.usage = usage
        return usage
    }
}

@available(*, unavailable)
extension Child: Sendable {}

/// Lets time pass, in seconds.
func pause(_ seconds: Double) {
    usleep(UInt32(seconds * 1e6))
}

func monotonicSeconds() -> Double {
    Double(monotonicNanoseconds()) / 1e9
}

/// The same clock in all processes of this machine.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
