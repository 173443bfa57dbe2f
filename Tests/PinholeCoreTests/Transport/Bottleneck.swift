import PinholeWire
import TestSupport

@testable import PinholeCore

/// Some senders in front of one queue of a fixed or changing rate, in virtual time.
final class Bottleneck {
    /// One session: its sender, its receiver, and what arrived.
    struct Flow {
        var sender: Transport
        var receiver: Transport
        /// What its path has beyond the common one, one way.
        var extraDelay: Duration = .zero
        /// When it begins to send, after the beginning.
        var start: Duration = .zero
        /// Bytes that the reader got.
        var delivered = 0
        /// Files that it sends at once, from stream 16 upwards; none sends only what a test writes.
        var files = 1
        /// Bytes of each file; nil for one without end.
        var fileSize: Int?
        fileprivate(set) var filesWritten: [Int] = []
        /// Bytes that arrived of each file.
        fileprivate(set) var filesRead: [Int] = []
        fileprivate(set) var finished: Duration?
        /// Messages on the chat stream: when each was written, and how long each took.
        fileprivate var written = Queue<Instant>()
        fileprivate var chatBytes = 0
        fileprivate(set) var latencies: [Duration] = []
        /// How often this application writes a message.
        var chatInterval: Duration?
        fileprivate var nextChat: Instant?
    }

    private enum Content {
        case data(number: UInt64, payload: [UInt8])
        case acknowledgement(number: UInt64, payload: [UInt8])
    }

    private struct Datagram {
        let arrival: Instant
        let flow: Int
        let content: Content
    }

    var flows: [Flow]
    var link: LinkModel
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var error: TransportError?
    /// Bytes of datagrams that the receivers got, whatever was in them, and those that went back.
    private(set) var bytesAcross = 0
    private(set) var acknowledgements = 0
    private let began: Instant
    private var inTransit = EventHeap<Datagram>()

    static let messageSize = 100

    init(flows count: Int = 1, _ link: LinkModel) {
        self.link = link
        began = now
        var transport = Transport(at: now)
        transport.resetPath(initialRTT: link.delay * 2, at: now)
        flows = Array(repeating: Flow(sender: transport, receiver: transport), count: count)
    }

    convenience init(
        flows count: Int = 1, rate: Double, delay: Duration, capacity: Int, loss: Double = 0, seed: UInt64
    ) {
        self.init(flows: count, LinkModel(rate: rate, delay: delay, capacity: capacity, loss: loss, seed: seed))
    }

    var elapsed: Duration { now - began }

    /// Lets time pass, and returns the share of the rate that each flow's reader got of it.
    @discardableResult
    func run(for limit: Duration, until isDone: () -> Bool = { false }) -> [Double] {
        let before = flows.map(\.delivered)
        let end = now + limit
        while now < end, error == nil {
            for index in flows.indices where began + flows[index].start <= now { transmit(index) }
            if isDone() { break }
            guard let next = nextEvent() else { break }
            now = min(max(now, next), end)
            for index in flows.indices { handleTimeouts(index) }
            while let datagram = inTransit.popFirst(upTo: now.nanoseconds) { deliver(datagram) }
        }
        let full = link.rate * (limit / .seconds(1))
        return zip(flows, before).map { Double($0.delivered - $1) / full }
    }

    private func nextEvent() -> Instant? {
        var next = inTransit.firstKey.map { Instant(nanoseconds: $0) }
        for flow in flows {
            for time in [flow.sender.nextTimeout, flow.receiver.nextTimeout, flow.nextChat] {
                if let time { next = min(next ?? time, time) }
            }
            if began + flow.start > now { next = min(next ?? began + flow.start, began + flow.start) }
        }
        return next
    }

    private func handleTimeouts(_ index: Int) {
        if let due = flows[index].sender.nextTimeout, due <= now { flows[index].sender.handleTimeout(at: now) }
        if let due = flows[index].receiver.nextTimeout, due <= now { flows[index].receiver.handleTimeout(at: now) }
    }

