package import PinholeCore
package import PinholeCrypto
package import PinholeWire
import TestSupport

/// One peer of a ``World``: the real endpoint, a NAT, and an application that stores what it is given in memory.
package final class Peer {
    package let identity: IdentitySecret
    /// Where this peer is, at most once for each family.
    package private(set) var interfaces: [Interface]
    /// The ports of the main sockets, which stay bound without an interface.
    private var ports: [IPAddress.Family: UInt16] = [:]
    package private(set) var endpoint: Endpoint
    private unowned let world: World
    /// The sockets beside the main ones, by their ports and by their ids.
    private var extraSockets: [Bound: SocketID] = [:]
    private var extraPorts: [SocketID: Bound] = [:]
    package private(set) var wakeTime: Instant?
    private var usesLocalNetwork = false

    package private(set) var events: [Event] = []
    package var disk: Disk
    /// Our messages that the contact says somebody has seen, with all before them.
    package private(set) var reads: [MessageID] = []
    /// Whether a message was not cancelled before it could leave.
    package var mayGo: (MessageID) -> Bool = { _ in true }
    /// A process that was killed hears and sends nothing until it starts again.
    package private(set) var isRunning = true
    private var offers: [UInt64: FileOffer] = [:]
    /// The content of the files that this peer offers.
    package var files: [UInt64: [UInt8]] = [:]
    /// Where the present session goes on with each.
    private var starts: [UInt64: Int] = [:]
    /// How an offer is answered: the offset to resume from, or `nil` to decline.
    package var decide: (FileOffer) -> UInt64? = { _ in 0 }
    /// Whether what comes of files is written at once.
    package var isWriting = true
    /// Whether messages can be stored.
    package var hasRoom = true
    /// Whether streams of bytes are taken, and read as they come.
    package var takesStreams = true
    package var readsStreams = true
    /// What came on the streams of bytes, by their handles.
    package private(set) var streams: [UInt64: ByteStreamLog] = [:]
    /// Datagrams that this peer has sent.
    package private(set) var sentCount = 0

    /// A port of this machine.
    private struct Bound: Hashable {
        let family: IPAddress.Family
        let port: UInt16
    }

    init(_ world: World, at interfaces: [Interface], identity: IdentitySecret) {
        self.world = world
        self.interfaces = interfaces
        self.identity = identity
        disk = Disk(epoch: world.random.next())
        endpoint = Self.makeEndpoint(identity, world)
        begin()
    }

    private static func makeEndpoint(
        _ identity: IdentitySecret, clockError: Duration = .zero, _ world: World
    ) -> Endpoint {
        let unixMilliseconds =
            Int64(World.unixMilliseconds) + (world.now.nanoseconds + clockError.nanoseconds) / 1_000_000
        return Endpoint(
            identity: identity, entropy: Entropy(SeededRandom(seed: world.random.next())),
            unixMilliseconds: UInt64(unixMilliseconds), at: world.now)
    }

    private func begin() {
        let addresses = interfaces.map { LocalAddress($0.address.ip, prefixLength: $0.prefixLength) }
        for interface in interfaces.reversed() { ports[interface.address.family] = interface.address.port }
        endpoint.setLocal(addresses, ports: ports, at: world.now)
        if usesLocalNetwork { endpoint.setBeaconSources(addresses, at: world.now) }
        for family in IPAddress.Family.allCases { mapPort(family) }
    }

    /// What the shell's port mapping does, without the time that it takes to ask a router at home.
    private func mapPort(_ family: IPAddress.Family) {
        let interface = interfaces.first { $0.address.family == family }
        endpoint.setMapping(interface.flatMap { $0.nat?.map($0.address) }, family, at: world.now)
    }

    package var key: IdentityKey { identity.publicKey }
    package var address: TransportAddress { interfaces[0].address }

    /// The NAT in front of ``address``. A peer that is behind another one from now on does not know it.
    package var nat: NAT? {
        get { interfaces[0].nat }
        set {
            interfaces[0].nat = newValue
            world.findRouters()
        }
    }

    /// The machine changes networks, and hears of it from its kernel.
    package func move(to interfaces: [Interface]) {
        self.interfaces = interfaces
        world.findRouters()
        begin()
        drain()
    }

    /// From now on contacts are looked for on its own networks.
    package func useLocalNetwork() {
        usesLocalNetwork = true
        begin()
        drain()
    }

    package func useService() {
        let addresses = [World.serviceAddress, World.serviceAddress6].map {
            TransportAddress($0, port: World.servicePorts[0])
        }
        endpoint.setServices(
            [RendezvousService(id: 0, key: world.serviceSecret.publicKey, addresses: addresses)], at: world.now)
        drain()
    }

    /// Uses these services alone from now on.
    package func use(_ services: [RendezvousService]) {
        endpoint.setServices(services, at: world.now)
        drain()
    }

    package func add(_ other: Peer, psk: [UInt8]? = nil, direct: [TransportAddress] = []) {
        try? endpoint.add(other.key, psk: psk, directAddresses: direct, state: disk.state, at: world.now)
    }

    package func connect(to other: Peer) {
        endpoint.connect(to: other.key, at: world.now)
        drain()
    }

    @discardableResult
    package func send(_ text: String, isReleased: Bool = true, to other: Peer) -> MessageID {
        let message = disk.append(text)
        endpoint.send(message, isReleased: isReleased, to: other.key, at: world.now)
        drain()
        return message.id
    }

    /// Somebody has seen a message of `other`, and those before it.
    package func markRead(_ id: MessageID, from other: Peer) {
        disk.state.highestRead[id.epoch] = max(disk.state.highestRead[id.epoch] ?? 0, id.counter)
        endpoint.read(id, from: other.key, at: world.now)
        drain()
    }

    package func setTyping(_ isTyping: Bool, to other: Peer) {
        endpoint.setTyping(isTyping, to: other.key, at: world.now)
        drain()
    }

    package func sendFile(_ transfer: UInt64, name: String, _ content: [UInt8], to other: Peer) {
        files[transfer] = content
        disk.openFiles[transfer] = name
        // What a simulated disk has needs no tree: the salt carries the hash of the whole, and groups are bytes.
        let offer = FileOffer(
            transfer: transfer, salt: Blake2b.hash(content), contentSize: UInt64(content.count),
            totalSize: UInt64(content.count), name: name)
        endpoint.offer(offer, to: other.key, at: world.now)
        drain()
    }

    /// The process dies and starts again with what was on disk, if that was not lost, and a clock that may be wrong.
    package func restart(
        with other: Peer, direct: [TransportAddress] = [], usesService: Bool = true, remembers: Bool = true,
        clockError: Duration = .zero
    ) {
        if !remembers { disk.state = ContactState() }
        isRunning = true
        extraSockets.removeAll()
        extraPorts.removeAll()
        endpoint = Self.makeEndpoint(identity, clockError: clockError, world)
        begin()
        add(other, direct: direct)
        if usesService { useService() }
    }
}

