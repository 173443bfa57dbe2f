import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// Bob talks with Carol, and has another contact, Mallory, who means harm: she speaks under the keys of a real session,
/// but says whatever a test wants.
final class Siege {
    let world: World
    let bob: Peer
    let carol: Peer
    let mallory = TransportAddress("192.0.2.66:4000")!
    let key: IdentityKey
    /// Frames of what Bob sent in the session with Mallory, by packet number, and the sizes of the datagrams.
    private(set) var packets: [(number: UInt64, frames: [Frame], size: Int)] = []
    /// Bytes and datagrams that Bob put on the wire, by where they went.
    private(set) var sent: [TransportAddress: (bytes: Int, datagrams: Int)] = [:]
    /// The same for what Mallory sent in anybody's name.
    private(set) var provoked: [TransportAddress: (bytes: Int, datagrams: Int)] = [:]
    /// Whether she answers challenges and acknowledges, as she must to stay.
    var isPolite = true
    var nextNumber: UInt64 = 0
    private(set) var schedule: KeySchedule
    private(set) var keys: SessionKeys
    private let handshake: HandshakeKeys
    private var inbox: [[UInt8]] = []
    private var numbers = IntervalSet()

    init(seed: UInt64) throws {
        world = World(seed: seed)
        bob = world.addPeer("192.0.2.2:4000")
        carol = world.addPeer("192.0.2.3:4000")
        let mask = world.addPeer("192.0.2.66:4000")
        for contact in [carol, mask] { bob.add(contact) }
        carol.add(bob, direct: [bob.address])
        world.remove(mask)
        key = mask.key
        carol.connect(to: bob)
        world.run(for: .seconds(3))

        let pair = try PairKeys(own: mask.identity, peer: bob.key)
        let attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 0x6d61_6c6c), timestamp: World.unixMilliseconds + 60_000,
            introID: .random())
        world.recording = []
        bob.receive(attempt.hello(.direct(cookie: nil)), from: mallory)
        let answers = (world.recording ?? []).map(\.bytes)
        world.recording = nil
        let hello = try #require(answers.lazy.compactMap { PeerHello.open($0.span, pair: pair) }.first)
        handshake = try #require(HandshakeKeys(pair: pair, attempt: attempt, peer: hello))
        schedule = handshake.makeKeySchedule()
        keys = schedule.makeSessionKeys()
        world.tap = { [unowned self] flight in
            if flight.source.ip == bob.address.ip {
                sent[flight.destination, default: (0, 0)].bytes += flight.bytes.count
                sent[flight.destination, default: (0, 0)].datagrams += 1
                if flight.destination == mallory { inbox.append(flight.bytes) }
            }
            return flight
        }
        var frames = ByteWriter()
        frames.frame(.auth(signature: handshake.signature, parameters: []))
        inbox = answers
        for challenge in handshakeChallenges() { frames.frame(.pathResponse(challenge)) }
        bob.receive(handshake.seal(frames.bytes, size: Limits.handshakeSize), from: mallory)
        send([.ping])
        run(for: .seconds(3))
        try #require(connection?.session?.isConfirmed ?? false)
        sent.removeAll()
        provoked.removeAll()
    }

    var connection: Connection? { bob.endpoint.slots[key].flatMap { bob.endpoint.connections[$0] } }
    var transport: Transport? { connection?.session?.transport }

    /// Why Bob ended sessions, as a person would read it.
    var verdicts: [String] {
        bob.closings.map { if case .protocolViolation(let what) = $0 { what } else { "\($0)" } }
    }

    // MARK: What she does

    /// A packet of the session, from her own address or in the name of another.
    func send(_ frames: [Frame], from source: TransportAddress? = nil, size: Int = 0) {
        var writer = ByteWriter()
        for frame in frames { writer.frame(frame) }
        send(plaintext: writer.bytes, from: source, size: size)
    }

    func send(plaintext: [UInt8], from source: TransportAddress? = nil, size: Int = 0) {
        let padding = max(0, size - plaintext.count - Limits.dataOverhead)
        let datagram = keys.seal(plaintext + [UInt8](repeating: 0, count: padding), packetNumber: nextNumber)
        nextNumber += 1
        provoked[source ?? mallory, default: (0, 0)].bytes += datagram.count
        provoked[source ?? mallory, default: (0, 0)].datagrams += 1
        bob.receive(datagram, from: source ?? mallory)
    }

    func stream(_ id: UInt64, _ offset: UInt64, _ count: Int, fin: Bool = false) -> Frame {
        .stream(StreamFrame(id: id, offset: offset, data: [UInt8](repeating: 1, count: count), fin: fin))
    }

    /// She is in the next epoch, by a rekey that she did with Bob.
    func advance(to next: KeySchedule) {
        schedule = next
        keys = next.makeSessionKeys(expected: packets.last.map { $0.number + 1 } ?? 0)
    }

    // MARK: Time

    /// Time passes, and she does what a peer must do to stay.
    func run(for duration: Duration, step: Duration = .milliseconds(10)) {
        let end = world.now + duration
        while world.now < end {
            world.run(for: min(step, end - world.now))
            let new = collect()
            guard isPolite, !new.isEmpty else { continue }
            let frames = new.flatMap(\.frames)
            let responses = frames.compactMap {
                if case .pathChallenge(let data) = $0 { Frame.pathResponse(data) } else { nil }
            }
            if !responses.isEmpty { send(responses, size: new.map(\.size).max() ?? 0) }
            if frames.contains(where: \.isAckEliciting) { acknowledge() }
        }
    }

    /// The ranges of packet numbers that she has received.
    var received: [ClosedRange<UInt64>] {
        numbers.ranges.suffix(Limits.maxAckRanges).reversed().map { $0.lowerBound...$0.upperBound - 1 }
    }

    func acknowledge() {
        send([.ack(AckFrame(ranges: received, delay: 0))])
    }

    /// Opens what Bob has sent since.
    @discardableResult
    func collect() -> [(number: UInt64, frames: [Frame], size: Int)] {
        let datagrams = inbox
        inbox.removeAll()
        let first = packets.count
        for datagram in datagrams {
            guard let (number, plaintext) = keys.open(datagram.span) else { continue }
            numbers.insert(number)
            packets.append((number, Self.frames(plaintext), datagram.count))
        }
        return Array(packets[first...])
    }

    private func handshakeChallenges() -> [UInt64] {
        defer { inbox.removeAll() }
        return inbox.compactMap { handshake.open($0.span) }.flatMap(Self.frames).compactMap {
            if case .pathChallenge(let data) = $0 { data } else { nil }
        }
    }

    private static func frames(_ plaintext: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var reader = ByteReader(plaintext.span)
        while !reader.isAtEnd, let frame = try? reader.frame() { frames.append(frame) }
        return frames
    }

    // MARK: What it costs

    /// What Bob holds for Mallory: things by count, and bytes of streams either way.
    var held: (objects: Int, bytes: Int) {
        guard let connection, let transport else { return (0, 0) }
        let objects = [
            transport.sent.count, transport.control.count, transport.events.count, transport.space.received.count,
            transport.receiveStreams.count, transport.sendStreams.count, transport.closedReceiveStreams.count,
            transport.closedSendStreams.count, transport.stopCodes.count, connection.pendingFrames.count,
            connection.early.count,
            connection.paths.all.count, connection.checklist.candidates.count, connection.pings.count,
            connection.peerCandidates.count, connection.events.count, connection.incomingFiles.transfers.count,
        ]
        let unread = transport.receiveStreams.values.reduce(0) { $0 + Int($1.unread) }
        let unsent = transport.sendStreams.values.reduce(0) { $0 + $1.unsent }
        return (objects.reduce(0, +), unread + unsent)
    }

    /// Carol's line arrives and is confirmed in one round trip and 10 ms, in the session that she had.
    func expectUnharmed(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
        let line = "\(world.now)"
        let began = world.now
        carol.send(line, to: bob)
        let before = carol.delivered.count
        world.run(for: .seconds(5)) { carol.delivered.count > before }
        #expect(bob.texts.last == line, comment, sourceLocation: sourceLocation)
        #expect(world.now - began <= world.delay * 2 + .milliseconds(10), comment, sourceLocation: sourceLocation)
        #expect(carol.connections.count == 1 && carol.closings.isEmpty, comment, sourceLocation: sourceLocation)
    }
}
