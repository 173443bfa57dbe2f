import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// A contact of Bob's whose HELLO and HS a test makes one by one, and who reads what Bob answers.
final class HandmadeContact {
    let world: World
    let bob: Peer
    let address = TransportAddress("192.0.2.1:4000")!
    let pair: PairKeys
    let attempt: HandshakeAttempt
    private var read = 0
    private(set) var keys: HandshakeKeys?

    init(seed: UInt64) throws {
        world = World(seed: seed)
        let (alice, bob) = world.makeDirectPair()
        self.bob = bob
        world.remove(alice)
        pair = try PairKeys(own: alice.identity, peer: bob.key)
        attempt = HandshakeAttempt(
            pair: pair, connectionID: ConnectionID(rawValue: 0xa11ce), timestamp: World.unixMilliseconds + 5000,
            introID: .random())
        world.recording = []
    }

    /// One more HELLO of an attempt, and the keys that follow from the first answer to it.
    func sendHello(of attempt: HandshakeAttempt? = nil, from source: TransportAddress? = nil) {
        let attempt = attempt ?? self.attempt
        let first = world.recording?.count ?? 0
        bob.receive(attempt.hello(.direct(cookie: nil)), from: source ?? address)
        guard keys == nil else { return }
        let answers = (world.recording ?? [])[first...]
        keys = answers.lazy.compactMap { PeerHello.open($0.bytes.span, pair: self.pair) }.first.flatMap {
            HandshakeKeys(pair: pair, attempt: attempt, peer: $0)
        }
    }

    /// An HS; returns it, so that it can come again.
    @discardableResult
    func send(_ frames: [Frame], from source: TransportAddress? = nil, after junk: [UInt8] = []) -> [UInt8] {
        guard let keys else { return [] }
        var writer = ByteWriter()
        for frame in frames { writer.frame(frame) }
        let datagram = keys.seal(writer.bytes + junk, size: Limits.handshakeSize)
        bob.receive(datagram, from: source ?? address)
        return datagram
    }

    var auth: Frame { .auth(signature: keys?.signature ?? [], parameters: []) }

    /// What Bob has sent since the last question, by kind, size and the frames of an HS.
    func answers(until pause: Duration = .zero) -> [(kind: DatagramKind?, size: Int, frames: [Frame])] {
        world.run(for: pause)
        let new = (world.recording ?? [])[read...]
        read = world.recording?.count ?? 0
        return new.map { flight in
            var frames: [Frame] = []
            if flight.kind == .handshake, let plaintext = keys?.open(flight.bytes.span) {
                var reader = ByteReader(plaintext.span)
                while !reader.isAtEnd, let frame = try? reader.frame() {
                    if case .padding = frame { continue }
                    frames.append(frame)
                }
            }
            return (flight.kind, flight.bytes.count, frames)
        }
    }

    var connection: Connection? { bob.endpoint.slots[pair.ownKey].flatMap { bob.endpoint.connections[$0] } }
}