// MARK: The disk

extension Peer {
    /// The process dies; what was not on disk is gone.
    package func kill() {
        isRunning = false
        wakeTime = nil
        extraSockets.removeAll()
        extraPorts.removeAll()
    }

    /// The process starts again and takes up what its disk says, or an older copy of it.
    package func recover(with other: Peer, from copy: Disk? = nil, clockError: Duration = .zero) {
        if let copy { disk = copy }
        disk.beginEpoch(world.random.next())
        offers.removeAll()
        restart(with: other, clockError: clockError)
        for message in disk.outbox { endpoint.send(message, to: other.key, at: world.now) }
        for (transfer, name) in disk.openFiles.sorted(by: { $0.key < $1.key }) {
            sendFile(transfer, name: name, files[transfer] ?? [], to: other)
        }
        drain()
    }
}

// MARK: The shell

extension Peer {
    package func receive(
        _ bytes: [UInt8], _ ecn: ECNCodepoint = .notECT, from source: TransportAddress, by socket: SocketID = .main
    ) {
        guard isRunning else { return }
        endpoint.receive(bytes.span, from: Route(source, via: socket), ecn: ecn, at: world.now)
        drain()
    }

    func socket(on port: UInt16, _ family: IPAddress.Family) -> SocketID? {
        if interfaces.contains(where: { $0.address.family == family && $0.address.port == port }) { return .main }
        return extraSockets[Bound(family: family, port: port)]
    }

