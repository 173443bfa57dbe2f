import Dispatch
import PinholeWire
import Synchronization

/// A local network that exists in this process alone: nodes on it find each other and talk without any socket.
///
/// For tests of programs that use Pinhole. The nodes speak the whole protocol, with its encryption; only the datagrams are
/// handed over in memory. Each node gets an address of its own, and hears the beacons of the others.
///
/// ```swift
/// let network = MemoryNetwork()
/// let alice = try Node(identity: me, contacts: [Contact(name: "bob", key: friend.publicKey)], network: network)
/// let bob = try Node(identity: friend, contacts: [Contact(name: "alice", key: me.publicKey)], network: network)
/// ```
public final class MemoryNetwork: Sendable {
    private struct State {
        var loops: [IPAddress: MemoryLoop] = [:]
        var last: UInt32 = 0
        /// What decides on losses, for each way from a node to another.
        var dice: [Way: SplitMix64] = [:]
    }

    private struct Way: Hashable {
        let source: IPAddress
        let destination: IPAddress
    }

    private let state = Mutex(State())
    private let loss: Double
    private let delay: Duration
    private let seed: UInt64

    /// A network that loses nothing, or that loses each datagram with the probability `loss` (0 to 1), and takes `delay`
    /// for each.
    ///
    /// With the same `seed` it loses the same ones: the third from one node to another, say, with the nodes counted as they
    /// joined.
    public init(delay: Duration = .zero, loss: Double = 0, seed: UInt64 = 1) {
        self.delay = delay
        self.loss = loss
        self.seed = seed
    }

    /// A place for one more node.
    func join() -> MemoryLoop {
        state.withLock { state in
            state.last += 1
            let loop = MemoryLoop(on: self, ip: IPAddress(v4: 0x0a00_0000 + state.last))
            state.loops[loop.ip] = loop
            return loop
        }
    }

    func leave(_ ip: IPAddress) {
        state.withLock { _ = $0.loops.removeValue(forKey: ip) }
    }

    /// Takes a datagram to the one whose address it names, if there is one.
    func carry(_ bytes: [UInt8], from source: TransportAddress, to destination: TransportAddress) {
        guard let loop = state.withLock({ $0.loops[destination.ip] }), destination.port == MemoryLoop.port else {
            return
        }
        hand(bytes, to: loop, from: Route(source))
    }

    /// Takes a beacon to everybody else.
    func shout(_ bytes: [UInt8], from source: TransportAddress) {
        let others = state.withLock { $0.loops.values.filter { $0.ip != source.ip } }
        for loop in others { hand(bytes, to: loop, from: Route(source, via: .beacon)) }
    }

    private func hand(_ bytes: [UInt8], to loop: MemoryLoop, from source: Route) {
        if !isLost(Way(source: source.remote.ip, destination: loop.ip)) { loop.take(bytes, from: source, after: delay) }
    }

    /// Whether the next datagram of a way is lost.
    private func isLost(_ way: Way) -> Bool {
        guard loss > 0 else { return false }
        return state.withLock { state in
            var dice = state.dice[way] ?? SplitMix64(state: seed &+ way.source.number << 32 &+ way.destination.number)
            defer { state.dice[way] = dice }
            return Double.random(in: 0..<1, using: &dice) < loss
        }
    }
}

/// A generator with a seed (Steele, Lea and Flood 2014).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension IPAddress {
    /// The last 32 bits.
    fileprivate var number: UInt64 { bytes.suffix(4).reduce(0) { $0 << 8 | UInt64($1) } }
}

/// One node's end of a ``MemoryNetwork``: a serial queue in the place of a thread around sockets.
final class MemoryLoop: DatagramShell {
    static let port: UInt16 = 41_000
    /// Datagrams that wait at most, as in the buffer of a socket.
    private static let capacity = 4096

    let ip: IPAddress
    private let network: MemoryNetwork
    private let queue = DispatchQueue(label: "pinhole.memory")
    private let state = Mutex(State())
    /// Touched on the queue alone.
    private nonisolated(unsafe) var delegate: (any LoopDelegate)?
    /// Rings when the delegate wants to be called again; set on the queue alone.
    private nonisolated(unsafe) let timer: any DispatchSourceTimer

    private struct State {
        var isStarted = false
        var isStopping = false
        /// What is to run once there is a delegate.
        var work: [@Sendable () -> Void] = []
        var arrived: [(bytes: [UInt8], source: Route)] = []
    }

