import Dispatch
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
    let profile: Profile
    let configuration: NodeConfiguration
    private let lock: Mutex<ProfileLock?>
    private let loop: any DatagramShell
    let hub = EventHub<NodeEvent>()
    private let isInMemory: Bool
    /// Measures the time limits that callers give.
    let clock: any Clock<Duration>
    /// How many users each contact's session has: the last one ends it.
    let users = Mutex<[PublicKey: Int]>([:])
    private let liveSessions = LiveSessions()
    /// Messages must reach the loop in the order in which the store numbered them.
    private let sendOrder = Mutex(())
    private let watcher = Mutex<Task<Void, Never>?>(nil)
    private let history: HistorySweeper
    private let sweeper = Mutex<Task<Void, Never>?>(nil)
    /// Confined to the loop's thread once it runs: everything else reaches it through `perform`.
    private nonisolated(unsafe) let core: NodeLoop

    /// Takes the profile's lock and binds the sockets.
    ///
    /// Throws ``PinholeError/Code/identityInUse`` when another process runs with this profile, and
    /// ``PinholeError/Code/portInUse`` when another program has the port.
    ///
    /// Time limits that callers give are measured by `clock`; the protocol has its own. On a `network` no socket is bound.
    public init(
        profile: Profile, configuration: NodeConfiguration, network: MemoryNetwork? = nil,
        clock: any Clock<Duration> = ContinuousClock()
    ) throws(PinholeError) {
        self.profile = profile
        self.configuration = configuration
        self.clock = clock
        isInMemory = network != nil
        lock = Mutex(try profile.lock())
        history = HistorySweeper(profile.store, configuration.history)
        do throws(SocketError) {
            if let network { loop = network.join() } else { loop = try DatagramLoop(port: configuration.port) }
        } catch {
            throw error.pinholeError
        }
        core = NodeLoop(
            profile: profile, configuration: configuration, loop: loop, hub: hub, liveSessions: liveSessions)
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
        let sweeping = Task { [hub] in await history.run { hub.publish(.notice("the history cannot be swept: \($0)")) }
        }
        sweeper.withLock { $0 = sweeping }
    }

    /// Says goodbye to contacts and services, and gives the sockets and the profile back.
    public func stop() async {
        watcher.withLock { $0 }?.cancel()
        sweeper.withLock { $0 }?.cancel()
        await settle()
        await ask { $0.shutDown(at: MonotonicClock.now) }
        let portMapper = await ask { $0.takePortMapper() } ?? nil
        loop.stop()
        core.finishStorage()
        await history.finish()
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
        NodeLoop.localAddresses(of: loop, allowsLoopback: configuration.allowsLoopback).compactMap { local in
            loop.localPort(local.ip.family).map { TransportAddress(local.ip, port: $0).description }
        }
    }

    @discardableResult
    func perform(_ body: @escaping @Sendable (NodeLoop, Instant) -> Void) -> Bool {
        loop.perform { body(self.core, MonotonicClock.now) }
    }

    /// What `body` says on the loop; nil when the loop does not run.
    @discardableResult
    func ask<Answer: Sendable>(_ body: @escaping @Sendable (NodeLoop) -> Answer) async -> Answer? {
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
        let name = try requireOther(key)
        let (events, isInMemory) = (events(), isInMemory)
        perform { $0.endpoint.connect(to: key.key, at: $1) }
        if let path = await ask({ $0.path(to: key) }) ?? nil { return path }
        if await ask({ $0.undecided.contains(key) }) ?? false { throw .undecided(name) }
        return try await first(in: events, within: timeout) { event in
            switch event {
            case .connected(key, let path): .success(path)
            // In memory there is no service to ask: who is not there yet may come at any moment.
            case .unreachable(key, let error):
                isInMemory && error.code == .unreachableService ? nil : .failure(error)
            default: Self.refusal(in: event, of: key).map { .failure($0) }
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
    ///
    /// A note to oneself, that is to a contact with one's own key, is read at once.
    ///
    /// Who cannot know whether an earlier call was carried out, as the process that was asked died, asks again with the
    /// same `token`, which should be random: a message that was accepted with it is not accepted twice.
    public func send(
        _ text: String, to key: PublicKey, token: String? = nil
    ) async throws(PinholeError) -> MessageReference {
        try requireContact(key)
        let isNote = key == profile.identity.publicKey
        let (message, isNew) = try sendOrder.withLock { _ throws(PinholeError) in
            if let token, let known = try profile.store.message(withToken: token, to: key) { return (known, false) }
            let time = WallClock.unixMilliseconds
            // What goes to a live session is on its way as soon as it is stored: no second word of the disk is waited for.
            let isLive = liveSessions.contains(key)
            let state: Message.State = isNote ? .read : isLive ? .sent : .queued
            let message = try profile.store.append([text], to: key, sentAt: time, as: state, token: token)[0]
            if !isNote { perform { $0.endpoint.send(message, isReleased: isLive, to: key.key, at: $1) } }
            return (message.id, true)
        }
        let reference = MessageReference(contact: key, epoch: message.epoch, counter: message.counter)
        if isNote, isNew {
            hub.publish(.delivered(reference))
            hub.publish(.read(reference))
        }
        return reference
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
            default: Self.refusal(in: event, of: message.contact).map { .failure($0) }
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
        let name = try requireOther(key)
        let pong = Expectation<Duration> {
            PinholeError(.timedOut, "\(name) did not answer the ping within \(timeout.seconds) s")
        }
        perform { $0.ping(key, pong, at: $1) }
        let rtt = try await value(of: pong.task, within: timeout)
        guard let path = await ask({ $0.path(to: key) }) ?? nil else {
            throw PinholeError(.peerOffline, "\(name) left while being pinged")
        }
        return PingReport(rtt: rtt, path: path)
    }

    /// The name of a contact who is somebody else.
    @discardableResult
    private func requireOther(_ key: PublicKey) throws(PinholeError) -> String {
        let name = try requireContact(key)
        guard key != profile.identity.publicKey else {
            throw PinholeError(.usage, "\(name) is you", hint: "only messages can be sent to oneself, as notes")
        }
        return name
    }

    @discardableResult
    func requireContact(_ key: PublicKey) throws(PinholeError) -> String {
        guard let contact = try profile.contacts().first(where: { $0.key == key }) else {
            throw PinholeError(.usage, "\(key) is not a contact", hint: "add it first: pinhole contact add NAME \(key)")
        }
        if let obstacle = contact.obstacle { throw obstacle }
        return contact.name
    }
}

// MARK: Files

extension Node {
    /// Offers a file or a folder to a contact; nothing of it is read before the contact wants it.
    ///
    /// What was offered before and has not changed since goes on where it stopped. A file that changes while it is being
    /// sent fails; of a folder it is left out, and told of.
    public func sendFile(_ path: String, to key: PublicKey) async throws(PinholeError) -> TransferReference {
        try requireOther(key)
        let (transfer, source) = try await Self.offLoop { [profile] () throws(PinholeError) in
            let source = try FileSource(path)
            let known = try profile.store.transfers(with: key, unfinished: true).first {
                $0.reference.direction == .outgoing && $0.path == source.path && $0.fingerprint == source.fingerprint
            }
            if let known { return (known, source) }
            let reference = TransferReference(contact: key, direction: .outgoing, number: .random(in: 1 ... .max))
            let salt = (0..<32).map { _ in UInt8.random(in: 0...255) }
            let transfer = StoredTransfer(
                reference, source.offer(reference.number, salt: salt), path: source.path,
                fingerprint: source.fingerprint, createdAt: WallClock.unixMilliseconds)
            try profile.store.insert(transfer)
            return (transfer, source)
        }
        for omitted in source.omitted { hub.publish(.notice("left out: \(omitted)")) }
        perform { $0.offer(transfer, source, at: $1) }
        return transfer.reference
    }

    /// Runs what may wait for the disk where that keeps nobody else waiting.
    private static func offLoop<Value: Sendable>(
        _ body: @escaping @Sendable () throws(PinholeError) -> Value
    ) async throws(PinholeError) -> Value {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(returning: Result { () throws(PinholeError) in try body() })
            }
        }
        return try result.get()
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
        try? await value(of: measured.task, within: timeout)
        guard let report = await ask({ $0.networkReport }) else { throw Self.stopped }
        return report
    }

    /// What was tried to reach a contact the last time; nil if nothing has been tried since the node started.
    public func report(of key: PublicKey) async -> ConnectionReport? {
        await ask { $0.report(of: key, at: MonotonicClock.now) } ?? nil
    }

    /// Looks at once who was added, accepted, blocked or removed; otherwise that is noticed within two seconds.
    public func contactsChanged() {
        perform { core, _ in core.reloadContacts() }
    }

    /// Contacts that were added or removed meanwhile, by another process for instance.
    private func watchContacts() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(2))
            guard !Task.isCancelled else { return }
            contactsChanged()
        }
    }
}

// MARK: Waiting

extension Node {
    static let stopped = PinholeError(.other, "the node is not running")

    /// The first event that `match` turns into a result, or the error of `orThrow` after `timeout`.
    func first<Value: Sendable>(
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
        return try await value(of: search, within: timeout)
    }

    private func value<Value: Sendable>(
        of task: Task<Result<Value, PinholeError>, Never>, within timeout: Duration
    ) async throws(PinholeError) -> Value {
        let timer = Task { [clock] in
            try? await Task.sleep(for: timeout, clock: clock)
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
