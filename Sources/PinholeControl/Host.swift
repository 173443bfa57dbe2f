package import Pinhole
import Synchronization

/// Runs methods against a profile and, where it is networked, the one node that runs with it.
package final class Host: Sendable {
    package let profile: Profile
    /// What the process is, as a person would say it: `pinhole daemon`.
    package let role: String
    /// Unix milliseconds.
    package let startedAt: UInt64
    private let running: Node?
    private let people = Mutex<[PublicKey: Contact]?>(nil)

    /// A host without a node serves a command that needs no network.
    package init(profile: Profile, node: Node?, role: String, startedAt: UInt64 = 0) {
        self.profile = profile
        self.role = role
        self.startedAt = startedAt
        running = node
    }

    package var isNetworked: Bool { running != nil }

    /// How many programs are connected.
    package var connections: Int { connected.load(ordering: .relaxed) }
    let connected = Atomic(0)

    package func node() throws(PinholeError) -> Node {
        guard let running else {
            throw PinholeError(.bug, "this needs the network, and the profile is open without it")
        }
        return running
    }

    /// Runs a method for this process itself.
    package func run<M: Method>(_ method: M.Type, _ params: M.Params) async throws(PinholeError) -> M.Result {
        try await M.run(params, in: Call(self))
    }

    // MARK: Contacts

    /// The contact of a name or a key, or an error that lists the names there are.
    package func contact(_ name: String) throws(PinholeError) -> Contact {
        if let contact = try profile.contact(named: name) { return contact }
        let contacts = try profile.contacts()
        if let key = try? PublicKey(name), let contact = contacts.first(where: { $0.key == key }) { return contact }
        throw PinholeError(
            .usage, "you have no contact named “\(name)”",
            hint: contacts.isEmpty
                ? "pinhole contact add \(name) pin1…"
                : "your contacts: \(contacts.map(\.name).sorted().joined(separator: ", "))")
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
    package func events() throws(PinholeError) -> AsyncStream<HostEvent> {
        let events = try node().events()
        let (stream, continuation) = AsyncStream.makeStream(of: HostEvent.self)
        let pump = Task {
            for await event in events { continuation.yield(HostEvent(event, at: self)) }
            continuation.finish()
        }
        continuation.onTermination = { _ in pump.cancel() }
        return stream
    }
}
