import Dispatch
import PinholeCore
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
    let isInMemory: Bool
    /// Measures the time limits that callers give.
    let clock: any Clock<Duration>
    let liveSessions = LiveSessions()
    private let history: HistorySweeper
    private let life = Mutex(Life.new)
    /// Confined to the loop's thread while it runs: everything else reaches it through `perform`. Before that it belongs
    /// to who makes the node, and afterwards to the one task that stops it.
    private nonisolated(unsafe) let core: NodeLoop

    private enum Life {
        case new
        case running(watcher: Task<Void, Never>, sweeper: Task<Void, Never>)
        case stopping(Task<Void, Never>)
    }

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
        let files = AbandonedTransfers(
            store: profile.store, own: profile.identity.publicKey.key, folder: configuration.downloadDirectory,
            groups: profile.groupsFolder)
        history = HistorySweeper(profile.store, configuration.history, files: files)
        do throws(SocketError) {
            if let network { loop = network.join() } else { loop = try DatagramLoop(port: configuration.port) }
        } catch {
            throw error.pinholeError
        }
        core = NodeLoop(
            profile: profile, configuration: configuration, loop: loop, hub: hub, liveSessions: liveSessions)
        try core.loadContacts(at: MonotonicClock.now)
    }

    /// Starts to answer contacts and to register with the services. Where that fails a ``NodeEvent/notice(_:)`` says so;
    /// ``withConnection(to:timeout:_:)``, ``serve(_:)`` and ``run()`` throw it. A node that was stopped does not start
    /// again.
    public func start() {
        do throws(PinholeError) {
            try begin()
        } catch {
            hub.publish(.notice(error.phrase))
        }
    }

    /// The same, throwing; also where the node was stopped.
    func begin() throws(PinholeError) {
        try life.withLock { life throws(PinholeError) in
            switch life {
            case .running: return
            case .stopping: throw Self.stopped
            case .new: break
            }
            do throws(SocketError) {
                try loop.start(core)
            } catch {
                throw error.pinholeError
            }
            perform { $0.begin(at: $1) }
            life = .running(watcher: Task { await self.watchContacts() }, sweeper: sweep())
        }
    }

    /// Removes what the history does not keep, until it is cancelled.
    private func sweep() -> Task<Void, Never> {
        Task { [history, hub, loop, core = LoopBound(core)] in
            await history.run(gaveUp: { given in
                hub.publish(.fileFailed(given.transfer, reason: given.reason))
                loop.perform { core.value.gaveUp(given.transfer, .changed, at: loop.now) }
            }) {
                hub.publish(.notice("the history cannot be swept: \($0)"))
            }
        }
    }

    /// Says goodbye to contacts and services, and gives the sockets and the profile back. Several may call it: each
    /// returns when all of that is done.
    public func stop() async {
        let ending: Task<Void, Never> = life.withLock { life in
            switch life {
            case .new: break
            case .running(let watcher, let sweeper):
                watcher.cancel()
                sweeper.cancel()
            case .stopping(let ending): return ending
            }
            let ending = Task { await self.end() }
            life = .stopping(ending)
            return ending
        }
        await ending.value
    }

    private func end() async {
        await settle()
        await ask { $0.shutDown(at: MonotonicClock.now) }
        let portMapper = await ask { $0.takePortMapper() } ?? nil
        await apart { node in
            node.loop.stop()
            node.core.finishStorage()
            node.core.publishRest()
        }
        await history.finish()
        await apart { _ in portMapper?.stop() }
        hub.finish()
        lock.withLock { $0 = nil }
    }

    /// Runs what waits for threads and disks, perhaps for seconds, on a thread that no task needs.
    private func apart(_ body: @escaping @Sendable (Node) -> Void) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            DispatchQueue(label: "pinhole.stop").async {
                body(self)
                continuation.resume()
            }
        }
    }

    /// Gives the last receipts a second to arrive: who reads a message and leaves must not leave its sender in doubt.
    private func settle() async {
        for _ in 0..<100 {
            guard await ask({ $0.endpoint.hasUnacknowledged }) ?? false else { return }
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { return }
        }
    }

    /// Contacts that were added or removed meanwhile, by another process for instance. Once a minute all are looked at:
    /// invites expire, and who could not be served perhaps can be.
    private func watchContacts() async {
        for round in 1... {
            guard (try? await Task.sleep(for: .seconds(2))) != nil else { return }
            let isRunning = perform { core, _ in
                if round % 30 == 0 { core.reloadContacts() } else { core.reloadChangedContacts() }
            }
            guard isRunning else { return }
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
