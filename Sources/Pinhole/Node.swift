import PinholeCore
import PinholeCrypto
import PinholeWire
import Synchronization

/// A running peer: it answers its contacts, calls them, and carries messages and files both ways.
///
/// ```swift
/// let node = try Node(profile: profile, configuration: configuration)
/// let events = node.events()
/// node.start()
/// try await node.connect(to: bob.key, timeout: .seconds(15))
/// let message = try await node.send("hello", to: bob.key)
/// try await node.delivered(message, timeout: .seconds(30))
/// await node.stop()
/// ```
///
/// All protocol state lives on one thread of its own; these methods hop there once per call.
public final class Node: Sendable {
    private let profile: Profile
    private let configuration: NodeConfiguration
    private let lock: Mutex<ProfileLock?>
    private let loop: DatagramLoop
    private let hub = EventHub()
    /// Messages must reach the loop in the order in which the store numbered them.
    private let sendOrder = Mutex(())
    private let watcher = Mutex<Task<Void, Never>?>(nil)
    /// Confined to the loop's thread once it runs: everything else reaches it through `perform`.
    private nonisolated(unsafe) let core: NodeLoop

    /// Takes the profile's lock and binds the sockets.
    ///
    /// Throws ``PinholeError/Code/identityInUse`` when another process runs with this profile, and
    /// ``PinholeError/Code/portInUse`` when another program has the port.
    public init(profile: Profile, configuration: NodeConfiguration) throws(PinholeError) {
        self.profile = profile
        self.configuration = configuration
        lock = Mutex(try profile.lock())
        do {
            loop = try DatagramLoop(port: configuration.port)
        } catch {
            throw error.pinholeError
        }
        core = NodeLoop(profile: profile, configuration: configuration, loop: loop, hub: hub)
        try core.loadContacts(at: MonotonicClock.now)
    }

    /// Starts to answer contacts and to register with the services.
    public func start() {
        do {
            guard try loop.start(core) else { return }
        } catch {
            return hub.publish(.notice(error.pinholeError.phrase))
        }
        perform { $0.begin(at: $1) }
        let watching = Task { await self.watchContacts() }
        watcher.withLock { $0 = watching }
    }

    /// Says goodbye to contacts and services, and gives the sockets and the profile back.
    public func stop() async {
        watcher.withLock { $0 }?.cancel()
        await settle()
        await ask { $0.shutDown(at: MonotonicClock.now) }
        let portMapper = await ask { $0.takePortMapper() } ?? nil
        loop.stop()
        core.finishStorage()
        portMapper?.stop()
        hub.finish()
        lock.withLock { $0 = nil }
    }

    /// Gives the last receipts a second to arrive: who reads a message and leaves must not leave its sender in doubt.
    private func settle() async {
        for _ in 0..<100 {
            guard await ask({ $0.endpoint.hasUnacknowledged }) ?? false else { return }
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { return }
        }
    }

    /// Everything that happens from now on; each call gives another, complete stream.
    public func events() -> AsyncStream<NodeEvent> {
        hub.subscribe()
    }

    /// The sockets' addresses, `host:port`, for each interface.
    public var localAddresses: [String] {
        NodeLoop.localAddresses(allowsLoopback: configuration.allowsLoopback).compactMap { local in
            loop.localPort(local.ip.family).map { TransportAddress(local.ip, port: $0).description }
        }
    }

    private func perform(_ body: @escaping @Sendable (NodeLoop, Instant) -> Void) {
        loop.perform { body(self.core, MonotonicClock.now) }
    }

    /// What `body` says on the loop; nil when the loop does not run.
    @discardableResult
    private func ask<Answer: Sendable>(_ body: @escaping @Sendable (NodeLoop) -> Answer) async -> Answer? {
        guard loop.isRunning else { return nil }
        return await withCheckedContinuation { continuation in
            let isRunning = loop.perform { continuation.resume(returning: body(self.core)) }
            if !isRunning { continuation.resume(returning: nil) }
        }
    }
}

// MARK: Talking

