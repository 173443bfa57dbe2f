import PinholeCore
import PinholeWire

/// How a gateway is asked for a port, best first.
enum PortMappingMethod: Int, CaseIterable {
    /// RFC 6887.
    case pcp
    /// RFC 6886.
    case natPMP
    /// UPnP's Internet Gateway Device.
    case upnp
}

/// Gets one UDP port of this machine forwarded by one gateway, and keeps it so. Time and answers come in, requests go out.
///
/// All methods are asked at once, and the first that gives a port is used: within ``Limits/gatewayFirstAnswer`` the better
/// one, afterwards whichever there is. Only PCP maps at once; the other two are asked whether they are there, because a
/// gateway that serves several of them has one table for all, where one request would take the other's port.
///
/// What a gateway says is believed as far as it can be seen: a port that is not reached from outside, or that leads
/// elsewhere, is removed and asked for once more, then the next method has its turn.
struct PortMapper {
    enum Request: Equatable {
        case pcp([UInt8])
        case natPMP(NATPMPRequest)
        case upnp(IGDRequest)
    }

    /// A port that the gateway gave.
    struct Lease: Equatable {
        var method: PortMappingMethod
        var externalPort: UInt16
        var granted: Instant
        var expiry: Instant
        var renewal: Instant
    }

    private enum State {
        /// Nothing is to be had; asked again then.
        case resting(until: Instant)
        /// All methods are being asked. Until `patience` ends a better one is waited for; then any will do.
        case searching(patience: Instant?)
        case requesting(PortMappingMethod)
        case mapped(Lease)
        case renewing(Lease)
        case closed
    }

    /// A PCP request that is repeated until it is answered.
    private struct Exchange {
        var request: PCPRequest
        var timesSent = 0
        var due: Instant
    }

    private let methods: [PortMappingMethod]
    private let client: IPAddress
    private let internalPort: UInt16
    private var entropy: Entropy
    private var state: State
    private var exchange: Exchange?
    private var nonce: PCP.Nonce
    private var epochs: [PortMappingMethod: GatewayEpoch] = [:]
    private var lastReset: Instant?

    /// The methods that answered, and may be asked for a port.
    private var offers: Set<PortMappingMethod> = []
    /// Those that have nothing to give here.
    private var failed: Set<PortMappingMethod> = []
    /// How often a port of each was not reached from outside, or refused as another's.
    private var disappointments: [PortMappingMethod: Int] = [:]
    private var service: IGDService?
    /// What the gateway may still hold for this machine.
    private var granted: [PortMappingMethod: UInt16] = [:]
    /// What is yet to be confirmed before the end.
    private var removing: Set<PortMappingMethod> = []

    private(set) var requests: [Request] = []
    /// Counts the ports that were given, the same one again after the gateway forgot it included.
    private(set) var generation = 0

    /// `client` is this machine's address towards the gateway; over IPv6 there is PCP alone.
    init(client: IPAddress, internalPort: UInt16, entropy: Entropy, at now: Instant) {
        methods = client.family == .v4 ? PortMappingMethod.allCases : [.pcp]
        self.client = client
        self.internalPort = internalPort
        self.entropy = entropy
        nonce = PCP.Nonce(high: 0, low: 0)
        state = .resting(until: now)
    }

    /// The port that the gateway gave, if it did.
    var lease: Lease? {
        switch state {
        case .mapped(let lease), .renewing(let lease): lease
        case .resting, .searching, .requesting, .closed: nil
        }
    }

    /// Whether all methods were asked in vain.
    var isResting: Bool {
        switch state {
        case .resting, .closed: true
        case .searching, .requesting, .mapped, .renewing: false
        }
    }

    /// Whether nothing is left to be done before the end.
    var isFinished: Bool {
        switch state {
        case .closed: removing.isEmpty
        case .resting, .searching, .requesting, .mapped, .renewing: false
        }
    }

    mutating func takeRequests() -> [Request] {
        defer { requests.removeAll() }
        return requests
    }
}

// MARK: Time

