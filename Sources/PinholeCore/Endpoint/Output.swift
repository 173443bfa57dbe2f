package import PinholeCrypto
package import PinholeWire

/// What an ``Endpoint`` asks of the shell.
package enum Output {
    /// Send this; ``Endpoint/bytes(of:)`` are to be taken before the next ``Endpoint/poll(at:)``.
    case transmit(OutgoingDatagram)
    /// Open a socket of its own, on any port, for each id; tell how it went by ``Endpoint/didOpen(_:port:at:)``.
    case openSockets([SocketID], IPAddress.Family)
    /// Say it to the local network that this address of ours is on, from the main socket: to the group of its family.
    case beacon([UInt8], from: IPAddress)
    /// These are not needed any more.
    case closeSockets([SocketID])
    case event(Event)
    /// Nothing to do before `deadline`, or before something is received or asked for.
    case idle(until: Instant?)
}

/// What happened, for the application.
package enum Event {
    /// A service knows this peer; `observed` is where it sees it.
    case serviceUp(Int, observed: TransportAddress, rtt: Duration)
    case serviceDown(Int, ServiceFailure)
    case serviceNotice(Int, [UInt8])
    /// What is known of the network has changed. Store it if it `isComplete`: it need not be measured again then.
    case networkMeasured(NetworkRecord, isComplete: Bool)
    /// A way through both NATs worked: store it, and give it back to the next endpoint.
    case strategyWorked(RememberedStrategy)

    /// A router's port mapping is reached from outside at this address; it is a candidate from now on.
    case mappingVerified(TransportAddress)
    /// A router's port mapping is not reached from outside: remove it and get another.
    case mappingUnreachable(port: UInt16, family: IPAddress.Family)

    case connecting(IdentityKey)
    case connected(IdentityKey, PathDescription)
    /// A session began; it may replace one that was announced and that the peer has lost. What it goes on with, the peer
    /// offers now.
    case sessionBegan(with: IdentityKey)
    case pathChanged(IdentityKey, PathDescription)
    case disconnected(IdentityKey, CloseReason)
    case unreachable(IdentityKey, UnreachableReason)
    /// A handshake with this timestamp was authenticated; older ones are replays from now on.
    case authenticated(IdentityKey, timestamp: UInt64)
    case pong(IdentityKey, rtt: Duration)

    /// Somebody who holds the invite whose key is `by` shows his own key: call ``Endpoint/answer(_:to:at:)``.
    case introduced(IdentityKey, InviteIntroduction, by: IdentityKey)
    /// The inviter says what came of an introduction; another answer may follow.
    case inviteAnswered(InviteRecord.Verdict, by: IdentityKey)

    /// Store it, then call ``Endpoint/stored(_:from:at:)`` or ``Endpoint/storingFailed(from:at:)``.
    case message(ChatMessage, from: IdentityKey)
    /// Note on disk that these may have been sent, then call ``Endpoint/release(_:to:at:)``, or ``Endpoint/cancel(_:to:at:)``
    /// for those that were cancelled.
    case messagesWait([MessageID], for: IdentityKey)
    /// It is on its way, for the first time since the start.
    case sent(MessageID, to: IdentityKey)
    /// The peer has it on disk.
    case delivered(MessageID, to: IdentityKey)
    /// Somebody there has seen it, and those of its epoch before it.
    case read(MessageID, by: IdentityKey)
    /// The peer types a message, or has stopped.
    case typing(IdentityKey, Bool)
    /// The peer is reachable, as far as the services, the local network or its session tell; or is not any more.
    case presence(IdentityKey, Bool)
    /// Another node runs with this identity, and was heard from there.
    case twin(TransportAddress?)

    /// Answer by ``Endpoint/accept(_:_:from:at:)``, ``Endpoint/postpone(_:_:from:at:)`` or
    /// ``Endpoint/refuse(_:_:with:at:)``.
    case fileOffered(FileOffer, from: IdentityKey)
    /// The peer wants it, and has so much of it: find out where to go on and call ``Endpoint/begin(_:group:to:at:)``.
    case fileAccepted(transfer: UInt64, FileHoldings, by: IdentityKey)
    /// The peer wants it later, or not.
    case filePostponed(transfer: UInt64, FileRecord.Postponement, by: IdentityKey)
    /// Call ``Endpoint/provide(_:for:isLast:to:at:)`` with what follows the `position` bytes that were given since it
    /// began; about `count` bytes are needed.
    case fileWanted(transfer: UInt64, position: UInt64, count: Int, to: IdentityKey)
    /// What comes next begins with this group.
    case fileBegan(transfer: UInt64, group: UInt64, from: IdentityKey)
    /// The next bytes: write them, then call ``Endpoint/fileWritten(_:of:from:at:)``.
    case fileData(transfer: UInt64, [UInt8], from: IdentityKey)
    /// All bytes came: verify, store, then call ``Endpoint/fileStored(_:from:at:)``.
    case fileComplete(transfer: UInt64, from: IdentityKey)
    /// The peer has everything, verified, under its final name.
    case fileDone(transfer: UInt64, to: IdentityKey)
    case fileRefused(transfer: UInt64, FileRecord.Refusal, by: IdentityKey)
    /// The peer remembers a transfer that is not offered: ``Endpoint/disown(_:_:with:at:)`` if it never will be again.
    case fileInquired(transfer: UInt64, by: IdentityKey)
    /// The session ended before an incoming transfer did; it will be offered again.
    case fileInterrupted(transfer: UInt64, from: IdentityKey)

    /// The contact opened a stream of bytes: ``Endpoint/answerStream(_:of:at:)``, or ``Endpoint/closeStream(_:of:code:at:)``.
    case streamOpened(UInt64, name: [UInt8], by: IdentityKey)
    /// There is something to read from the stream, or room to write, or it is over.
    case streamChanged(UInt64, with: IdentityKey)
}

