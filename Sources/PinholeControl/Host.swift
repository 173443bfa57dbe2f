package import Pinhole
import Synchronization

/// Runs methods against a profile and, where it is networked, the one node that runs with it.
package final class Host: Sendable {
    package let profile: Profile
    /// What the process is, as a person would say it: `pinhole daemon`.
    package let role: String
    /// Unix milliseconds.
    package let startedAt: UInt64
    let connected = Atomic(0)
    private let hub = EventHub<HostEvent>()
    private let state: Mutex<State>
    private let people = Mutex<[PublicKey: Contact]?>(nil)

    private struct State {
        var running: Running
        /// How many nodes have been replaced.
        var replaced = 0
        var services: [ServiceAddress: Bool] = [:]
        var contacts: Set<PublicKey> = []
    }

    private enum Running {
        /// The profile alone, for a command that needs no network.
        case offline
        case node(Node)
        /// The node comes back with another configuration.
        case restarting([AsyncStream<Never>.Continuation])
        /// It could not, so far.
        case failed(PinholeError)
    }

    /// A host without a node serves a command that needs no network.
    package init(profile: Profile, node: Node?, role: String, startedAt: UInt64 = 0) {
        self.profile = profile
        self.role = role
        self.startedAt = startedAt
        state = Mutex(State(running: node.map { .node($0) } ?? .offline))
        if let node { follow(node) }
    }

    /// Runs a method for this process itself.
    package func run<M: Method>(_ method: M.Type, _ params: M.Params) async throws(PinholeError) -> M.Result {
        try await run(method, params, in: Call(self))
    }

    /// Runs a method, and once more where it failed as the node that it asked was replaced meanwhile.
    func run<M: Method>(_ method: M.Type, _ params: M.Params, in call: Call) async throws(PinholeError) -> M.Result {
        while true {
            await ready()
            let before = state.withLock(\.replaced)
            do throws(PinholeError) {
                return try await M.run(params, in: call)
            } catch {
                guard M.isRepeatable, !Task.isCancelled, state.withLock(\.replaced) != before else { throw error }
            }
        }
    }

    // MARK: The node

    /// Whether a node runs, or is about to again.
    package var isNetworked: Bool {
        switch state.withLock(\.running) {
        case .node, .restarting, .failed: true
        case .offline: false
        }
    }

    package func node() throws(PinholeError) -> Node {
        switch state.withLock(\.running) {
        case .node(let node): return node
        case .offline:
            throw PinholeError(
                .usage, "this needs the network, and no process runs the node of this profile",
                hint: "start one: pinhole daemon")
        case .failed(let error): throw error
        case .restarting:
            throw PinholeError(.other, "the node is starting again with another configuration", hint: "try again")
        }
    }

    /// Waits while the node is being restarted.
    func ready() async {
        let (signal, waiting) = AsyncStream.makeStream(of: Never.self)
        let mustWait = state.withLock { state in
            guard case .restarting(let others) = state.running else { return false }
            state.running = .restarting(others + [waiting])
            return true
        }
        if mustWait { for await _ in signal {} }
    }

    /// Calls wait from now on, until ``resume(with:)``.
    func suspend() {
        state.withLock { state in
            state.running = .restarting([])
            state.replaced += 1
            state.services = [:]
            state.contacts = []
        }
    }

    /// Its events are followed before it is started, so that none is missed.
    func resume(with node: Node) {
        follow(node)
        let waiting: [AsyncStream<Never>.Continuation] = state.withLock { state in
            defer { state.running = .node(node) }
            if case .restarting(let waiting) = state.running { return waiting }
            return []
        }
        waiting.forEach { $0.finish() }
    }

    /// The node has not come back; calls that need it say why, until it has.
    func fail(_ error: PinholeError) { settle(.failed(error)) }

    /// No node comes any more.
    func end() {
        hub.finish()
        settle(.offline)
    }

    private func settle(_ running: Running) {
        let waiting: [AsyncStream<Never>.Continuation] = state.withLock { state in
            switch state.running {
            case .restarting(let waiting):
                state.running = running
                return waiting
            case .failed:
                state.running = running
                return []
            case .node, .offline: return []
            }
        }
        waiting.forEach { $0.finish() }
    }

    // MARK: Contacts

    /// The contact of a name or a key, or an error that lists the names there are.
    package func contact(_ name: String) throws(PinholeError) -> Contact {
        if let contact = try profile.contact(named: name) { return contact }
        if let key = try? PublicKey(name), let contact = contact(with: key) { return contact }
        throw .noContact(name, among: try profile.contacts())
    }

    /// The contact with a key, for what is said of an event.
    package func contact(with key: PublicKey) -> Contact? {
        people.withLock { people in
            if let contact = people?[key] { return contact }
            guard let contacts = try? profile.contacts() else { return nil }
            people = Dictionary(contacts.map { ($0.key, $0) }) { first, _ in first }
            return people?[key]
        }
    }

    /// A method has changed contacts.
    package func contactsChanged() { people.withLock { $0 = nil } }

    // MARK: Events

    /// Everything that happens at the node from now on.
    package func events() -> AsyncStream<HostEvent> { hub.subscribe() }

    /// Something that a person may want to know.
    package func notice(_ words: Phrase) {
        hub.publish(HostEvent(.notice(words), contact: nil, isVerified: false))
    }

    private func follow(_ node: Node) {
        let events = node.events()
        Task { for await event in events { tell(event) } }
    }

    private func tell(_ event: NodeEvent) {
        state.withLock { state in
            switch event {
            case .serviceUp(let service, _): state.services[service] = true
            case .serviceDown(let service, _): state.services[service] = false
            case .connected(let key, _): state.contacts.insert(key)
            case .disconnected(let key, _): state.contacts.remove(key)
            default: break
            }
        }
        hub.publish(HostEvent(event, at: self))
    }

    // MARK: Status

    /// How many programs are connected.
    var connections: Int { connected.load(ordering: .relaxed) }

    /// The services, and whether each answers.
    var services: [(address: ServiceAddress, answers: Bool)] {
        state.withLock(\.services).map { ($0.key, $0.value) }.sorted { "\($0.0)" < "\($1.0)" }
    }

    /// The contacts whose session is up.
    var sessions: [PublicKey] { Array(state.withLock(\.contacts)) }
}

extension PinholeError {
    /// There is no contact of that name; here are those that there are.
    package static func noContact(_ name: String, among contacts: [Contact]) -> PinholeError {
        let names = contacts.map(\.name).sorted()
        return PinholeError(
            .usage, "you have no contact named “\(name)”",
            hint: names.isEmpty
                ? "pinhole contact add \(name) pin1…" : "your contacts: \(names.joined(separator: ", "))")
    }
}
