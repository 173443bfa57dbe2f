import PinholeWire
import TestSupport

@testable import PinholeCore

/// What a link does to datagrams, the same in both directions.
struct LinkConditions {
    /// One way.
    var delay: Duration = .milliseconds(10)
    var jitter: Duration = .zero
    var loss = 0.0
    var duplication = 0.0
    /// The share of datagrams that is held back by `reorderingDelay`.
    var reordering = 0.0
    var reorderingDelay: Duration = .milliseconds(20)
    /// Bytes per second; nil for as many as come.
    var rate: Double?
    /// What may wait for its turn at that rate before datagrams are dropped.
    var queue = 256 * 1024
    /// Nothing passes for the first of these, everything for the second, and so on.
    var blackhole: (on: Duration, off: Duration)?
}

/// Two transports and the link between them, in virtual time.
final class TransportLink {
    enum Side: Int { case a, b }

    var a: Transport
    var b: Transport
    var conditions: LinkConditions
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var random: SeededRandom
    /// Datagrams that entered the link, by sending side, and those that it lost.
    private(set) var sent = [0, 0]
    private(set) var dropped = 0
    /// Payload size of each packet that entered, by side; the newest last.
    var onSend: ((Side, [UInt8]) -> Void)?
    var error: TransportError?

    private struct Datagram {
        let arrival: Instant
        let to: Side
        let number: UInt64
        let payload: [UInt8]
    }

    private var inTransit: [Datagram] = []
    private var busyUntil: [Instant]
    private let began: Instant

    init(seed: UInt64, _ conditions: LinkConditions = LinkConditions()) {
        self.conditions = conditions
        random = SeededRandom(seed: seed)
        a = Transport(at: now)
        b = Transport(at: now)
        busyUntil = [now, now]
        began = now
    }

    var elapsed: Duration { now - began }

    /// Runs until `isDone` or `limit` has passed; `step` is the two applications, called whenever something happened.
    @discardableResult
    func run(for limit: Duration, step: () -> Void = {}, until isDone: () -> Bool = { false }) -> Bool {
        let end = now + limit
        var stepsAtThisInstant = 0
        while error == nil {
            step()
            transmit()
            if isDone() { return true }
            let wakes = [inTransit.first?.arrival, a.nextTimeout, b.nextTimeout].compactMap { $0 }
            guard let next = wakes.min(), next <= end else {
                now = max(now, end)
                return isDone()
            }
            stepsAtThisInstant = next > now ? 0 : stepsAtThisInstant + 1
            precondition(stepsAtThisInstant < 100_000, "the transports spin without time passing")
            now = max(now, next)
            if let due = a.nextTimeout, due <= now { a.handleTimeout(at: now) }
            if let due = b.nextTimeout, due <= now { b.handleTimeout(at: now) }
            while let datagram = inTransit.first, datagram.arrival <= now {
                inTransit.removeFirst()
                deliver(datagram)
            }
        }
        return false
    }

    /// Lets both sides send what they may.
    func transmit() {
        while let packet = a.nextPacket(upTo: Self.size, at: now) { enter(packet, from: .a) }
        while let packet = b.nextPacket(upTo: Self.size, at: now) { enter(packet, from: .b) }
    }

    static let size = Limits.maxDatagramSize - Limits.dataOverhead

    private func enter(_ packet: (number: UInt64, payload: [UInt8]), from side: Side) {
        onSend?(side, packet.payload)
        sent[side.rawValue] += 1
        let copies = random.chance(conditions.duplication) ? 2 : 1
        for _ in 0..<copies {
            var departure = now
            if let rate = conditions.rate {
                let waiting = max(0, busyUntil[side.rawValue].nanoseconds - now.nanoseconds)
                guard Double(waiting) / 1e9 * rate < Double(conditions.queue) else {
                    dropped += 1
                    continue
                }
                let size = max(packet.payload.count, Limits.minPlaintext) + Limits.dataOverhead
                departure = max(now, busyUntil[side.rawValue]) + .nanoseconds(Int64(Double(size) / rate * 1e9))
                busyUntil[side.rawValue] = departure
            }
            guard !random.chance(conditions.loss), !isBlackholed(at: departure) else {
                dropped += 1
                continue
            }
            var arrival = departure + conditions.delay
            if conditions.jitter > .zero {
                arrival += .nanoseconds(Int64.random(in: 0...conditions.jitter.nanoseconds, using: &random))
            }
            if random.chance(conditions.reordering) { arrival += conditions.reorderingDelay }
            let to: Side = side == .a ? .b : .a
            insert(Datagram(arrival: arrival, to: to, number: packet.number, payload: packet.payload))
        }
    }

    private func isBlackholed(at instant: Instant) -> Bool {
        guard let blackhole = conditions.blackhole else { return false }
        let cycle = (blackhole.on + blackhole.off).nanoseconds
        return (instant - began).nanoseconds % cycle < blackhole.on.nanoseconds
    }

    private func insert(_ datagram: Datagram) {
        var position = inTransit.count
        while position > 0, inTransit[position - 1].arrival > datagram.arrival { position -= 1 }
        inTransit.insert(datagram, at: position)
    }

    private func deliver(_ datagram: Datagram) {
        do {
            switch datagram.to {
            case .a: try a.receive(packet: datagram.number, payload: datagram.payload, at: now)
            case .b: try b.receive(packet: datagram.number, payload: datagram.payload, at: now)
            }
        } catch let failure as TransportError {
            error = failure
        } catch {
            preconditionFailure("a transport wrote a packet that cannot be read: \(error)")
        }
    }
}

extension Transport {
    /// What the connection does with an opened packet.
    mutating func receive(packet number: UInt64, payload: [UInt8], at now: Instant) throws {
        var reader = ByteReader(payload.span)
        var isAckEliciting = false
        while !reader.isAtEnd {
            switch reader.nextFrame {
            case .stream:
                try receiveStream(&reader)
                isAckEliciting = true
            case .ack:
                try receiveAck(&reader, at: now)
            case .other:
                let frame = try reader.frame()
                isAckEliciting = isAckEliciting || frame.isAckEliciting
                try receive(frame, at: now)
            }
        }
        didReceive(packet: number, isAckEliciting: isAckEliciting, at: now)
    }
}

/// An application that reads everything at once and remembers it.
struct Reader {
    private(set) var bytes: [UInt64: [UInt8]] = [:]
    private(set) var finished: Set<UInt64> = []
    private(set) var other: [TransportEvent] = []

    mutating func drain(_ transport: inout Transport) {
        while let event = transport.nextEvent() {
            switch event {
            case .readable(let stream): bytes[stream, default: []] += transport.read(stream)
            case .finished(let stream): finished.insert(stream)
            case .writable, .acknowledged, .reset, .stopped, .reauthArrived: other.append(event)
            }
        }
    }
}

/// An application that writes a file no further ahead than the transport asks for.
struct Writer {
    let stream: UInt64
    let content: [UInt8]
    private var written = 0
    private(set) var isAcknowledged = false

    init(_ content: [UInt8], to stream: UInt64) {
        self.stream = stream
        self.content = content
    }

    mutating func fill(_ transport: inout Transport) {
        while written < content.count, transport.unsentBytes(on: stream) < Limits.sendLowWater {
            let end = min(written + 65_536, content.count)
            transport.write(Array(content[written..<end]), to: stream, fin: end == content.count)
            written = end
        }
    }
}
