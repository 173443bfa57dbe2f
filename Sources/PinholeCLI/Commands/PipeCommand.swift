import ArgumentParser
import Glibc
import Pinhole
import PinholeControl
import Synchronization

/// `pinhole pipe`: bytes between this machine's programs and a contact's.
struct PipeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipe",
        abstract: "Connect standard input and output to a contact's.",
        discussion: """
            Both sides run 'pinhole pipe' with each other's name, in any order. What one reads from standard input the \
            other writes to standard output, byte for byte, no faster than it is taken. Each direction has its own end; \
            a terminal as standard input counts as nothing to send.

            Example:
              bob$ pinhole pipe alice | tar x
              alice$ tar c src | pinhole pipe bob

            Exits with 0 when both directions have ended and everything was written on the other side, 75 if the \
            contact is not there or leaves before, 73 if nobody reads standard output any more.
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Argument(help: "The contact's name.", completion: contactNames) var name: String

    @Option(help: ArgumentHelp("How long to wait for the contact's side of the pipe.", valueName: "seconds"))
    var timeout = 60.0

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be more than 0 and at most 86400 seconds")
        }
    }

    func run() async throws {
        let (name, verbose) = (name, global.verbose)
        let limit = Duration.milliseconds(Int64(timeout * 1000))
        signal(SIGPIPE, SIG_IGN)
        try await Session.run(network, global: global, as: "pipe", policy: .ask, hears: false, tellsEvents: verbose) {
            session in
            let contact = try await session.contact(named: name)
            let desk = try PipeDesk()
            let local = Task { try await desk.serve() }
            let result: PipeRun.Result
            do {
                result = try await session.client.call(
                    PipeRun.self, PipeRun.Params(contact: contact.key, socket: desk.path, timeout: limit))
            } catch {
                desk.close()
                local.cancel()
                // Where this side is to blame the other process knows less.
                throw desk.failure ?? error
            }
            try await local.value
            if verbose {
                Console.talk(
                    "\(Format.size(result.sent)) sent, \(Format.size(result.received)) received.", style: .dim)
            }
        }
    }
}

/// This process's side: a socket that the process with the node connects to, once to read and once to write.
private final class PipeDesk: Sendable {
    let path: String
    private let folder: String
    private let listener: Int32
    private let trouble = Mutex<Failure?>(nil)

    /// What was wrong with standard input or output.
    var failure: Failure? { trouble.withLock(\.self) }

    init() throws {
        folder = try Folder.makeTemporary("pinhole-pipe", in: Console.environment("XDG_RUNTIME_DIR"))
        path = folder + "/pipe.sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0, PipeEnd.withAddress(of: path, { bind(listener, $0, $1) }) == 0, listen(listener, 2) == 0
        else { throw Failure(.cannotWrite, "the socket \(path) cannot be made: \(Files.reason(errno))") }
    }

    deinit {
        Glibc.close(listener)
        unlink(path)
        rmdir(folder)
    }

    /// Wakes whoever waits for the other process.
    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// Carries standard input to the first connection, and the second one to standard output.
    func serve() async throws {
        let source = try await connection()
        let sink = try await connection()
        // A process that takes over from one that ended cannot know what was lost.
        close()
        // Reading from a terminal or a pipe cannot be interrupted: the thread ends with the process.
        startDetachedThread { [self] in copyInput(to: source) }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            startDetachedThread { continuation.resume(with: Result { try self.copyOutput(from: sink) }) }
        }
    }

    private func connection() async throws -> Int32 {
        let listener = listener
        return try await withCheckedThrowingContinuation { continuation in
            startDetachedThread {
                let descriptor = accept(listener, nil, nil)
                if descriptor >= 0 {
                    continuation.resume(returning: descriptor)
                } else {
                    continuation.resume(throwing: Failure(.other, "the pipe was not taken up"))
                }
            }
        }
    }

    private func copyInput(to socket: Int32) {
        if isatty(STDIN_FILENO) != 1, case .unread(let code) = Self.copy(from: STDIN_FILENO, to: socket) {
            // What could not be read is not the end of it.
            trouble.withLock { $0 = Failure(.other, "standard input cannot be read: \(Files.reason(code))") }
            shutdown(socket, Int32(SHUT_RDWR))
            return
        }
        shutdown(socket, Int32(SHUT_WR))
    }

    private func copyOutput(from socket: Int32) throws {
        switch Self.copy(from: socket, to: STDOUT_FILENO) {
        case .whole: break
        case .unread(let code):
            Glibc.close(socket)
            throw Failure(.other, "the pipe cannot be read: \(Files.reason(code))")
        case .unwritten(let code):
            let failure = Failure(
                .cannotWrite,
                code == EPIPE
                    ? "nobody reads standard output any more"
                    : "standard output cannot be written: \(Files.reason(code))")
            trouble.withLock { $0 = failure }
            // The other process hears of it by the end of the connection.
            Glibc.close(socket)
            throw failure
        }
        var taken: UInt8 = 1
        write(socket, &taken, 1)
        Glibc.close(socket)
    }

    /// How copying ended: with the `errno` of what failed.
    private enum End { case whole, unread(Int32), unwritten(Int32) }

    /// Standard input and output may have been made non-blocking by another program that has them too.
    private static func copy(from source: Int32, to sink: Int32) -> End {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let count = read(source, buffer.baseAddress, buffer.count)
            if count < 0, mayGoOn(source, POLLIN) { continue }
            guard count > 0 else { return count == 0 ? .whole : .unread(errno) }
            var offset = 0
            while offset < count {
                let written = write(sink, buffer.baseAddress! + offset, count - offset)
                if written < 0, mayGoOn(sink, POLLOUT) { continue }
                guard written > 0 else { return .unwritten(errno) }
                offset += written
            }
        }
    }

    /// Whether a call was only interrupted, or has to wait, which is done here.
    private static func mayGoOn(_ descriptor: Int32, _ event: Int32) -> Bool {
        if errno == EINTR { return true }
        guard errno == EAGAIN else { return false }
        var waiting = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        poll(&waiting, 1, -1)
        return true
    }
}
