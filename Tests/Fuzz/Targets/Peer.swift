import PinholeWire

@testable import PinholeCore
@testable import PinholeCrypto

/// Bob's endpoint in virtual time, without anybody but whoever the input speaks for: Alice, a contact of his who means
/// harm, a service, or strangers.
final class FuzzPeer {
    static let start = Instant(nanoseconds: 1_000_000_000_000)
    static let unixMilliseconds: UInt64 = 1_790_000_000_000
    static let pair = sure { try PairKeys(own: FuzzTarget.alice, peer: FuzzTarget.bob.publicKey) }
    static let aliceAddress = TransportAddress("192.0.2.66:4000")!
    static let stranger = TransportAddress("198.51.100.7:1234")!

    let endpoint: Endpoint
    private(set) var now = FuzzPeer.start
    /// What Bob sent since it was last taken.
    private var outgoing: [(bytes: [UInt8], to: TransportAddress)] = []
    /// Why sessions ended.
    private(set) var endings = 0

    init() {
        endpoint = Endpoint(
            identity: FuzzTarget.bob, entropy: Entropy(Counter()), unixMilliseconds: Self.unixMilliseconds,
            at: Self.start)
        endpoint.setLocal(
            [LocalAddress(IPAddress("192.0.2.2")!, prefixLength: 24)], ports: [.v4: 4000], at: Self.start)
        sure { try endpoint.add(FuzzTarget.alice.publicKey, at: Self.start) }
        drain()
    }

    /// Any numbers do.
    struct Counter: RandomNumberGenerator {
        var state: UInt64 = 0
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            return (state ^ (state >> 31)) &* 0x94d0_49bb_1331_11eb
        }
    }

    func receive(_ datagram: [UInt8], from source: TransportAddress) {
        endpoint.receive(datagram.span, from: Route(source), at: now)
        drain()
    }

    func pass(_ duration: Duration) {
        let end = now + duration
        for _ in 0..<64 {
            guard case .idle(let due?) = endpoint.poll(at: now), due <= end else { break }
            now = max(now, due)
            endpoint.handleTimeout(at: now)
            drain()
        }
        now = max(now, end)
        endpoint.handleTimeout(at: now)
        drain()
    }

    func take() -> [(bytes: [UInt8], to: TransportAddress)] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    /// Does what an application does that stores everything at once.
    func drain() {
        let alice = FuzzTarget.alice.publicKey
        let endpoint = endpoint
        for step in 0... {
            must(step < 20_000, "one input, and no end of outputs")
            switch endpoint.poll(at: now) {
            case .transmit(let datagram):
                must(datagram.route.remote.port != 0, "a datagram to port 0")
                outgoing.append(([UInt8](copying: endpoint.bytes(of: datagram)), datagram.route.remote))
            case .openSockets(let ids, _):
                for id in ids { endpoint.didOpen(id, port: 5000, at: now) }
            case .event(let event): answer(event, of: alice)
            case .beacon, .closeSockets: break
            case .idle: return
            }
        }
    }

    private func answer(_ event: Event, of alice: IdentityKey) {
        switch event {
        case .message(let message, _): endpoint.stored(message.id, from: alice, at: now)
        case .messagesWait(let ids, _): endpoint.release(ids, to: alice, at: now)
        case .fileOffered(let offer, _):
            endpoint.offerNoted(offer.transfer, from: alice, at: now)
            endpoint.accept(offer.transfer, .none, from: alice, at: now)
        case .fileRefused: endpoint.refusalNoted(from: alice, at: now)
        case .fileData(let transfer, let bytes, _):
            endpoint.fileWritten(bytes.count, of: transfer, from: alice, at: now)
        case .fileComplete(let transfer, _): endpoint.fileStored(transfer, from: alice, at: now)
        case .fileAccepted(let transfer, let holdings, _):
            endpoint.begin(transfer, group: min(holdings.groups, 1), to: alice, at: now)
        case .fileWanted(let transfer, let position, let count, _):
            let bytes = [UInt8](repeating: 1, count: min(count, Int(5000 - min(5000, position))))
            endpoint.provide(bytes, for: transfer, isLast: position + UInt64(bytes.count) >= 5000, to: alice, at: now)
        case .disconnected: endings += 1
        default: break
        }
    }

    var connection: Connection? {
        endpoint.slots[FuzzTarget.alice.publicKey].flatMap { endpoint.connections[$0] }
    }

    /// Things by count, and bytes of streams either way, are bounded whatever was said.
    func mustBeBounded() {
        let excess = endpoint.excess
        must(excess == nil, excess ?? "")
        must(connection.map { $0.pairings.count <= Limits.maxPeerHellos } ?? true, "handshakes pile up")
    }
}

/// Alice's side of a session with ``FuzzPeer``: true keys, and whatever plaintext the input wants.
final class FuzzSession {
    let keys: SessionKeys
    let handshake: HandshakeKeys
    private var nextNumber: UInt64 = 0

    /// Goes through the handshake; nil where Bob did not answer.
    init?(with bob: FuzzPeer) {
        let attempt = HandshakeAttempt(
            pair: FuzzPeer.pair, connectionID: ConnectionID(rawValue: 0x616c_6963),
            timestamp: FuzzPeer.unixMilliseconds + 60_000, introID: IntroID(Array(1...16)),
            ephemeral: Array(64..<96))
        bob.receive(attempt.hello(.direct(cookie: nil)), from: FuzzPeer.aliceAddress)
        let answers = bob.take().map(\.bytes)
        guard let hello = answers.lazy.compactMap({ PeerHello.open($0.span, pair: FuzzPeer.pair) }).first,
            let handshake = HandshakeKeys(pair: FuzzPeer.pair, attempt: attempt, peer: hello)
        else { return nil }
        self.handshake = handshake
        keys = handshake.makeSessionKeys()
        var frames = ByteWriter()
        frames.frame(.auth(signature: handshake.signature, parameters: []))
        for case .pathChallenge(let data) in answers.compactMap({ handshake.open($0.span) }).flatMap(Self.frames) {
            frames.frame(.pathResponse(data))
        }
        bob.receive(handshake.seal(frames.bytes, size: Limits.handshakeSize), from: FuzzPeer.aliceAddress)
        say([1], to: bob)
    }

    func say(_ plaintext: [UInt8], to bob: FuzzPeer, from source: TransportAddress = FuzzPeer.aliceAddress) {
        let padding = max(0, Limits.minPlaintext - plaintext.count)
        let datagram = keys.seal(plaintext + [UInt8](repeating: 0, count: padding), packetNumber: nextNumber)
        nextNumber += 1
        bob.receive(datagram, from: source)
    }

    /// Opens what Bob said, which must always be frames, and answers his challenges.
    func listen(to bob: FuzzPeer) -> [UInt64] {
        var numbers: [UInt64] = []
        var responses: [Frame] = []
        for datagram in bob.take() {
            guard let (number, plaintext) = keys.open(datagram.bytes.span) else { continue }
            numbers.append(number)
            var reader = ByteReader(plaintext.span)
            while !reader.isAtEnd {
                guard let frame = try? reader.frame() else { fatalError("broken: Bob says what is no frame") }
                if case .pathChallenge(let data) = frame { responses.append(.pathResponse(data)) }
            }
        }
        if !responses.isEmpty { say(responses.flatMap(FuzzTarget.encoded), to: bob) }
        return numbers
    }

    private static func frames(_ plaintext: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var reader = ByteReader(plaintext.span)
        while !reader.isAtEnd, let frame = try? reader.frame() { frames.append(frame) }
        return frames
    }
}
