internal import PinholeCrypto
package import PinholeWire

/// An address of one of this machine's interfaces.
package struct LocalAddress: Hashable, Sendable {
    package let ip: IPAddress
    package let prefixLength: Int

    package init(_ ip: IPAddress, prefixLength: Int) {
        self.ip = ip
        self.prefixLength = prefixLength
    }

    /// Whether `other` means everybody on this address's network: the last address of it, or the first (RFC 919).
    func isBroadcast(_ other: IPAddress) -> Bool {
        guard ip.family == .v4, prefixLength < 31, ip.sharesPrefix(prefixLength, with: other) else { return false }
        let hosts = UInt32.max >> UInt32(prefixLength)
        return other.v4Bits & hosts == 0 || other.v4Bits & hosts == hosts
    }
}

/// What all connections of an endpoint know about where they are.
final class Environment {
    var entropy: Entropy
    let allowsLoopback: Bool
    /// What time people had at some instant; their clock may be set, and goes on while a machine sleeps.
    private var wallClock: (unixMilliseconds: UInt64, at: Instant)
    var localAddresses: [LocalAddress] = []
    /// Those that beacons leave from, link-local ones among them.
    var beaconSources: [LocalAddress] = []
    /// The sockets' ports; a family without a socket has none.
    var localPorts: [IPAddress.Family: UInt16] = [:]
    /// What each interface carries, by its address.
    var interfaceMTUs: [IPAddress: Int] = [:]
    /// The registrations with the services, as far as they got.
    var registrations: [Registration] = []
    /// Where a router's port mapping is reached from outside, as a service verified it.
    var mapped: [IPAddress.Family: MappedAddress] = [:]
    /// All ports of the services that are known, and for whom these speak.
    var serviceScopes: [TransportAddress: Set<RendezvousService.Scope>] = [:]
    /// What the NAT in front of the sockets of a family does, as far as it was measured.
    var nat: [IPAddress.Family: NATProfile] = [:]
    /// Which network each family's socket is on, once a service told.
    var networks: [IPAddress.Family: NetworkID] = [:]
    /// Which ways worked for contacts, by both networks.
    var strategies: [RememberedStrategy.Key: RememberedStrategy] = [:]
    var drops = DropCounters()
    var recoveries = RecoveryLimit()
    /// How long the keys of each session serve.
    var keyLimits = KeyLimits()
    /// Counts the times at which the shell looked around.
    var turn: UInt64 = 0
    /// What all connections have to send.
    let arena = DatagramArena()
    /// What the newest packet held.
    let opened = PacketMemory()
    var sockets = ExtraSockets()
    var punches = PunchSchedule()
    /// What the application calls the next stream of bytes, with whomever.
    var nextByteStream: UInt64 = 1

    init(entropy: Entropy, allowsLoopback: Bool, unixMilliseconds: UInt64, at now: Instant) {
        self.entropy = entropy
        self.allowsLoopback = allowsLoopback
        wallClock = (unixMilliseconds, now)
    }

    /// Asks the shell for sockets beside the main one.
    func openSockets(_ count: Int, _ family: IPAddress.Family) -> [SocketID] {
        sockets.open(count, family)
    }

    func closeSockets(_ ids: some Sequence<SocketID>) {
        sockets.close(ids)
    }

    func unixMilliseconds(at now: Instant) -> UInt64 {
        wallClock.unixMilliseconds &+ UInt64(max(0, (now - wallClock.at).nanoseconds / 1_000_000))
    }

    /// Follows the clock of people when it was set. That two clocks do not run quite alike does not matter.
    func setWallClock(unixMilliseconds: UInt64, at now: Instant) {
        let expected = self.unixMilliseconds(at: now)
        let difference = max(expected, unixMilliseconds) - min(expected, unixMilliseconds)
        if difference > Self.clockTolerance { wallClock = (unixMilliseconds, now) }
    }

    /// In milliseconds.
    private static let clockTolerance: UInt64 = 2000

    /// The hardest NAT in front of any of the sockets: the one that a failure is about.
    var hardestBehavior: NATBehavior {
        nat.values.map(\.behavior).max { $0.byte < $1.byte } ?? NATBehavior()
    }

