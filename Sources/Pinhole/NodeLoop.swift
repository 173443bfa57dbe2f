import Dispatch
import PinholeCore
import PinholeCrypto
import PinholeWire

/// The loop's side of a ``Node``: drives the endpoint, carries out what it asks for, and tells the subscribers.
///
/// Confined to the loop's thread once the loop runs. `+Messages` and `+Files` hold what touches the disk.
final class NodeLoop: LoopDelegate {
    let profile: Profile
    let configuration: NodeConfiguration
    let endpoint: Endpoint
    let hub: EventHub
    let loop: DatagramLoop
    /// Everything that blocks on the disk, in order; the content of files apart, so that messages do not wait for it.
    private let storage = DispatchQueue(label: "pinhole.storage")
    let filesIn = DispatchQueue(label: "pinhole.files.in")
    let filesOut = DispatchQueue(label: "pinhole.files.out")

    private(set) var contacts: [PublicKey: Contact] = [:]
    var services: ServiceList
    var names = ServiceNames()
    private var beaconSources = BeaconSources([], allowsLoopback: false)
    private var pongs: [PublicKey: [Expectation<Duration>]] = [:]
    var measurements: [(stage: NetworkReport.Stage, measured: Expectation<Void>)] = []
    /// nil where the person does not want it.
    private var portMapper: PortMappingService?
    private(set) var mappings: [IPAddress.Family: PortMappingService.State] = [:]
    /// The contacts whose session is up.
    private var connected: Set<PublicKey> = []
    /// Troubles that were told and last: each is told once.
    private var troubles: Set<Trouble> = []

    /// Messages that wait to be stored, and whether some are being stored now.
    var incoming: [Store.Incoming] = []
    var isStoring = false
    var incomingFiles: [TransferReference: IncomingFile] = [:]
    var outgoingFiles: [TransferReference: OutgoingTransfer] = [:]

    enum Trouble: Hashable {
        case contacts
        case contact(PublicKey)
        case handshakeTimes
        case networks
    }

    init(profile: Profile, configuration: NodeConfiguration, loop: DatagramLoop, hub: EventHub) {
        self.profile = profile
        self.configuration = configuration
        self.loop = loop
        self.hub = hub
        services = ServiceList(configuration.services)
        endpoint = Endpoint(
            identity: profile.identity.secret, allowsLoopback: configuration.allowsLoopback,
            entropy: Entropy(SystemRandomNumberGenerator()), unixMilliseconds: WallClock.unixMilliseconds,
            at: MonotonicClock.now)
    }

    // MARK: LoopDelegate

    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        endpoint.receive(datagram, from: source, ecn: ecn, at: now)
    }

    func refused(_ size: Int, over route: Route, at now: Instant) {
        endpoint.refused(size, over: route, at: now)
    }

    func drain(at now: Instant) -> Instant? {
        lookUpServices(at: now)
        let endpoint = endpoint
        endpoint.handleTimeout(at: now)
        while true {
            switch endpoint.poll(at: now) {
            case .transmit(let datagram):
                let run = endpoint.run(from: datagram)
                loop.send(endpoint.bytes(of: run), of: run.size, run.ecn, over: run.route)
            case .openSockets(let ids, let family):
                for (id, port) in zip(ids, loop.open(ids, family)) { endpoint.didOpen(id, port: port, at: now) }
            case .closeSockets(let ids): loop.close(ids)
            case .beacon(let datagram, let source): sendBeacon(datagram, from: source)
            case .event(let event): handle(event, at: now)
            case .idle(let deadline): return [deadline, names.dueTime].compactMap { $0 }.min()
            }
        }
    }

    func addressesChanged(at now: Instant) {
        endpoint.setInterfaceMTUs(Interfaces.mtus, at: now)
        endpoint.setLocal(
            Self.localAddresses(allowsLoopback: configuration.allowsLoopback), ports: ports, at: now)
        names.networkChanged(at: now)
        if configuration.usesLocalNetwork { listenForBeacons(at: now) }
        portMapper?.networkChanged(ports: ports)
    }

    private func listenForBeacons(at now: Instant) {
        beaconSources = BeaconSources(Interfaces.current(), allowsLoopback: configuration.allowsLoopback)
        loop.listenForBeacons(on: Set(beaconSources.interfaces.values))
        endpoint.setBeaconSources(beaconSources.addresses, at: now)
    }

    private func sendBeacon(_ datagram: [UInt8], from source: IPAddress) {
        guard let interface = beaconSources.interfaces[source] else { return }
        loop.sendBeacon(datagram, from: source, through: interface)
    }

    private func makePortMapper() -> PortMappingService {
        let node = LoopBound(self)
        let loop = loop
        return PortMappingService { family, state in
            loop.perform { node.value.setMapping(state, family, at: MonotonicClock.now) }
        }
    }

    var mapsPorts: Bool { portMapper != nil }

    private func setMapping(_ state: PortMappingService.State, _ family: IPAddress.Family, at now: Instant) {
        mappings[family] = state
        defer { tellMeasured() }
        switch state {
        case .mapped(let grant): endpoint.setMapping(grant.externalPort, family, at: now)
        case .searching, .none: endpoint.setMapping(nil, family, at: now)
        }
    }

    private var ports: [IPAddress.Family: UInt16] {
        var ports: [IPAddress.Family: UInt16] = [:]
        for family in IPAddress.Family.allCases { ports[family] = loop.localPort(family) }
        return ports
    }

    static func localAddresses(allowsLoopback: Bool) -> [LocalAddress] {
        let preferred = IPAddress.Family.allCases.compactMap(Interfaces.preferredAddress)
        return Interfaces.candidates(Interfaces.current(), preferred: preferred, allowsLoopback: allowsLoopback)
            .map { LocalAddress($0.ip, prefixLength: $0.prefixLength) }
    }
}

