internal import PinholeCrypto
internal import PinholeWire

/// Everything about one contact: the handshake in progress, the session, the paths, and what is to be delivered.
///
/// ```
///                    connect, or an introduction             AUTH verified
/// idle ──────────────────────────────────────▶ handshaking ───────────────▶ session
///   ▲                      9.5 s                     │                        │  ▲ a new handshake runs in its
///   └────────────────────────────────────────────────┘          CLOSE, 60 s  │  │ shadow; the session lives until
///   └────────────────────────────────────────────────────────────────────────┘  └─ the new AUTH verified
/// ```
///
/// `+Reach`, `+Beacon`, `+Hello`, `+Punch`, `+FreshSocket` and `+Handshake` lead to a session, `+Paths` and `+Roaming`
/// are where it goes, `+Receive` and `+Transmit` the two directions of a packet, `+Timers` is time, `+Chat` what people
/// send.
final class Connection {
    let pair: PairKeys
    let purpose: ConnectionPurpose
    /// Its place in the endpoint.
    let slot: Int
    let environment: Environment
    /// Addresses given by hand, tried without a service.
    var directAddresses: [TransportAddress] { didSet { arePlacesStale = true } }
    /// Where beacons of the peer came from.
    var neighbourhood = Neighbourhood() { didSet { arePlacesStale = true } }
    /// Where the peer was when the last session ended: the mappings in between live on for a while.
    var lastRoute: (route: Route, end: Instant)? { didSet { arePlacesStale = true } }
    /// What the last session found its path to be, for one that follows over the same.
    var lastModel: (path: PathModel, remote: IPAddress, source: IPAddress?, at: Instant)?
    var beaconKeys = BeaconKeys()

    /// Since when this side wants a session; `nil` while it only answers.
    var wantedSince: Instant?
    var retry: (at: Instant, count: Int)?
    /// What is under way to reach the peer, or to find another way to it.
    var attempt: Attempt? { didSet { arePlacesStale = true } }
    /// The latest calls that were given up, by either side's introduction id.
    var closedCalls: [IntroID] = []
    /// What the present attempt does, or the last one did.
    var report: AttemptReport?
    var pairings: [Pairing] = []
    /// Where each service sees the peer, by client.
    var peerObserved: [Int: [TransportAddress]] = [:]
    /// When each service was given our answer to an introduction.
    var answered: [Int: Instant] = [:]
    /// HS and session packets that came before their keys; at most ``Limits/maxEarlyPackets``.
    var early: [(datagram: [UInt8], source: Route, ecn: ECNCodepoint)] = []

    /// The ladder of the present attempt.
    var punch = Punch()
    /// Sockets beside the main one, of a punch or of the session that it won.
    var extraSockets: Set<SocketID> = []
    /// When those that the session does not need are closed.
    var socketRelease: Instant?
    /// What opened the path of the session.
    var wonBy = PunchStrategy.candidates

    var session: Session?
    var checklist = Checklist()
    var paths = PathTable()
    /// Frames for the next packet on the active path.
    var pendingFrames: [Frame] = []
    var connectTime: Duration = .zero
    var isAnnounced = false
    var keepAlive: KeepAlive
    /// While it is not known where the peer can be reached.
    var search: Search?
    /// When a handshake beside the session was last begun here.
    var lastRecovery: Instant?
    /// And when one was that the peer asked for.
    var lastAnswer: Instant?
    /// Where the peer says that it may be reached.
    var peerCandidates: [Candidate] = []
    /// When these were last probed because the peer said so, and until when they are.
    var candidatesProbed: Instant?
    var probesEnd: Instant?
    /// What the peer was told of us, and whether it is told again, should that be lost.
    var toldCandidates: [Candidate] = []
    var repeatsCandidates = false
    /// When this side last moved by its own choice.
    var pathChosen: Instant?
    /// What this side last left to follow the peer, when, and after how many probe timeouts of the session.
    var pathLeft: (route: Route, at: Instant, probeTimeouts: UInt64)?
    /// When the peer was last followed for the first time in ``Limits/followInterval``, and how often since.
    var follows: (since: Instant, count: Int)?
    var pathsReviewed: Instant?
    var capacityCheck: CapacityCheck?
    /// What the table of paths was last told of the active one.
    var knownCapacity = PathMTU.Capacity.unknown
    /// This machine's address on the active path, when it was last taken for a new one.
    var pathSource: IPAddress?
    /// A session that would take over, if the one that is there shows no life.
    var successor: Successor?
    var pings: [UInt64: Instant] = [:]

    /// The greatest timestamp that this side has put into a HELLO, and that of the peer that was authenticated.
    var ownTimestamp: UInt64
    var authenticatedTimestamp: UInt64
    /// The second, as an earlier process left it on the disk.
    let restoredTimestamp: UInt64
    /// HELLOs that looked old and were answered, by a cookie and by a question for an echo.
    var cookiesToStale = StaleAnswers()
    var echoesToStale = StaleAnswers()
    /// When a question for an echo that looked old was last answered, and when any was.
    var lastYield: Instant?
    var lastEcho: Instant?
    /// When the word of a service last made this side start over, and when one that came too soon after is heeded.
    var restarted: (at: Instant, due: Instant?)?

    /// The clients whose services say that the peer is there, and whether the application takes it for present.
    var seenBy: Set<Int> = []
    var isPresent = false

