import Dispatch
import PinholeCore
import PinholeWire
import Simulator
import Synchronization
import TestSupport

@testable import Pinhole

/// A node of a ``World``: the loop of the real one, in the time and on the network of the world, with a disk that is waited
/// for. So what the network, the loop and the disk do next follows from the seed; numbers and salts of transfers and the epochs
/// of messages come from the system, and with them what is ordered by them.
final class NodeHost: Host {
    let profile: Profile
    let configuration: NodeConfiguration
    private(set) var interfaces: [Interface]
    private(set) var wakeTime: Instant?
    /// nil while the process is dead.
    private(set) var core: NodeLoop?
    /// It dies when the disk has done something more, before it hears of that.
    var diesSoon = false
    /// Told of each datagram that arrives.
    var heard: ((_ bytes: [UInt8], _ source: TransportAddress, NodeHost) -> Void)?

    private unowned let world: World
    private let disk = DispatchQueue(label: "test.disk")
    private var shell: WorldShell
    private var nextLook = Instant(nanoseconds: 0)

    init(_ profile: Profile, _ configuration: NodeConfiguration, at interfaces: [Interface], in world: World) throws {
        self.profile = profile
        self.configuration = configuration
        self.interfaces = interfaces
        self.world = world
        shell = WorldShell(world)
    }

    /// The process starts, unless it runs.
    func start() throws {
        guard core == nil else { return }
        (diesSoon, shell) = (false, WorldShell(world))
        shell.plugged = interfaces
        let core = NodeLoop(
            profile: profile, configuration: configuration, loop: shell, hub: EventHub(),
            entropy: Entropy(SeededRandom(seed: world.random.next())), disk: disk)
        try core.loadContacts(at: world.now)
        self.core = core
        turn { $0.begin(at: $1) }
    }

    /// The process dies: what its disk does is done, and nobody hears of it.
    func kill() {
        guard let core else { return }
        disk.sync {}
        shell.isOver = true
        // Who reads and writes for it refers back to it.
        core.incomingFiles.removeAll()
        core.outgoingFiles.removeAll()
        (self.core, wakeTime, diesSoon) = (nil, nil, false)
    }

    func move(to interfaces: [Interface]) {
        self.interfaces = interfaces
        shell.plugged = interfaces
        turn { $0.addressesChanged(at: $1) }
    }

    /// Something is asked of the loop, as a ``Node`` does.
    func turn(_ body: (NodeLoop, Instant) -> Void) {
        guard let core else { return }
        disk.suspend()
        body(core, world.now)
        finishTurn(core)
        drain()
    }

    /// Ends a turn of the loop, in which the disk has waited, and waits for the disk.
    private func finishTurn(_ core: NodeLoop) {
        wakeTime = core.drain(at: world.now)
        disk.resume()
        disk.sync {}
    }

    func drain() {
        while let core {
            let mail = shell.takeMail()
            guard !mail.isEmpty else { return }
            guard !diesSoon else { return kill() }
            disk.suspend()
            for work in mail { work() }
            finishTurn(core)
        }
    }

    func wake() {
        if core != nil, nextLook <= world.now {
            nextLook = world.now + .seconds(60)
            turn { core, _ in core.reloadContacts() }
        }
        guard let core, let wakeTime, wakeTime <= world.now else { return }
        disk.suspend()
        finishTurn(core)
        drain()
    }

    func receive(_ bytes: [UInt8], _ ecn: ECNCodepoint, from source: TransportAddress, by socket: SocketID) {
        heard?(bytes, source, self)
        turn { $0.receive(bytes.span, from: Route(source, via: socket), ecn: ecn, at: $1) }
    }

    func socket(on port: UInt16, _ family: IPAddress.Family) -> SocketID? {
        core == nil ? nil : shell.socket(on: port, family)
    }
}

/// What is around a ``NodeHost``'s loop. The mailbox alone is touched by other threads than the world's.
final class WorldShell: DatagramShell {
    private let mailbox = Mutex<[@Sendable () -> Void]>([])
    private nonisolated(unsafe) unowned let world: World
    nonisolated(unsafe) var plugged: [Interface] = []
    nonisolated(unsafe) var isOver = false
    private nonisolated(unsafe) var ports: [SocketID: TransportAddress] = [:]

    init(_ world: World) {
        self.world = world
    }

    var now: Instant { world.now }

    var unixMilliseconds: UInt64 { World.unixMilliseconds + UInt64(world.now.nanoseconds / 1_000_000) }

    var interfaces: [InterfaceAddress] {
        plugged.enumerated().map { index, interface in
            InterfaceAddress(
                name: "net", index: UInt32(index + 1), ip: interface.address.ip,
                prefixLength: interface.prefixLength, isUp: true)
        }
    }

    func preferredAddress(_ family: IPAddress.Family) -> IPAddress? { interface(family)?.address.ip }

    func localPort(_ family: IPAddress.Family) -> UInt16? { interface(family)?.address.port }

    private func interface(_ family: IPAddress.Family) -> Interface? {
        plugged.first { $0.address.family == family }
    }

    func start(_ delegate: any LoopDelegate) -> Bool { true }

    var isRunning: Bool { !isOver }

    func perform(_ work: @escaping @Sendable () -> Void) -> Bool {
        mailbox.withLock { $0.append(work) }
        return true
    }

    func takeMail() -> [@Sendable () -> Void] {
        mailbox.withLock { mailbox in
            defer { mailbox = [] }
            return mailbox
        }
    }

    func stop() { isOver = true }

    func send(_ run: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, over route: Route) {
        guard let interface = interface(route.remote.family), let source = source(of: route.socket, interface) else {
            return
        }
        for start in stride(from: 0, to: run.count, by: max(size, 1)) {
            let datagram = run.extracting(start..<min(start + size, run.count))
            world.send([UInt8](copying: datagram), ecn, from: source, at: interface.nat, to: route.remote)
        }
    }

    private func source(of socket: SocketID, _ interface: Interface) -> TransportAddress? {
        guard socket != .main else { return interface.address }
        return ports[socket].map { TransportAddress(interface.address.ip, port: $0.port) }
    }

    func open(_ ids: [SocketID], _ family: IPAddress.Family) -> [UInt16?] {
        ids.map { id in
            guard let interface = interface(family) else { return nil }
            var port: UInt16
            repeat {
                port = .random(in: 32_768...60_999, using: &world.random)
            } while socket(on: port, family) != nil
            ports[id] = TransportAddress(interface.address.ip, port: port)
            return port
        }
    }

    func close(_ ids: [SocketID]) {
        for id in ids { ports[id] = nil }
    }

    func socket(on port: UInt16, _ family: IPAddress.Family) -> SocketID? {
        if interface(family)?.address.port == port { return .main }
        return ports.first { $0.value.port == port && $0.value.family == family }?.key
    }

    func listenForBeacons(on interfaces: Set<UInt32>) {}

    func sendBeacon(_ bytes: [UInt8], from ip: IPAddress, through interface: UInt32) {}
}