/// The path that a session uses, and how it was won.
package struct PathDescription: Equatable, Sendable {
    package let remote: TransportAddress
    package let kind: Candidate.Kind
    /// What opened it, or a path of the session before it.
    package let strategy: PunchStrategy
    /// Whether the address was given by hand rather than by an introduction.
    package let isDirect: Bool
    package let rtt: Duration?
    /// The largest datagram that is sent there, in bytes of UDP payload.
    package let datagramSize: Int
    /// Whether marks of congestion arrive as the path made them.
    package let hasECN: Bool
    /// From the first wish to connect to the authenticated session on a validated path.
    package let connectTime: Duration
    package let serviceRTT: Duration?

    /// The connect time in units of the mean of both round trips, to the service and to the peer.
    package var roundTrips: Double? {
        guard let rtt, rtt > .zero else { return nil }
        let unit = ((serviceRTT ?? rtt) + rtt) / 2
        return connectTime / unit
    }
}

package enum ServiceFailure: Equatable, Sendable {
    /// No answer at all: a wrong address, a wrong key, a service that is down, or UDP that is blocked.
    case noAnswer
    /// It stopped answering.
    case lost
    /// It said that it stops.
    case draining
    /// It does not want this peer, and says why, UTF-8.
    case refused([UInt8])
}

package enum CloseReason: Equatable, Sendable {
    case localRequest
    case remoteRequest(code: UInt64)
    /// Nothing came for too long.
    case timedOut
    case protocolViolation(String)
    /// A message could not be stored.
    case storage
    /// The keys sealed or refused as much as they may, and new ones could not be agreed on.
    case keysUsedUp
}

package enum UnreachableReason: Equatable, Sendable {
    /// No service answers, and there is no direct address or it does not answer.
    case noService
    /// The services do not know the peer at the moment.
    case offline
    /// The peer was told and did not answer.
    case noAnswer
    /// Both sides tried and no packet came through.
    case noDirectPath(own: NATBehavior, peer: NATBehavior)
    /// The addresses given for direct mode did not answer.
    case directTimeout
    /// The peer answered and speaks only other versions of the protocol.
    case noCommonVersion(own: ClosedRange<UInt8>, peer: ClosedRange<UInt8>)
}
