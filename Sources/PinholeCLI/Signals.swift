import CProcess
import Dispatch
import Glibc
import Pinhole
import Synchronization

/// What the system tells a running command: to stop, that the window changed, that it was stopped and goes on.
enum Signals {
    private static let sources = Mutex<[Int32: any DispatchSourceSignal]>([:])
    private static let first = Latch<Int32>()

    /// From now on the first SIGINT, SIGTERM or SIGHUP is for ``stopped()``; another one ends the process at once. A
    /// SIGHUP is left to ``hangups()`` and to nohup(1), where it was theirs before.
    static func install() {
        // A reader that has gone is found when writing.
        signal(SIGPIPE, SIG_IGN)
        observe(SIGINT) { stop(SIGINT) }
        observe(SIGTERM) { stop(SIGTERM) }
        if !isIgnored(SIGHUP) { observe(SIGHUP) { stop(SIGHUP) } }
        observe(SIGWINCH) { Console.screen?.resize() }
        observe(SIGCONT) { Console.screen?.resume() }
        observe(SIGTSTP) {
            Console.screen?.suspend()
            actAsUsual(on: SIGTSTP)
            Console.screen?.resume()
        }
    }

    /// Each SIGHUP from now on.
    static func hangups() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        observe(SIGHUP) { continuation.yield() }
        return stream
    }

    /// Waits for the signal that asks the command to stop; nil when the wait was cancelled.
    static func stopped() async -> Int32? { await first.wait() }

    private static func stop(_ number: Int32) {
        // A window that closes hangs up twice: the terminal does, and the shell.
        guard !first.set(number), number != SIGHUP else { return }
        // Not the screen: who draws on it may be what stands still.
        TerminalMode.restore()
        actAsUsual(on: number)
    }

    /// Lets the system do what it does where nobody looks for a signal: it stops no process, for one, that no shell could
    /// bring back. Dispatch's threads get no signals, unless they ask for them.
    private static func actAsUsual(on number: Int32) {
        var (one, before) = (sigset_t(), sigset_t())
        sigemptyset(&one)
        sigaddset(&one, number)
        // Dispatch looks by a handler, which it installs once.
        var handler = sigaction()
        sigaction(number, nil, &handler)
        signal(number, SIG_DFL)
        pthread_sigmask(SIG_UNBLOCK, &one, &before)
        raise(number)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        sigaction(number, &handler, nil)
    }

    private static func observe(_ number: Int32, _ action: @escaping @Sendable () -> Void) {
        sources.withLock { sources in
            guard sources[number] == nil else { return }
            if number != SIGWINCH && number != SIGCONT { signal(number, SIG_IGN) }
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler(handler: action)
            source.resume()
            sources[number] = source
        }
    }

    /// What nohup(1) leaves behind.
    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// Runs `body` until it ends, the person asks the command to stop, or nobody can be told any more.
func untilInterrupted<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await race(
        body,
        {
            switch await Signals.stopped() {
            case SIGTERM, SIGHUP: throw Failure(.terminated, "")
            default: throw Failure(.interrupted, "")
            }
        },
        { throw await Console.outputFails() ?? Failure(.interrupted, "") })
}

/// The outcome of whichever ends first; the other is cancelled and not waited for.
func race<Value: Sendable>(
    _ bodies: (@Sendable () async throws -> Value)...
) async throws -> Value {
    let (outcomes, outcome) = AsyncStream.makeStream(of: Result<Value, any Error>.self)
    let tasks = bodies.map { body in
        Task {
            do {
                outcome.yield(.success(try await body()))
            } catch {
                outcome.yield(.failure(error))
            }
        }
    }
    defer { tasks.forEach { $0.cancel() } }
    for await first in outcomes { return try first.get() }
    throw CancellationError()
}
