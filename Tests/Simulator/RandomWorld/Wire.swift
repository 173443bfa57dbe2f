package import PinholeWire
package import TestSupport

/// What befalls the next datagrams of a ``RandomWorld``, and what was seen of earlier ones.
package struct Wire {
    package struct Old {
        package let bytes: [UInt8]
        package let source: TransportAddress
        package let host: any Host
    }

    package var lose = 0
    package var corrupt = 0
    private var delays: [Duration] = []
    private var random: SeededRandom
    private var memory: [Old] = []
    private var destinations: Set<TransportAddress> = []

    /// As many as an attacker may have kept.
    private static let maxMemory = 600

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed ^ 0x317e)
    }

    package mutating func delay(_ count: Int, by time: Duration) {
        delays += Array(repeating: time, count: count)
    }

    package mutating func clear() {
        lose = 0
        corrupt = 0
        delays.removeAll()
    }

    package mutating func pass(_ flight: World.Flight) -> World.Flight? {
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

    package mutating func remember(_ bytes: [UInt8], from source: TransportAddress, to host: any Host) {
        let old = Old(bytes: bytes, source: source, host: host)
        if memory.count < Self.maxMemory {
            memory.append(old)
        } else {
            memory[Int.random(in: 0..<Self.maxMemory, using: &random)] = old
        }
    }

    package func anOldOne(_ random: inout SeededRandom) -> Old? {
        memory.randomElement(using: &random)
    }

    /// A place that datagrams were sent to and that nobody here ever had.
    package mutating func stranger(to places: Places) -> TransportAddress? {
        defer { destinations.removeAll() }
        return destinations.first { !places.isKnown($0.ip) }
    }
}
