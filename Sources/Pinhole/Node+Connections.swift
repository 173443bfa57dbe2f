import PinholeCore
import PinholeWire
public import ServiceLifecycle
import Synchronization

// Sessions as scopes: whoever leaves the scope, by its end, an error or cancellation, has closed the session.

extension Node {
    /// A node of an identity that is kept elsewhere: contacts and messages are forgotten with it.
    ///
    /// On a ``MemoryNetwork`` it needs no machine and no service. Received files go to the configuration's directory.
    public convenience init(
        identity: Identity, contacts: [Contact] = [], configuration: NodeConfiguration? = nil,
        network: MemoryNetwork? = nil, clock: any Clock<Duration> = ContinuousClock()
    ) throws(PinholeError) {
        let profile = try Profile.temporary(identity, contacts: contacts)
        var configuration =
            configuration
            ?? NodeConfiguration(downloadDirectory: profile.directory + "/downloads", filePolicy: .refuse)
        if network != nil { configuration.mapsPorts = false }
        try self.init(profile: profile, configuration: configuration, network: network, clock: clock)
    }

    /// Connects to a contact, runs `body` with the connection, and closes it.
    ///
    /// A node that was not started is started. When `body` returns, what it sent is delivered first, for at most ten
    /// seconds; the rest stays in the outbox. When it throws or is cancelled, the session is closed at once. Several may use
    /// the session with one contact: the last one closes it. In a node that was made of an identity alone a key that is no
    /// contact becomes one.
    ///
    /// Throws what `body` throws, and before that a ``PinholeError``: ``PinholeError/Code/peerOffline``,
    /// ``PinholeError/Code/noDirectPath`` with the NATs of both (``PinholeError/networks``),
    /// ``PinholeError/Code/unreachableService`` or ``PinholeError/Code/timedOut``.
    public func withConnection<Value: Sendable>(
        to key: PublicKey, timeout: Duration = .seconds(15),
        _ body: @Sendable (Connection) async throws -> Value
    ) async throws -> Value {
        try begin()
        try await admit([key])
        let connection = Connection(to: key, of: self)
        let events = events()
        users.withLock { $0[key, default: 0] += 1 }
        let program = await ask { $0.streams.enter(with: [key]) }
        let pump = Task {
            for await event in events where event.contact == key { connection.receive(event) }
            connection.end(Self.stopped)
        }
        defer {
            pump.cancel()
            connection.end(PinholeError(.other, "the connection was closed here"))
            release(key)
            leave(program)
        }
        try await connect(to: key, timeout: timeout)
        let value = try await body(connection)
        let timer = Task { [clock] in
            try? await Task.sleep(for: .seconds(10), clock: clock)
            connection.end(PinholeError(.other, "the connection was closed here"))
        }
        await connection.settled()
        timer.cancel()
        return value
    }

    /// Runs `body` for each session with one of these contacts, in a child task of its own, until it is cancelled.
    ///
    /// To everybody else this node does not answer. When `body` returns or throws, its session is closed; the contact may
    /// call again. An error of `body` is told as ``NodeEvent/notice(_:)`` and ends nothing but its session. A node that was
    /// not started is started.
    public func serve(
        accepting keys: [PublicKey], _ body: @escaping @Sendable (Connection) async throws -> Void
    ) async throws {
        try await serve(Set(keys), body)
    }

    /// The same for all contacts of the profile, also those who become contacts while it runs.
    public func serve(_ body: @escaping @Sendable (Connection) async throws -> Void) async throws {
        try await serve(nil, body)
    }

