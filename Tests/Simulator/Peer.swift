package import PinholeCore
package import PinholeCrypto
package import PinholeWire
import TestSupport

/// One peer of a ``World``: the real endpoint, a NAT, and an application that stores what it is given in memory.
package final class Peer {
    package let identity: IdentitySecret
    package let address: TransportAddress
    /// Set to another one when the peer moves.
    package var nat: NAT?
    package private(set) var endpoint: Endpoint
    private unowned let world: World
    /// The sockets beside the main one, by their inside addresses and by their ids.
    private var extraSockets: [TransportAddress: SocketID] = [:]
    private var extraAddresses: [SocketID: TransportAddress] = [:]
    package private(set) var wakeTime: Instant?

    package private(set) var events: [Event] = []
    package private(set) var texts: [String] = []
    package private(set) var delivered: [MessageID] = []
    package private(set) var received: [UInt64: [UInt8]] = [:]
    package private(set) var stored: [String: [UInt8]] = [:]
    package private(set) var sentFiles: [UInt64] = []
    private var offers: [UInt64: FileOffer] = [:]
    /// The content of the files that this peer offers.
    package var files: [UInt64: [UInt8]] = [:]
    /// How an offer is answered: the offset to resume from, or `nil` to decline.
    package var decide: (FileOffer) -> UInt64? = { _ in 0 }
    /// Whether messages can be stored.
    package var hasRoom = true
    /// Datagrams that this peer has sent.
    package private(set) var sentCount = 0
    /// What would be on disk.
    package private(set) var state = ContactState()
    private var counter: UInt64 = 0
    package let epoch: UInt64

    package init(_ world: World, at address: TransportAddress, behind nat: NAT?, identity: IdentitySecret) {
        self.world = world
        self.address = address
        self.nat = nat
        self.identity = identity
        epoch = world.random.next()
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
        endpoint.setLocal(
            [LocalAddress(address.ip, prefixLength: address.family == .v4 ? 24 : 64)],
            ports: [address.family: address.port], at: world.now)
    }

    package var key: IdentityKey { identity.publicKey }

    package func useService() {
        let service = address.family == .v4 ? World.serviceAddress : World.serviceAddress6
        let addresses = [TransportAddress(service, port: World.servicePorts[0])]
        endpoint.setServices(
            [RendezvousService(id: 0, key: world.serviceSecret.publicKey, addresses: addresses)], at: world.now)
        drain()
    }

    package func add(_ other: Peer, psk: [UInt8]? = nil, direct: [TransportAddress] = []) {
        try? endpoint.add(other.key, psk: psk, directAddresses: direct, state: state, at: world.now)
    }

    package func connect(to other: Peer) {
        endpoint.connect(to: other.key, at: world.now)
        drain()
    }

    @discardableResult
    package func send(_ text: String, to other: Peer) -> MessageID {
        counter += 1
        let id = MessageID(epoch: epoch, counter: counter)
        endpoint.send(ChatMessage(id: id, time: 0, body: Array(text.utf8)), to: other.key, at: world.now)
        drain()
        return id
    }

    package func sendFile(_ transfer: UInt64, name: String, _ content: [UInt8], to other: Peer) {
        files[transfer] = content
        endpoint.offer(
            transfer, size: UInt64(content.count), hash: Blake2b.hash(content), name: name, to: other.key,
            at: world.now)
        drain()
    }

    /// The process dies and starts again with what was on disk, if that was not lost, and a clock that may be wrong.
    package func restart(
        with other: Peer, direct: [TransportAddress] = [], usesService: Bool = true, remembers: Bool = true,
        clockError: Duration = .zero
    ) {
        if !remembers { state = ContactState() }
        extraSockets.removeAll()
        extraAddresses.removeAll()
        endpoint = Self.makeEndpoint(identity, clockError: clockError, world)
        begin()
        add(other, direct: direct)
        if usesService { useService() }
    }
}

// MARK: The shell

extension Peer {
    /// How a datagram comes to this peer, if its NAT lets it in.
    package func accepts(_ flight: World.Flight) -> Route? {
        if nat == nil || flight.source.ip.isPrivate {
            return socket(at: flight.destination).map { Route(flight.source, via: $0) }
        }
        guard let nat, flight.destination.ip == nat.external || nat.allocation == .none else { return nil }
        guard let inside = nat.inbound(flight.destination, from: flight.source, at: world.now) else { return nil }
        return socket(at: inside).map { Route(flight.source, via: $0) }
    }

