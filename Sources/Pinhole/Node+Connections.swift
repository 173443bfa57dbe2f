import PinholeCore
import PinholeWire
public import ServiceLifecycle

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
    /// A node that was not started is started. When `body` returns, what it sent and what it wrote to streams is delivered
    /// first, for at most ten seconds; messages then stay in the outbox. When it throws or is cancelled, the session is
    /// closed at once. Several may use the session with one contact: the last one closes it. In a node that was made of an
    /// identity alone a key that is no contact becomes one.
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
        let user = ObjectIdentifier(connection)
        // All at one moment of the loop's: what is told of an earlier session does not concern this connection.
        let entry = await ask { loop in
            loop.users.enter(user, with: key, isUp: loop.isUp(key))
            let program = loop.streams.enter(with: [key])
            return (events: loop.hub.subscribe(), program: program, isUp: loop.path(to: key) != nil)
        }
        guard let entry else { throw Self.stopped }
        let pump = Task {
            var isUp = entry.isUp
            for await event in entry.events where event.contact == key {
                if case .connected = event { isUp = true }
                if isUp { connection.receive(event) }
            }
            connection.end(Self.stopped)
        }
        defer {
            pump.cancel()
            connection.end(Self.closedHere)
            leave(user, of: key)
            leave(entry.program)
        }
        try await connect(to: key, timeout: timeout)
        let value = try await body(connection)
        await deliver(connection)
        return value
    }

    /// Runs `body` for each session with one of these contacts, in a child task of its own, until it is cancelled.
    ///
    /// To everybody else this node does not answer. When `body` returns or throws, its session is closed, as
    /// ``withConnection(to:timeout:_:)`` does it; the contact may call again. An error of `body` is told as
    /// ``NodeEvent/notice(_:)`` and ends nothing but its session. A node that was not started is started. It returns when
    /// the node stops.
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
        try begin()
        try await admit(wanted.map { Array($0) } ?? [])
        let entry = await ask { loop in
            let program = loop.streams.enter(with: wanted)
            let keys = loop.connected.filter { loop.path(to: $0) != nil }
            return (events: loop.hub.subscribe(), program: program, keys: keys)
        }
        guard let entry else { throw Self.stopped }
        defer { leave(entry.program) }
        try await withThrowingDiscardingTaskGroup { group in
            var connections: [PublicKey: Connection] = [:]
            func begin(_ key: PublicKey) {
                let connection = Connection(to: key, of: self)
                let user = ObjectIdentifier(connection)
                connections[key] = connection
                perform { loop, _ in if loop.isUp(key) { loop.users.enter(user, with: key, isUp: true) } }
                group.addTask {
                    defer {
                        connection.end(Self.closedHere)
                        self.leave(user, of: key)
                    }
                    do {
                        try await body(connection)
                        await self.deliver(connection)
                    } catch {
                        guard !Task.isCancelled, !(error is CancellationError) else { return }
                        self.hub.publish(.notice("a connection was closed: \(error)"))
                    }
                }
            }
            for key in entry.keys where wanted?.contains(key) ?? true { begin(key) }
            for await event in entry.events {
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

    private static let closedHere = PinholeError(.other, "the connection was closed here")

    /// Waits until the contact has what was sent to it in a scope, for at most ten seconds.
    private func deliver(_ connection: Connection) async {
        let timer = Task { [clock] in
            try? await Task.sleep(for: .seconds(10), clock: clock)
            connection.end(Self.closedHere)
        }
        await connection.settled()
        timer.cancel()
    }

    /// A program uses no sessions any more.
    private func leave(_ program: UInt64) {
        perform { loop, _ in loop.streams.leave(program) }
    }

    /// One user of a contact's session less: the last one closes it, unless it has ended by itself.
    private func leave(_ user: ObjectIdentifier, of key: PublicKey) {
        perform { loop, now in
            if loop.users.leave(user, with: key) { loop.endpoint.disconnect(from: key.key, at: now) }
        }
    }

    /// In a temporary profile keys become contacts by being named.
    private func admit(_ keys: [PublicKey]) async throws(PinholeError) {
        guard profile.isTemporary else { return }
        let contacts = try await fromDisk { node throws(PinholeError) in try node.profile.contacts() }
        let known = Set(contacts.map(\.key))
        let new = keys.filter { !known.contains($0) }
        guard !new.isEmpty else { return }
        let people = try await onDisk { node throws(PinholeError) -> Result<People, PinholeError> in
            for key in new { try node.profile.add(Contact(name: key.text, key: key)) }
            return Result { () throws(PinholeError) in try People(of: node.profile) }
        }
        await ask { $0.updateContacts(people, at: MonotonicClock.now) }
    }
}

// MARK: In a larger program

extension Node: Service {
    /// Runs the node until the service group shuts down, and says goodbye to contacts and services. It ends also where
    /// the node is stopped otherwise.
    ///
    /// Throws where the node cannot be started, or was stopped before.
    public func run() async throws {
        let events = events()
        try begin()
        await withGracefulShutdownHandler {
            for await _ in events {}
        } onGracefulShutdown: {
            Task { await self.stop() }
        }
        await stop()
        try Task.checkCancellation()
    }
}