// MARK: Beginning and ending

extension NodeLoop {
    /// Before the loop runs: the contacts, what is still to be delivered to them, and what is known of networks.
    func loadContacts(at now: Instant) throws(PinholeError) {
        endpoint.remember(try profile.store.networks(), try profile.store.strategies())
        for contact in try profile.contacts() { try add(contact, at: now) }
        _ = services.follow(contacts.values)
        names.follow(services.addresses, at: now)
    }

    func begin(at now: Instant) {
        if configuration.mapsPorts, !configuration.allowsLoopback { portMapper = makePortMapper() }
        addressesChanged(at: now)
    }

    /// Follows the contacts that another process added or removed.
    func updateContacts(_ result: Result<[Contact], PinholeError>, at now: Instant) {
        do throws(PinholeError) {
            let current = try result.get()
            troubles.remove(.contacts)
            follow(current, at: now)
        } catch {
            tell(.contacts, "the contacts cannot be read: \(error)")
        }
    }

    private func follow(_ current: [Contact], at now: Instant) {
        for contact in current {
            guard contacts[contact.key] == nil else {
                update(contact, at: now)
                continue
            }
            do throws(PinholeError) {
                try add(contact, at: now)
                troubles.remove(.contact(contact.key))
            } catch {
                tell(.contact(contact.key), "\(contact.name) cannot be served: \(error)")
            }
        }
        let keys = Set(current.map(\.key))
        for key in contacts.keys where !keys.contains(key) {
            endpoint.remove(key.key, at: now)
            contacts[key] = nil
        }
        followServices(at: now)
    }

    /// Another process may have learned of more ways to a contact.
    private func update(_ contact: Contact, at now: Instant) {
        let known = contacts.updateValue(contact, forKey: contact.key)
        let addresses = contact.addresses.filter { !(known?.addresses.contains($0) ?? false) }
        guard !addresses.isEmpty else { return }
        endpoint.addDirect(addresses.compactMap { TransportAddress($0) }, of: contact.key.key, at: now)
        resolve(addresses, of: contact.key)
    }

    private func tell(_ trouble: Trouble, _ sentence: Phrase) {
        if troubles.insert(trouble).inserted { hub.publish(.notice(sentence)) }
    }

    private func add(_ contact: Contact, at now: Instant) throws(PinholeError) {
        let state = try profile.store.state(of: contact.key)
        let pending = try profile.store.pending(to: contact.key)
        do {
            try endpoint.add(
                contact.key.key, psk: contact.presharedKey,
                directAddresses: contact.addresses.compactMap { TransportAddress($0) }, state: state, at: now)
        } catch {
            throw PinholeError(error)
        }
        contacts[contact.key] = contact
        for message in pending { endpoint.send(message, to: contact.key.key, at: now) }
        resolve(contact.addresses, of: contact.key)
    }