extension PortMapper {
    var nextTimeout: Instant? {
        let own: Instant? =
            switch state {
            case .resting(let until): until
            case .searching(let patience): patience
            case .mapped(let lease): lease.renewal
            case .renewing(let lease): lease.expiry
            case .requesting, .closed: nil
            }
        return [own, exchange?.due].compactMap { $0 }.min()
    }

    mutating func handleTimeout(at now: Instant) {
        repeatPCP(at: now)
        switch state {
        case .resting(let until) where until <= now: search(at: now)
        case .searching(let patience?) where patience <= now:
            state = .searching(patience: nil)
            choose(at: now)
        case .mapped(let lease) where lease.renewal <= now: renew(lease, at: now)
        case .renewing(let lease) where lease.expiry <= now: lose(at: now)
        case .resting, .searching, .requesting, .mapped, .renewing, .closed: break
        }
    }

    private mutating func repeatPCP(at now: Instant) {
        guard var exchange, exchange.due <= now else { return }
        guard exchange.timesSent < Limits.gatewayAttempts else {
            self.exchange = nil
            return fail(.pcp, at: now)
        }
        requests.append(.pcp(exchange.request.encoded))
        exchange.due = now + Limits.gatewayFirstAnswer * (1 << exchange.timesSent)
        exchange.timesSent += 1
        self.exchange = exchange
    }
}

// MARK: Looking for a gateway that maps

extension PortMapper {
    /// Asks all methods at once.
    private mutating func search(at now: Instant) {
        state = .searching(patience: now + Limits.gatewayFirstAnswer)
        offers.removeAll()
        failed.removeAll()
        disappointments.removeAll()
        service = nil
        askPCP(suggesting: internalPort, at: now)
        if methods.contains(.natPMP) { requests.append(.natPMP(.externalAddress)) }
        if methods.contains(.upnp) { requests.append(.upnp(.find)) }
    }

    /// Takes the best method that is there, once no better one can be waited for.
    private mutating func choose(at now: Instant) {
        guard case .searching(let patience) = state else { return }
        for method in methods where !failed.contains(method) {
            if offers.contains(method) { return request(method, suggesting: internalPort, at: now) }
            if patience != nil { return }
        }
        if methods.allSatisfy(failed.contains) { state = .resting(until: now + Limits.gatewayRest) }
    }

    private mutating func request(_ method: PortMappingMethod, suggesting port: UInt16, at now: Instant) {
        state = .requesting(method)
        switch method {
        case .pcp:
            askPCP(suggesting: port, at: now)
        case .natPMP:
            requests.append(.natPMP(.map(externalPort: port, lifetime: Limits.mappingLifetime)))
        case .upnp:
            guard let service else { return fail(.upnp, at: now) }
            requests.append(.upnp(.add(service, externalPort: port, lease: Limits.mappingLifetime)))
        }
    }

    private mutating func askPCP(suggesting port: UInt16, at now: Instant) {
        if granted[.pcp] == nil {
            nonce = PCP.Nonce(high: UInt32(truncatingIfNeeded: entropy.next()), low: entropy.next())
        }
        exchange = Exchange(request: pcpRequest(port, lifetime: Limits.mappingLifetime), due: now)
        repeatPCP(at: now)
    }

    private func pcpRequest(_ port: UInt16, lifetime: UInt32) -> PCPRequest {
        PCPRequest(
            client: client, nonce: nonce, internalPort: internalPort, suggestedPort: port, lifetime: lifetime)
    }

    /// A method has no port for us, now or any more.
    private mutating func fail(_ method: PortMappingMethod, at now: Instant) {
        switch state {
        case .searching:
            failed.insert(method)
            choose(at: now)
        case .requesting(method):
            failed.insert(method)
            // The others had their time.
            state = .searching(patience: nil)
            choose(at: now)
        case .renewing(let lease) where lease.method == method:
            // RFC 6887 §11.2.1: again after half of the time that is left.
            let left = lease.expiry - now
            guard left > Limits.gatewayPatience else { return lose(at: now) }
            var lease = lease
            lease.renewal = now + left / 2
            state = .mapped(lease)
        case .resting, .requesting, .mapped, .renewing:
            failed.insert(method)
        case .closed:
            removing.remove(method)
        }
    }
}