extension Node {
    /// Sets up a session with a contact, or reports the one that there is.
    ///
    /// Throws what kept it from happening: ``PinholeError/Code/peerOffline``, ``PinholeError/Code/noDirectPath``,
    /// ``PinholeError/Code/unreachableService``, or ``PinholeError/Code/timedOut``.
    @discardableResult
    public func connect(to key: PublicKey, timeout: Duration) async throws(PinholeError) -> PathReport {
        let name = try requireContact(key)
        let events = events()
        perform { $0.endpoint.connect(to: key.key, at: $1) }
        if let path = await ask({ $0.path(to: key) }) ?? nil { return path }
        return try await first(in: events, within: timeout) { event in
            switch event {
            case .connected(key, let path): .success(path)
            case .unreachable(key, let error): .failure(error)
            default: nil
            }
        } orThrow: {
            PinholeError(.timedOut, "\(name) could not be reached within \(timeout.seconds) s")
        }
    }

    /// Ends the session with a contact.
    public func disconnect(from key: PublicKey) {
        perform { $0.endpoint.disconnect(from: key.key, at: $1) }
    }

    /// Accepts a message: when this returns it is on disk, and it will be delivered, by a later run if need be.
    public func send(_ text: String, to key: PublicKey) async throws(PinholeError) -> MessageReference {
        try requireContact(key)
        let message = try sendOrder.withLock { _ throws(PinholeError) in
            let time = WallClock.unixMilliseconds
            let message = try profile.store.append([text], to: key, sentAt: time)[0]
            perform { $0.endpoint.send(message, to: key.key, at: $1) }
            return message
        }
        return MessageReference(contact: key, epoch: message.id.epoch, counter: message.id.counter)
    }

    /// Waits until the contact has a message on disk.
    ///
    /// Throws when the contact turns out to be unreachable, or after `timeout`; the message stays in the outbox.
    public func delivered(_ message: MessageReference, timeout: Duration) async throws(PinholeError) {
        let events = events()
        let id = MessageID(epoch: message.epoch, counter: message.counter)
        if let state = try profile.store.outgoingMessage(id, to: message.contact)?.state,
            state == .delivered || state == .read
        {
            return
        }
        let name = try requireContact(message.contact)
        try await first(in: events, within: timeout) { event in
            switch event {
            case .delivered(message): .success(())
            case .unreachable(message.contact, let error): .failure(error)
            default: nil
            }
        } orThrow: {
            PinholeError(
                .peerOffline, "\(name) has not received the message within \(timeout.seconds) s",
                hint: "it stays in the outbox and is delivered when you are both online")
        }
    }

    /// Measures the round trip to a contact, connecting first if need be.
    public func ping(_ key: PublicKey, timeout: Duration) async throws(PinholeError) -> PingReport {
        try await connect(to: key, timeout: timeout)
        let name = try requireContact(key)
        let pong = Expectation<Duration> {
            PinholeError(.timedOut, "\(name) did not answer the ping within \(timeout.seconds) s")
        }
        perform { $0.ping(key, pong, at: $1) }
        let rtt = try await Self.value(of: pong.task, within: timeout)
        guard let path = await ask({ $0.path(to: key) }) ?? nil else {
            throw PinholeError(.peerOffline, "\(name) left while being pinged")
        }
        return PingReport(rtt: rtt, path: path)
    }

    @discardableResult
    private func requireContact(_ key: PublicKey) throws(PinholeError) -> String {
        guard let contact = try profile.contacts().first(where: { $0.key == key }) else {
            throw PinholeError(.usage, "\(key) is not a contact", hint: "add it first: pinhole contact add NAME \(key)")
        }
        return contact.name
    }
}

// MARK: Files

extension Node {
    /// Offers a file to a contact. It is read once to hash it, and must not change until it has been sent.
    ///
    /// A transfer of the same content to the same contact that was interrupted goes on where it stopped.
    public func sendFile(_ path: String, to key: PublicKey) async throws(PinholeError) -> TransferReference {
        try requireContact(key)
        let file = try OutgoingFile(path)
        let hash = try await file.hash()
        let known = try profile.store.unfinishedTransfers(with: key).first {
            $0.reference.direction == .outgoing && $0.hash == hash && $0.size == file.size && $0.name == file.name
        }
        let reference =
            known?.reference ?? TransferReference(contact: key, direction: .outgoing, number: .random(in: 1 ... .max))
        if known == nil {
            try profile.store.insert(
                StoredTransfer(
                    reference, name: file.name, size: file.size, hash: hash, path: path, state: .offered,
                    createdAt: WallClock.unixMilliseconds))
        }
        perform { $0.offer(file, hash: hash, as: reference, at: $1) }
        return reference
    }