    /// Each socket gets a port of its own, as from a kernel.
    private func open(_ id: SocketID, _ family: IPAddress.Family) {
        guard interfaces.contains(where: { $0.address.family == family }) else {
            return endpoint.didOpen(id, port: nil, at: world.now)
        }
        var port: UInt16
        repeat {
            port = .random(in: 32_768...60_999, using: &world.random)
        } while socket(on: port, family) != nil
        extraSockets[Bound(family: family, port: port)] = id
        extraPorts[id] = Bound(family: family, port: port)
        endpoint.didOpen(id, port: port, at: world.now)
    }

    private func close(_ id: SocketID) {
        if let bound = extraPorts.removeValue(forKey: id) { extraSockets[bound] = nil }
    }

    private func transmit(_ datagram: [UInt8], _ ecn: ECNCodepoint, _ route: Route) {
        let family = route.remote.family
        guard let interface = interfaces.first(where: { $0.address.family == family }) else { return }
        guard let port = route.socket == .main ? interface.address.port : extraPorts[route.socket]?.port else { return }
        sentCount += 1
        world.send(
            datagram, ecn, from: TransportAddress(interface.address.ip, port: port), at: interface.nat, to: route.remote
        )
    }

    private func sendBeacon(_ datagram: [UInt8], from ip: IPAddress) {
        guard let interface = interfaces.first(where: { $0.address.ip == ip }) else { return }
        sentCount += 1
        world.send(datagram, from: interface.address, at: interface.nat, to: Beacon.group(ip.family))
    }

    /// Does what is due now, whatever was announced.
    package func wakeNow() {
        endpoint.handleTimeout(at: world.now)
        drain()
    }

    package func wake() {
        guard let wakeTime, wakeTime <= world.now else { return }
        endpoint.handleTimeout(at: world.now)
        drain()
    }

    package func drain() {
        guard isRunning else { return }
        while true {
            let endpoint = endpoint
            switch endpoint.poll(at: world.now) {
            case .openSockets(let ids, let family):
                for id in ids { open(id, family) }
            case .closeSockets(let ids):
                for id in ids { close(id) }
            case .transmit(let datagram):
                transmit([UInt8](copying: endpoint.bytes(of: datagram)), datagram.ecn, datagram.route)
            case .beacon(let datagram, let ip):
                sendBeacon(datagram, from: ip)
            case .event(let event):
                events.append(event)
                if world.trace != nil { world.note("\(address.ip): \(event)") }
                handle(event)
            case .idle(let deadline):
                wakeTime = deadline
                return
            }
        }
    }

    private func handle(_ event: Event) {
        switch event {
        case .message(let message, let from):
            guard hasRoom else { return endpoint.storingFailed(from: from, at: world.now) }
            // The endpoint remembers only the newest epochs; the disk knows them all.
            if message.id.counter > disk.state.highestStored[message.id.epoch] ?? 0 {
                disk.texts.append(String(decoding: message.body, as: UTF8.self))
                disk.state.highestStored[message.id.epoch] = message.id.counter
            }
            endpoint.stored(message.id, from: from, at: world.now)
        case .messagesWait(let ids, let key):
            let released = ids.filter(mayGo)
            for id in ids where !released.contains(id) { endpoint.cancel(id, to: key, at: world.now) }
            endpoint.release(released, to: key, at: world.now)
        case .delivered(let id, _):
            disk.confirm(id)
        case .read(let id, _):
            reads.append(id)
        case .authenticated(let key, let timestamp):
            disk.state.authenticatedTimestamp = timestamp
            disk.state.ownTimestamp = endpoint.ownTimestamp(for: key) ?? 0
        case .fileOffered(let offer, let from):
            offers[offer.transfer] = offer
            if let offset = decide(offer) {
                disk.received[offer.transfer] = Array(disk.received[offer.transfer, default: []].prefix(Int(offset)))
                let holdings = FileHoldings(groups: offset, digest: offer.salt)
                endpoint.accept(offer.transfer, holdings, from: from, at: world.now)
            } else {
                endpoint.refuse(offer.transfer, .declined, with: from, at: world.now)
            }
        case .fileAccepted(let transfer, let holdings, let by):
            starts[transfer] = Int(holdings.groups)
            endpoint.begin(transfer, group: holdings.groups, to: by, at: world.now)
        case .fileWanted(let transfer, let position, let count, let to):
            guard let content = files[transfer] else { return }
            let start = starts[transfer, default: 0] + Int(position)
            let end = min(content.count, start + min(count, 64 * 1024))
            endpoint.provide(
                Array(content[start..<end]), for: transfer, isLast: end == content.count, to: to, at: world.now)
        case .fileBegan(let transfer, let group, _):
            disk.received[transfer] = Array(disk.received[transfer, default: []].prefix(Int(group)))
        case .fileData(let transfer, let bytes, let from):
            if isWriting { endpoint.fileWritten(bytes.count, of: transfer, from: from, at: world.now) }
            disk.received[transfer, default: []] += bytes
        case .fileComplete(let transfer, let from):
            guard let offer = offers[transfer], let content = disk.received[transfer] else { return }
            guard Blake2b.hash(content) == offer.salt else {
                return endpoint.refuse(transfer, .corrupt, with: from, at: world.now)
            }
            disk.stored[offer.name] = content
            endpoint.fileStored(transfer, from: from, at: world.now)
        case .fileDone(let transfer, _):
            disk.sentFiles.append(transfer)
            disk.openFiles[transfer] = nil
        case .mappingUnreachable(_, let family):
            mapPort(family)
        case .streamOpened(let handle, let name, let from):
            guard takesStreams else { return endpoint.closeStream(handle, of: from, code: 1, at: world.now) }
            streams[handle] = ByteStreamLog(name: String(decoding: name, as: UTF8.self))
            endpoint.answerStream(handle, of: from, at: world.now)
            readStream(handle, of: from)
        case .streamChanged(let handle, let from):
            readStream(handle, of: from)
        case .serviceUp, .serviceDown, .serviceNotice, .networkMeasured, .strategyWorked, .mappingVerified,
            .connecting, .connected, .pathChanged, .disconnected, .unreachable, .pong, .sent, .typing, .presence, .twin,
            .filePostponed, .fileRefused, .fileInterrupted, .introduced, .inviteAnswered:
            break
        }
    }
}