    /// Host names among a contact's direct addresses are looked up off the loop.
    private func resolve(_ addresses: [String], of key: PublicKey) {
        let names = addresses.filter { TransportAddress($0) == nil }.compactMap(Contact.hostAndPort)
        guard !names.isEmpty else { return }
        let node = LoopBound(self)
        let loop = loop
        Task {
            var addresses: [TransportAddress] = []
            for (host, port) in names { addresses += (try? await Resolver.resolve(host, port: port)) ?? [] }
            let found = addresses
            loop.perform { node.value.endpoint.addDirect(found, of: key.key, at: MonotonicClock.now) }
        }
    }

    /// Ends what maps ports, once the loop has ended.
    func takePortMapper() -> PortMappingService? {
        defer { portMapper = nil }
        return portMapper
    }

    func shutDown(at now: Instant) {
        endpoint.shutDown(at: now)
        for pong in pongs.values.joined() { pong.abandon() }
        for measurement in measurements { measurement.measured.abandon() }
    }

    /// Waits until everything that was being stored is on disk. The loop has ended.
    func finishStorage() {
        outgoingFiles.removeAll()
        incomingFiles.removeAll()
        for queue in [filesOut, filesIn, storage] { queue.sync {} }
    }

    func name(of key: PublicKey) -> String {
        contacts[key]?.name ?? key.text
    }

    /// Runs `work` where it may block, and `then` with its result back on the loop.
    func offLoop<Value: Sendable>(
        on queue: DispatchQueue? = nil, _ work: @escaping @Sendable () -> Value,
        then: @escaping @Sendable (NodeLoop, Value, Instant) -> Void
    ) {
        let node = LoopBound(self)
        let loop = loop
        (queue ?? storage).async {
            let value = work()
            loop.perform { then(node.value, value, MonotonicClock.now) }
        }
    }
}

/// A reference that passes through other threads on its way back to the loop, where alone it is used.
struct LoopBound<Value: AnyObject>: Sendable {
    nonisolated(unsafe) let value: Value

    init(_ value: Value) {
        self.value = value
    }
}

// MARK: Events

extension NodeLoop {
    private func handle(_ event: Event, at now: Instant) {
        switch event {
        case .serviceUp(let index, let observed, let rtt): serviceUp(index, observed, rtt)
        case .serviceDown(let index, let failure): serviceDown(index, failure, at: now)
        case .serviceNotice(let index, let text):
            hub.publish(.notice("\(services.all[index].address.host): \(String(decoding: text, as: UTF8.self))"))
        case .networkMeasured(let record, let isComplete):
            if isComplete { rememberNetwork { store throws(PinholeError) in try store.remember(record) } }
            tellMeasured()
        case .strategyWorked(let strategy):
            rememberNetwork { store throws(PinholeError) in try store.remember(strategy) }
        case .mappingVerified(let address):
            portMapper?.verdict(true, on: address.port, address.family)
            tellMeasured()
        case .mappingUnreachable(let port, let family): portMapper?.verdict(false, on: port, family)
        case .connecting(let key):
            rememberOwnTimestamp(key)
            hub.publish(.connecting(PublicKey(key)))
        case .connected(let key, let path):
            connected.insert(PublicKey(key))
            rememberOwnTimestamp(key)
            hub.publish(.connected(PublicKey(key), PathReport(path)))
        case .pathChanged(let key, let path): hub.publish(.pathChanged(PublicKey(key), PathReport(path)))
        case .disconnected(let key, let reason):
            // A session that was never announced ends unannounced.
            if connected.remove(PublicKey(key)) != nil {
                hub.publish(.disconnected(PublicKey(key), reason: reason.sentence))
            }
        case .unreachable(let key, let reason):
            hub.publish(.unreachable(PublicKey(key), explain(reason, of: PublicKey(key))))
        case .authenticated(let key, let timestamp): rememberAuthenticated(timestamp, of: PublicKey(key))
        case .pong(let key, let rtt):
            for pong in pongs.removeValue(forKey: PublicKey(key)) ?? [] { pong.fulfil(rtt) }
        case .message(let message, let key): store(message, from: PublicKey(key))
        case .delivered(let id, let key): markDelivered(id, to: PublicKey(key))
        case .fileOffered(let offer, let key): fileOffered(offer, from: PublicKey(key), at: now)
        case .fileWanted(let transfer, let offset, let count, let key):
            fileWanted(outgoing(transfer, key), offset: offset, count: count, at: now)
        case .fileData(let transfer, let offset, let bytes, let key):
            fileData(incoming(transfer, key), offset: offset, bytes, at: now)
        case .fileComplete(let transfer, let key): fileComplete(incoming(transfer, key))
        case .fileDone(let transfer, let key): fileDone(outgoing(transfer, key))
        case .fileRefused(let transfer, let reason, let key): fileRefused(transfer, reason, by: PublicKey(key))
        case .fileInterrupted(let transfer, let key): incomingFiles[incoming(transfer, key)] = nil
        }
    }

