package import PinholeCore
package import PinholeCrypto
package import PinholeWire
import TestSupport

/// One peer of a ``World``: the real endpoint, a NAT, and an application that stores what it is given in memory.
package final class Peer: Host {
    package let identity: IdentitySecret
    /// Where this peer is, at most once for each family.
    package private(set) var interfaces: [Interface]
    /// The ports of the main sockets, which stay bound without an interface.
    private var ports: [IPAddress.Family: UInt16] = [:]
    package private(set) var endpoint: Endpoint
    unowned let world: World
    /// The sockets beside the main ones, by their ports and by their ids.
    var extraSockets: [Bound: SocketID] = [:]
    var extraPorts: [SocketID: Bound] = [:]
    package internal(set) var wakeTime: Instant?
    private var usesLocalNetwork = false

    package internal(set) var events: [Event] = []
    package var disk: Disk
    /// Our messages that the contact says somebody has seen, with all before them.
    package internal(set) var reads: [MessageID] = []
    /// Whether a message was not cancelled before it could leave.
    package var mayGo: (MessageID) -> Bool = { _ in true }
    /// A process that was killed hears and sends nothing until it starts again.
    package private(set) var isRunning = true
    package internal(set) var offers: [UInt64: FileOffer] = [:]
    /// The content of the files that this peer offers.
    package var files: [UInt64: [UInt8]] = [:]
    /// Where the present session goes on with each.
    var starts: [UInt64: Int] = [:]
    /// How an offer is answered: the offset to resume from, or `nil` to decline.
    package var decide: (FileOffer) -> UInt64? = { _ in 0 }
    /// Whether it is answered at all.
    package var answersOffers = true
    /// Whether the disk notes at once what becomes of offers.
    package var notesFiles = true
    /// Whether what comes of files is written at once.
    package var isWriting = true
    /// Whether messages can be stored.
    package var hasRoom = true
    /// Whether streams of bytes are taken, and read as they come.
    package var takesStreams = true
    /// Whether they are neither taken nor refused.
    package var leavesStreams = false
    package var readsStreams = true
    /// Whether a stream is closed when the other side has ended it.
    package var closesStreams = false
    /// What is still to be written to streams of bytes.
    var unwritten: [UInt64: ArraySlice<UInt8>] = [:]
    /// What came on the streams of bytes, by their handles.
    package internal(set) var streams: [UInt64: ByteStreamLog] = [:]
    /// Datagrams that this peer has sent.
    package internal(set) var sentCount = 0
    /// The most bytes that were sent before the endpoint let its shell look around again.
    package internal(set) var longestTurn = 0

    /// A port of this machine.
    struct Bound: Hashable {
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
    func mapPort(_ family: IPAddress.Family) {
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

    /// Gives up a message: if it has left, it may arrive all the same.
    package func takeBack(_ id: MessageID, to other: Peer) {
        disk.takeBack(id)
        _ = endpoint.cancel(id, to: other.key, at: world.now)
        drain()
    }

    /// Gives up a file that is offered or on its way.
    package func withdraw(_ transfer: UInt64, to other: Peer) {
        disk.openFiles[transfer] = nil
        endpoint.refuse(transfer, .cancelled, with: other.key, at: world.now)
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
        streams.removeAll()
        unwritten.removeAll()
        extraSockets.removeAll()
        extraPorts.removeAll()
    }

    /// The process starts again and takes up what its disk says, or an older copy of it.
    package func recover(
        with other: Peer, from copy: Disk? = nil, direct: [TransportAddress] = [], usesService: Bool = true,
        clockError: Duration = .zero
    ) {
        if let copy { disk = copy }
        disk.beginEpoch(world.random.next())
        offers.removeAll()
        restart(with: other, direct: direct, usesService: usesService, clockError: clockError)
        for message in disk.outbox { endpoint.send(message, to: other.key, at: world.now) }
        for (transfer, name) in disk.openFiles.sorted(by: { $0.key < $1.key }) {
            sendFile(transfer, name: name, files[transfer] ?? [], to: other)
        }
        drain()
    }
}