    private func serve(
        _ wanted: Set<PublicKey>?, _ body: @escaping @Sendable (Connection) async throws -> Void
    ) async throws {
        let events = events()
        try begin()
        try await admit(wanted.map { Array($0) } ?? [])
        let program = await ask { $0.streams.enter(with: wanted) }
        defer { leave(program) }
        try await withThrowingDiscardingTaskGroup { group in
            var connections: [PublicKey: Connection] = [:]
            func begin(_ key: PublicKey) {
                let connection = Connection(to: key, of: self)
                connections[key]?.end(Self.stopped)
                connections[key] = connection
                users.withLock { $0[key, default: 0] += 1 }
                group.addTask {
                    defer {
                        // After a session that has ended by itself there may be another one already.
                        let isOver = connection.isSessionOver
                        connection.end(PinholeError(.other, "the connection was closed here"))
                        self.release(key, disconnects: !isOver)
                    }
                    do {
                        try await body(connection)
                        await connection.settled()
                    } catch {
                        guard !Task.isCancelled, !(error is CancellationError) else { return }
                        self.hub.publish(.notice("a connection was closed: \(error)"))
                    }
                }
            }
            for key in await ask(\.connected) ?? [] where wanted?.contains(key) ?? true { begin(key) }
            for await event in events {
                guard let key = event.contact, wanted?.contains(key) ?? true else { continue }
                if case .connected = event {
                    if connections[key] == nil { begin(key) }
                } else {
                    connections[key]?.receive(event)
                }
                if case .disconnected = event { connections[key] = nil }
            }
            for connection in connections.values { connection.end(Self.stopped) }
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// A program uses no sessions any more.
    private func leave(_ program: UInt64?) {
        guard let program else { return }
        perform { loop, _ in loop.streams.leave(program) }
    }

    /// One user of a contact's session less: the last one closes it.
    private func release(_ key: PublicKey, disconnects: Bool = true) {
        let isLast = users.withLock { users in
            users[key, default: 1] -= 1
            guard users[key] == 0 else { return false }
            users[key] = nil
            return true
        }
        if isLast, disconnects { disconnect(from: key) }
    }

    /// In a temporary profile keys become contacts by being named.
    private func admit(_ keys: [PublicKey]) async throws(PinholeError) {
        guard profile.isTemporary else { return }
        let known = Set(try profile.contacts().map(\.key))
        let new = keys.filter { !known.contains($0) }
        guard !new.isEmpty else { return }
        for key in new { try profile.add(Contact(name: key.text, key: key)) }
        let people = Result { () throws(PinholeError) in try People(of: profile) }
        await ask { $0.updateContacts(people, at: MonotonicClock.now) }
    }
}

// MARK: Streams and requests

extension Node {
    /// Opens a stream to a connected contact, whose program must be waiting for one of that name, or begin to within 10
    /// seconds where it serves the session.
    ///
    /// - Parameter name: 1 to 64 bytes of UTF-8.
    public func openStream(_ name: String, to key: PublicKey) async throws(PinholeError) -> ByteStream {
        guard (1...Limits.maxStreamName).contains(name.utf8.count) else {
            throw PinholeError(.usage, "the name of a stream has 1 to \(Limits.maxStreamName) bytes")
        }
        let opened = await ask { $0.endpoint.openStream(Array(name.utf8), to: key.key, at: MonotonicClock.now) }
        guard let opened else { throw Self.stopped }
        guard let handle = opened else {
            throw PinholeError(.peerOffline, "there is no session for a stream, or too many streams are open")
        }
        return ByteStream(handle, name, with: key, of: self)
    }

    /// The streams of a name that contacts open from now on, or one contact; others are refused. A contact has at most 64
    /// streams open.
    public func streams(named name: String, from key: PublicKey? = nil) async -> AsyncStream<ByteStream> {
        await incomingStreams(named: name, from: key).streams
    }

    /// The same, with what ends them.
    fileprivate func incomingStreams(
        named name: String, from key: PublicKey?
    ) async -> (streams: AsyncStream<ByteStream>, finish: @Sendable () -> Void) {
        let (streams, continuation) = AsyncStream.makeStream(of: ByteStream.self)
        let take: @Sendable (UInt64, PublicKey) -> Void = { [weak self] handle, contact in
            guard let self else { return }
            continuation.yield(ByteStream(handle, name, with: contact, of: self))
        }
        let number = await ask { $0.takeStreams(named: name, from: key, at: MonotonicClock.now, take) }
        guard let number else {
            continuation.finish()
            return (streams, {})
        }
        continuation.onTermination = { [weak self] _ in
            self?.perform { loop, _ in loop.streams.remove(number, named: name) }
        }
        return (streams, { continuation.finish() })
    }
}

extension Connection {
    /// Opens a stream to the contact, whose program must be waiting for one of that name.
    public func openStream(_ name: String) async throws(PinholeError) -> ByteStream {
        try await node.openStream(name, to: contact)
    }

    /// The streams of a name that the contact opens from now on; they end with the session.
    public func streams(named name: String) async -> AsyncStream<ByteStream> {
        let (streams, finish) = await node.incomingStreams(named: name, from: contact)
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

// MARK: In a larger program

extension Node: Service {
    /// Runs the node until the service group shuts down, and says goodbye to contacts and services.
    ///
    /// Throws where the node cannot be started.
    public func run() async throws {
        try begin()
        do {
            try await gracefulShutdown()
        } catch {
            await stop()
            throw error
        }
        await stop()
    }
}
