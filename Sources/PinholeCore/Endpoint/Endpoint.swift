package import PinholeCrypto
package import PinholeWire

/// What a peer is, without I/O: one socket's worth of protocol. It routes datagrams to connections and services, and
/// gathers what they want sent and told.
///
/// Three verbs in: ``receive(_:from:at:)``, the requests (`connect`, `send`, …) and ``handleTimeout(at:)``. One out:
/// ``poll(at:)``, called until it says `.idle`. Not thread-safe: it belongs to one loop.
package final class Endpoint {
    let identity: IdentitySecret
    let environment: Environment
    var connections: [Int: Connection] = [:]
    var slots: [IdentityKey: Int] = [:]
    /// The keys of all connections, in the order of their slots.
    var pairs: [(slot: Int, keys: PairKeys)] = []
    var nextSlot = 0
    var routes: [ConnectionID: Int] = [:]
    /// Whom the newest datagram was for: the next is mostly for the same.
    var newest: (id: ConnectionID, connection: Connection)?
    var watched: Set<Int> = []

    var clients: [SignalingClient] = []
    var clientsMade = 0
    var tags: [RendezvousTag: Int] = [:]
    /// What the services call today, as of ``tags``.
    var learnedDays: Set<UInt64> = []
    /// Whether contacts came, went or are watched of whom the services are still to be told.
    var arePairsStale = false
    /// How often all pairs were gone through, and how often the tags of one: what contacts cost, for tests.
    var refreshes = 0
    var tagsLearned = 0
    /// The newest measurement of each family's NAT, under way or complete, and that of its mappings' lifetime.
    var measurements: [IPAddress.Family: NATMeasurement] = [:]
    /// What is to be measured when the time for it has come.
    var postponedMeasurements: [IPAddress.Family: PostponedMeasurement] = [:]
    var lifetimeTests: [IPAddress.Family: LifetimeTest] = [:]
    /// The networks that this machine was on before, and what is known of them.
    var networks: [NetworkID: NetworkRecord] = [:]
    /// Ports that a router forwards to the main sockets, as far as it can be believed.
    var mappings: [IPAddress.Family: MappingVerifier] = [:]
    /// Services that were reported down, so that each failure is told once.
    var reportedDown: Set<Int> = []

    var cookieGate: CookieGate
    /// HELLOs without a cookie, and with one.
    var helloLoad = SourceLoad(
        limit: Limits.hellosPerSecond, perSource: Limits.hellosPerSecondPerSource, work: Limits.trialsPerSecond)
    var provenLoad = SourceLoad(perSource: Limits.hellosPerSecondPerSource, work: Limits.provenTrialsPerSecond)
    /// Connections that had their turn since the shell last looked at what arrived.
    var settledInTurn = 0
    var expected = Expected()
    /// With how many keys HELLOs were tried: what strangers cost, for tests.
    var helloTrials = 0
    var beacons = Beacons()
    /// Other nodes with this identity, and the tags by which they are found today.
    var twins: Twins
    var twinTags: Set<RendezvousTag> = []
    var watchesContacts = false

    /// What is to be told, and how much of it was.
    var events: [Event] = []
    var eventIndex = 0
    var deadlines = DeadlineQueue()
    /// Connections that something happened to, in the order in which it did; each once (``Connection/isDirty``).
    var dirty = Queue<Connection>()
    /// Those of them whose places may have changed since.
    var unnoted: [Connection] = []
    /// Connections that have more to send than fits in one turn.
    var unfinished: [Connection] = []

    /// `unixMilliseconds` is the wall clock at `now`; `allowsLoopback` lets peers be reached on this machine.
    package init(
        identity: IdentitySecret, allowsLoopback: Bool = false, entropy: Entropy, unixMilliseconds: UInt64,
        at now: Instant
    ) {
        self.identity = identity
        environment = Environment(
            entropy: entropy, allowsLoopback: allowsLoopback, unixMilliseconds: unixMilliseconds, at: now)
        cookieGate = CookieGate(own: identity.publicKey)
        twins = Twins(identity, instance: environment.entropy.next())
    }

    /// Datagrams that were dropped so far, by reason.
    package var drops: DropCounters { environment.drops }
}

@available(*, unavailable)
extension Endpoint: Sendable {}