// MARK: What the gateway answers

extension PortMapper {
    /// A datagram from the gateway's PCP port, or one that it multicast.
    mutating func receivePCP(_ datagram: Span<UInt8>, at now: Instant) {
        let response: PCPResponse
        do throws(WireError) {
            response = try PCPResponse(datagram)
        } catch .unknownType {
            // It speaks NAT-PMP, or a version to come.
            guard exchange != nil else { return }
            exchange = nil
            return fail(.pcp, at: now)
        } catch {
            return
        }
        switch response.body {
        case .announce:
            note(response.epoch, .pcp, at: now)
        case .map(let map):
            guard let request = exchange?.request, map.nonce == request.nonce, map.protocolNumber == PCP.udp,
                map.internalPort == request.internalPort
            else { return }
            exchange = nil
            guard request.lifetime > 0 else {
                removing.remove(.pcp)
                return
            }
            let isReset = epochs[.pcp, default: GatewayEpoch()].isReset(response.epoch, at: now)
            guard response.result == 0 else { return fail(.pcp, at: now) }
            grant(.pcp, map.externalPort, lifetime: response.lifetime, isReset: isReset, at: now)
        }
    }

    /// What became of a NAT-PMP request; every request gets one answer.
    mutating func receive(_ answer: NATPMPAnswer, to request: NATPMPRequest, at now: Instant) {
        switch (request, answer) {
        case (.externalAddress, .externalAddress(let epoch)):
            offers.insert(.natPMP)
            note(epoch, .natPMP, at: now)
            choose(at: now)
        case (.map(_, lifetime: 0), _):
            removing.remove(.natPMP)
        case (.map, .mapped(let mapped)):
            let isReset = epochs[.natPMP, default: GatewayEpoch()].isReset(mapped.epoch, at: now)
            guard mapped.internalPort == internalPort else {
                // It leads to somebody else's port.
                granted[.natPMP] = mapped.externalPort
                remove(.natPMP, at: now)
                return fail(.natPMP, at: now)
            }
            grant(.natPMP, mapped.externalPort, lifetime: mapped.lifetime, isReset: isReset, at: now)
        case (_, .failed), (.externalAddress, .mapped), (.map, .externalAddress):
            fail(.natPMP, at: now)
        }
    }

    /// What became of a UPnP operation; every one gets one answer.
    mutating func receive(_ answer: IGDAnswer, to request: IGDRequest, at now: Instant) {
        switch (request, answer) {
        case (.find, .found(let service)):
            self.service = service
            offers.insert(.upnp)
            choose(at: now)
        case (.remove, _):
            removing.remove(.upnp)
        case (.add(_, let port, _), .added(let entry)):
            guard entry.client ?? client == client, entry.internalPort ?? internalPort == internalPort else {
                granted[.upnp] = port
                return disappoint(.upnp, at: now)
            }
            // 0 is for ever: what lives as long is asked for again as if it did not.
            let lifetime = entry.lease == 0 ? Limits.mappingLifetime : entry.lease
            grant(.upnp, port, lifetime: lifetime, isReset: false, at: now)
        case (.add, .failed(let code)) where code == IGDAnswer.conflict:
            disappoint(.upnp, at: now)
        case (_, .failed), (.find, _), (.add, _):
            fail(.upnp, at: now)
        }
    }

    /// What the gateway multicast: its clock, in the form of PCP or of NAT-PMP.
    mutating func receiveAnnouncement(_ datagram: Span<UInt8>, at now: Instant) {
        if let response = try? PCPResponse(datagram) {
            note(response.epoch, .pcp, at: now)
        } else if let epoch = try? Self.natPMPEpoch(datagram) {
            note(epoch, .natPMP, at: now)
        }
    }

    /// RFC 6886 §3.2: version 0, operation 128, a result of 0, the epoch, the external address.
    private static func natPMPEpoch(_ datagram: Span<UInt8>) throws(WireError) -> UInt32 {
        var reader = ByteReader(datagram)
        guard try reader.u32() == 0x0080_0000, datagram.count == 12 else { throw .malformed }
        return try reader.u32()
    }

