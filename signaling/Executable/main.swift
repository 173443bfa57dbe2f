import Glibc
import Signaling

/// Writes a line at once, also where the output is no terminal.
func write(_ line: String, to descriptor: Int32) {
    let bytes = Array("\(line)\n".utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
}

func say(_ line: String) {
    write("pinhole-signaling: \(line)", to: STDERR_FILENO)
}

func read(_ path: String) throws(ServerError) -> String {
    guard let file = fopen(path, "re") else {
        throw ServerError(
            errno == ENOENT ? .noSuchFile : .configuration, "\(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: (1 << 20) + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard ferror(file) == 0 else {
        throw ServerError(.configuration, "\(path): \(String(cString: strerror(errno)))")
    }
    guard count < bytes.count else { throw ServerError(.configuration, "\(path): this is longer than 1 MiB") }
    return String(decoding: bytes[..<count], as: UTF8.self)
}

func serve(_ configuration: Configuration) throws(ServerError) {
    // Blocked before any thread is started, so that all of them leave the signals to sigwait.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_BLOCK, &signals, nil)

    let server = try SignalingServer(
        configuration: configuration, log: say,
        // Whoever started it can start it again.
        onFailure: { exit(ServerError.Code.unavailable.rawValue) })
    say("listening on ports \(server.boundPorts.map(String.init).joined(separator: ", "))")
    server.start()
    write(server.addressText, to: STDOUT_FILENO)
    var signal: Int32 = 0
    sigwait(&signals, &signal)
    say("stopping")
    server.stop()
}

// Memory holds the service's key: none of it may end in a core file.
var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)

do throws(ServerError) {
    let command = try Command(
        arguments: CommandLine.arguments, read: read, environment: { name in getenv(name).map { String(cString: $0) } })
    switch command {
    case .run(let configuration): try serve(configuration)
    case .check(let configuration):
        try configuration.checkSecrets()
        write("the configuration is right", to: STDOUT_FILENO)
    case .printAddress(let configuration): write(try configuration.printedAddress(), to: STDOUT_FILENO)
    case .help: write(Command.helpText, to: STDOUT_FILENO)
    case .version: write("pinhole-signaling \(SignalingServer.version)", to: STDOUT_FILENO)
    }
} catch {
    say("error: \(error.message)")
    exit(error.code.rawValue)
}
