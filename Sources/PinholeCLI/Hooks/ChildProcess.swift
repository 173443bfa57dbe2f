import CProcess
import Dispatch
import Glibc
import Synchronization

/// A program that is run once: something on its standard input, what it says on its standard output, and a time limit.
struct ChildProcess: Sendable {
    let arguments: [String]
    /// Nothing of our own environment but this.
    let environment: [String]
    let directory: String
    let timeLimit: Duration
    let outputLimit: Int

    enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        case tookTooLong
        case saidTooMuch
        /// It could not be started, for this `errno`.
        case notStarted(Int32)
    }

    struct Outcome: Sendable {
        let end: End
        let output: [UInt8]
    }

    /// Runs it without blocking the caller's thread; its errors go where ours go. Where the caller is cancelled it is ended
    /// like one that took too long.
    func run(input: [UInt8]) async -> Outcome {
        let isWanted = Wish()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: runHere(input: input, while: isWanted))
                }
            }
        } onCancel: {
            isWanted.end()
        }
    }

    /// The process groups of those that run; nil when none is begun any more.
    private static let groups = Mutex<Set<pid_t>?>([])

    /// Ends all that run: their parent ends, and nobody would look at their time any more.
    static func endAll() {
        let last = groups.withLock { groups in
            defer { groups = nil }
            return groups ?? []
        }
        for group in last { Glibc.kill(-group, SIGKILL) }
    }

    /// Whether the outcome is still waited for.
    final class Wish: Sendable {
        private let hasEnded = Atomic(false)
        var isThere: Bool { !hasEnded.load(ordering: .relaxed) }
        func end() { hasEnded.store(true, ordering: .relaxed) }
    }

    /// Runs it, and blocks the caller's thread until it has ended.
    func runHere(input: [UInt8], while wish: Wish = Wish()) -> Outcome {
        guard let toChild = Pipe(), let fromChild = Pipe() else { return Outcome(end: .notStarted(errno), output: []) }
        var child: pid_t = 0
        let code = Self.groups.withLock { groups in
            guard groups != nil else { return ECANCELED }
            let code = start(&child, input: toChild.reading, output: fromChild.writing)
            if code == 0 { groups?.insert(child) }
            return code
        }
        close(toChild.reading)
        close(fromChild.writing)
        guard code == 0 else {
            close(toChild.writing)
            close(fromChild.reading)
            return Outcome(end: .notStarted(code), output: [])
        }
        defer { Self.groups.withLock { _ = $0?.remove(child) } }
        return exchange(child, input, toChild.writing, fromChild.reading, while: wish)
    }

    private struct Pipe {
        let reading: Int32, writing: Int32

        init?() {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { return nil }
            (reading, writing) = (ends[0], ends[1])
        }
    }

    // MARK: Starting

    /// In a process group of its own, with the signals as a shell has them, and with no descriptor of ours but three.
    private func start(_ child: inout pid_t, input: Int32, output: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        cprocess_close_from(&actions, STDERR_FILENO + 1)
        cprocess_change_directory(&actions, directory)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        cprocess_begin_anew(&attributes)

        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        return posix_spawnp(&child, arguments[0], &actions, &attributes, &argv, &envp)
    }

    // MARK: Talking

    private func exchange(
        _ child: pid_t, _ input: [UInt8], _ toChild: Int32, _ fromChild: Int32, while wish: Wish
    ) -> Outcome {
        let deadline = ContinuousClock.now + timeLimit
        var written = 0
        var isWriting = true
        var isReading = true
        var output: [UInt8] = []
        var status: Int32?
        defer {
            if isWriting { close(toChild) }
            close(fromChild)
        }
        _ = fcntl(toChild, F_SETFL, O_NONBLOCK)
        _ = fcntl(fromChild, F_SETFL, O_NONBLOCK)
        while true {
            var waiting = [
                pollfd(fd: isReading ? fromChild : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isWriting ? toChild : -1, events: Int16(POLLOUT), revents: 0),
            ]
            poll(&waiting, 2, 20)
            if isWriting, waiting[1].revents != 0 {
                let count = write(toChild, Array(input[written...]), input.count - written)
                if count > 0 { written += count }
                // Who does not read all of it is not to blame.
                if written == input.count || (count < 0 && errno != EAGAIN && errno != EINTR) {
                    close(toChild)
                    isWriting = false
                }
            }
            if isReading, waiting[0].revents != 0 {
                let count = Self.read(fromChild, &output)
                isReading = count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
            }
            guard output.count <= outputLimit else { return kill(child, .saidTooMuch, output) }
            if status == nil { status = Self.status(of: child) }
            if let status {
                // What it has written is there by now; others that it started may keep the pipe open, and write on.
                while isReading, output.count <= outputLimit { isReading = Self.read(fromChild, &output) > 0 }
                guard output.count <= outputLimit else {
                    Glibc.kill(-child, SIGKILL)
                    return Outcome(end: .saidTooMuch, output: output)
                }
                return Outcome(
                    end: status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: status & 0x7f),
                    output: output)
            }
            guard ContinuousClock.now < deadline, wish.isThere else { return kill(child, .tookTooLong, output) }
        }
    }

    /// What read(2) returns.
    private static func read(_ descriptor: Int32, _ output: inout [UInt8]) -> Int {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count > 0 { output += buffer[..<count] }
        return count
    }

    private static func status(of child: pid_t, _ flags: Int32 = WNOHANG) -> Int32? {
        var status: Int32 = 0
        return waitpid(child, &status, flags) == child ? status : nil
    }

    /// The whole group: first a request, and two seconds later the end.
    private func kill(_ child: pid_t, _ end: End, _ output: [UInt8]) -> Outcome {
        Glibc.kill(-child, SIGTERM)
        for _ in 0..<100 {
            if Self.status(of: child) != nil {
                Glibc.kill(-child, SIGKILL)
                return Outcome(end: end, output: output)
            }
            usleep(20_000)
        }
        Glibc.kill(-child, SIGKILL)
        _ = Self.status(of: child, 0)
        return Outcome(end: end, output: output)
    }
}