    /// Notes the addresses of this machine; `nil` if they are what they were.
    func setLocal(_ addresses: [LocalAddress], ports: [IPAddress.Family: UInt16]) -> NetworkChange? {
        defer {
            localAddresses = addresses
            localPorts = ports
        }
        guard addresses != localAddresses || ports != localPorts else { return nil }
        let isLost = localAddresses.contains { !addresses.contains($0) }
        let isElsewhere = IPAddress.Family.allCases.contains { family in
            guard let first = localAddresses.first(where: { $0.ip.family == family }) else { return false }
            return addresses.first { $0.ip.family == family } != first || ports[family] != localPorts[family]
        }
        return isLost || isElsewhere ? .moved : .grew
    }

    /// The address of this machine that packets to `ip` leave from, as far as addresses tell.
    func source(toward ip: IPAddress) -> IPAddress? {
        let own = localAddresses.filter { $0.ip.family == ip.family }
        let neighbours = own.filter { $0.ip.sharesPrefix($0.prefixLength, with: ip) }
        return (neighbours.max { $0.prefixLength < $1.prefixLength } ?? own.first)?.ip
    }

    /// What the interface towards `ip` carries in one packet; nil if that is not known.
    func interfaceMTU(toward ip: IPAddress) -> Int? {
        source(toward: ip).flatMap { interfaceMTUs[$0] }
    }

    /// Whether an address is on one of our own networks: no NAT is in between.
    func isNeighbour(_ ip: IPAddress) -> Bool {
        for source in beaconSources where source.ip.sharesPrefix(source.prefixLength, with: ip) { return true }
        for local in localAddresses where local.ip.sharesPrefix(local.prefixLength, with: ip) { return true }
        return false
    }

    /// Whether a service is at any address.
    func isService(_ address: TransportAddress) -> Bool {
        serviceScopes[address] != nil
    }
}

/// An address that a router forwards to this peer, and for whom the service speaks that verified it.
struct MappedAddress: Equatable {
    let address: TransportAddress
    let scope: RendezvousService.Scope
}

// MARK: Services

extension Environment {
    /// One client's registration with a service.
    struct Registration {
        enum State {
            /// The first answer is still to come.
            case pending
            case up(observed: TransportAddress, rtt: Duration?)
            case failed
        }

        let client: Int
        let service: RendezvousService
        let address: TransportAddress
        let state: State

        var isUp: Bool { observed != nil }

        var observed: TransportAddress? {
            switch state {
            case .up(let observed, _): observed
            case .pending, .failed: nil
            }
        }

        var rtt: Duration? {
            switch state {
            case .up(_, let rtt): rtt
            case .pending, .failed: nil
            }
        }
    }

    private func registrations(for peer: IdentityKey) -> some Sequence<Registration> {
        registrations.lazy.filter { $0.service.scope.includes(peer) }
    }

    /// Where this peer is, as far as the services that speak for a contact tell and can be believed.
    func observed(for peer: IdentityKey) -> [TransportAddress] {
        registrations(for: peer).compactMap { registration in
            registration.observed.flatMap { believes(observed: $0, of: registration.address) ? $0 : nil }
        }
    }

    /// The clients that can ask for a contact now.
    func introducers(of peer: IdentityKey) -> Set<Int> {
        Set(registrations(for: peer).filter(\.isUp).map(\.client))
    }

    /// What events call the services of some clients.
    func services(of clients: Set<Int>) -> Set<Int> {
        Set(registrations.filter { clients.contains($0.client) }.map(\.service.id))
    }

    func serviceRTT(for peer: IdentityKey) -> Duration? {
        registrations(for: peer).compactMap(\.rtt).min()
    }

    /// A service's address that tells where it sees a socket, of those that are believed about a contact.
    func reflector(_ family: IPAddress.Family, for peer: IdentityKey) -> TransportAddress? {
        registrations(for: peer).first { $0.isUp && $0.address.family == family }?.address
    }

    /// Whether a service that could ask for a contact has not answered yet at any of its addresses, nor failed.
    func isAwaitingService(for peer: IdentityKey) -> Bool {
        let up = Set(registrations(for: peer).filter(\.isUp).map(\.service.id))
        return registrations(for: peer).contains { registration in
            if case .pending = registration.state { !up.contains(registration.service.id) } else { false }
        }
    }
}
