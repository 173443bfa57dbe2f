package import PinholeCrypto
package import PinholeWire

/// A service that its clients trust with introductions, and that abuses it. It holds no more than a real one does: the
/// keys of registrations, tags, and sealed blobs.
///
/// It takes the place of the real one: ``World/liar``.
package final class LyingService {
    package enum Lie: CaseIterable, Sendable {
        /// Clients are told to be where they are not, and so are their contacts.
        case wrongObserved
        /// Each introduction comes again and again, to both sides.
        case replayedBlobs
        /// Each gets back its own blob, and that of another pair, as if they were the contact's.
        case swappedBlobs
        /// Introductions for tags that were never asked for, with the blobs of others.
        case strangeTags
        /// Every contact is at many addresses: the victim's, broadcast, multicast, the service itself.
        case manyAddresses
    }

    package let lie: Lie
    /// Who is to be flooded.
    package let victim: TransportAddress
    private let secret: ServiceSecret
    private var registrations: [UInt64: Registration] = [:]
    private var blobs: [[UInt8]] = []

    private struct Registration {
        var keys: SignalingServerKeys
        var address: TransportAddress
        var tags: [TagEntry] = []
    }

    package typealias Datagram = (bytes: [UInt8], destination: TransportAddress)

    package init(_ lie: Lie, secret: ServiceSecret, victim: TransportAddress) {
        self.lie = lie
        self.secret = secret
        self.victim = victim
    }

    /// What it sends when a datagram arrives.
    func receive(_ datagram: [UInt8], from source: TransportAddress, at now: Instant) -> [Datagram] {
        switch DatagramKind(datagram.span) {
        case .register: register(datagram, from: source, at: now)
        case .client: answer(datagram, from: source, at: now)
        case .data, .hello, .cookie, .handshake, .challenge, .server, .stun, .beacon, nil: []
        }
    }

    private func register(_ datagram: [UInt8], from source: TransportAddress, at now: Instant) -> [Datagram] {
        guard let (keys, body) = SignalingServerKeys.open(register: datagram.span, secret: secret) else { return [] }
        guard !body.cookie.isEmpty else {
            let challenge = ChallengeBody(
                cookie: [UInt8](repeating: 1, count: 16), time: time(at: now), observed: observed(source))
            return [(keys.challenge(challenge), source)]
        }
        let number = UInt64(registrations.count + 1)
        registrations[number] = Registration(
            keys: keys.accept(registration: number), address: source, tags: body.tags)
        return [reply([confirmation(number, at: now)], to: number)]
    }

    private func answer(_ datagram: [UInt8], from source: TransportAddress, at now: Instant) -> [Datagram] {
        var reader = ByteReader(datagram.span)
        guard (try? reader.u8()) != nil, let number = try? reader.u64(),
            let requests = registrations[number]?.keys.open(client: datagram.span)
        else { return [] }
        registrations[number]?.address = source
        var inner = ByteReader(requests.span)
        var datagrams: [Datagram] = []
        while let request = try? SignalingRequest(&inner) {
            switch request {
            case .refresh:
                datagrams.append(reply([confirmation(number, at: now)], to: number))
            case .tags(let tags, let first):
                let known = first ? [] : registrations[number]?.tags ?? []
                registrations[number]?.tags = known + tags
                datagrams.append(reply([confirmation(number, at: now)], to: number))
            case .connect(let tag, let side, let blob), .answer(let tag, let side, let blob):
                datagrams += introduce(number, tag, side, blob)
            case .ping(let data):
                datagrams.append(reply([.pong(data)], to: number))
            case .unregister:
                registrations[number] = nil
            }
        }
        return datagrams
    }

    /// Does with an introduction what the lie says.
    private func introduce(_ number: UInt64, _ tag: RendezvousTag, _ side: Role, _ blob: [UInt8]) -> [Datagram] {
        let others = registrations.keys.sorted().filter { $0 != number }
        let own = registrations[number].map { [observed($0.address)] } ?? []
        let theirs = others.compactMap { registrations[$0].map { observed($0.address) } }
        var datagrams = [reply([.peer(tag: tag, observed: theirs, blob: [])], to: number)]
        func introduce(_ tag: RendezvousTag, _ observed: [TransportAddress], _ blob: [UInt8], to number: UInt64) {
            datagrams.append(reply([.peer(tag: tag, observed: observed, blob: blob)], to: number))
        }
        blobs.append(blob)
        switch lie {
        case .wrongObserved:
            for other in others { introduce(tag, own, blob, to: other) }
        case .replayedBlobs:
            for _ in 0..<5 {
                for old in blobs.suffix(4) {
                    for other in others { introduce(tag, own, old, to: other) }
                    introduce(tag, theirs, old, to: number)
                }
            }
        case .swappedBlobs:
            introduce(tag, theirs, blob, to: number)
            for old in blobs { for other in others { introduce(tag, own, old.reversed() + blob, to: other) } }
        case .strangeTags:
            for index in 0..<20 {
                let strange = RendezvousTag(high: tag.high &+ UInt64(index), low: tag.low ^ 1)
                for other in others { introduce(strange, [victim], blob, to: other) }
                introduce(strange, [victim], blob, to: number)
            }
        case .manyAddresses:
            for other in others { for _ in 0..<10 { introduce(tag, Self.absurd + [victim], blob, to: other) } }
        }
        return datagrams
    }

    private static let absurd = ["255.255.255.255:4000", "224.0.0.1:4000", "203.0.113.1:41414"].map {
        TransportAddress($0)!
    }

    private func observed(_ source: TransportAddress) -> TransportAddress {
        lie == .wrongObserved ? victim : source
    }

    private func confirmation(_ number: UInt64, at now: Instant) -> SignalingReply {
        .registered(
            SignalingReply.Registered(
                registration: number, lifetime: 120, time: time(at: now),
                observed: observed(registrations[number]?.address ?? victim), alternatePorts: [], secondAddress: nil))
    }

    private func reply(_ replies: [SignalingReply], to number: UInt64) -> Datagram {
        var writer = ByteWriter(capacity: 1200)
        for reply in replies { writer.reply(reply) }
        let address = registrations[number]?.address ?? victim
        return (registrations[number]?.keys.seal(writer.bytes) ?? [], address)
    }

    private func time(at now: Instant) -> UInt64 {
        World.unixMilliseconds + UInt64(now.nanoseconds / 1_000_000)
    }
}
