import Dispatch
import PinholeCore
import PinholeCrypto
import PinholeWire

/// The loop's side of a ``Node``: drives the endpoint, carries out what it asks for, and tells the subscribers.
///
/// Confined to the loop's thread once the loop runs. `+Messages` and `+Files` hold what touches the disk, `+Contacts` who
/// is served, `+Events` what the endpoint tells, `+Reports` what callers ask.
final class NodeLoop: LoopDelegate {
    let profile: Profile
    let configuration: NodeConfiguration
    let endpoint: Endpoint
    let hub: EventHub<NodeEvent>
    let loop: any DatagramShell
    /// Everything that blocks on the disk, in order; the content of files apart, so that messages do not wait for it.
    private let storage: DispatchQueue
    /// Where all of that is done one after another; nil where as much as possible is done at once.
    let disk: DispatchQueue?
    var fileQueues: [TransferReference: FileQueue] = [:]

    var contacts: [PublicKey: Contact] = [:]
    /// For whom something was accepted or cancelled while they were not served, and in or after which reading of who is a
    /// contact.
    var unserved: [PublicKey: Int] = [:]
    /// How many such readings were begun.
    var readings = 0
    /// The last message that was waiting for a contact when it began to be served.
    var newestPending: [PublicKey: MessageID] = [:]
    var services: ServiceList
    var names = HostNames<ServiceAddress>()
    var contactNames = ContactNames()
    /// Where this machine was when that was last told.
    private var surroundings: Surroundings?
    /// From where names were looked up the last time.
    private var standpoint: Surroundings.Standpoint?
    private var beaconSources = BeaconSources([], allowsLoopback: false)
    var pongs: [PublicKey: [Expectation<Duration>]] = [:]
    var measurements: [(stage: NetworkReport.Stage, measured: Expectation<Void>)] = []
    /// nil where the person does not want it.
    var portMapper: PortMappingService?
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
    var troubles: Set<Trouble> = []

    /// Messages that wait to be stored, and whether some are being stored now.
    var incoming: [Store.Incoming] = []
    var isStoring = false
    /// What is told of contacts' sessions once their messages of before are on disk.
    var news: [PublicKey: SessionNews] = [:]
    /// Who uses the sessions, and who has enough of a contact's messages for now.
    var users = SessionUsers()
    var holders: [PublicKey: Set<ObjectIdentifier>] = [:]
    /// Receipts that wait to be noted, and whether some are being noted now.
    var receipts: [PublicKey: Store.Receipts] = [:]
    var isNoting = false
    /// Times of sessions that wait to be stored, and whether some are being stored now.
    var sessionTimes: [PublicKey: Store.SessionTimes] = [:]
    var isNotingTimes = false
    var incomingFiles: [TransferReference: IncomingFile] = [:]
    var outgoingFiles: [TransferReference: OutgoingTransfer] = [:]
    var isTakingUpLater = false
    /// Whose session began, and when they are to be asked what became of their offers.
    var inquirees: [PublicKey: Instant] = [:]
    /// What is to be done at its time.
    private var postponed: [(due: Instant, body: (NodeLoop, Instant) -> Void)] = []
    var streams = StreamWaiters()

    enum Trouble: Hashable {
        case contacts
        case contact(PublicKey)
        case invite(PublicKey)
        case handshakeTimes
        case networks
        case transfers
        case source(TransferReference)
        case receipts
    }

    init(
        profile: Profile, configuration: NodeConfiguration, loop: any DatagramShell, hub: EventHub<NodeEvent>,
        liveSessions: LiveSessions = LiveSessions(), entropy: Entropy = Entropy(SystemRandomNumberGenerator()),
        disk: DispatchQueue? = nil
    ) {
        self.profile = profile
        self.configuration = configuration
        self.loop = loop
        self.hub = hub
        self.liveSessions = liveSessions
        self.disk = disk
        storage = DispatchQueue(label: "pinhole.storage", target: disk)
        services = ServiceList(configuration.services)
        endpoint = Endpoint(
            identity: profile.identity.secret, allowsLoopback: configuration.allowsLoopback,
            entropy: entropy, unixMilliseconds: loop.unixMilliseconds, at: loop.now)
    }

