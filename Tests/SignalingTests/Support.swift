import PinholeCrypto
import PinholeWire

@testable import Signaling

/// The service in virtual time, with everything that it has sent.
struct World {
    static let v4Main = LocalEndpoint(socket: 0)
    static let v6Main = LocalEndpoint(socket: 4)
    static let serviceV4: IPAddress = "203.0.113.1"
    static let serviceV6: IPAddress = "2001:db8::1"

    var service: Service
    let key: ServiceKey
    var now = Instant(nanoseconds: 1_000_000_000)

    init(
        access: Service.Access = .open, capacity: Registry.Capacity = Registry.Capacity(),
        rates: Service.Rates = Service.Rates()
    ) {
        let secret = ServiceSecret.generate()
        key = secret.publicKey
        service = Service(
            secret: secret, access: access, capacity: capacity, rates: rates, topology: Self.topology(second: false),
            seed: Array(0..<72))
        service.setWallClock(unixMilliseconds: 1_700_000_000_000, at: now)
    }

    /// Four ports on one IPv4 and one IPv6 address, and the same on a second IPv4 address.
    static func topology(second: Bool) -> Topology {
        let addresses: [(IPAddress, Bool)] =
            [(serviceV4, false), (serviceV6, false)] + (second ? [("203.0.113.2", true)] : [])
        return Topology(
            sockets: addresses.flatMap { ip, isSecond in
                (0..<4).map { index in
                    let address = TransportAddress(ip, port: 41414 + UInt16(index))
                    return Topology.Socket(address: address, portIndex: index, isSecond: isSecond)
                }
            })
    }

    /// Gives the service a datagram, and returns what it sends.
    mutating func deliver(
        _ datagram: [UInt8], from source: TransportAddress, at endpoint: LocalEndpoint? = nil
    ) -> [Sent] {
        var outbox = Outbox()
        service.receive(
            datagram.span, from: source, at: endpoint ?? (source.family == .v4 ? Self.v4Main : Self.v6Main), now: now,
            into: &outbox)
        return outbox.entries.map {
            Sent(datagram: Array(outbox.bytes[$0.bytes]), destination: $0.destination, endpoint: $0.endpoint)
        }
    }

    /// Lets time pass, and returns what the service sends by itself.
    @discardableResult
    mutating func advance(_ duration: Duration) -> [Sent] {
        now += duration
        var outbox = Outbox()
        _ = service.handleTimeout(at: now, into: &outbox)
        return outbox.entries.map {
            Sent(datagram: Array(outbox.bytes[$0.bytes]), destination: $0.destination, endpoint: $0.endpoint)
        }
    }

    /// A client that is registered from `source`.
    mutating func registered(
        _ source: TransportAddress, tags: [TagEntry] = [], token: [UInt8] = []
    ) throws -> TestClient {
        var client = TestClient(service: key, source: source)
        _ = try client.register(in: &self, tags: tags, token: token)
        return client
    }
}

/// A datagram that the service sent.
struct Sent: Equatable {
    var datagram: [UInt8]
    var destination: TransportAddress
    var endpoint: LocalEndpoint
}

/// A client with real keys.
struct TestClient {
    let keys: SignalingClientKeys
    var source: TransportAddress
    var registration: UInt64 = 0

    init(service: ServiceKey, source: TransportAddress) {
        keys = SignalingClientKeys(service: service)
        self.source = source
    }

    struct Failure: Error {}

    /// The cookie that the service gives this client.
    func cookie(in world: inout World, tags: [TagEntry] = [], token: [UInt8] = []) throws -> [UInt8] {
        let first = RegisterBody(cookie: [UInt8](repeating: 0, count: 16), token: token, tags: tags)
        let sent = world.deliver(keys.register(first), from: source)
        let datagram = sent.first?.datagram ?? []
        guard sent.count == 1, sent[0].destination == source, let challenge = keys.openChallenge(datagram.span) else {
            throw Failure()
        }
        return challenge.cookie
    }

    /// Goes through REGISTER, CHALLENGE and REGISTER. Returns what the service sent in the end, and what it told this
    /// client.
    mutating func register(
        in world: inout World, tags: [TagEntry] = [], token: [UInt8] = []
    ) throws -> (sent: [Sent], replies: [SignalingReply]) {
        let cookie = try cookie(in: &world, tags: tags, token: token)
        let body = RegisterBody(cookie: cookie, token: token, tags: tags)
        let sent = world.deliver(keys.register(body), from: source)
        let replies = replies(in: sent)
        for case .registered(let registered) in replies { registration = registered.registration }
        return (sent, replies)
    }

    /// Says something, and returns all that the service sends.
    func say(_ requests: SignalingRequest..., in world: inout World) -> [Sent] {
        world.deliver(datagram(requests), from: source)
    }

    func datagram(_ requests: [SignalingRequest]) -> [UInt8] {
        var writer = ByteWriter()
        for request in requests { writer.request(request) }
        return keys.seal(writer.bytes, registration: registration)
    }

    /// The replies to this client among what was sent. Each datagram can be read once.
    func replies(in sent: [Sent]) -> [SignalingReply] {
        sent.filter { $0.destination == source }.flatMap { replies(in: $0.datagram) }
    }

    func replies(in datagram: [UInt8]) -> [SignalingReply] {
        guard let frames = keys.open(datagram.span) else { return [] }
        var reader = ByteReader(frames.span)
        var replies: [SignalingReply] = []
        while let reply = try? SignalingReply(&reader) { replies.append(reply) }
        return replies
    }
}

extension IPAddress: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        guard let ip = IPAddress(text) else { preconditionFailure("\(text) is not an address") }
        self = ip
    }
}

extension TransportAddress: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        guard let address = TransportAddress(text) else { preconditionFailure("\(text) is not an address") }
        self = address
    }
}

/// The tag that two clients of a test share.
func tag(_ number: UInt64) -> RendezvousTag {
    RendezvousTag(high: number, low: ~number)
}

func entry(_ number: UInt64, _ side: Role, watch: Bool = false) -> TagEntry {
    TagEntry(tag: tag(number), side: side, watch: watch)
}
