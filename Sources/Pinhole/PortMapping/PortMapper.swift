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

    enum State {
        /// Nothing is to be had; asked again then.
        case resting(until: Instant)
        /// All methods are being asked. Until `patience` ends a better one is waited for; then any will do.
        case searching(patience: Instant?)
        case requesting(PortMappingMethod)
        case mapped(Lease)
        case renewing(Lease)
        /// The end was asked of these, and is not confirmed.
        case closed(unconfirmed: Set<PortMappingMethod>)
    }

    /// What a method was found to be in the present search.
    enum Standing {
        /// It answered, and may be asked for a port.
        case offered
        /// It has nothing to give here.
        case failed
    }

    /// A PCP request that is repeated until it is answered.
    struct Exchange {
        var request: PCPRequest
        var timesSent = 0
        var due: Instant
    }

    let methods: [PortMappingMethod]
    let client: IPAddress
    let internalPort: UInt16
    var entropy: Entropy
    var state: State
    var exchange: Exchange?
    var nonce: PCP.Nonce
    var epochs: [PortMappingMethod: GatewayEpoch] = [:]
    var lastReset: Instant?

    var standings: [PortMappingMethod: Standing] = [:]
    /// How often a port of each was not reached from outside, or refused as another's.
    var disappointments: [PortMappingMethod: Int] = [:]
    /// Where UPnP is asked; each search finds it anew.
    var service: IGDService?
    /// What the gateway may still hold for this machine, by the request that ends it.
    var farewells: [PortMappingMethod: Request] = [:]

    var requests: [Request] = []
    /// Counts the ports that were given, the same one again after the gateway forgot it included.
    var generation = 0

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
        case .closed(let unconfirmed): unconfirmed.isEmpty
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

    mutating func repeatPCP(at now: Instant) {
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
