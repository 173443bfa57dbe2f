import Dispatch
import Glibc
import Pinhole
import Synchronization

/// What the system tells a running command: to stop, that the window changed, that it was stopped and goes on.
enum Signals {
    private struct State {
        var sources: [any DispatchSourceSignal] = []
        var first: Int32?
        var waiting: [AsyncStream<Int32>.Continuation] = []
    }

    private static let state = Mutex(State())

    /// From now on the first SIGINT or SIGTERM is for ``first()``; the second ends the process at once.
    static func install() {
        state.withLock { state in
            guard state.sources.isEmpty else { return }
            state.sources = [
                observe(SIGINT) { stop(SIGINT) },
                observe(SIGTERM) { stop(SIGTERM) },
                observe(SIGWINCH) { Console.screen?.resize() },
                observe(SIGCONT) { Console.screen?.resume() },
                observe(SIGTSTP) {
                    Console.screen?.suspend()
                    raise(SIGSTOP)
                },
            ]
        }
    }

    /// Each SIGHUP from now on.
    static func hangups() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.sources.append(observe(SIGHUP) { continuation.yield() }) }
        return stream
    }

    /// Waits for the signal that asks the command to stop.
    static func first() async -> Int32? {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
        state.withLock { state in
            if let first = state.first { continuation.yield(first) }
            state.waiting.append(continuation)
        }
        for await signal in signals { return signal }
        return nil
    }

    private static func stop(_ number: Int32) {
        let isSecond = state.withLock { state in
            guard state.first == nil else { return true }
            state.first = number
            state.waiting.forEach { $0.yield(number) }
            return false
        }
        guard isSecond else { return }
        TerminalMode.restore()
        signal(number, SIG_DFL)
        raise(number)
    }

    private static func observe(_ number: Int32, _ action: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        if number != SIGWINCH && number != SIGCONT { signal(number, SIG_IGN) }
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler(handler: action)
        source.resume()
        return source
    }
}

/// Runs `body` until it ends or the person asks the command to stop.
func untilInterrupted<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await race(body) {
        switch await Signals.first() {
        case SIGTERM: throw Failure(.terminated, "")
        default: throw Failure(.interrupted, "")
        }
    }
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
