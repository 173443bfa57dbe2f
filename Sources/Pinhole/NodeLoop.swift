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
    let hub: EventHub<NodeEvent>
    let loop: any DatagramShell
    /// Everything that blocks on the disk, in order; the content of files apart, so that messages do not wait for it.
    private let storage = DispatchQueue(label: "pinhole.storage")
    var fileQueues: [TransferReference: DispatchQueue] = [:]

    private(set) var contacts: [PublicKey: Contact] = [:]
    var services: ServiceList
    var names = ServiceNames()
    private var beaconSources = BeaconSources([], allowsLoopback: false)
    private var pongs: [PublicKey: [Expectation<Duration>]] = [:]
    var measurements: [(stage: NetworkReport.Stage, measured: Expectation<Void>)] = []
    /// nil where the person does not want it.
    private var portMapper: PortMappingService?
    private(set) var mappings: [IPAddress.Family: PortMappingService.State] = [:]
    /// The keys of one's own invites, those who introduced themselves by them, and what these were told.
    var guests: Set<IdentityKey> = []
    var introductions: [IdentityKey: (key: IdentityKey, words: InviteIntroduction)] = [:]
    var told: [IdentityKey: InviteRecord.Verdict] = [:]
    /// Inviters who said that their person is to decide, as long as their session is up.
    var undecided: Set<PublicKey> = []
    /// The contacts whose session is up.
    var connected: Set<PublicKey> = []
    /// The same for other threads.
    let liveSessions: LiveSessions
    /// When contacts were last connected.
    var lastSeen: [PublicKey: UInt64] = [:]
    /// Troubles that were told and last: each is told once.
    private var troubles: Set<Trouble> = []

    /// Messages that wait to be stored, and whether some are being stored now.
    var incoming: [Store.Incoming] = []
    var isStoring = false
    /// Receipts that wait to be noted, and whether some are being noted now.
    var receipts: [PublicKey: Store.Receipts] = [:]
    var isNoting = false
    var incomingFiles: [TransferReference: IncomingFile] = [:]
    var outgoingFiles: [TransferReference: OutgoingTransfer] = [:]
    var streams = StreamWaiters()

    enum Trouble: Hashable {
        case contacts
        case contact(PublicKey)
        case handshakeTimes
        case networks
    }

    init(
        profile: Profile, configuration: NodeConfiguration, loop: any DatagramShell, hub: EventHub<NodeEvent>,
        liveSessions: LiveSessions = LiveSessions()
    ) {
        self.profile = profile
        self.configuration = configuration
        self.loop = loop
        self.hub = hub
        self.liveSessions = liveSessions
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
        let interfaces = loop.interfaces
        endpoint.setInterfaceMTUs(Interfaces.mtus(of: interfaces), at: now)
        endpoint.setLocal(localAddresses, ports: ports, at: now)
        names.networkChanged(at: now)
        if configuration.usesLocalNetwork { listenForBeacons(at: now) }
        portMapper?.networkChanged(ports: ports)
    }

    private func listenForBeacons(at now: Instant) {
        beaconSources = BeaconSources(loop.interfaces, allowsLoopback: configuration.allowsLoopback)
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

    private var localAddresses: [LocalAddress] {
        Self.localAddresses(of: loop, allowsLoopback: configuration.allowsLoopback)
    }

    static func localAddresses(of loop: any DatagramShell, allowsLoopback: Bool) -> [LocalAddress] {
        let preferred = IPAddress.Family.allCases.compactMap(loop.preferredAddress)
        return Interfaces.candidates(loop.interfaces, preferred: preferred, allowsLoopback: allowsLoopback)
            .map { LocalAddress($0.ip, prefixLength: $0.prefixLength) }
    }
}

// MARK: Beginning and ending

extension NodeLoop {
    /// Before the loop runs: the contacts, what is still to be delivered to them, and what is known of networks.
    func loadContacts(at now: Instant) throws(PinholeError) {
        endpoint.remember(try profile.store.networks(), try profile.store.strategies())
        endpoint.watchContacts(true, at: now)
        lastSeen = try profile.store.lastSeen()
        let people = try People(of: profile)
        for contact in people.contacts { try add(contact, at: now) }
        follow(people.invites, at: now)
        _ = services.follow(reachable)
        names.follow(services.addresses, at: now)
    }

    func begin(at now: Instant) {
        if configuration.mapsPorts, !configuration.allowsLoopback { portMapper = makePortMapper() }
        addressesChanged(at: now)
        takeUpTransfers()
    }

    /// Follows the contacts that another process added or removed.
    func updateContacts(_ result: Result<People, PinholeError>, at now: Instant) {
        do throws(PinholeError) {
            let current = try result.get()
            troubles.remove(.contacts)
            follow(current.contacts, at: now)
            follow(current.invites, at: now)
            judgeIntroductions()
        } catch {
            tell(.contacts, "the contacts cannot be read: \(error)")
        }
    }

