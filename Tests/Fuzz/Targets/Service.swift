import PinholeWire
import Synchronization

@testable import PinholeCrypto
@testable import Signaling

extension FuzzTarget {
    /// Clients that are registered, and strangers, say anything to the service.
    static let service = FuzzTarget(
        name: "service", maxLength: 2048,
        samples: {
            let tag = RendezvousTag(high: 1, low: 2)
            let lo: [SignalingRequest] = [.tags([TagEntry(tag: tag, side: .lo, watch: true)], first: true), .ping(1)]
            let hi: [SignalingRequest] = [.connect(tag: tag, side: .hi, blob: [1, 2, 3]), .refresh]
            let answer: [SignalingRequest] = [.answer(tag: tag, side: .lo, blob: [4]), .unregister]
            func said(_ kind: UInt8, _ requests: [SignalingRequest]) -> [UInt8] {
                [kind] + Choices.list(requests.flatMap(encoded))
            }
            return [said(0, lo) + said(1, hi) + said(0, answer) + [3, 200, 3, 200, 2, 0, 1, 0x40]]
        }
    ) { bytes in
        var (service, clients) = registrations
        var now = FuzzPeer.start
        var choices = Choices(bytes)
        while !choices.isAtEnd {
            let kind = choices.byte()
            var outbox = Signaling.Outbox()
            var datagram: [UInt8] = []
            var source = FuzzPeer.stranger
            switch kind & 3 {
            case 0, 1:
                let index = Int(kind & 1)
                if kind & 8 == 0 { source = Self.source(index) }
                datagram = clients[index].seal(
                    Array(choices.list().prefix(1100)), registration: registrationNumbers[index])
            case 2: datagram = choices.list()
            default:
                now += .milliseconds(Int(choices.byte()) * 500)
                _ = service.handleTimeout(at: now, into: &outbox)
            }
            if !datagram.isEmpty {
                service.receive(
                    datagram.span, from: source, at: LocalEndpoint(socket: kind >> 6), now: now, into: &outbox)
            }
            var toSource = 0
            for entry in outbox.entries {
                must(entry.bytes.count <= Limits.signalingDatagramSize, "a datagram of \(entry.bytes.count) bytes")
                must(entry.destination.port != 0, "a datagram to port 0")
                if entry.destination == source { toSource += entry.bytes.count }
            }
            must(toSource <= 3 * datagram.count + 96, "\(toSource) bytes for \(datagram.count)")
            must(service.registry.count <= 2, "\(service.registry.count) registrations of two clients")
        }
    }

    /// Whoever runs targets runs one input of a target at a time, so the clients' counters are nobody else's.
    private nonisolated(unsafe) static let registrations: (service: Service, clients: [SignalingClientKeys]) = {
        let secret = sure { try ServiceSecret(raw: Array(1...32)) }
        let sockets = (0..<4).map {
            Topology.Socket(
                address: TransportAddress(IPAddress("203.0.113.1")!, port: 41414 + UInt16($0)), portIndex: $0,
                isSecond: false)
        }
        let numbers = Numbers()
        var service = Service(
            secret: secret, topology: Topology(sockets: sockets), seed: Array(0..<72), randomNumber: numbers.next)
        service.setWallClock(unixMilliseconds: FuzzPeer.unixMilliseconds, at: FuzzPeer.start)
        let clients = (0..<2).map { index in
            let keys = SignalingClientKeys(
                service: secret.publicKey, ephemeral: Array(UInt8(1 + index)..<UInt8(33 + index)))
            var cookie = [UInt8](repeating: 0, count: 16)
            for _ in 0..<2 {
                var outbox = Signaling.Outbox()
                let body = RegisterBody(cookie: cookie, token: [], tags: [])
                service.receive(
                    keys.register(body).span, from: source(index), at: LocalEndpoint(socket: 0), now: FuzzPeer.start,
                    into: &outbox)
                let datagram = outbox.entries.first.map { Array(outbox.bytes[$0.bytes]) } ?? []
                cookie = keys.openChallenge(datagram.span)?.cookie ?? cookie
            }
            return keys
        }
        must(service.registry.count == 2, "clients that are not registered")
        return (service, clients)
    }()

    private final class Numbers: Sendable {
        private let last = Atomic<UInt64>(0)
        @Sendable func next() -> UInt64 { last.add(1, ordering: .relaxed).newValue }
    }

    private static func source(_ index: Int) -> TransportAddress {
        TransportAddress(IPAddress(v4: 0xc633_6401 + UInt32(index)), port: 4000)
    }

    private static let registrationNumbers: [UInt64] = {
        _ = registrations
        return registrations.service.registry.registrations.map(\.keys.registration)
    }()
}
