import PinholeCore
import PinholeWire
import Synchronization

/// Bytes to and from a contact, in order, each direction with its own end.
///
/// What is not read is not sent either: the contact's writing waits. A stream ends with its session, but for the reading of
/// what has come by then. One that nobody holds any more is given up.
///
/// ```swift
/// let stream = try await connection.openStream("thermometer")
/// try await stream.write(Array("celsius?".utf8))
/// try await stream.finish()
/// for try await bytes in stream { print(bytes.count) }
/// ```
public final class ByteStream: Sendable {
    /// The other side.
    public let contact: PublicKey
    /// What the stream is for, in the word of the one who opened it.
    public let name: String
    private let handle: UInt64
    private let node: Node
    private let calls = Mutex<UInt64>(0)

    init(_ handle: UInt64, _ name: String, with contact: PublicKey, of node: Node) {
        self.handle = handle
        self.name = name
        self.contact = contact
        self.node = node
    }

    deinit {
        let (handle, key) = (handle, contact.key)
        node.perform { $0.endpoint.closeStream(handle, of: key, code: StreamCode.cancelled, at: $1) }
    }

    /// Waits for bytes and takes up to `limit` of them; nil at the end of what the contact writes.
    ///
    /// Throws when the contact gave the stream up (``PinholeError/Code/other``), or the session is over
    /// (``PinholeError/Code/peerOffline``). With a `limit` of 0 it waits for nothing, and takes nothing.
    public func read(upTo limit: Int = 256 * 1024) async throws(PinholeError) -> [UInt8]? {
        guard limit > 0 else { return [] }
        let (handle, key) = (handle, contact.key)
        let read: ByteStreamRead = try await wait(orElse: .lost) { loop, now in
            switch loop.endpoint.readStream(handle, of: key, upTo: limit, at: now) {
            case .nothing: nil
            case let read: read
            }
        }
        switch read {
        case .bytes(let bytes): return bytes
        case .end: return nil
        case .reset(let code): throw refusal(code)
        case .lost, .nothing: throw lost
        }
    }

    /// Waits until the contact's program has taken the stream. Writing does not need that; what is written to a stream
    /// that is then refused is lost.
    public func accepted() async throws(PinholeError) {
        let (handle, key) = (handle, contact.key)
        let answer: ByteStreamRead = try await wait(orElse: .lost) { loop, _ in
            switch loop.endpoint.answer(ofStream: handle, of: key) {
            case .nothing: nil
            case let answer: answer
            }
        }
        switch answer {
        case .end, .bytes, .nothing: return
        case .reset(let code): throw refusal(code)
        case .lost: throw lost
        }
    }

    /// Writes bytes as fast as the contact reads: returns when they are on their way, and at most 512 KiB of this stream
    /// wait here.
    ///
    /// They are written in pieces of 256 KiB: where several write at once, these may come to lie between each other.
    public func write(_ bytes: [UInt8]) async throws(PinholeError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Self.piece))
            try await write(piece, fin: false)
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Ends this direction: the contact reads what was written, and then the end. The other direction goes on.
    public func finish() async throws(PinholeError) {
        try await write([], fin: true)
    }

    /// Gives the stream up in both directions: what has not been delivered will not be.
    public func cancel() {
        let (handle, key) = (handle, contact.key)
        node.perform { loop, now in
            loop.endpoint.closeStream(handle, of: key, code: StreamCode.cancelled, at: now)
            loop.streams.changed(handle, loop, at: now)
        }
    }

    private static let piece = 256 * 1024

    private func write(_ piece: [UInt8], fin: Bool) async throws(PinholeError) {
        let (handle, key) = (handle, contact.key)
        let room: ByteStreamRoom = try await wait(orElse: .lost) { loop, now in
            let room = loop.endpoint.room(onStream: handle, of: key)
            switch room {
            case .full: return nil
            case .room:
                loop.endpoint.write(piece, fin: fin, toStream: handle, of: key, at: now)
                return room
            case .stopped, .lost: return room
            }
        }
        switch room {
        case .room, .full: return
        case .stopped(let code): throw refusal(code)
        case .lost: throw lost
        }
    }

    /// What `attempt` gives on the loop, tried again each time the stream changed; `orElse` once the loop has ended.
    private func wait<Value: Sendable>(
        orElse gone: Value, _ attempt: @escaping @Sendable (NodeLoop, Instant) -> Value?
    ) async throws(PinholeError) -> Value {
        let (handle, node) = (handle, node)
        let number = calls.withLock { calls in
            calls += 1
            return calls
        }
        let answer = Answer<Value?>()
        let value = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Value?, Never>) in
                answer.set(continuation)
                let isRunning = node.perform { loop, now in
                    // Who gave up meanwhile takes nothing any more.
                    if answer.give(from: { attempt(loop, now).map(Optional.some) }) { return }
                    loop.streams.wait(for: handle, as: number) { loop, now in
                        answer.give(from: { attempt(loop, now).map(Optional.some) })
                    }
                }
                if !isRunning { answer.give(gone) }
            }
        } onCancel: {
            // Whoever waits is woken first, so that a loop that has just ended leaves nobody behind.
            answer.give(nil)
            node.perform { loop, _ in _ = loop.streams.cancel(number, of: handle) }
        }
        guard let value else { throw Node.cancelled }
        return value
    }

    private var lost: PinholeError {
        PinholeError(.peerOffline, "the stream “\(name)” is over: the session has ended, or it was closed here")
    }

    private func refusal(_ code: UInt64) -> PinholeError {
        switch code {
        case StreamCode.unknownName:
            PinholeError(.other, "the contact takes no stream “\(name)”", hint: "its program must be waiting for one")
        case StreamCode.tooMany: PinholeError(.other, "too many streams are open to the contact")
        default: PinholeError(.other, "the contact gave the stream “\(name)” up")
        }
    }
}

extension ByteStream: AsyncSequence {
    /// Takes what comes, piece by piece, until the contact ends its direction.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let stream: ByteStream

        /// The next bytes.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(PinholeError) -> [UInt8]? {
            try await stream.read()
        }

        /// The next bytes.
        public mutating func next() async throws(PinholeError) -> [UInt8]? { try await stream.read() }
    }

    /// The bytes as they come.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }
}

/// A continuation that is resumed once, by whoever is first.
final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case waiting(CheckedContinuation<Value, Never>)
        case given
        case early(Value)
        case new
    }

    private let state = Mutex(State.new)

    func set(_ continuation: CheckedContinuation<Value, Never>) {
        let early: Value? = state.withLock { state in
            if case .early(let value) = state {
                state = .given
                return value
            }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(returning: early) }
    }

    /// Gives what `attempt` finds, if it finds something. Once somebody was faster it is not tried, and nobody else
    /// gives anything meanwhile: what it takes is not lost. Returns whether the answer is given.
    func give(from attempt: () -> Value?) -> Bool {
        state.withLock { state in
            switch state {
            case .given, .early: return true
            case .new:
                guard let value = attempt() else { return false }
                state = .early(value)
                return true
            case .waiting(let continuation):
                guard let value = attempt() else { return false }
                state = .given
                continuation.resume(returning: value)
                return true
            }
        }
    }

    func give(_ value: Value) {
        let continuation: CheckedContinuation<Value, Never>? = state.withLock { state in
            switch state {
            case .waiting(let continuation):
                state = .given
                return continuation
            case .new:
                state = .early(value)
                return nil
            case .given, .early: return nil
            }
        }
        continuation?.resume(returning: value)
    }
}