    init(on network: MemoryNetwork, ip: IPAddress) {
        self.network = network
        self.ip = ip
        timer = DispatchSource.makeTimerSource(queue: queue)
        queue.setSpecific(key: Self.mark, value: ObjectIdentifier(self))
        timer.setEventHandler { [weak self] in self?.drain() }
        timer.schedule(deadline: .distantFuture)
        timer.activate()
    }

    deinit {
        timer.cancel()
    }

    private static let mark = DispatchSpecificKey<ObjectIdentifier>()

    var interfaces: [InterfaceAddress] {
        [InterfaceAddress(name: "memory", index: 1, ip: ip, prefixLength: 8, isUp: true)]
    }

    func preferredAddress(_ family: IPAddress.Family) -> IPAddress? { family == .v4 ? ip : nil }

    func localPort(_ family: IPAddress.Family) -> UInt16? { family == .v4 ? Self.port : nil }

    func start(_ delegate: any LoopDelegate) -> Bool {
        let bound = LoopBound(delegate)
        return state.withLock { state in
            guard !state.isStarted, !state.isStopping else { return false }
            state.isStarted = true
            queue.async {
                self.delegate = bound.value
                self.drain()
            }
            for work in state.work { run(work) }
            state.work = []
            return true
        }
    }

    var isRunning: Bool { state.withLock { $0.isStarted && !$0.isStopping } }

    func perform(_ work: @escaping @Sendable () -> Void) -> Bool {
        // With the lock, so that the order is that of the calls, and `stop` comes behind all that was accepted.
        state.withLock { state in
            guard !state.isStopping else { return false }
            if state.isStarted { run(work) } else { state.work.append(work) }
            return true
        }
    }

    private func run(_ work: @escaping @Sendable () -> Void) {
        queue.async {
            work()
            self.drain()
        }
    }

    func stop() {
        let wasRunning = state.withLock { state in
            defer {
                state.isStopping = true
                state.work = []
            }
            return !state.isStopping
        }
        guard wasRunning else { return }
        let end: @Sendable () -> Void = {
            self.drain()
            self.delegate = nil
        }
        // On the queue itself nobody can wait for it.
        if DispatchQueue.getSpecific(key: Self.mark) == ObjectIdentifier(self) {
            end()
        } else {
            queue.sync(execute: end)
        }
        network.leave(ip)
    }

    func send(_ run: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, over route: Route) {
        guard route.socket == .main else { return }
        let source = TransportAddress(ip, port: Self.port)
        for start in stride(from: 0, to: run.count, by: max(size, 1)) {
            let datagram = run.extracting(start..<min(start + size, run.count))
            network.carry(datagram.withUnsafeBufferPointer { Array($0) }, from: source, to: route.remote)
        }
    }

    func open(_ ids: [SocketID], _ family: IPAddress.Family) -> [UInt16?] { ids.map { _ in nil } }

    func close(_ ids: [SocketID]) {}

    func listenForBeacons(on interfaces: Set<UInt32>) {}

    func sendBeacon(_ bytes: [UInt8], from ip: IPAddress, through interface: UInt32) {
        network.shout(bytes, from: TransportAddress(self.ip, port: Self.port))
    }

    /// A datagram for this node, from the queue of another.
    func take(_ bytes: [UInt8], from source: Route, after delay: Duration) {
        let isFirst = state.withLock { state in
            guard !state.isStopping, state.arrived.count < Self.capacity else { return false }
            state.arrived.append((bytes, source))
            return state.arrived.count == 1 || delay > .zero
        }
        guard isFirst else { return }
        if delay == .zero {
            queue.async { self.receive(.max) }
        } else {
            queue.asyncAfter(deadline: .now() + delay.interval) { self.receive(1) }
        }
    }

    /// Datagrams that take no time are received together, as from a socket.
    private func receive(_ limit: Int) {
        let arrived = state.withLock { state in
            let batch = Array(state.arrived.prefix(limit))
            state.arrived.removeFirst(batch.count)
            return batch
        }
        let now = MonotonicClock.now
        for (bytes, source) in arrived { delegate?.receive(bytes.span, from: source, ecn: .notECT, at: now) }
        drain()
    }

    private func drain() {
        guard let delegate else { return }
        guard let deadline = delegate.drain(at: MonotonicClock.now) else {
            return timer.schedule(deadline: .distantFuture)
        }
        let pause = max(Duration.zero, deadline - MonotonicClock.now)
        timer.schedule(deadline: .now() + pause.interval)
    }
}

extension Duration {
    fileprivate var interval: DispatchTimeInterval { .nanoseconds(Int(clamping: nanoseconds)) }
}
