package import PinholeWire
import TestSupport

/// What befalls the next datagrams of a random world, and what was seen of earlier ones.
package final class Wire {
    struct Old {
        let bytes: [UInt8]
        let source: TransportAddress
        let host: any Host
    }

    package var places = Places()
    var lose = 0
    var corrupt = 0
    private var delays: [Duration] = []
    private var random: SeededRandom
    private var memory: [Old] = []
    private var destinations: Set<TransportAddress> = []

    /// As many as an attacker may have kept.
    private static let maxMemory = 600

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed ^ 0x317e)
    }

    func delay(_ count: Int, by time: Duration) {
        delays += Array(repeating: time, count: count)
    }

    func clear() {
        lose = 0
        corrupt = 0
        delays.removeAll()
    }

    package func pass(_ flight: World.Flight) -> World.Flight? {
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

    package func remember(_ bytes: [UInt8], from source: TransportAddress, to host: any Host) {
        let old = Old(bytes: bytes, source: source, host: host)
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
    package func stranger() -> TransportAddress? {
        defer { destinations.removeAll() }
        return destinations.first { !places.isKnown($0.ip) }
    }
}
