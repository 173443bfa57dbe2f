import Dispatch
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

/// A delegate that writes down what it is told, answers if asked to, and lets a test wait for a number of datagrams.
final class Recorder: LoopDelegate {
    typealias Answer = (_ datagram: [UInt8], _ source: TransportAddress) -> [([UInt8], TransportAddress)]

    struct State {
        var received: [(bytes: [UInt8], source: TransportAddress)] = []
        /// By which socket each came.
        var sockets: [SocketID] = []
        /// What the network layer said of each.
        var codepoints: [ECNCodepoint] = []
        /// Sizes that the kernel refused.
        var refused: [Int] = []
        var drains = 0
        var changes = 0
        var waiters: [(condition: (State) -> Bool, resume: @Sendable () -> Void)] = []
        var isCancelled = false
    }

    private let state: Journal
    private let loop: DatagramLoop
    private let answer: Answer
    private var outgoing: [([UInt8], Route)] = []
    var deadline: Instant?

    init(_ state: Journal, loop: DatagramLoop, answer: @escaping Answer = { _, _ in [] }) {
        self.state = state
        self.loop = loop
        self.answer = answer
    }

    func refused(_ size: Int, over route: Route, at now: Instant) {
        state.update { $0.refused.append(size) }
    }

    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        let bytes = [UInt8](copying: datagram)
        outgoing += answer(bytes, source.remote).map { ($0, Route($1, via: source.socket)) }
        state.update {
            $0.received.append((bytes, source.remote))
            $0.sockets.append(source.socket)
            $0.codepoints.append(ecn)
        }
    }

    func drain(at now: Instant) -> Instant? {
        for (bytes, route) in outgoing { loop.send(bytes, over: route) }
        outgoing = []
        if let deadline, deadline <= now { self.deadline = nil }
        state.update { $0.drains += 1 }
        return deadline
    }

    func addressesChanged(at now: Instant) {
        state.update { $0.changes += 1 }
    }
}

/// What a ``Recorder`` wrote down, readable from the test's task.
final class Journal: Sendable {
    private let state = Mutex(Recorder.State())

    func update(_ body: (inout Recorder.State) -> Void) {
        let ready = state.withLock { state in
            body(&state)
            let waiters = state.waiters
            state.waiters = waiters.filter { !state.isCancelled && !$0.condition(state) }
            return waiters.filter { state.isCancelled || $0.condition(state) }.map(\.resume)
        }
        for resume in ready { resume() }
    }

    /// Returns when the condition holds; throws when the suite's time limit cancels the test.
    func wait(until condition: @escaping @Sendable (Recorder.State) -> Bool) async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                update { $0.waiters.append((condition, { continuation.resume() })) }
            }
        } onCancel: {
            update { $0.isCancelled = true }
        }
        try Task.checkCancellation()
    }

    /// Like ``wait(until:)``, for a thread that must stay the same. It waits for the loop alone, and not for its turn among
    /// other tests.
    func waitBlocking(until condition: @escaping @Sendable (Recorder.State) -> Bool) {
        let semaphore = DispatchSemaphore(value: 0)
        update { $0.waiters.append((condition, { semaphore.signal() })) }
        #expect(semaphore.wait(timeout: .now() + 300) == .success)
    }

    var received: [(bytes: [UInt8], source: TransportAddress)] {
        state.withLock { $0.received }
    }

    /// By which sockets they came.
    var sockets: [SocketID] {
        state.withLock { $0.sockets }
    }

    var codepoints: [ECNCodepoint] {
        state.withLock { $0.codepoints }
    }

    var refused: [Int] {
        state.withLock { $0.refused }
    }

    var count: (drains: Int, changes: Int) {
        state.withLock { ($0.drains, $0.changes) }
    }
}

/// A started loop with its journal.
struct Station {
    let loop: DatagramLoop
    let journal = Journal()

    init(isLoopback: Bool = true, answer: @escaping Recorder.Answer = { _, _ in [] }) throws {
        loop = try DatagramLoop(isLoopback: isLoopback)
        try loop.start(Recorder(journal, loop: loop, answer: answer))
    }

    func address(_ family: IPAddress.Family = .v4) throws -> TransportAddress {
        let port = try #require(loop.localPort(family))
        return TransportAddress(family == .v4 ? IPAddress(v4: 0x7f00_0001) : IPAddress(v6High: 0, low: 1), port: port)
    }

    /// Sends datagrams in one turn of the loop.
    func send(_ datagrams: [[UInt8]], _ ecn: ECNCodepoint = .notECT, to destination: TransportAddress) {
        loop.perform { [loop] in
            for datagram in datagrams { loop.send(datagram, ecn, over: Route(destination)) }
        }
    }

    func statistics(_ family: IPAddress.Family = .v4, _ id: SocketID = .main) async -> DatagramStatistics {
        await withCheckedContinuation { continuation in
            loop.perform { [loop] in continuation.resume(returning: loop.statistics(family, id)) }
        }
    }

    /// Runs `body` on the loop and returns after the turn that it belongs to has been flushed.
    func performAndFlush(_ body: @escaping @Sendable () -> Void) async {
        loop.perform(body)
        // The first work may share the turn of `body`; the second is only asked for in that turn or later.
        for _ in 0..<2 {
            await withCheckedContinuation { continuation in
                loop.perform { continuation.resume() }
            }
        }
    }
}

extension DatagramLoop {
    func send(_ bytes: [UInt8], _ ecn: ECNCodepoint = .notECT, over route: Route) {
        send(bytes.span, ecn, over: route)
    }
}

/// The stations of a test, which end with it.
final class Stations: Sendable {
    private let loops = Mutex<[DatagramLoop]>([])

    func start(answer: @escaping Recorder.Answer = { _, _ in [] }) throws -> Station {
        let station = try Station(answer: answer)
        loops.withLock { $0.append(station.loop) }
        return station
    }

    deinit {
        for loop in loops.withLock({ $0 }) { loop.stop() }
    }
}
