import Pinhole
import PinholeControl
import Synchronization

/// A command's hold on the one node of its profile, which runs in this process or in another.
struct Session: Sendable {
    let client: Client
    /// Everything from the node's start on, for one reader; nothing for a command that does not read it.
    let events: AsyncStream<HostEvent>
    /// What the node is told when this process makes it, perhaps long after the start.
    let configuration: NodeConfigurationBox

    init(client: Client, configuration: NodeConfigurationBox, hears: Bool = true) {
        self.client = client
        self.configuration = configuration
        events = hears ? client.events() : AsyncStream { $0.finish() }
    }

    /// Runs `body` with the profile's node until it ends or a signal asks to stop. Where no other process has the node,
    /// this one runs it meanwhile, for others too, and says goodbye whatever happened. Where it `hears`, it must read the
    /// events, which are kept for it.
    static func run<Value: Sendable>(
        _ options: NodeOptions, global: GlobalOptions, as role: String, policy: NodeConfiguration.FilePolicy,
        hears: Bool = true, tellsEvents: Bool = false, _ body: @escaping @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let settings = try Settings(options, global: global)
        try global.requireProfile()
        let socket = global.controlSocket
        let profile = OpenedProfile(global)
        let configuration = NodeConfigurationBox(
            settings.nodeConfiguration(policy: policy, allowsLoopback: options.allowLoopback))
        let hasBegun = Flag()
        let client = try await Client(
            Client.Ways(socket: socket, followsEvents: true, tell: { tell($0, isVerbose: global.verbose) }) {
                let profile = try profile.open(mayAsk: !hasBegun.isRaised)
                return .hosting(
                    try Hosting(
                        profile: profile, configuration: configuration.value,
                        role: "pinhole \(role)", socket: socket))
            })
        hasBegun.raise()
        Signals.install()
        if client.isHosting {
            try warn(settings, profile.open())
        } else {
            await options.tellUnused(by: client)
        }
        let session = Session(client: client, configuration: configuration, hears: hears)
        // The node of this process does so by itself; another one may not.
        let acceptor =
            settings.acceptsInvited ? Task { [events = client.events()] in await accept(events, by: client) } : nil
        defer { acceptor?.cancel() }
        let watcher = tellsEvents ? Task { [events = client.events()] in await tell(events) } : nil
        client.start()
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try await untilInterrupted { try await body(session) })
        } catch {
            outcome = .failure(error)
        }
        watcher?.cancel()
        try? await race({ await client.stop() }, { try await Task.sleep(for: .seconds(3)) })
        return try outcome.get()
    }

    private static func accept(_ events: AsyncStream<HostEvent>, by client: Client) async {
        // Who came before this is waiting still.
        for request in (try? await client.call(ContactRequests.self, Nothing()))?.requests ?? [] {
            _ = try? await client.call(ContactAccept.self, ContactAccept.Params(request: request.key, as: nil))
        }
        for await event in events {
            guard case .contactRequested(let request, isAccepted: false) = event.event else { continue }
            _ = try? await client.call(ContactAccept.self, ContactAccept.Params(request: request.key.text, as: nil))
        }
    }

    /// Runs `body` with the profile, which another process may have open; no node is started for it.
    static func withProfile<Value: Sendable>(
        _ global: GlobalOptions, _ body: @escaping @Sendable (Client) async throws -> Value
    ) async throws -> Value {
        try global.requireProfile()
        let profile = OpenedProfile(global)
        let client = try await Client(
            Client.Ways(socket: global.controlSocket, followsEvents: false) {
                .offline(Host(profile: try profile.open(), node: nil, role: "pinhole"))
            })
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try await body(client))
        } catch {
            outcome = .failure(error)
        }
        await client.stop()
        return try outcome.get()
    }

    /// Connects, and gives a contact who is starting at this very moment three seconds to appear.
    func connect(to contact: Contact, timeout: Duration) async throws(PinholeError) -> PathReport {
        let start = ContinuousClock.now
        while true {
            do throws(PinholeError) {
                return try await client.connect(to: contact.key, timeout: timeout)
            } catch {
                let waited = ContinuousClock.now - start
                guard error.code == .peerOffline, waited < min(timeout, .seconds(3)) else { throw error }
                guard (try? await Task.sleep(for: .milliseconds(250))) != nil else { throw error }
            }
        }
    }

    /// The contact of that name, or an error that lists the names there are.
    func contact(named name: String) async throws -> Contact {
        let contacts = try await client.contacts()
        let folded = name.lowercased()
        guard let contact = contacts.first(where: { $0.name == name || $0.name.lowercased() == folded }) else {
            throw PinholeError.noContact(name, among: contacts)
        }
        return contact
    }

    // MARK: Words

    private static func warn(_ settings: Settings, _ profile: Profile) throws {
        guard settings.services.isEmpty, try profile.contacts().allSatisfy(\.services.isEmpty) else { return }
        Console.talk(
            settings.lan
                ? "No signaling service is configured: only contacts on the same network, or with a known address, "
                    + "can be reached."
                : "No signaling service is configured: only contacts with a known address can be reached.",
            style: .dim)
    }

    private static func tell(_ events: AsyncStream<HostEvent>) async {
        for await event in events {
            if let words = EventWords(event).talk { Console.talk(words, style: .dim) }
        }
    }

    private static func tell(_ change: Client.Change, isVerbose: Bool) {
        switch change {
        case .lost where isVerbose: Console.talk("The process that ran the node has ended.", style: .dim)
        case .attached where isVerbose: Console.talk("Another process runs the node now.", style: .dim)
        case .hosting where isVerbose: Console.talk("This process runs the node now.", style: .dim)
        case .lost, .attached, .hosting: break
        case .waiting(let error):
            let failure = Failure(error) ?? Failure(.other, "\(error)")
            Console.talk(failure.message + (failure.hint.map { "\n\($0)" } ?? ""), style: .error)
        }
    }
}

/// The profile of a command, opened when it is needed first: the passphrase is asked for once.
private final class OpenedProfile: Sendable {
    private let global: GlobalOptions
    private let profile = Mutex<Profile?>(nil)

    init(_ global: GlobalOptions) { self.global = global }

    func open(mayAsk: Bool = true) throws -> Profile {
        try profile.withLock { profile in
            if let profile { return profile }
            let opened = try global.openProfile(mayAsk: mayAsk)
            profile = opened
            return opened
        }
    }
}

/// What a node is to be told now, for those that make one at any time.
final class NodeConfigurationBox: Sendable {
    private let configuration: Mutex<NodeConfiguration>

    init(_ configuration: NodeConfiguration) { self.configuration = Mutex(configuration) }

    var value: NodeConfiguration { configuration.withLock(\.self) }

    /// Returns what it was.
    @discardableResult
    func change(to new: NodeConfiguration) -> NodeConfiguration {
        configuration.withLock { configuration in
            defer { configuration = new }
            return configuration
        }
    }
}

/// Raised once, seen by all.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}