// MARK: Streams of bytes

/// What came on a stream.
package struct ByteStreamLog: Equatable {
    package var name: String
    package var bytes: [UInt8] = []
    /// The end of it, or the code with which the peer gave it up.
    package var end: End?

    package init(name: String, bytes: [UInt8] = [], end: End? = nil) {
        self.name = name
        self.bytes = bytes
        self.end = end
    }

    package enum End: Equatable { case fin, reset(UInt64), lost }
}

extension Peer {
    /// Opens a stream and returns its handle.
    package func openStream(_ name: String, to key: IdentityKey) -> UInt64? {
        let handle = endpoint.openStream(Array(name.utf8), to: key, at: world.now)
        if let handle { streams[handle] = ByteStreamLog(name: name) }
        return handle
    }

    /// Reads what has come, unless the test wants it to stay.
    package func readStream(_ handle: UInt64, of key: IdentityKey) {
        guard readsStreams, streams[handle] != nil else { return }
        while true {
            switch endpoint.readStream(handle, of: key, upTo: 65_536, at: world.now) {
            case .bytes(let bytes): streams[handle]?.bytes += bytes
            case .nothing: return
            case .end: streams[handle]?.end = .fin
            case .reset(let code): streams[handle]?.end = .reset(code)
            case .lost: if streams[handle]?.end == nil { streams[handle]?.end = .lost }
            }
            if streams[handle]?.end != nil { return }
        }
    }
}

// MARK: Questions of tests

extension Peer {
    package var texts: [String] { disk.texts }
    package var delivered: [MessageID] { disk.delivered }
    package var received: [UInt64: [UInt8]] { disk.received }
    package var stored: [String: [UInt8]] { disk.stored }
    package var sentFiles: [UInt64] { disk.sentFiles }
    package var state: ContactState { disk.state }
    package var epoch: UInt64 { disk.epoch }

    package var connections: [PathDescription] {
        events.compactMap { if case .connected(_, let path) = $0 { path } else { nil } }
    }

    package var failures: [UnreachableReason] {
        events.compactMap { if case .unreachable(_, let reason) = $0 { reason } else { nil } }
    }

    package var behavior: NATBehavior? {
        profile?.behavior
    }

    /// What this peer found out about the NAT in front of it, once it is done.
    package var profile: NATProfile? {
        events.reversed().lazy.compactMap {
            if case .networkMeasured(let record, isComplete: true) = $0 { record.profile } else { nil }
        }.first
    }

    package var isRegistered: Bool {
        events.contains { if case .serviceUp = $0 { true } else { false } }
    }

    package func isConnected(to other: Peer) -> Bool {
        endpoint.path(to: other.key) != nil
    }
}
