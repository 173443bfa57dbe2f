import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

struct RecoveryTests {
    @Test("a lost last packet is repeated by a probe, not by a timeout of seconds")
    func tailLoss() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(25)))
        var reader = Reader()
        link.a.write([0], to: StreamID.chat)
        link.run(for: .seconds(1)) { reader.drain(&link.b) }
        link.conditions.loss = 1
        link.a.write([1], to: StreamID.chat)
        link.run(for: .milliseconds(10)) { reader.drain(&link.b) }
        link.conditions.loss = 0
        let began = link.elapsed
        let isDone = link.run(for: .seconds(5)) {
            reader.drain(&link.b)
        } until: {
            reader.bytes[1]?.count == 2
        }
        #expect(isDone)
        #expect(link.elapsed - began < .milliseconds(300), "\(link.elapsed - began)")
        #expect(link.a.statistics.probeTimeouts == 1)
    }

    @Test("while nothing passes there are two probes a second, and the first that passes brings everything back")
    func blackhole() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(25)))
        link.a.write([0], to: StreamID.chat)
        link.run(for: .seconds(1))
        link.conditions.loss = 1
        link.a.write([1, 2, 3], to: StreamID.chat)
        let before = link.sent[0]
        link.run(for: .seconds(30))
        let probes = link.sent[0] - before
        #expect((50...66).contains(probes), "\(probes)")
        link.conditions.loss = 0
        link.run(for: .milliseconds(1100))
        #expect(link.b.read(StreamID.chat) == [0, 1, 2, 3])
        link.run(for: .seconds(1))
        #expect(link.a.bytesInFlight == 0 && !link.a.hasUnacknowledged && link.a.ptoCount == 0)
    }

    @Test("after a long silence with much in flight the window starts again from two packets")
    func persistentCongestion() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(25), rate: 1_250_000))
        var writer = Writer(SeededRandom.bytes(3_000_000, seed: 1), to: 16)
        var reader = Reader()
        link.run(for: .seconds(1)) {
            writer.fill(&link.a)
            reader.drain(&link.b)
        }
        link.conditions.loss = 1
        link.run(for: .seconds(4))
        link.conditions.loss = 0
        let isDone = link.run(for: .seconds(10)) {
            writer.fill(&link.a)
            reader.drain(&link.b)
        } until: {
            reader.finished.contains(16)
        }
        #expect(isDone && reader.bytes[16] == writer.content)
        #expect(link.a.statistics.persistentCongestions == 1)
    }

    @Test("ranges that the peer knows to be acknowledged are forgotten, though the receiver sends nothing itself")
    func ackOfAck() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(25), loss: 0.05, rate: 1_250_000))
        var writer = Writer(SeededRandom.bytes(2_000_000, seed: 1), to: 16)
        var reader = Reader()
        var ranges = 0
        link.run(for: .seconds(60)) {
            writer.fill(&link.a)
            reader.drain(&link.b)
            ranges = max(ranges, link.b.space.received.count)
        } until: {
            reader.finished.contains(16)
        }
        link.conditions.loss = 0
        link.a.write([UInt8](repeating: 1, count: 100_000), to: 17, fin: true)
        link.run(for: .seconds(5)) { reader.drain(&link.b) }
        #expect(ranges < Limits.maxAckRanges)
        #expect(link.b.space.received.count <= 2)
        #expect(link.sent[1] < link.sent[0])
    }

    @Test("reordering alone takes hardly any of the window")
    func reordering() {
        let link = TransportLink(
            seed: 5,
            LinkConditions(
                delay: .milliseconds(25), reordering: 0.25, reorderingDelay: .milliseconds(10), rate: 2_500_000))
        var writer = Writer(SeededRandom.bytes(4_000_000, seed: 5), to: 16)
        var reader = Reader()
        let isDone = link.run(for: .seconds(10)) {
            writer.fill(&link.a)
            reader.drain(&link.b)
        } until: {
            reader.finished.contains(16)
        }
        let statistics = link.a.statistics
        #expect(isDone)
        #expect(link.elapsed < .seconds(3), "1.6 s at the link's rate: \(link.elapsed)")
        #expect(statistics.packetsLost < 600, "the thresholds adapt: \(statistics)")
    }

    @Test("a window that was cut for packets that were only late is as large again once they have arrived")  // [ACK-7]
    func undone() {
        let link = TransportLink(seed: 6, LinkConditions(delay: .milliseconds(25), rate: 2_500_000, queue: 1 << 20))
        link.a.congestion = Congestion(maxDatagramSize: Limits.maxDatagramSize, mayUseModel: false)
        var writer = Writer(SeededRandom.bytes(8_000_000, seed: 6), to: 16)
        var reader = Reader()
        func run(for limit: Duration, until isDone: () -> Bool = { false }) -> Bool {
            link.run(
                for: limit,
                step: {
                    writer.fill(&link.a)
                    reader.drain(&link.b)
                }, until: isDone)
        }
        _ = run(for: .seconds(1))
        let before = link.a.congestion.window
        (link.conditions.reordering, link.conditions.reorderingDelay) = (1, .milliseconds(30))
        _ = run(for: .milliseconds(20))
        link.conditions.reordering = 0
        let isCut = run(for: .seconds(1)) { link.a.statistics.packetsLost > 0 }
        #expect(isCut && link.a.congestion.window < before)
        let haveArrived = run(for: .seconds(1)) {
            link.a.statistics.spuriousLosses == link.a.statistics.packetsLost
        }
        #expect(haveArrived && link.a.congestion.window >= before)
    }

    @Test("idle, nothing is sent and nothing is waited for")
    func idle() {
        let link = TransportLink(seed: 1)
        link.a.write([1], to: StreamID.chat)
        link.run(for: .seconds(2))
        let sent = link.sent
        link.run(for: .seconds(600))
        #expect(link.sent == sent)
        #expect(link.a.nextTimeout == nil && link.b.nextTimeout == nil)
    }

    @Test("a connection that may not send does not spin")
    func mute() throws {
        var now = Instant(nanoseconds: 0)
        var transport = Transport(at: now)
        transport.write([UInt8](repeating: 1, count: 100_000), to: 16)
        while transport.nextPacket(upTo: TransportLink.size, at: now) != nil {}
        transport.didReceive(packet: 0, isAckEliciting: true, at: now)
        var wakes = 0
        while let due = transport.nextTimeout, due < Instant(nanoseconds: 60_000_000_000) {
            #expect(due > now)
            now = due
            transport.handleTimeout(at: now)
            wakes += 1
        }
        #expect(wakes < 70)
        let payload = transport.nextPacket(upTo: TransportLink.size, at: now)?.payload ?? []
        var reader = ByteReader(payload.span)
        guard case .ack = try reader.frame() else {
            Issue.record("the acknowledgement has waited long enough")
            return
        }
    }

    @Test("a PING is answered")
    func ping() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(40)))
        #expect(link.a.smoothedRTT == nil)
        link.a.ping()
        link.run(for: .seconds(1))
        #expect(link.sent == [1, 1])
        #expect(link.a.smoothedRTT.map { $0 >= .milliseconds(80) && $0 <= .milliseconds(106) } ?? false)
        #expect(link.a.bytesInFlight == 0)
    }

    @Test("frames of the connection force a packet, go first, and are not repeated")  // [ACK-11] [ACK-12]
    func forcedFrames() throws {
        let start = Instant(nanoseconds: 0)
        var transport = Transport(at: start)
        #expect(transport.nextPacket(upTo: TransportLink.size, at: start) == nil)
        let packet = transport.nextPacket(upTo: TransportLink.size, with: [.pathResponse(7)], at: start)
        #expect(packet?.number == 0)
        let payload = packet?.payload ?? []
        var reader = ByteReader(payload.span)
        let first = try reader.frame()
        #expect(first == .pathResponse(7) && reader.isAtEnd)
        #expect(transport.bytesInFlight == 0 && transport.nextTimeout == nil)
        #expect(transport.takePacketNumber() == 1)
        try transport.receive(.ack(AckFrame(ranges: [0...1], delay: 0)), at: start + .milliseconds(1))
    }

    @Test("on a new path window, round trip and flight start afresh, and nothing is lost")  // [PTH-18]
    func newPath() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(25), rate: 1_250_000))
        var writer = Writer(SeededRandom.bytes(2_000_000, seed: 1), to: 16)
        var reader = Reader()
        for _ in 0..<5 {
            link.run(for: .milliseconds(200)) {
                writer.fill(&link.a)
                reader.drain(&link.b)
            }
            // What is under way is lost with the old path.
            link.conditions.loss = 1
            link.transmit()
            link.a.resetPath(initialRTT: .milliseconds(60), at: link.now)
            #expect(link.a.bytesInFlight == 0 && link.a.smoothedRTT == nil)
            #expect(link.a.statistics.congestionWindow == 12_000)
            link.transmit()
            link.conditions.loss = 0
        }
        let isDone = link.run(for: .seconds(10)) {
            writer.fill(&link.a)
            reader.drain(&link.b)
        } until: {
            reader.finished.contains(16)
        }
        #expect(isDone && reader.bytes[16] == writer.content)
        link.run(for: .seconds(1))
        #expect(link.a.bytesInFlight == 0)
    }
}
