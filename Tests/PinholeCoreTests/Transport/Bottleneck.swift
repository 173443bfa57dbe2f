import PinholeWire
import TestSupport

@testable import PinholeCore

/// Several senders that never run out of data, in front of one queue of a fixed rate, in virtual time.
final class Bottleneck {
    /// One session: its sender, its receiver, and what arrived.
    struct Flow {
        var sender: Transport
        var receiver: Transport
        /// Bytes that the reader got.
        var delivered = 0
    }

    private struct Datagram {
        let arrival: Instant
        let flow: Int
        let isData: Bool
        let number: UInt64
        let payload: [UInt8]
    }

    var flows: [Flow]
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var error: TransportError?
    /// Bytes per second.
    private let rate: Double
    /// From the queue to the receiver, and back.
    private let delay: Duration
    /// Bytes that may wait.
    private let capacity: Int
    /// The share that is lost behind the queue.
    private let loss: Double
    private var random: SeededRandom
    private var busyUntil: Instant
    private var inTransit: [Datagram] = []

    init(flows count: Int = 1, rate: Double, delay: Duration, capacity: Int, loss: Double = 0, seed: UInt64) {
        (self.rate, self.delay, self.capacity, self.loss) = (rate, delay, capacity, loss)
        random = SeededRandom(seed: seed)
        busyUntil = now
        var transport = Transport(at: now)
        transport.resetPath(initialRTT: delay * 2, at: now)
        flows = Array(repeating: Flow(sender: transport, receiver: transport), count: count)
    }

    /// Lets time pass, and returns the share of the rate that each flow's reader got of it.
    func run(for limit: Duration) -> [Double] {
        let before = flows.map(\.delivered)
        let end = now + limit
        while now < end, error == nil {
            for index in flows.indices { transmit(index) }
            let timeouts = flows.flatMap { [$0.sender.nextTimeout, $0.receiver.nextTimeout] }
            guard let next = ([inTransit.first?.arrival] + timeouts).compactMap({ $0 }).min() else { break }
            now = max(now, next)
            for index in flows.indices {
                if let due = flows[index].sender.nextTimeout, due <= now { flows[index].sender.handleTimeout(at: now) }
                if let due = flows[index].receiver.nextTimeout, due <= now {
                    flows[index].receiver.handleTimeout(at: now)
                }
            }
            while let datagram = inTransit.first, datagram.arrival <= now {
                inTransit.removeFirst()
                deliver(datagram)
            }
        }
        let full = rate * (limit / .seconds(1))
        return zip(flows, before).map { Double($0.delivered - $1) / full }
    }

    private func transmit(_ index: Int) {
        while flows[index].sender.unsentBytes(on: 16) < Limits.sendLowWater {
            flows[index].sender.write(Self.chunk, to: 16)
        }
        while let packet = flows[index].sender.nextPacket(upTo: TransportLink.size, at: now) {
            let size = max(packet.payload.count, Limits.minPlaintext) + Limits.dataOverhead
            let waiting = rate * (max(.zero, busyUntil - now) / .seconds(1))
            guard waiting + Double(size) <= Double(capacity) else { continue }
            busyUntil = max(now, busyUntil) + .nanoseconds(Int64(Double(size) / rate * 1e9))
            if random.chance(loss) { continue }
            insert(
                Datagram(
                    arrival: busyUntil + delay, flow: index, isData: true, number: packet.number,
                    payload: packet.payload))
        }
        while let packet = flows[index].receiver.nextPacket(upTo: TransportLink.size, at: now) {
            insert(
                Datagram(
                    arrival: now + delay, flow: index, isData: false, number: packet.number, payload: packet.payload))
        }
    }

    private static let chunk = [UInt8](repeating: 7, count: 65_536)

    private func insert(_ datagram: Datagram) {
        var position = inTransit.count
        while position > 0, inTransit[position - 1].arrival > datagram.arrival { position -= 1 }
        inTransit.insert(datagram, at: position)
    }

    private func deliver(_ datagram: Datagram) {
        do {
            if datagram.isData {
                try flows[datagram.flow].receiver.receive(packet: datagram.number, payload: datagram.payload, at: now)
                while let event = flows[datagram.flow].receiver.nextEvent() {
                    guard case .readable(let id) = event else { continue }
                    flows[datagram.flow].delivered += flows[datagram.flow].receiver.read(id).count
                }
            } else {
                try flows[datagram.flow].sender.receive(packet: datagram.number, payload: datagram.payload, at: now)
                while flows[datagram.flow].sender.nextEvent() != nil {}
            }
        } catch let failure as TransportError {
            error = failure
        } catch {
            preconditionFailure("a transport wrote a packet that cannot be read: \(error)")
        }
    }
}