    package func receive(_ bytes: [UInt8], from source: TransportAddress, by socket: SocketID = .main) {
        endpoint.receive(bytes.span, from: Route(source, via: socket), at: world.now)
        drain()
    }

    private func socket(at inside: TransportAddress) -> SocketID? {
        inside == address ? .main : extraSockets[inside]
    }

    /// Each socket gets a port of its own, as from a kernel.
    private func open(_ id: SocketID, _ family: IPAddress.Family) {
        guard family == address.family else { return endpoint.didOpen(id, port: nil, at: world.now) }
        var inside: TransportAddress
        repeat {
            inside = TransportAddress(address.ip, port: .random(in: 32_768...60_999, using: &world.random))
        } while socket(at: inside) != nil
        extraSockets[inside] = id
        extraAddresses[id] = inside
        endpoint.didOpen(id, port: inside.port, at: world.now)
    }

    private func close(_ id: SocketID) {
        if let inside = extraAddresses.removeValue(forKey: id) { extraSockets[inside] = nil }
    }

    private func transmit(_ datagram: [UInt8], _ route: Route) {
        guard let inside = route.socket == .main ? address : extraAddresses[route.socket] else { return }
        sentCount += 1
        // Neighbours' packets do not pass the NAT.
        let isNear = route.remote.ip.isPrivate || nat == nil
        let source = isNear ? inside : nat?.outbound(inside, to: route.remote, at: world.now)
        if let source { world.send(datagram, from: source, to: route.remote) }
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
        while true {
            switch endpoint.poll(at: world.now) {
            case .openSockets(let ids, let family):
                for id in ids { open(id, family) }
            case .closeSockets(let ids):
                for id in ids { close(id) }
            case .transmit(let datagram, let route):
                transmit(datagram, route)
            case .event(let event):
                events.append(event)
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
            texts.append(String(decoding: message.body, as: UTF8.self))
            state.highestStored[message.id.epoch] = message.id.counter
            endpoint.stored(message.id, from: from, at: world.now)
        case .delivered(let id, _):
            delivered.append(id)
        case .authenticated(let key, let timestamp):
            state.authenticatedTimestamp = timestamp
            state.ownTimestamp = endpoint.ownTimestamp(for: key) ?? 0
        case .fileOffered(let offer, let from):
            offers[offer.transfer] = offer
            if let offset = decide(offer) {
                received[offer.transfer] = Array(received[offer.transfer, default: []].prefix(Int(offset)))
                endpoint.accept(offer.transfer, offset: offset, from: from, at: world.now)
            } else {
                endpoint.refuse(offer.transfer, .declined, with: from, at: world.now)
            }
        case .fileWanted(let transfer, let offset, let count, let to):
            guard let content = files[transfer] else { return }
            let end = min(content.count, Int(offset) + count)
            endpoint.provide(Array(content[Int(offset)..<end]), for: transfer, to: to, at: world.now)
        case .fileData(let transfer, let offset, let bytes, _):
            guard received[transfer, default: []].count == Int(offset) else { return }
            received[transfer, default: []] += bytes
        case .fileComplete(let transfer, let from):
            guard let offer = offers[transfer], let content = received[transfer] else { return }
            guard Blake2b.hash(content) == offer.hash else {
                return endpoint.refuse(transfer, .corrupt, with: from, at: world.now)
            }
            stored[offer.name] = content
            endpoint.fileStored(transfer, from: from, at: world.now)
        case .fileDone(let transfer, _):
            sentFiles.append(transfer)
        case .serviceUp, .serviceDown, .serviceNotice, .natBehavior, .connecting, .connected, .pathChanged,
            .disconnected, .unreachable, .pong, .fileRefused, .fileInterrupted:
            break
        }
    }
}

// MARK: Questions of tests

extension Peer {
    package var connections: [PathDescription] {
        events.compactMap { if case .connected(_, let path) = $0 { path } else { nil } }
    }

    package var failures: [UnreachableReason] {
        events.compactMap { if case .unreachable(_, let reason) = $0 { reason } else { nil } }
    }

    package var behavior: NATBehavior? {
        events.reversed().lazy.compactMap { if case .natBehavior(let behavior, _) = $0 { behavior } else { nil } }.first
    }

    package var isRegistered: Bool {
        events.contains { if case .serviceUp = $0 { true } else { false } }
    }

    package func isConnected(to other: Peer) -> Bool {
        endpoint.path(to: other.key) != nil
    }
}
