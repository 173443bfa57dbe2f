import Pinhole

/// A started node with the names of its contacts.
struct Session: Sendable {
    let node: Node
    let profile: Profile
    /// Everything from the node's start on, for one reader.
    let events: AsyncStream<NodeEvent>
    private let names: [PublicKey: Contact]

    init(node: Node, profile: Profile) throws {
        self.node = node
        self.profile = profile
        events = node.events()
        names = Dictionary(try profile.contacts().map { ($0.key, $0) }) { first, _ in first }
    }

    /// The contact's name, or its key if it has none here.
    func name(of key: PublicKey) -> String { names[key]?.name ?? key.text }

    func isVerified(_ key: PublicKey) -> Bool { names[key]?.isVerified ?? false }

    /// Starts a node, runs `body` until it ends or a signal asks to stop, and says goodbye whatever happened.
    static func run<Value: Sendable>(
        _ options: NodeOptions, global: GlobalOptions, policy: NodeConfiguration.FilePolicy,
        tellsEvents: Bool = false, _ body: @escaping @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let settings = try Settings(options, global: global)
        let profile = try global.openProfile()
        if settings.services.isEmpty, try profile.contacts().allSatisfy(\.services.isEmpty) {
            Console.talk(
                settings.lan
                    ? "No signaling service is configured: only contacts on the same network, or with a known address, "
                        + "can be reached."
                    : "No signaling service is configured: only contacts with a known address can be reached.",
                style: .dim)
        }
        Signals.install()
        let node = try Node(
            profile: profile,
            configuration: settings.nodeConfiguration(policy: policy, allowsLoopback: options.allowLoopback))
        let session = try Session(node: node, profile: profile)
        let watcher = tellsEvents ? Task { [events = node.events()] in await session.tell(events) } : nil
        node.start()
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try await untilInterrupted { try await body(session) })
        } catch {
            outcome = .failure(error)
        }
        watcher?.cancel()
        try? await race({ await node.stop() }, { try await Task.sleep(for: .seconds(3)) })
        return try outcome.get()
    }

    /// Connects, and gives a contact who is starting at this very moment three seconds to appear.
    func connect(to contact: Contact, timeout: Duration) async throws(PinholeError) -> PathReport {
        let start = ContinuousClock.now
        while true {
            do throws(PinholeError) {
                return try await node.connect(to: contact.key, timeout: timeout)
            } catch {
                let waited = ContinuousClock.now - start
                guard error.code == .peerOffline, waited < min(timeout, .seconds(3)) else { throw error }
                guard (try? await Task.sleep(for: .milliseconds(250))) != nil else { throw error }
            }
        }
    }

    /// The contact of that name, or an error that lists the names there are.
    static func contact(named name: String, in profile: Profile) throws -> Contact {
        if let contact = try profile.contact(named: name) { return contact }
        let names = try profile.contacts().map(\.name)
        throw Failure(
            .usage, "you have no contact named “\(name)”",
            hint: names.isEmpty
                ? "pinhole contact add \(name) pin1…" : "your contacts: \(names.sorted().joined(separator: ", "))")
    }

    private func tell(_ events: AsyncStream<NodeEvent>) async {
        for await event in events {
            if let words = EventWords(event, in: self).talk { Console.talk(words, style: .dim) }
        }
    }
}
