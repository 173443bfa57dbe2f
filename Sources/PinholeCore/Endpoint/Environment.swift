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
    private let unixMillisecondsAtStart: UInt64
    private let start: Instant
    var localAddresses: [LocalAddress] = []
    /// The sockets' ports; a family without a socket has none.
    var localPorts: [IPAddress.Family: UInt16] = [:]
    /// Where the services see this peer.
    var observed: [TransportAddress] = []
    /// All ports of the services that are known.
    var serviceAddresses: Set<TransportAddress> = []
    /// What the NAT in front of the sockets of a family does, as far as it was measured.
    var nat: [IPAddress.Family: NATProfile] = [:]
    /// The clients that are registered now.
    var registeredClients: Set<Int> = []
    var serviceRTT: Duration?
    var drops = DropCounters()
    var sockets = ExtraSockets()

    init(entropy: Entropy, allowsLoopback: Bool, unixMilliseconds: UInt64, at now: Instant) {
        self.entropy = entropy
        self.allowsLoopback = allowsLoopback
        unixMillisecondsAtStart = unixMilliseconds
        start = now
    }

    /// Asks the shell for sockets beside the main one.
    func openSockets(_ count: Int, _ family: IPAddress.Family) -> [SocketID] {
        sockets.open(count, family)
    }

    func closeSockets(_ ids: some Sequence<SocketID>) {
        sockets.close(ids)
    }

    func unixMilliseconds(at now: Instant) -> UInt64 {
        unixMillisecondsAtStart &+ UInt64(max(0, (now - start).nanoseconds / 1_000_000))
    }

    /// This peer's own candidates: its interfaces' addresses, and where it is seen from outside.
    var candidates: [Candidate] {
        var candidates: [Candidate] = []
        for local in localAddresses where !local.ip.isLoopback || allowsLoopback {
            guard let port = localPorts[local.ip.family] else { continue }
            let address = TransportAddress(local.ip, port: port)
            if address.isPunchable(loopback: allowsLoopback) { candidates.append(Candidate(.host, address)) }
        }
        for address in observed where !candidates.contains(where: { $0.address == address }) {
            candidates.append(Candidate(.serverReflexive, address))
        }
        return Array(candidates.prefix(Limits.maxCandidates))
    }

    /// The hardest NAT in front of any of the sockets: the one that a failure is about.
    var hardestBehavior: NATBehavior {
        nat.values.map(\.behavior).max { $0.byte < $1.byte } ?? NATBehavior()
    }

    /// Whether an address that a contact named may be probed.
    ///
    /// Private addresses only where they can mean the contact: on one of our own networks, or behind the same public
    /// address. Never a service, and never ourselves.
    func mayProbe(_ address: TransportAddress, peerObserved: [TransportAddress]) -> Bool {
        guard address.isPunchable(loopback: allowsLoopback), localPorts[address.family] != nil,
            !serviceAddresses.contains(address), !isOwn(address),
            !localAddresses.contains(where: { $0.isBroadcast(address.ip) })
        else { return false }
        guard address.ip.isPrivate else { return true }
        let isOnOwnNetwork = localAddresses.contains { $0.ip.sharesPrefix($0.prefixLength, with: address.ip) }
        return isOnOwnNetwork || peerObserved.contains { other in observed.contains { $0.ip == other.ip } }
    }

    private func isOwn(_ address: TransportAddress) -> Bool {
        observed.contains(address)
            || localPorts[address.family] == address.port && localAddresses.contains { $0.ip == address.ip }
    }
}
