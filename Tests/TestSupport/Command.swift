import CProcess
import Glibc

/// A program that a test runs to its end, in the namespaces of the calling thread, which waits.
///
/// Foundation's `Process` was seen to crash where many threads start one, and to wait for what its child left behind.
package struct Command {
    package struct Outcome: Sendable {
        /// The exit code; 128 and the signal's number of one that was killed; -1 of one that could not be started.
        package let status: Int32
        /// What it printed, to standard output and error.
        package let output: [UInt8]
    }

    private let arguments: [String]
    private let environment: [String]?
    private let isHeard: Bool

    /// `environment`: `NAME=value`; that of this process without it. Without `isHeard` nobody reads what it prints.
    package init(_ arguments: [String], environment: [String]? = nil, isHeard: Bool = true) {
        (self.arguments, self.environment, self.isHeard) = (arguments, environment, isHeard)
    }

    /// Runs it in a process group of its own, which is killed after `limit` seconds.
    package func run(limit: Int = 600) -> Outcome {
        var ends: [Int32] = [-1, -1]
        guard !isHeard || pipe(&ends) == 0 else { return Outcome(status: -1, output: []) }
        var child: pid_t = 0
        let code = start(&child, output: ends[1])
        if isHeard { close(ends[1]) }
        defer { if isHeard { close(ends[0]) } }
        guard code == 0 else { return Outcome(status: -1, output: Array("\(String(cString: strerror(code)))\n".utf8)) }
        return wait(for: child, reading: ends[0], until: ContinuousClock.now + .seconds(limit))
    }

    private func wait(for child: pid_t, reading output: Int32, until deadline: ContinuousClock.Instant) -> Outcome {
        var (bytes, status): ([UInt8], Int32) = ([], 0)
        var isOpen = isHeard
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var waiting = pollfd(fd: isOpen ? output : -1, events: Int16(POLLIN), revents: 0)
            poll(&waiting, 1, 10)
            if isOpen, waiting.revents != 0 {
                let count = read(output, &buffer, buffer.count)
                if count > 0 { bytes += buffer[..<count] }
                isOpen = count > 0 || count < 0 && errno == EINTR
                // Its end follows.
                if isOpen { continue }
            }
            if waitpid(child, &status, WNOHANG) == child { break }
            guard ContinuousClock.now < deadline else {
                kill(-child, SIGKILL)
                waitpid(child, &status, 0)
                break
            }
        }
        // What was written before its end is there; others that it left may have the pipe, too, and are not waited for.
        while isOpen {
            var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 0) > 0 else { break }
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return Outcome(status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f, output: bytes)
    }

    private func start(_ child: inout pid_t, output: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            if isHeard {
                posix_spawn_file_actions_adddup2(&actions, output, descriptor)
            } else {
                posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
            }
        }
        cprocess_close_from(&actions, STDERR_FILENO + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        cprocess_begin_anew(&attributes)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        guard let environment else { return posix_spawnp(&child, arguments[0], &actions, &attributes, &argv, environ) }
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { envp.forEach { free($0) } }
        return posix_spawnp(&child, arguments[0], &actions, &attributes, &argv, &envp)
    }
}
