package import Pinhole
import Synchronization

/// What commands talk to: the process that hosts the profile, be it another or this one.
///
/// When the other ends, the next call goes to whoever hosts the profile then, perhaps this process. Nothing is lost by
/// that: everything is on disk, and every method may be run twice.
package final class Client: Sendable {
    /// How to get at a host.
    package struct Ways: Sendable {
        /// The control socket of the profile, where there is one.
        let socket: String?
        /// Whether events are wanted of another process.
        let followsEvents: Bool
        /// Opens the profile in this process.
        let host: @Sendable () async throws -> Link
        /// Tells a person of a change after the beginning.
        let tell: @Sendable (Change) -> Void

        package init(
            socket: String?, followsEvents: Bool, tell: @escaping @Sendable (Change) -> Void = { _ in },
            host: @escaping @Sendable () async throws -> Link
        ) {
            (self.socket, self.followsEvents, self.tell, self.host) = (socket, followsEvents, tell, host)
        }
    }

    package enum Change: Sendable {
        /// The host has ended.
        case lost
        /// Another process hosts the profile now.
        case attached
        /// This process does.
        case hosting
        /// This process cannot, and waits for another one that does.
        case waiting(any Error)
    }

    package enum Link: Sendable {
        case attached(ClientConnection)
        case hosting(Hosting)
        /// The profile without a node.
        case offline(Host)
    }

    private enum State {
        case linked(Link)
        case relinking(Task<Void, Never>)
        case ended(PinholeError)
    }

    private let ways: Ways
    private let state: Mutex<State>
    private let hub = EventHub<HostEvent>()
    private let told = Mutex(Told())
    private let startedAt = Timestamp.now

    /// Attaches to the process that hosts the profile, or opens it here. Nothing happens before ``start()``.
    package init(_ ways: Ways) async throws {
        self.ways = ways
        state = Mutex(.linked(try await Self.link(ways)))
    }

    /// A client of a host in this process that nobody else can use.
    package init(local hosting: Hosting) {
        ways = Ways(socket: nil, followsEvents: false) { .hosting(hosting) }
        state = Mutex(.linked(.hosting(hosting)))
    }

    /// A client of the process that hosts the profile, and of no other; nil where there is none.
    package static func attached(to socket: String) async -> Client? {
        guard let connection = await ClientConnection.open(socket) else { return nil }
        let client = Client(
            linked: .attached(connection),
            Ways(socket: nil, followsEvents: false) { throw Self.hasEnded })
        client.start()
        return client
    }

    private init(linked link: Link, _ ways: Ways) {
        self.ways = ways
        state = Mutex(.linked(link))
    }

    /// Waits until others can reach the host by the control socket.
    package func served() async throws(PinholeError) { try await hosting?.served() }

    /// Whether this process hosts the node.
    package var isHosting: Bool {
        state.withLock { if case .linked(.hosting) = $0 { true } else { false } }
    }

    /// The host in this process, where there is one.
    package var hosting: Hosting? {
        state.withLock { if case .linked(.hosting(let hosting)) = $0 { hosting } else { nil } }
    }

    /// Begins to run the node, or to follow the one of the other process.
    package func start() {
        state.withLock { if case .linked(let link) = $0 { begin(link) } }
    }

    /// Leaves: a node of this process ends.
    package func stop() async {
        let old = state.withLock { state in
            defer { state = .ended(PinholeError(.other, "the node is not running")) }
            return state
        }
        switch old {
        case .linked(.attached(let connection)): connection.close()
        case .linked(.hosting(let hosting)): await hosting.stop()
        case .linked(.offline): break
        case .relinking(let task):
            task.cancel()
            await task.value
        case .ended: break
        }
        hub.finish()
    }

    // MARK: Calls

    package func call<M: Method>(_ method: M.Type, _ params: M.Params) async throws(PinholeError) -> M.Result {
        while true {
            switch try await link() {
            case .hosting(let hosting): return try await hosting.host.run(method, params)
            case .offline(let host): return try await host.run(method, params)
            case .attached(let connection):
                do throws(ClientConnection.CallError) {
                    let answer = try await connection.call(M.name, JSON(encoding: params))
                    guard let result = try? answer.decode(M.Result.self) else {
                        throw ClientConnection.CallError.failed(
                            .internal("\(M.name) answered what this version does not understand"))
                    }
                    return result
                } catch {
                    switch error {
                    case .failed(let failure): throw failure.error
                    case .cancelled: throw Self.cancelled
                    case .lost: lost(connection)
                    }
                }
            }
        }
    }

    private func link() async throws(PinholeError) -> Link {
        while true {
            let relinking: Task<Void, Never>
            switch state.withLock(\.self) {
            case .linked(let link): return link
            case .ended(let error): throw error
            case .relinking(let task): relinking = task
            }
            await relinking.value
            if Task.isCancelled { throw Self.cancelled }
        }
    }

    private static let cancelled = PinholeError(.other, "cancelled")

    // MARK: Events

    /// Everything that happens from now on; each call gives another, complete stream.
    package func events() -> AsyncStream<HostEvent> { hub.subscribe() }

    /// A message comes once, also where the last host told of it and the next one finds it.
    private func publish(_ event: HostEvent) {
        if case .message(let message) = event.event {
            guard told.withLock({ $0.insert(MessageReference(message)) }) else { return }
        }
        hub.publish(event)
    }

    /// What the last host stored and could not tell any more.
    private func catchUp() async {
        let news = ((try? await unread(limit: .max)) ?? []).filter { $0.message.receivedAt >= startedAt }
        guard !news.isEmpty, let contacts = try? await contacts() else { return }
        let verified = Set(contacts.filter(\.isVerified).map(\.key))
        for item in news {
            publish(
                HostEvent(
                    .message(item.message), contact: item.contact,
                    isVerified: verified.contains(item.message.contact)))
        }
    }

    /// The newest messages that were told of.
    private struct Told {
        private var set: Set<MessageReference> = []
        private var order: [MessageReference] = []

        mutating func insert(_ message: MessageReference) -> Bool {
            guard set.insert(message).inserted else { return false }
            order.append(message)
            if order.count > 2 * Self.limit {
                order[..<Self.limit].forEach { set.remove($0) }
                order.removeFirst(Self.limit)
            }
            return true
        }

        private static let limit = 2000
    }

    // MARK: Hosts come and go

    /// The subscription comes before the start, so that no event is missed.
    private func begin(_ link: Link) {
        switch link {
        case .offline: break
        case .hosting(let hosting):
            let events = hosting.host.events()
            Task { for await event in events { publish(event) } }
            hosting.start { [ways] in ways.tell(.waiting($0)) }
        case .attached(let connection):
            // Both leave before any call that is made from now on.
            connection.notify(RPCLanguage.name, JSON(encoding: RPCLanguage.Params(.current)))
            guard ways.followsEvents else { break }
            connection.notify(EventsSubscribe.name, [:])
            Task {
                for await event in connection.events { publish(event) }
                lost(connection)
            }
        }
    }

    private func lost(_ connection: ClientConnection) {
        state.withLock { state in
            guard case .linked(.attached(let current)) = state, current === connection else { return }
            let refusal = Self.refusal(by: connection)
            // Who was to attach to this host alone has nobody else.
            state =
                ways.socket == nil
                ? .ended(refusal.map { PinholeError(.other, $0) } ?? Self.hasEnded)
                : .relinking(Task { await relink(after: refusal) })
        }
    }

    /// Why a host hung up that runs on; nil where it has ended, and another may be there at once.
    private static func refusal(by connection: ClientConnection) -> Phrase? {
        switch connection.farewell {
        case let farewell? where farewell.isOfTheHost: nil
        case let farewell?: "the process that runs the node hung up: \(farewell.reason)"
        // What was cut off this early may be so again.
        case nil where connection.age < .seconds(1): "the process that runs the node hung up"
        case nil: nil
        }
    }

    private static let hasEnded = PinholeError(.other, "the process that ran the node has ended")

    private func relink(after refusal: Phrase?) async {
        ways.tell(.lost)
        var hasTold = false
        if let refusal {
            ways.tell(.waiting(PinholeError(.other, refusal, hint: "it is tried again every second")))
            try? await Task.sleep(for: .seconds(1))
        }
        while !Task.isCancelled {
            do {
                let link = try await Self.link(ways)
                let isWanted = state.withLock { state in
                    guard case .relinking = state, !Task.isCancelled else { return false }
                    begin(link)
                    state = .linked(link)
                    return true
                }
                guard isWanted else { return await Self.leave(link) }
                if ways.followsEvents { await catchUp() }
                switch link {
                case .attached: ways.tell(.attached)
                case .hosting: ways.tell(.hosting)
                case .offline: break
                }
                return
            } catch {
                if !hasTold { ways.tell(.waiting(error)) }
                hasTold = true
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private static func leave(_ link: Link) async {
        switch link {
        case .attached(let connection): connection.close()
        case .hosting(let hosting): await hosting.stop()
        case .offline: break
        }
    }

    /// Whoever has the lock is the host; between taking it and serving the socket is a moment for the others to wait.
    private static func link(_ ways: Ways) async throws -> Link {
        let deadline = ContinuousClock.now + .seconds(2)
        while true {
            if let socket = ways.socket, let connection = await ClientConnection.open(socket) {
                return .attached(connection)
            }
            do {
                return try await ways.host()
            } catch let error as PinholeError where error.code == .identityInUse && ways.socket != nil {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