    private func follow(_ current: [Contact], at now: Instant) {
        for contact in current {
            if let known = contacts[contact.key] {
                guard known.standing != contact.standing else {
                    update(contact, at: now)
                    continue
                }
                endpoint.remove(contact.key.key, at: now)
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
        contacts[contact.key] = nil
        try serve(contact, at: now)
        contacts[contact.key] = contact
        resolve(contact.addresses, of: contact.key)
    }

    /// The contacts for whom services are asked.
    var reachable: [Contact] {
        contacts.values.filter { contact in
            switch contact.standing {
            case .known, .invited: true
            case .blocked, .keyChanged: false
            }
        }
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
        streams.abandon(self, at: now)
    }

    /// Waits until everything that was being stored is on disk. The loop has ended.
    func finishStorage() {
        for transfer in outgoingFiles.values { transfer.reader?.cancel() }
        let writers = incomingFiles.mapValues(\.writer)
        outgoingFiles.removeAll()
        incomingFiles.removeAll()
        for (reference, queue) in fileQueues {
            queue.sync { writers[reference]??.settle(isWanted: true) }
        }
        storage.sync {}
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
        guard !handleInvite(event, at: now) else { return }
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
            sessionBegan(with: PublicKey(key))
            rememberOwnTimestamp(key)
            hub.publish(.connected(PublicKey(key), PathReport(path)))
        case .pathChanged(let key, let path): hub.publish(.pathChanged(PublicKey(key), PathReport(path)))
        case .disconnected(let key, let reason):
            // A session that was never announced ends unannounced.
            if sessionEnded(with: PublicKey(key)) {
                hub.publish(.disconnected(PublicKey(key), reason: reason.sentence))
            }
        case .unreachable(let key, let reason):
            hub.publish(.unreachable(PublicKey(key), explain(reason, of: PublicKey(key))))
        case .authenticated(let key, let timestamp): rememberAuthenticated(timestamp, of: PublicKey(key))
        case .pong(let key, let rtt):
            for pong in pongs.removeValue(forKey: PublicKey(key)) ?? [] { pong.fulfil(rtt) }
        case .message(let message, let key): store(message, from: PublicKey(key))
        case .messagesWait(let ids, let key): markSent(ids, to: PublicKey(key))
        case .sent(let id, let key): tellSent(id, to: PublicKey(key))
        case .delivered(let id, let key): markDelivered(id, to: PublicKey(key))
        case .read(let id, let key): markRead(id, by: PublicKey(key))
        case .typing(let key, let isTyping):
            if configuration.tellsTyping { hub.publish(.typing(PublicKey(key), isTyping)) }
        case .presence(let key, let isOnline): hub.publish(.presence(PublicKey(key), isOnline: isOnline))
        case .twin(let address): hub.publish(.identityElsewhere(address.map { "\($0)" }))
        case .fileOffered(let offer, let key): fileOffered(offer, from: PublicKey(key), at: now)
        case .fileAccepted(let transfer, let holdings, let key):
            fileAccepted(outgoing(transfer, key), holdings, at: now)
        case .filePostponed(let transfer, let reason, let key): filePostponed(outgoing(transfer, key), reason)
        case .fileWanted(let transfer, _, _, let key): fileWanted(outgoing(transfer, key), at: now)
        case .fileBegan(let transfer, let group, let key): fileBegan(incoming(transfer, key), group: group)
        case .fileData(let transfer, let bytes, let key): fileData(incoming(transfer, key), bytes)
        case .fileComplete(let transfer, let key): fileComplete(incoming(transfer, key))
        case .fileDone(let transfer, let key): fileDone(outgoing(transfer, key))
        case .fileRefused(let transfer, let reason, let key): fileRefused(transfer, reason, by: PublicKey(key))
        case .fileInterrupted(let transfer, let key): fileInterrupted(incoming(transfer, key))
        case .streamOpened(let handle, let name, let key): streamOpened(handle, name, by: PublicKey(key), at: now)
        case .streamChanged(let handle, _): streams.changed(handle, self, at: now)
        case .introduced, .inviteAnswered: break
        }
    }

    /// Sessions under an invite's key are nobody's business but that of the invite. Returns whether that was all.
    private func handleInvite(_ event: Event, at now: Instant) -> Bool {
        switch event {
        case .introduced(let key, let words, let guest): introduced(key, words, by: guest)
        case .inviteAnswered(let verdict, let inviter): settle(verdict, of: PublicKey(inviter))
        case .disconnected(let key, _) where isForInvite(key): guestLeft(key)
        case .connecting(let key), .connected(let key, _), .pathChanged(let key, _), .disconnected(let key, _),
            .authenticated(let key, _), .presence(let key, _):
            return isForInvite(key)
        case .unreachable(let key, _): return guests.contains(key)
        case .serviceUp, .serviceDown, .serviceNotice, .networkMeasured, .strategyWorked, .mappingVerified,
            .mappingUnreachable, .pong, .message, .messagesWait, .sent, .delivered, .read, .typing, .twin, .fileOffered,
            .fileAccepted, .filePostponed, .fileWanted, .fileBegan, .fileData, .fileComplete, .fileDone, .fileRefused,
            .fileInterrupted, .streamOpened, .streamChanged:
            return false
        }
        return true
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

    func rememberTime(_ change: @escaping @Sendable (Store) throws(PinholeError) -> Void) {
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
        if localAddresses.isEmpty {
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