    private func transmit(_ index: Int) {
        write(index)
        while let packet = flows[index].sender.nextPacket(upTo: TransportLink.size, at: now) {
            let size = max(packet.payload.count, Limits.minPlaintext) + Limits.dataOverhead
            if let arrival = link.forward(size, at: now) {
                send(.data(number: packet.number, payload: packet.payload), of: index, arrival: arrival)
            }
            write(index)
        }
        while let packet = flows[index].receiver.nextPacket(upTo: TransportLink.size, at: now) {
            acknowledgements += 1
            let size = max(packet.payload.count, Limits.minPlaintext) + Limits.dataOverhead
            if let arrival = link.back(size, at: now) {
                send(.acknowledgement(number: packet.number, payload: packet.payload), of: index, arrival: arrival)
            }
        }
    }

    private func send(_ content: Content, of flow: Int, arrival: Instant) {
        let arrival = arrival + flows[flow].extraDelay
        inTransit.insert(Datagram(arrival: arrival, flow: flow, content: content), at: arrival.nanoseconds)
    }

    // MARK: Applications

    private func write(_ index: Int) {
        if flows[index].filesWritten.isEmpty {
            flows[index].filesWritten = Array(repeating: 0, count: flows[index].files)
            flows[index].filesRead = flows[index].filesWritten
        }
        for file in 0..<flows[index].files {
            let stream = 16 + UInt64(file)
            while flows[index].sender.unsentBytes(on: stream) < Limits.sendLowWater {
                guard let size = flows[index].fileSize else {
                    flows[index].sender.write(Self.chunk, to: stream)
                    continue
                }
                let count = min(size - flows[index].filesWritten[file], Self.chunk.count)
                guard count > 0 else { break }
                flows[index].filesWritten[file] += count
                let isLast = flows[index].filesWritten[file] == size
                flows[index].sender.write(Array(Self.chunk[..<count]), to: stream, fin: isLast)
            }
        }
        if let interval = flows[index].chatInterval {
            let due = flows[index].nextChat ?? now + interval
            flows[index].nextChat = due
            guard due <= now else { return }
            flows[index].written.append(now)
            flows[index].sender.write(Array(Self.chunk[..<Self.messageSize]), to: StreamID.chat)
            flows[index].nextChat = due + interval
        }
    }

    private static let chunk = [UInt8](repeating: 7, count: 65_536)

    private func deliver(_ datagram: Datagram) {
        do {
            let flow = datagram.flow
            switch datagram.content {
            case .data(let number, let payload):
                bytesAcross += max(payload.count, Limits.minPlaintext) + Limits.dataOverhead
                try flows[flow].receiver.receive(packet: number, payload: payload, at: now)
                while let event = flows[flow].receiver.nextEvent() { read(event, of: flow) }
            case .acknowledgement(let number, let payload):
                try flows[flow].sender.receive(packet: number, payload: payload, at: now)
                while flows[flow].sender.nextEvent() != nil {}
            }
        } catch let failure as TransportError {
            error = failure
        } catch {
            preconditionFailure("a transport wrote a packet that cannot be read: \(error)")
        }
    }

    private func read(_ event: TransportEvent, of flow: Int) {
        switch event {
        case .readable(StreamID.chat):
            flows[flow].chatBytes += flows[flow].receiver.read(StreamID.chat).count
            while flows[flow].chatBytes >= Self.messageSize, let written = flows[flow].written.popFirst() {
                flows[flow].chatBytes -= Self.messageSize
                flows[flow].latencies.append(now - written)
            }
        case .readable(let id):
            let count = flows[flow].receiver.read(id).count
            flows[flow].delivered += count
            flows[flow].filesRead[Int(id - 16)] += count
            if let size = flows[flow].fileSize, flows[flow].filesRead.allSatisfy({ $0 == size }) {
                flows[flow].finished = elapsed
            }
        case .finished, .writable, .acknowledged, .reset, .stopped, .reauthArrived:
            break
        }
    }
}