    /// Waits until the contact has the whole file, verified and on disk; without a timeout for as long as it takes.
    public func finished(_ transfer: TransferReference, timeout: Duration?) async throws(PinholeError) {
        let events = events()
        switch try profile.store.transfer(transfer)?.state {
        case .done: return
        case .refused: throw PinholeError(.other, "the file was declined")
        case .failed: throw PinholeError(.other, "the transfer failed")
        case .offered, .accepted, nil: break
        }
        try await first(in: events, within: timeout ?? .seconds(365 * 86_400)) { event in
            switch event {
            case .fileSent(transfer), .fileReceived(transfer, _): .success(())
            case .fileFailed(transfer, let reason): .failure(PinholeError(.other, "the file did not arrive: \(reason)"))
            case .unreachable(transfer.contact, let error): .failure(error)
            default: nil
            }
        } orThrow: {
            PinholeError(
                .peerOffline, "the file has not arrived within \((timeout ?? .zero).seconds) s",
                hint: "send it again: it goes on where it stopped")
        }
    }

    /// Takes an offered file.
    public func accept(_ transfer: TransferReference) {
        perform { core, _ in core.accept(transfer) }
    }

    /// Declines an offered file.
    public func refuse(_ transfer: TransferReference) {
        perform { $0.giveUp(transfer, .declined, at: $1) }
    }

    /// Gives up a transfer in either direction.
    public func cancel(_ transfer: TransferReference) {
        perform { $0.giveUp(transfer, .cancelled, at: $1) }
    }
}

// MARK: The network

extension Node {
    /// What this network does to UDP: waits until it was measured as far as `stage`, or for `timeout`.
    public func networkReport(
        _ stage: NetworkReport.Stage = .complete, timeout: Duration
    ) async throws(PinholeError) -> NetworkReport {
        let measured = Expectation<Void> { PinholeError(.other, "the network was not measured in time") }
        perform { core, _ in core.expect(stage, measured) }
        // After the time-out the report says what is known by then.
        try? await Self.value(of: measured.task, within: timeout)
        guard let report = await ask({ $0.networkReport }) else { throw Self.stopped }
        return report
    }

    /// What was tried to reach a contact the last time; nil if nothing has been tried since the node started.
    public func report(of key: PublicKey) async -> ConnectionReport? {
        await ask { $0.report(of: key, at: MonotonicClock.now) } ?? nil
    }

    /// Contacts that were added or removed meanwhile, by another process for instance.
    private func watchContacts() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(2))
            guard !Task.isCancelled else { return }
            let contacts = Result { () throws(PinholeError) in try profile.contacts() }
            perform { $0.updateContacts(contacts, at: $1) }
        }
    }
}

// MARK: Waiting

extension Node {
    private static let stopped = PinholeError(.other, "the node is not running")

    /// The first event that `match` turns into a result, or the error of `orThrow` after `timeout`.
    private func first<Value: Sendable>(
        in events: AsyncStream<NodeEvent>, within timeout: Duration,
        _ match: @escaping @Sendable (NodeEvent) -> Result<Value, PinholeError>?,
        orThrow late: @escaping @Sendable () -> PinholeError
    ) async throws(PinholeError) -> Value {
        let search = Task { () -> Result<Value, PinholeError> in
            for await event in events {
                if let result = match(event) { return result }
            }
            return .failure(Task.isCancelled ? late() : Self.stopped)
        }
        return try await Self.value(of: search, within: timeout)
    }

    private static func value<Value: Sendable>(
        of task: Task<Result<Value, PinholeError>, Never>, within timeout: Duration
    ) async throws(PinholeError) -> Value {
        let timer = Task {
            try? await Task.sleep(for: timeout)
            task.cancel()
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return try result.get()
    }
}

extension Duration {
    /// For sentences: whole seconds, or tenths below 10 s.
    var seconds: String {
        let tenths = nanoseconds / 100_000_000
        return tenths % 10 == 0 || tenths >= 100 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