    // MARK: LoopDelegate

    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        endpoint.receive(datagram, from: source, ecn: ecn, at: now)
    }

    func refused(_ size: Int, over route: Route, at now: Instant) {
        endpoint.refused(size, over: route, at: now)
    }

    func drain(at now: Instant) -> Instant? {
        performPostponed(at: now)
        lookUpServices(at: now)
        lookUpContacts(at: now)
        let endpoint = endpoint
        endpoint.setWallClock(unixMilliseconds: loop.unixMilliseconds, at: now)
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
            case .event(let event):
                lookUpAgain(after: event, at: now)
                handle(event, at: now)
            case .idle(let deadline):
                let lookUp = Instant.earlier(names.dueTime, contactNames.dueTime)
                return .earlier(.earlier(deadline, lookUp), postponed.first?.due)
            }
        }
    }

    func addressesChanged(at now: Instant) {
        let current = Surroundings(of: loop)
        // The same addresses may have another gateway.
        portMapper?.networkChanged(ports: current.ports)
        // On a machine with many virtual networks there is always something that concerns nobody here.
        guard current != surroundings else { return }
        surroundings = current
        let local = current.localAddresses(allowsLoopback: configuration.allowsLoopback)
        endpoint.setInterfaceMTUs(Interfaces.mtus(of: current.interfaces), at: now)
        endpoint.setLocal(local, ports: current.ports, at: now)
        // An interface that leads nowhere else leads to no other name server either.
        let here = Surroundings.Standpoint(local: local, ports: current.ports)
        if here != standpoint {
            standpoint = here
            names.networkChanged(at: now)
            contactNames.networkChanged(at: now)
        }
        if configuration.usesLocalNetwork { listenForBeacons(on: current.interfaces, at: now) }
    }

    private func listenForBeacons(on interfaces: [InterfaceAddress], at now: Instant) {
        beaconSources = BeaconSources(interfaces, allowsLoopback: configuration.allowsLoopback)
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
            loop.perform { node.value.setMapping(state, family, at: loop.now) }
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

    var localAddresses: [LocalAddress] {
        Self.localAddresses(of: loop, allowsLoopback: configuration.allowsLoopback)
    }

    static func localAddresses(of loop: any DatagramShell, allowsLoopback: Bool) -> [LocalAddress] {
        Surroundings(of: loop).localAddresses(allowsLoopback: allowsLoopback)
    }
}

// MARK: Beginning and ending

extension NodeLoop {
    func begin(at now: Instant) {
        if configuration.mapsPorts, !configuration.allowsLoopback { portMapper = makePortMapper() }
        addressesChanged(at: now)
        takeUpTransfers(with: Array(contacts.keys))
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
        let incoming = incomingFiles
        outgoingFiles.removeAll()
        incomingFiles.removeAll()
        storage.sync { noteLastTimes() }
        // One whose disk is stuck keeps the others from nothing.
        let group = DispatchGroup()
        for (reference, file) in fileQueues {
            file.queue.async(group: group) { incoming[reference]?.letGo(isWanted: true) }
        }
        // Nor does it keep anybody from leaving: what is on record of it allows for a process that dies.
        _ = group.wait(timeout: .now() + Self.lastPatience)
    }

    /// Seconds that disks have at the end to take what has arrived.
    private static let lastPatience = 10.0

    /// Runs `work` where it may block, and `then` with its result back on the loop.
    func offLoop<Value: Sendable>(
        on queue: DispatchQueue? = nil, _ work: @escaping @Sendable () -> Value,
        then: @escaping @Sendable (NodeLoop, Value, Instant) -> Void
    ) {
        let node = LoopBound(self)
        let loop = loop
        (queue ?? storage).async {
            let value = work()
            loop.perform { then(node.value, value, loop.now) }
        }
    }
}

extension NodeLoop {
    /// Runs `body` after a pause, if the loop runs then. To be called on the loop.
    func perform(after pause: Duration, _ body: @escaping (NodeLoop, Instant) -> Void) {
        let due = loop.now + pause
        postponed.insert((due, body), at: postponed.firstIndex { $0.due > due } ?? postponed.endIndex)
    }

    private func performPostponed(at now: Instant) {
        while let (due, body) = postponed.first, due <= now {
            postponed.removeFirst()
            body(self, now)
        }
    }
}

/// A reference that passes through other threads on its way back to the loop, where alone it is used.
struct LoopBound<Value>: Sendable {
    nonisolated(unsafe) let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