/// A queue and what lies behind it, in one direction, and the way back.
struct LinkModel {
    /// Bytes per second.
    var rate: Double
    /// One way.
    var delay: Duration
    /// Bytes that may wait.
    var capacity: Int
    /// The share that is lost behind the queue, and how many in a row on average (Gilbert's model).
    var loss = 0.0
    var burst = 1.0
    /// Datagrams take up to this much longer, those of ten milliseconds alike; they do not overtake each other by it.
    var jitter: Duration = .zero
    private var jitterNow: Duration = .zero
    private var jitterUntil = Instant(nanoseconds: 0)
    /// The share that takes `reorderingDelay` longer, and is overtaken.
    var reordering = 0.0
    var reorderingDelay: Duration = .milliseconds(10)
    /// The share of acknowledgements that are lost.
    var backLoss = 0.0
    /// Bytes per second of the way back, and what may wait there; nil for as many as come.
    var backRate: Double?
    var backCapacity = 64 * 1024
    /// What part of `rate` there is at a time; nil for all of it.
    var shape: (@Sendable (Duration) -> Double)?
    var random: SeededRandom
    private var busyUntil = Instant(nanoseconds: 0)
    private var backBusyUntil = Instant(nanoseconds: 0)
    private var lastArrival = Instant(nanoseconds: 0)
    private var isLosing = false
    /// Datagrams that the queue had no room for.
    private(set) var overflows = 0
    /// The longest wait in the queue.
    private(set) var longestWait: Duration = .zero
    private var waits = 0.0
    private var datagrams = 0.0

    init(rate: Double, delay: Duration, capacity: Int, loss: Double = 0, seed: UInt64) {
        (self.rate, self.delay, self.capacity, self.loss) = (rate, delay, capacity, loss)
        random = SeededRandom(seed: seed)
    }

    var meanWait: Duration { .seconds(waits / max(datagrams, 1)) }

    mutating func forgetWaits() {
        (longestWait, waits, datagrams) = (.zero, 0, 0)
    }

    /// When a datagram of data arrives; nil if it does not.
    mutating func forward(_ size: Int, at now: Instant) -> Instant? {
        let rate = rate * (shape?(.nanoseconds(now.nanoseconds)) ?? 1)
        let waiting = rate * Double(max(0, busyUntil.nanoseconds - now.nanoseconds)) / 1e9
        guard waiting + Double(size) <= Double(capacity) else {
            overflows += 1
            return nil
        }
        busyUntil = max(now, busyUntil) + .nanoseconds(Int64(Double(size) / rate * 1e9))
        longestWait = max(longestWait, busyUntil - now)
        waits += (busyUntil - now) / .seconds(1)
        datagrams += 1
        if loses() { return nil }
        var arrival = busyUntil + delay
        if jitter > .zero {
            if now >= jitterUntil {
                jitterNow = .nanoseconds(Int64.random(in: 0...jitter.nanoseconds, using: &random))
                jitterUntil = now + .milliseconds(10)
            }
            arrival += jitterNow
            arrival = max(arrival, lastArrival)
            lastArrival = arrival
        }
        return random.chance(reordering) ? arrival + reorderingDelay : arrival
    }

    mutating func back(_ size: Int, at now: Instant) -> Instant? {
        if random.chance(backLoss) { return nil }
        guard let backRate else { return now + delay }
        let waiting = backRate * Double(max(0, backBusyUntil.nanoseconds - now.nanoseconds)) / 1e9
        guard waiting + Double(size) <= Double(backCapacity) else { return nil }
        backBusyUntil = max(now, backBusyUntil) + .nanoseconds(Int64(Double(size) / backRate * 1e9))
        return backBusyUntil + delay
    }

    private mutating func loses() -> Bool {
        guard loss > 0 else { return false }
        guard burst > 1 else { return random.chance(loss) }
        isLosing = isLosing ? !random.chance(1 / burst) : random.chance(loss / (burst * (1 - loss)))
        return isLosing
    }
}

/// Events by their time, and those of one time in the order in which they came.
struct EventHeap<Element> {
    private var items: [(key: Int64, order: Int, element: Element)] = []
    private var count = 0

    var firstKey: Int64? { items.first?.key }

    mutating func insert(_ element: Element, at key: Int64) {
        count += 1
        items.append((key, count, element))
        var child = items.count - 1
        while child > 0, isLess(child, (child - 1) / 2) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst(upTo key: Int64) -> Element? {
        guard let first = items.first, first.key <= key else { return nil }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && isLess(child, least) {
                least = child
            }
            guard least != parent else { return first.element }
            items.swapAt(parent, least)
            parent = least
        }
    }

    private func isLess(_ left: Int, _ right: Int) -> Bool {
        (items[left].key, items[left].order) < (items[right].key, items[right].order)
    }
}
