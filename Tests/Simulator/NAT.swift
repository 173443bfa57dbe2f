package import PinholeWire
import TestSupport

/// A NAT in RFC 4787's terms: mapping × filtering × allocation, with the lifetime of what it remembers.
///
/// It keeps a flow for each pair of an inside socket and a remote address, as Linux' connection tracking does, and a
/// binding, which is the external port, for as many of them as its mapping says.
package final class NAT {
    /// RFC 4787 §4.1.
    package enum Mapping: Sendable { case endpointIndependent, addressDependent, addressAndPortDependent }
    /// RFC 4787 §5.
    package enum Filtering: Sendable { case endpointIndependent, addressDependent, addressAndPortDependent }
    /// How an external port is picked for a new binding.
    package enum Allocation: Hashable, Sendable {
        /// The inside port, if it is free; else a random one.
        case preserving
        /// A counter for all, that wraps at 65535.
        case sequential(by: UInt16)
        /// A random one of a range.
        case block(ClosedRange<UInt16>)
        case random
        /// A firewall: addresses and ports stay what they are.
        case none
    }

    /// How long a flow is remembered without a packet in either direction.
    package struct Lifetime: Sendable {
        /// Until it was answered, and for its first ``promotion``.
        package var new: Duration
        /// When it was answered, and a packet came later than ``promotion`` after its first one.
        package var stream: Duration
        package var promotion: Duration

        package init(new: Duration, stream: Duration, promotion: Duration = .seconds(2)) {
            self.new = new
            self.stream = stream
            self.promotion = promotion
        }

        /// net.netfilter.nf_conntrack_udp_timeout and …_udp_timeout_stream.
        package static let linux = Lifetime(new: .seconds(30), stream: .seconds(120))
        package static let unlimited = Lifetime(new: .seconds(1 << 30), stream: .seconds(1 << 30))
    }

    package let mapping: Mapping
    package let filtering: Filtering
    package let allocation: Allocation
    package var lifetime: Lifetime
    package var external: IPAddress
    /// The router has no input firewall: an early inbound packet makes an entry of the router's own, and takes the
    /// tuple that the answer to it would have used.
    package var isCareless = false
    /// Nothing passes.
    package var isBlocking = false
    /// What is sent from inside to ``external`` is turned round (RFC 4787 §6), with its external source address.
    package var hairpins = false
    /// The NAT further out, as a carrier's; `nil` on the internet.
    package let outer: NAT?
    /// What a port-mapping protocol asked for: external ports that lead to an inside socket, whoever writes, and that
    /// its packets leave by (RFC 6887 §11: such a mapping is like one that outgoing packets make).
    package var forwards: [UInt16: TransportAddress] = [:]
    /// Whether a socket with a forwarded port sends by it. Linux with miniupnpd does not: seen between kernel routers.
    package var sendsByForwards = true
    /// Whether the router forwards a port when it is asked to.
    package var mapsPorts = false
    /// Flows that one inside address may have at a time.
    package var sessionLimit = Int.max
    /// Bindings a second that others behind this NAT make.
    package var otherBindings = 0.0
    /// Flows that were made so far.
    package private(set) var flowsMade = 0

    private var random: SeededRandom
    private var flows: [Pair: Flow] = [:]
    private var flowCounts: [IPAddress: Int] = [:]
    private var bindings: [Pair: Binding] = [:]
    private var owners: [Tuple: Pair] = [:]
    private var latest: [UInt16: Pair] = [:]
    private var spokenTo: [Pair: Instant] = [:]
    private var captured: [Tuple: Instant] = [:]
    /// Remote addresses that are called something else inside, and what they are.
    private var aliases: [Tuple: TransportAddress] = [:]
    private var originals: [Pair: TransportAddress] = [:]
    private var counter: UInt16
    private var lastAllocation: Instant?

    /// An inside socket and a remote one, or as much of it as counts.
    private struct Pair: Hashable {
        let inside: TransportAddress
        let remote: TransportAddress
    }

    private struct Tuple: Hashable {
        let port: UInt16
        let remote: TransportAddress
    }

    private struct Flow {
        let port: UInt16
        let made: Instant
        var expiry: Instant
        var isAnswered = false
    }

    private struct Binding {
        let port: UInt16
        var expiry: Instant
    }

    package init(
        _ mapping: Mapping, _ filtering: Filtering, _ allocation: Allocation? = nil, lifetime: Lifetime = .unlimited,
        external: IPAddress, behind outer: NAT? = nil, seed: UInt64
    ) {
        self.mapping = mapping
        self.filtering = filtering
        self.allocation = allocation ?? (mapping == .endpointIndependent ? .preserving : .random)
        self.lifetime = lifetime
        self.external = external
        self.outer = outer
        random = SeededRandom(seed: seed)
        counter = .random(in: 20_000...50_000, using: &random)
    }

    /// The source that the world sees; `nil` when the packet does not leave.
    package func outbound(
        _ inside: TransportAddress, to remote: TransportAddress, at now: Instant
    ) -> TransportAddress? {
        guard !isBlocking else { return nil }
        let pair = Pair(inside: inside, remote: remote)
        if let flow = flows[pair], flow.expiry > now {
            refresh(pair, flow, at: now)
            return outside(inside, port: flow.port)
        }
        guard hasRoom(for: inside.ip, at: now), let port = bind(inside, to: remote, at: now) else { return nil }
        add(pair, port: port, at: now)
        return outside(inside, port: port)
    }

    /// The inside socket that gets a packet; `nil` when it is filtered.
    package func inbound(_ destination: TransportAddress, from source: TransportAddress, at now: Instant)
        -> TransportAddress?
    {
        guard !isBlocking else { return nil }
        guard let inside = owner(of: destination, from: source, at: now) else {
            if isCareless { captured[Tuple(port: destination.port, remote: source)] = now + lifetime.new }
            return nil
        }
        let remote =
            forwards[destination.port] == inside ? alias(of: source, to: destination.port, inside, at: now) : source
        let pair = Pair(inside: inside, remote: remote)
        if var flow = flows[pair], flow.expiry > now {
            flow.isAnswered = true
            refresh(pair, flow, at: now)
        } else {
            add(pair, port: destination.port, at: now)
        }
        return inside
    }

    /// What `remote`, which writes to an external port, is called inside.
    package func insideName(of remote: TransportAddress, at port: UInt16) -> TransportAddress {
        aliases[Tuple(port: port, remote: remote)] ?? remote
    }

    /// Who is meant by the remote address that `inside` writes to.
    package func outsideName(of remote: TransportAddress, for inside: TransportAddress) -> TransportAddress {
        originals[Pair(inside: inside, remote: remote)] ?? remote
    }

    /// Two flows of one inside socket with one remote address cannot be told apart by the answers: where there is one
    /// already that left by another port, Linux gives the remote address another port inside.
    private func alias(
        of remote: TransportAddress, to port: UInt16, _ inside: TransportAddress, at now: Instant
    ) -> TransportAddress {
        let tuple = Tuple(port: port, remote: remote)
        if let alias = aliases[tuple] { return alias }
        guard let flow = flows[Pair(inside: inside, remote: remote)], flow.expiry > now, flow.port != port else {
            return remote
        }
        let alias = TransportAddress(remote.ip, port: .random(in: 1024...65535, using: &random))
        aliases[tuple] = alias
        originals[Pair(inside: inside, remote: alias)] = remote
        return alias
    }

    /// The router rebooted.
    package func flush() {
        forwards.removeAll()
        aliases.removeAll()
        originals.removeAll()
        flows.removeAll()
        flowCounts.removeAll()
        bindings.removeAll()
        owners.removeAll()
        latest.removeAll()
        spokenTo.removeAll()
        captured.removeAll()
    }

    /// Forwards a port to an inside socket, the socket's own if it is free; `nil` where the router does no such thing.
    package func map(_ inside: TransportAddress) -> UInt16? {
        guard mapsPorts else { return nil }
        if let known = forwards.first(where: { $0.value == inside }) { return known.key }
        let port = ([inside.port] + Array(40_000...40_999)).first { forwards[$0] == nil }
        if let port { forwards[port] = inside }
        return port
    }

    /// Flows that are remembered now.
    package func flowCount(at now: Instant) -> Int {
        flows.values.count { $0.expiry > now }
    }

    /// Whether `ip` is this NAT's own.
    func owns(_ ip: IPAddress) -> Bool {
        allocation != .none && ip == external
    }

    private func outside(_ inside: TransportAddress, port: UInt16) -> TransportAddress {
        allocation == .none ? inside : TransportAddress(external, port: port)
    }
}

