import PinholeWire
import TestSupport

/// What befalls the next datagrams of a ``RandomWorld``, and what was seen of earlier ones.
struct Wire {
    struct Old {
        let bytes: [UInt8]
        let source: TransportAddress
        let peer: Peer
    }

    var lose = 0
    var corrupt = 0
    private var delays: [Duration] = []
    private var random: SeededRandom
    private var memory: [Old] = []
    private var destinations: Set<TransportAddress> = []

    /// As many as an attacker may have kept.
    private static let maxMemory = 600

    init(seed: UInt64) {
        random = SeededRandom(seed: seed ^ 0x317e)
    }

    mutating func delay(_ count: Int, by time: Duration) {
        delays += Array(repeating: time, count: count)
    }

    mutating func clear() {
        lose = 0
        corrupt = 0
        delays.removeAll()
    }

    mutating func pass(_ flight: World.Flight) -> World.Flight? {
        destinations.insert(flight.destination)
        if lose > 0 {
            lose -= 1
            return nil
        }
        var flight = flight
        if corrupt > 0, !flight.bytes.isEmpty {
            corrupt -= 1
            flight.bytes[Int.random(in: 0..<flight.bytes.count, using: &random)] ^= UInt8.random(
                in: 1...255, using: &random)
        }
        if let time = delays.popLast() { flight.arrival = flight.arrival + time }
        return flight
    }

    mutating func remember(_ flight: World.Flight, from source: TransportAddress, to peer: Peer) {
        let old = Old(bytes: flight.bytes, source: source, peer: peer)
        if memory.count < Self.maxMemory {
            memory.append(old)
        } else {
            memory[Int.random(in: 0..<Self.maxMemory, using: &random)] = old
        }
    }

    func anOldOne(_ random: inout SeededRandom) -> Old? {
        memory.randomElement(using: &random)
    }

    /// A place that datagrams were sent to and that nobody here ever had.
    mutating func stranger(_ ledger: Ledger) -> TransportAddress? {
        defer { destinations.removeAll() }
        return destinations.first { !ledger.isKnown($0.ip) }
    }
}
