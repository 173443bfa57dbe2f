import CLab
import Foundation
import Glibc

/// A child process with its three streams. It belongs to the thread that made it.
final class Program {
    let name: String
    let pid: pid_t
    private(set) var output: Stream
    private(set) var errors: Stream
    private(set) var status: Status?
    private var input: Int32?

    enum Status: Equatable { case exited(Int32), killed(signal: Int32) }

    /// What a child wrote so far.
    struct Stream {
        fileprivate(set) var descriptor: Int32?
        fileprivate(set) var bytes: [UInt8] = []

        var text: String { String(decoding: bytes, as: UTF8.self) }
        var isAtEnd: Bool { descriptor == nil }
        /// The complete lines.
        var lines: [String] {
            bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Starts a program in the calling thread's namespace, with nothing of our environment but the given variables.
    init(
        _ path: String, _ arguments: [String] = [], named name: String, environment: [String: String] = [:],
        ownSession: Bool = false
    ) throws(LabError) {
        Self.ignoreBrokenPipes
        let (stdin, stdout, stderr) = (try Pipe(), try Pipe(), try Pipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin.reading, 0)
        posix_spawn_file_actions_adddup2(&actions, stdout.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, stderr.writing, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let session: Int16 = ownSession ? 0x80 : 0  // POSIX_SPAWN_SETSID
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK) | session)

        var variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]
        variables.merge(environment) { $1 }
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var envp = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }

        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
        for descriptor in [stdin.reading, stdout.writing, stderr.writing] { close(descriptor) }
        guard code == 0 else {
            for descriptor in [stdin.writing, stdout.reading, stderr.reading] { close(descriptor) }
            throw LabError.system("start \(path)", code)
        }
        self.name = name
        self.pid = pid
        input = stdin.writing
        output = Stream(descriptor: stdout.reading)
        errors = Stream(descriptor: stderr.reading)
    }

    deinit {
        stop()
        for descriptor in [input, output.descriptor, errors.descriptor] { descriptor.map { _ = close($0) } }
    }

    func write(_ text: String) {
        guard let input else { return }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            // A program that is printing itself reads nothing until somebody has read that.
            var waiting = [pollfd(fd: input, events: Int16(POLLOUT), revents: 0)]
            waiting += openDescriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&waiting, nfds_t(waiting.count), 60_000) > 0 else { return }
            for stream in waiting.dropFirst() where stream.revents != 0 { drain(stream.fd) }
            guard waiting[0].revents != 0 else { continue }
            // A page has room then, and more might block.
            let count = bytes.prefix(4096).withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    func closeInput() {
        input.map { _ = close($0) }
        input = nil
    }

    func signal(_ number: Int32) {
        if status == nil { kill(pid, number) }
    }

    /// Kills it, if it still runs, and reaps it.
    func stop() {
        guard status == nil else { return }
        kill(pid, SIGKILL)
        reap(blocking: true)
    }

    /// Takes whatever is readable on `descriptor`; the reactor saw that there is something.
    fileprivate func drain(_ descriptor: Int32) {
        if output.descriptor == descriptor { Self.drain(&output) } else { Self.drain(&errors) }
    }

    fileprivate var openDescriptors: [Int32] { [output.descriptor, errors.descriptor].compactMap { $0 } }

    fileprivate func reap(blocking: Bool = false) {
        guard status == nil else { return }
        var word: Int32 = 0
        guard waitpid(pid, &word, blocking ? 0 : WNOHANG) == pid else { return }
        status = word & 0x7f == 0 ? .exited(word >> 8 & 0xff) : .killed(signal: word & 0x7f)
    }

    private static func drain(_ stream: inout Stream) {
        guard let descriptor = stream.descriptor else { return }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            stream.bytes += buffer[..<count]
        } else {
            close(descriptor)
            stream.descriptor = nil
        }
    }

    /// A child that ends while we write to it must not end us.
    private static let ignoreBrokenPipes: Void = { _ = Glibc.signal(SIGPIPE, SIG_IGN) }()

    private struct Pipe {
        let reading: Int32, writing: Int32

        init() throws(LabError) {
            var ends: [Int32] = [0, 0]
            guard lab_pipe(&ends) == 0 else { throw LabError.system("make a pipe") }
            (reading, writing) = (ends[0], ends[1])
        }
    }
}

extension Program.Status: CustomStringConvertible {
    var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "killed by signal \(signal)"
        }
    }
}

/// Waits for programs: reads all of their streams while a condition does not hold, and never beyond a deadline.
final class Reactor {
    private(set) var programs: [Program]

    init(_ programs: [Program] = []) { self.programs = programs }

    func add(_ program: Program) { programs.append(program) }

    /// Returns as soon as `condition` gives a value; after `limit`, throws `what` with the last words of every program.
    func wait<Value>(
        for what: @autoclosure () -> String, within limit: Duration, until condition: () throws -> Value?
    ) throws(LabError) -> Value {
        let deadline = ContinuousClock.now + limit
        while true {
            pump()
            do {
                if let value = try condition() { return value }
            } catch let error as LabError {
                throw error
            } catch {
                throw LabError("\(error)")
            }
            guard ContinuousClock.now < deadline else {
                throw LabError("waited \(limit) for \(what())\n\(lastWords)")
            }
        }
    }

    func exitStatus(of program: Program, within limit: Duration) throws(LabError) -> Program.Status {
        try wait(for: "\(program.name) to end", within: limit) {
            program.openDescriptors.isEmpty ? program.status : nil
        }
    }

    func stopAll() {
        for program in programs.reversed() { program.stop() }
    }

    /// The end of what each program said that did not end well, for a failure's report.
    var lastWords: String {
        programs.filter { $0.status != .exited(0) }.map { program in
            let status = program.status.map { "\($0)" } ?? "running"
            let words = [program.output, program.errors].map { stream in
                stream.text.split(separator: "\n").suffix(12).map { "    \($0)" }.joined(separator: "\n")
            }
            return "  \(program.name) (\(status)), stdout:\n\(words[0])\n  stderr:\n\(words[1])"
        }.joined(separator: "\n")
    }

    /// One round: up to 10 ms of waiting for output, then a look at who ended.
    private func pump() {
        let owners = programs.flatMap { program in program.openDescriptors.map { (program, $0) } }
        var wanted = owners.map { pollfd(fd: $0.1, events: Int16(POLLIN), revents: 0) }
        poll(&wanted, nfds_t(wanted.count), 10)
        for (owner, ready) in zip(owners, wanted) where ready.revents != 0 { owner.0.drain(ready.fd) }
        for program in programs { program.reap() }
    }
}