// MARK: Flows

extension NAT {
    private func refresh(_ pair: Pair, _ flow: Flow, at now: Instant) {
        var flow = flow
        let isStream = flow.isAnswered && now > flow.made + lifetime.promotion
        flow.expiry = now + (isStream ? lifetime.stream : lifetime.new)
        flows[pair] = flow
        extend(pair, until: flow.expiry)
    }

    private func add(_ pair: Pair, port: UInt16, at now: Instant) {
        if flows[pair] == nil { flowCounts[pair.inside.ip, default: 0] += 1 }
        flows[pair] = Flow(port: port, made: now, expiry: now + lifetime.new)
        flowsMade += 1
        extend(pair, until: now + lifetime.new)
    }

    /// A binding lives as long as one of its flows.
    private func extend(_ pair: Pair, until expiry: Instant) {
        let scoped = Pair(inside: pair.inside, remote: scope(of: pair.remote))
        if let binding = bindings[scoped], binding.expiry < expiry { bindings[scoped]?.expiry = expiry }
        if filtering == .addressDependent {
            spokenTo[Pair(inside: pair.inside, remote: TransportAddress(pair.remote.ip, port: 0))] = expiry
        }
    }

    private func hasRoom(for inside: IPAddress, at now: Instant) -> Bool {
        guard flowCounts[inside, default: 0] >= sessionLimit else { return true }
        flows = flows.filter { $0.value.expiry > now }
        flowCounts = Dictionary(flows.keys.map { ($0.inside.ip, 1) }, uniquingKeysWith: +)
        return flowCounts[inside, default: 0] < sessionLimit
    }

