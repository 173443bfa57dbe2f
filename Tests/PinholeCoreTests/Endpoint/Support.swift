import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport

@testable import PinholeCore

extension World {
    /// Two contacts with public addresses and no service; the first knows where the second listens, or both do.
    func makeDirectPair(bothKnow: Bool = false) -> (Peer, Peer) {
        let alice = addPeer("192.0.2.1:4000")
        let bob = addPeer("192.0.2.2:4000")
        alice.add(bob, direct: [bob.address])
        bob.add(alice, direct: bothKnow ? [alice.address] : [])
        return (alice, bob)
    }

    /// Whether both have the same session, and nothing else.
    func shareOneSession(_ one: Peer, _ other: Peer) -> Bool {
        guard let id = one.sessionID(with: other) else { return false }
        return id == other.sessionID(with: one)
    }

    /// Whether a line of text gets through in each direction.
    func canTalk(_ one: Peer, _ other: Peer, within limit: Duration = .seconds(2)) -> Bool {
        let line = "\(random.next())"
        one.send(line, to: other)
        other.send(line, to: one)
        return run(for: limit) { one.texts.last == line && other.texts.last == line }
    }

    /// From now on about three datagrams in ten are lost, in bursts of one to three.
    func loseInBursts() {
        var random = SeededRandom(seed: seed &+ 0x1055)
        var burst = 0
        tap = { flight in
            if burst == 0, Double.random(in: 0..<1, using: &random) < 0.176 {
                burst = Int.random(in: 1...3, using: &random)
            }
            guard burst > 0 else { return flight }
            burst -= 1
            return nil
        }
    }
}

extension World.Flight {
    var kind: DatagramKind? { DatagramKind(bytes.span) }

    var isFromService: Bool { source.ip == World.serviceAddress }
    var isToService: Bool { destination.ip == World.serviceAddress }
    /// Between the peers themselves.
    var isDirect: Bool { !isFromService && !isToService }
}

extension Peer {
    func connection(to other: Peer) -> Connection? {
        endpoint.slots[other.key].flatMap { endpoint.connections[$0] }
    }

    func sessionID(with other: Peer) -> [UInt8]? {
        connection(to: other)?.session?.id
    }

    /// A PEER, as if a service had introduced the two of `tag`.
    func introduce(_ other: Peer, observed: [TransportAddress], blob: [UInt8], at now: Instant) {
        guard let slot = endpoint.slots[other.key], let connection = endpoint.connections[slot] else { return }
        connection.receivePeer(
            RendezvousTag(high: 0, low: 0), observed: observed, blob: blob, client: 0, at: now)
        endpoint.settleLater(slot)
        drain()
    }
}

/// A bit that is set in one byte of each copy of a datagram.
func flipped(_ bytes: [UInt8], at position: Int, by mask: UInt8) -> [UInt8] {
    var bytes = bytes
    bytes[position] ^= mask
    return bytes
}

/// The sockets' worth of addresses that nobody uses.
func strangerAddress(_ number: Int) -> TransportAddress {
    TransportAddress(IPAddress(v4: 0xc633_6500 + UInt32(number >> 12)), port: UInt16(1024 + number & 0xfff))
}
