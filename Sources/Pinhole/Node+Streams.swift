import PinholeCore
import PinholeWire

// Streams of bytes with contacts, and requests, each of which is one.

extension Node {
    /// Opens a stream to a connected contact, whose program must be waiting for one of that name, or begin to within 10
    /// seconds where it serves the session.
    ///
    /// Throws ``PinholeError/Code/peerOffline`` where there is no session, and ``PinholeError/Code/other`` where 64
    /// streams are open already.
    ///
    /// - Parameter name: 1 to 64 bytes of UTF-8.
    public func openStream(_ name: String, to key: PublicKey) async throws(PinholeError) -> ByteStream {
        guard (1...Limits.maxStreamName).contains(name.utf8.count) else {
            throw PinholeError(.usage, "the name of a stream has 1 to \(Limits.maxStreamName) bytes")
        }
        let opened = await ask { loop in
            let handle = loop.endpoint.openStream(Array(name.utf8), to: key.key, at: MonotonicClock.now)
            return (handle: handle, isUp: loop.isUp(key))
        }
        guard let opened else { throw Self.stopped }
        guard let handle = opened.handle else {
            guard opened.isUp else { throw PinholeError(.peerOffline, "there is no session for a stream") }
            throw PinholeError(.other, "too many streams are open to the contact")
        }
        return ByteStream(handle, name, with: key, of: self)
    }

    /// The streams of a name that contacts open from now on, or one contact, until the node stops; others are refused.
    /// A contact has at most 64 streams open.
    public func streams(named name: String, from key: PublicKey? = nil) async -> AsyncStream<ByteStream> {
        await incomingStreams(named: name, from: key).streams
    }

    /// The same, with what ends them; `taken` is called for each before it is given.
    fileprivate func incomingStreams(
        named name: String, from key: PublicKey?, taken: @escaping @Sendable () -> Void = {}
    ) async -> (streams: AsyncStream<ByteStream>, finish: @Sendable () -> Void) {
        let (streams, continuation) = AsyncStream.makeStream(of: ByteStream.self)
        let take: @Sendable (UInt64, PublicKey) -> Void = { [weak self] handle, contact in
            guard let self else { return }
            taken()
            continuation.yield(ByteStream(handle, name, with: contact, of: self))
        }
        let finish: @Sendable () -> Void = { continuation.finish() }
        let number = await ask {
            $0.takeStreams(named: name, from: key, at: MonotonicClock.now, take, finish: finish)
        }
        guard let number else {
            finish()
            return (streams, {})
        }
        continuation.onTermination = { [weak self] _ in
            self?.perform { loop, _ in loop.streams.remove(number, named: name) }
        }
        return (streams, finish)
    }
}

extension Connection {
    /// Opens a stream to the contact, whose program must be waiting for one of that name.
    public func openStream(_ name: String) async throws(PinholeError) -> ByteStream {
        let stream = try await node.openStream(name, to: contact)
        noteStream()
        return stream
    }

    /// The streams of a name that the contact opens from now on; they end with the session.
    public func streams(named name: String) async -> AsyncStream<ByteStream> {
        let (streams, finish) = await node.incomingStreams(named: name, from: contact) { [weak self] in
            self?.noteStream()
        }
        atEnd(finish)
        return streams
    }

    /// Sends a request and waits for the reply of the contact's program, which takes it from ``requests()``.
    ///
    /// - Parameter body: at most 1 MiB, as the reply has.
    public func request(_ body: [UInt8], timeout: Duration = .seconds(30)) async throws(PinholeError) -> [UInt8] {
        guard body.count <= Request.maxSize else { throw Request.tooLong }
        let (stream, clock) = (try await openStream(Request.name), node.clock)
        let work = Task { () -> Result<[UInt8], PinholeError> in
            do throws(PinholeError) {
                try await stream.write(body)
                try await stream.finish()
                return .success(try await Request.read(stream))
            } catch {
                return .failure(error)
            }
        }
        let timer = Task {
            try await Task.sleep(for: timeout, clock: clock)
            work.cancel()
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        guard work.isCancelled else { return try result.get() }
        stream.cancel()
        guard !Task.isCancelled else { throw Node.cancelled }
        throw PinholeError(.timedOut, "there was no reply within \(timeout.seconds) s")
    }

    /// The requests that the contact makes from now on; they end with the session.
    public func requests() async -> AsyncStream<Request> {
        let streams = await streams(named: Request.name)
        let (requests, continuation) = AsyncStream.makeStream(of: Request.self)
        let reader = Task {
            await withDiscardingTaskGroup { group in
                for await stream in streams {
                    group.addTask {
                        guard let body = try? await Request.read(stream) else { return stream.cancel() }
                        continuation.yield(Request(body: body, stream: stream))
                    }
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in reader.cancel() }
        return requests
    }
}

/// What a contact's program asks, and where the answer goes. One that is not answered is refused.
public struct Request: Sendable {
    /// What it asks: at most 1 MiB.
    public let body: [UInt8]
    private let stream: ByteStream

    fileprivate init(body: [UInt8], stream: ByteStream) {
        self.body = body
        self.stream = stream
    }

    /// Answers, once, with at most 1 MiB.
    public func reply(_ body: [UInt8]) async throws(PinholeError) {
        guard body.count <= Self.maxSize else { throw Self.tooLong }
        try await stream.write(body)
        try await stream.finish()
    }

    fileprivate static let name = "pinhole.request"
    fileprivate static let maxSize = 1 << 20
    fileprivate static let tooLong = PinholeError(.badData, "a request and its reply have at most 1 MiB each")

    fileprivate static func read(_ stream: ByteStream) async throws(PinholeError) -> [UInt8] {
        var body: [UInt8] = []
        while let bytes = try await stream.read() {
            body += bytes
            guard body.count <= maxSize else { throw tooLong }
        }
        return body
    }
}