    private func owner(
        of destination: TransportAddress, from source: TransportAddress, at now: Instant
    ) -> TransportAddress? {
        if let inside = forwards[destination.port] { return inside }
        let scoped = owners[Tuple(port: destination.port, remote: scope(of: source))] ?? latest[destination.port]
        guard let owner = scoped, let binding = bindings[owner], binding.expiry > now,
            binding.port == destination.port, allocation != .none || owner.inside.ip == destination.ip
        else { return nil }
        let passes =
            switch filtering {
            case .endpointIndependent:
                true
            case .addressDependent:
                (spokenTo[Pair(inside: owner.inside, remote: TransportAddress(source.ip, port: 0))] ?? now) > now
            case .addressAndPortDependent:
                flows[Pair(inside: owner.inside, remote: source)].map {
                    $0.expiry > now && $0.port == destination.port
                } ?? false
            }
        return passes ? owner.inside : nil
    }
}

// MARK: Bindings

extension NAT {
    /// As much of a remote address as the choice of a port depends on.
    private func scope(of remote: TransportAddress) -> TransportAddress {
        switch mapping {
        case .endpointIndependent: TransportAddress(IPAddress(v4: 0), port: 0)
        case .addressDependent: TransportAddress(remote.ip, port: 0)
        case .addressAndPortDependent: remote
        }
    }

    private func bind(_ inside: TransportAddress, to remote: TransportAddress, at now: Instant) -> UInt16? {
        if sendsByForwards, let forward = forwards.first(where: { $0.value == inside }) { return forward.key }
        let scoped = Pair(inside: inside, remote: scope(of: remote))
        if let binding = bindings[scoped] {
            if binding.expiry > now { return binding.port }
            owners[Tuple(port: binding.port, remote: scoped.remote)] = nil
        }
        guard let port = allocate(for: inside, to: remote, at: now) else { return nil }
        bindings[scoped] = Binding(port: port, expiry: now)
        owners[Tuple(port: port, remote: scoped.remote)] = scoped
        latest[port] = scoped
        return port
    }

    private func allocate(for inside: TransportAddress, to remote: TransportAddress, at now: Instant) -> UInt16? {
        switch allocation {
        case .none:
            return inside.port
        case .preserving:
            return isFree(inside.port, for: remote, at: now) ? inside.port : pick(1024...65535, remote, at: now)
        case .block(let ports):
            return pick(ports, remote, at: now)
        case .random:
            return pick(1024...65535, remote, at: now)
        case .sequential(let delta):
            for _ in 0..<bindingsOfOthers(at: now) { advance(by: delta) }
            for _ in 0..<65536 {
                advance(by: delta)
                if isFree(counter, for: remote, at: now) { return counter }
            }
            return nil
        }
    }

    private func advance(by delta: UInt16) {
        let (next, hasWrapped) = counter.addingReportingOverflow(delta)
        counter = hasWrapped || next < 1024 ? 1024 + next % delta : next
    }

    /// How many bindings others made since the last one here: a Poisson process.
    private func bindingsOfOthers(at now: Instant) -> Int {
        defer { lastAllocation = now }
        guard otherBindings > 0, let lastAllocation else { return 0 }
        return random.poisson((now - lastAllocation) / .seconds(1) * otherBindings)
    }

    private func pick(_ ports: ClosedRange<UInt16>, _ remote: TransportAddress, at now: Instant) -> UInt16? {
        for _ in 0..<64 {
            let port = UInt16.random(in: ports, using: &random)
            if isFree(port, for: remote, at: now) { return port }
        }
        return ports.first { isFree($0, for: remote, at: now) }
    }

    /// Where a port is chosen anew for each remote address, it may serve several.
    private func isFree(_ port: UInt16, for remote: TransportAddress, at now: Instant) -> Bool {
        guard forwards[port] == nil else { return false }
        if let expiry = captured[Tuple(port: port, remote: remote)], expiry > now { return false }
        guard let owner = owners[Tuple(port: port, remote: scope(of: remote))] else { return true }
        return (bindings[owner]?.expiry ?? now) <= now
    }
}
