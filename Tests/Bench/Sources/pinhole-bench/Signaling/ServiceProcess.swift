import Glibc
import PinholeCrypto
import PinholeWire
import Signaling

/// The service in a process of its own: this program, started again.
final class ServiceProcess {
    /// What starts this program as the service.
    static let word = "signaling-service"

    let key: ServiceKey
    let port: UInt16
    private let pid: pid_t

    enum Failure: Error {
        case noService
    }

    init() throws {
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else { throw Failure.noService }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)
        posix_spawn_file_actions_addclose(&actions, pipe[0])
        var words = [CommandLine.arguments[0], Self.word].map { $0.withCString { strdup($0) } }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, "/proc/self/exe", &actions, nil, words, environ)
        close(pipe[1])
        defer { close(pipe[0]) }
        guard result == 0 else { throw Failure.noService }
        self.pid = pid
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = read(pipe[0], &buffer, buffer.count)
        let line = String(decoding: buffer[..<max(0, count)].prefix { $0 != 10 }, as: UTF8.self)
        let parts = line.dropFirst("pinhole-signal://".count).split(separator: "@")
        guard parts.count == 2, let address = TransportAddress(parts[1]) else { throw Failure.noService }
        key = try ServiceKey(text: String(parts[0]))
        port = address.port
    }

    deinit {
        kill(pid, SIGTERM)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// What the kernel says that the process has in memory.
    var residentKilobytes: Int {
        guard let file = fopen("/proc/\(pid)/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split(whereSeparator: \.isWhitespace)
            if words.first == "VmRSS:", words.count > 1 { return Int(words[1]) ?? 0 }
        }
        return 0
    }

    /// Serves on a free port of all loopback addresses until the parent is gone or says so, with rates that a benchmark
    /// does not run into.
    static func serve() throws {
        var configuration = Configuration(key: .memory(.generate()))
        configuration.listen = ["127.0.0.1:0"].compactMap { TransportAddress($0) }
        let rate = RateLimiter.Rate(sustained: 1_000_000)
        configuration.rates.registers = rate
        configuration.rates.registersPerSource = rate
        let server = try SignalingServer(configuration: configuration)
        server.start()
        let line = Array("\(server.addressText)\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)
        var signals = sigset_t()
        sigfillset(&signals)
        var signal: Int32 = 0
        sigwait(&signals, &signal)
        exit(0)
    }
}
