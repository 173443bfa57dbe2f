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
    private let told = Mutex(ToldEvents())
    /// Why the last host hung up, so that it is said once.
    private let lastRefusal = Mutex<Phrase?>(nil)

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
        let begun: (Link, AsyncStream<HostEvent>)? = state.withLock { state in
            guard case .linked(let link) = state else { return nil }
            return begin(link).map { (link, $0) }
        }
        guard let (link, events) = begun else { return }
        pass(events, of: link)
        Task { await learnPlace() }
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

    /// Passes on what a host tells.
    private func publish(_ event: HostEvent) {
        guard told.withLock({ $0.hears(event.event) }) else { return }
        hub.publish(event)
        if told.withLock({ $0.turns() }) { Task { await learnPlace() } }
    }

    /// From where on the log would be read after a change of hosts; nil until it is known.
    var place: Int64? { told.withLock(\.place) }

    /// Where the log is, so that catching up has a place to begin at.
    private func learnPlace() async {
        let params = EventsNext.Params(consumer: nil, after: nil, limit: 1, wait: .zero)
        guard let place = try? await call(EventsNext.self, params).cursor else { return }
        told.withLock { $0.settle(at: place) }
    }

    /// Tells what the last host stored and could not tell any more.
    private func catchUp() async {
        guard var place else { return await learnPlace() }
        while true {
            let params = EventsNext.Params(consumer: nil, after: place, limit: 1000, wait: .zero)
            guard let page = try? await call(EventsNext.self, params), !page.events.isEmpty else { return }
            for event in page.events.compactMap({ HostEvent($0.json) }) {
                if told.withLock({ $0.finds(event.event) }) { hub.publish(event) }
            }
            place = page.cursor
        }
    }

    // MARK: Hosts come and go

    /// Begins to use a host. The subscription comes before the start, so that no event is missed; nil where none come.
    private func begin(_ link: Link) -> AsyncStream<HostEvent>? {
        switch link {
        case .offline: return nil
        case .hosting(let hosting):
            let events = hosting.host.events()
            hosting.start { [ways] in ways.tell(.waiting($0)) }
            return events
        case .attached(let connection):
            // Both leave before any call that is made from now on.
            connection.notify(RPCLanguage.name, JSON(encoding: RPCLanguage.Params(.current)))
            guard ways.followsEvents else { return nil }
            connection.notify(EventsSubscribe.name, [:])
            return connection.events
        }
    }

    private func pass(_ events: AsyncStream<HostEvent>, of link: Link) {
        Task {
            for await event in events { publish(event) }
            if case .attached(let connection) = link { lost(connection) }
        }
    }

    private func lost(_ connection: ClientConnection) {
        state.withLock { state in
            guard case .linked(.attached(let current)) = state, current === connection else { return }
            let refusal = Self.refusal(by: connection)
            // Who was let in for a while is refused for another reason.
            if connection.age > .seconds(2) { lastRefusal.withLock { $0 = nil } }
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
        let isNews = lastRefusal.withLock { last in
            defer { last = refusal }
            return last != refusal
        }
        if let refusal {
            if isNews { ways.tell(.waiting(PinholeError(.other, refusal, hint: "it is tried again every second"))) }
            try? await Task.sleep(for: .seconds(1))
        }
        while !Task.isCancelled {
            do {
                let link = try await Self.link(ways)
                var events: AsyncStream<HostEvent>?
                let isWanted = state.withLock { state in
                    guard case .relinking = state, !Task.isCancelled else { return false }
                    events = begin(link)
                    state = .linked(link)
                    return true
                }
                guard isWanted else { return await Self.leave(link) }
                if let events {
                    // What is old comes before what is new. Calls do not wait for it, nor does it for the next change.
                    Task {
                        await catchUp()
                        pass(events, of: link)
                    }
                }
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