    private func incoming(_ transfer: UInt64, _ key: IdentityKey) -> TransferReference {
        TransferReference(contact: PublicKey(key), direction: .incoming, number: transfer)
    }

    private func outgoing(_ transfer: UInt64, _ key: IdentityKey) -> TransferReference {
        TransferReference(contact: PublicKey(key), direction: .outgoing, number: transfer)
    }

    private func rememberOwnTimestamp(_ key: IdentityKey) {
        guard let timestamp = endpoint.ownTimestamp(for: key) else { return }
        rememberTime { store throws(PinholeError) in try store.setOwnTimestamp(timestamp, for: PublicKey(key)) }
    }

    private func rememberAuthenticated(_ timestamp: UInt64, of key: PublicKey) {
        rememberTime { store throws(PinholeError) in try store.setAuthenticatedTimestamp(timestamp, for: key) }
    }

    private func rememberTime(_ change: @escaping @Sendable (Store) throws(PinholeError) -> Void) {
        remember(.handshakeTimes, "the time of a handshake cannot be stored", change)
    }

    private func rememberNetwork(_ change: @escaping @Sendable (Store) throws(PinholeError) -> Void) {
        remember(.networks, "what was measured of this network cannot be stored", change)
    }

    private func remember(
        _ trouble: Trouble, _ words: Phrase, _ change: @escaping @Sendable (Store) throws(PinholeError) -> Void
    ) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try change(store) }
        } then: { core, result, _ in
            guard case .failure(let error) = result else { return }
            core.tell(trouble, "\(words): \(error)")
        }
    }

    // MARK: What callers wait for

    func path(to key: PublicKey) -> PathReport? {
        guard connected.contains(key) else { return nil }
        return endpoint.path(to: key.key).map { PathReport($0) }
    }

    /// What the last attempt to reach a contact did.
    func report(of key: PublicKey, at now: Instant) -> ConnectionReport? {
        endpoint.report(of: key.key).map { report in
            let outcome: ConnectionReport.Outcome =
                switch report.outcome {
                case .searching: .searching
                case .connected(let path): .connected(PathReport(path))
                case .failed(let reason): .failed(explain(reason, of: key))
                }
            return ConnectionReport(
                report, outcome: outcome, services: services.all.map(\.address), duration: now - report.began)
        }
    }

    /// The sentence for a failure. That no service can be asked may have a reason nearer by.
    private func explain(_ reason: UnreachableReason, of key: PublicKey) -> PinholeError {
        let error = PinholeError(reason, name: name(of: key))
        guard reason == .noService else { return error }
        if Self.localAddresses(allowsLoopback: configuration.allowsLoopback).isEmpty {
            return PinholeError(
                .unreachableService, "this machine is not connected to any network",
                hint: "check the cable or the Wi-Fi")
        }
        let usable = services.used(for: key)
        if usable.isEmpty {
            return PinholeError(
                .unreachableService, "no service is configured by which \(name(of: key)) could be found",
                hint: "give --service pinhole-signal://…, the address of one that \(name(of: key)) uses too")
        }
        guard let told = services.told(for: key) else { return error }
        let hasAddress = usable.contains { !(names.addresses[$0.address] ?? []).isEmpty }
        return PinholeError(
            .unreachableService, "\(name(of: key)) cannot be found: \(told.address.place): \(told.failure)",
            hint: hasAddress ? error.hint : "check how the name is spelled, and that this machine has a name server")
    }

    func ping(_ key: PublicKey, _ pong: Expectation<Duration>, at now: Instant) {
        pongs[key, default: []].append(pong)
        endpoint.ping(key.key, at: now)
    }
}