    /// The gateway's clock, said without a mapping: after it began anew ours is gone.
    private mutating func note(_ epoch: UInt32, _ method: PortMappingMethod, at now: Instant) {
        guard epochs[method, default: GatewayEpoch()].isReset(epoch, at: now) else { return }
        // Whoever says so again and again, in the gateway's name or as the gateway, does not keep us busy.
        guard lastReset.map({ now - $0 >= Limits.gatewayResetPause }) ?? true else { return }
        lastReset = now
        switch state {
        case .mapped(let lease), .renewing(let lease):
            // Its table is one, whoever of its services says that it is empty.
            generation += 1
            request(lease.method, suggesting: lease.externalPort, at: now)
        case .resting: search(at: now)
        case .searching, .requesting, .closed: break
        }
    }

    private mutating func grant(
        _ method: PortMappingMethod, _ port: UInt16, lifetime: UInt32, isReset: Bool, at now: Instant
    ) {
        guard port != 0, lifetime >= Limits.minMappingLease else { return fail(method, at: now) }
        let seconds = Int64(min(lifetime, Limits.maxMappingLease))
        granted[method] = port
        switch state {
        case .mapped(let lease) where lease.method != method, .renewing(let lease) where lease.method != method:
            // A better one answered after this one was asked. It stays until the end: removing it could remove both.
            break
        case .searching, .requesting, .mapped, .renewing:
            if isReset || lease?.externalPort != port { generation += 1 }
            state = .mapped(
                Lease(
                    method: method, externalPort: port, granted: now, expiry: now + .seconds(seconds),
                    renewal: now + .seconds(seconds) / 2))
        case .resting, .closed:
            // It comes too late.
            remove(method, at: now)
        }
    }
}

// MARK: Keeping it

extension PortMapper {
    /// Whether the port was reached from outside.
    mutating func verify(_ port: UInt16, isReachable: Bool, at now: Instant) {
        guard let lease, lease.externalPort == port else { return }
        if isReachable {
            disappointments[lease.method] = nil
        } else {
            disappoint(lease.method, at: now)
        }
    }

    private mutating func renew(_ lease: Lease, at now: Instant) {
        request(lease.method, suggesting: lease.externalPort, at: now)
        if case .requesting = state { state = .renewing(lease) }
    }

    /// The lease ran out before it could be renewed.
    private mutating func lose(at now: Instant) {
        if let lease { granted[lease.method] = nil }
        exchange = nil
        search(at: now)
    }

    /// What was given is not what was asked for: away with it, and once more with another port, then others are asked.
    private mutating func disappoint(_ method: PortMappingMethod, at now: Instant) {
        remove(method, at: now)
        let count = disappointments[method, default: 0] + 1
        disappointments[method] = count
        state = .requesting(method)
        guard count < 2 else { return fail(method, at: now) }
        request(method, suggesting: 1024 + UInt16(entropy.next() % 64_512), at: now)
    }

    private mutating func remove(_ method: PortMappingMethod, at now: Instant) {
        guard let port = granted.removeValue(forKey: method) else { return }
        switch method {
        case .pcp:
            exchange = nil
            // RFC 6887 §15.1: the suggested port "MUST be set to zero".
            requests.append(.pcp(pcpRequest(0, lifetime: 0).encoded))
        case .natPMP:
            // RFC 6886 §3.4: "the Suggested External Port […] MUST be set to zero by the client on sending".
            requests.append(.natPMP(.map(externalPort: 0, lifetime: 0)))
        case .upnp:
            if let service { requests.append(.upnp(.remove(service, externalPort: port))) }
        }
    }

    /// Gives back all that the gateway gave.
    mutating func close(at now: Instant) {
        state = .closed
        exchange = nil
        for method in methods where granted[method] != nil {
            removing.insert(method)
            remove(method, at: now)
        }
        guard removing.contains(.pcp) else { return }
        exchange = Exchange(
            request: pcpRequest(0, lifetime: 0), timesSent: 1, due: now + Limits.gatewayFirstAnswer)
    }
}