    var outbox = Outbox()
    var inbox: Inbox
    var typing = Typing()
    /// Up to which message of each epoch somebody here has seen what the peer sent, and the other way round.
    var readByUs: Newest<UInt64>
    var readByPeer: Newest<UInt64> = [:]
    var outgoingFiles = OutgoingFiles()
    var incomingFiles = IncomingFiles()
    var byteStreams = ByteStreams()
    /// Whether the application has as many messages as it wants for now: no more are read.
    var isChatHeld = false
    /// Streams of files that have something to read, in the order in which that was found.
    var readableFiles: [UInt64] = []
    /// Memory that is used again for those that are being read.
    var filesBeingRead: [UInt64] = []

    /// Bytes that were sent in a turn of the shell; the application may give more meanwhile, which goes with the next.
    var sentInTurn = (turn: UInt64(0), bytes: 0)
    /// Whether the arena or the turn was full before everything was sent that may leave: the rest goes with the next turn.
    var hasMoreToSend = false
    /// Whether the endpoint looks at this connection before it is idle.
    var isDirty = false
    /// Where the endpoint expects the peer, and whether that may have changed.
    var notedPlaces: Set<IPAddress> = []
    var notedCalls: Set<TransportAddress> = []
    /// When a HELLO of the peer was last let in without being counted.
    var lastGreeting: Instant?
    var arePlacesStale = true
    /// The ids under which the endpoint finds this connection.
    var routedIDs: [ConnectionID] = []
    /// Where datagrams went that the report is still to be told of.
    var reportedRoutes: [Route] = []
    /// What the endpoint is to tell and ask for; it takes them after each call. Datagrams are in its arena.
    var events: [Event] = []
    var requests: [ServiceRequest] = []

    /// What a connection wants from the services.
    enum ServiceRequest {
        case connect(blob: [UInt8])
        case answer(RendezvousTag, client: Int, blob: [UInt8])
        /// To be told when the peer appears.
        case watch(Bool)
    }

    /// A session whose peer is authenticated, while another one may still live.
    struct Successor {
        let sessionID: [UInt8]
        /// The peer's next packet opens with these; the session that begins then has others of its own.
        let keys: SessionKeys
        let source: Route
        let due: Instant
    }

    init(
        _ pair: PairKeys, for purpose: ConnectionPurpose = .contact, slot: Int, directAddresses: [TransportAddress],
        state: ContactState, environment: Environment
    ) {
        self.pair = pair
        self.purpose = purpose
        self.slot = slot
        self.directAddresses = directAddresses
        self.environment = environment
        keepAlive = KeepAlive(pair.role)
        ownTimestamp = state.ownTimestamp
        authenticatedTimestamp = state.authenticatedTimestamp
        restoredTimestamp = state.authenticatedTimestamp
        inbox = Inbox(highestStored: state.highestStored)
        readByUs = state.highestRead
    }

    var peer: IdentityKey { pair.peerKey }
    /// Whether the peer is reachable, as far as its session, the services and its beacons tell.
    var isThere: Bool { isAnnounced || !seenBy.isEmpty || !neighbourhood.addresses.isEmpty }
    /// Our half of the present attempt's handshakes.
    var ownHello: OwnHello? { attempt?.hello }
    /// The clients that can ask for the peer now.
    var introducers: Set<Int> { environment.introducers(of: peer) }

    /// The ids under which datagrams reach this connection.
    var connectionIDs: [ConnectionID] {
        var ids = pairings.map(\.own.connectionID)
        if let ownHello { ids.append(ownHello.connectionID) }
        if let session { ids.append(session.connectionID) }
        return ids
    }

    /// Whether the endpoint finds this connection under all of them, and under no others.
    var isRouted: Bool {
        var position = 0
        for pairing in pairings {
            guard isRouted(pairing.own.connectionID, at: &position) else { return false }
        }
        if let ownHello, !isRouted(ownHello.connectionID, at: &position) { return false }
        if let session, !isRouted(session.connectionID, at: &position) { return false }
        return position == routedIDs.count
    }

    private func isRouted(_ id: ConnectionID, at position: inout Int) -> Bool {
        defer { position += 1 }
        return position < routedIDs.count && routedIDs[position] == id
    }

    var pathDescription: PathDescription? {
        guard let path = paths.activePath else { return nil }
        // Where no NAT is in between, what was learned from its packets is the peer's own address.
        let isOwnAddress = path.kind == .peerReflexive && environment.isNeighbour(path.route.remote.ip)
        return PathDescription(
            remote: path.route.remote, kind: isOwnAddress ? .host : path.kind, strategy: wonBy,
            isDirect: directAddresses.contains(path.route.remote),
            rtt: session?.transport.smoothedRTT ?? path.rtt, datagramSize: datagramSize,
            hasECN: session?.transport.hasECN ?? false, connectTime: connectTime,
            serviceRTT: environment.serviceRTT(for: peer))
    }
}

/// What is remembered of a contact between runs.
package struct ContactState: Sendable {
    /// Of the newest HELLO that this side sent, unix milliseconds.
    package var ownTimestamp: UInt64
    /// Of the newest HELLO of the contact that was authenticated.
    package var authenticatedTimestamp: UInt64
    /// The highest message counter on disk, by sender epoch.
    package var highestStored: Newest<UInt64>
    /// The highest counter that was seen by somebody, by sender epoch; empty if nobody is to know.
    package var highestRead: Newest<UInt64>

    package init(
        ownTimestamp: UInt64 = 0, authenticatedTimestamp: UInt64 = 0, highestStored: Newest<UInt64> = [:],
        highestRead: Newest<UInt64> = [:]
    ) {
        self.ownTimestamp = ownTimestamp
        self.authenticatedTimestamp = authenticatedTimestamp
        self.highestStored = highestStored
        self.highestRead = highestRead
    }
}
