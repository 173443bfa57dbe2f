import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

struct SchedulingTests {
    /// The streams in a payload with their data sizes.
    private func streams(in payload: [UInt8]) -> [(id: UInt64, count: Int)] {
        var reader = ByteReader(payload.span)
        var found: [(UInt64, Int)] = []
        while !reader.isAtEnd, let frame = try? reader.frame() {
            if case .stream(let stream) = frame { found.append((stream.id, stream.data.count)) }
        }
        return found
    }

    @Test("a chat line written while a file is sent is in the very next packet")
    func overtaking() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(25), rate: 1_250_000))
        var writer = Writer(SeededRandom.bytes(5_000_000, seed: 1), to: 16)
        var reader = Reader()
        var packets: [[UInt8]] = []
        link.onSend = { side, payload in if side == .a { packets.append(payload) } }
        for _ in 0..<20 {
            link.run(for: .milliseconds(100)) {
                writer.fill(&link.a)
                reader.drain(&link.b)
            }
            #expect(link.a.unsentBytes(on: 16) > 100_000)
            let before = packets.count
            link.a.write(Array("hello".utf8), to: StreamID.chat)
            link.run(for: .seconds(1)) {
                writer.fill(&link.a)
                reader.drain(&link.b)
            } until: {
                packets[before...].contains { !streams(in: $0).isEmpty }
            }
            // Acknowledgements of credit may go before.
            let first = packets[before...].first { !streams(in: $0).isEmpty }
            #expect(first.flatMap { streams(in: $0).first?.id } == StreamID.chat)
        }
        link.run(for: .seconds(1)) { reader.drain(&link.b) }
        #expect(reader.bytes[StreamID.chat]?.count == 100)
    }

    @Test("a lost chat line is repeated before new bytes of a file")
    func repetition() throws {
        let start = Instant(nanoseconds: 0)
        var transport = Transport(at: start)
        transport.write([1, 2, 3], to: StreamID.chat)
        _ = transport.nextPacket(upTo: TransportLink.size, at: start)
        transport.write([UInt8](repeating: 9, count: 100_000), to: 16)
        for _ in 0..<5 { _ = transport.nextPacket(upTo: TransportLink.size, at: start) }
        try transport.receive(.ack(AckFrame(ranges: [1...5], delay: 0)), at: start + .milliseconds(50))
        let next = transport.nextPacket(upTo: TransportLink.size, at: start + .milliseconds(50))
        #expect(streams(in: next?.payload ?? []).map(\.id) == [StreamID.chat, 16])
    }

    @Test("control goes before receipts, receipts before chat, chat before files")
    func priorities() {
        let start = Instant(nanoseconds: 0)
        var transport = Transport(at: start)
        for stream in [17, StreamID.chat, 16, StreamID.receipts, StreamID.control] as [UInt64] {
            transport.write([1, 2, 3], to: stream)
        }
        let packet = transport.nextPacket(upTo: TransportLink.size, at: start)
        #expect(streams(in: packet?.payload ?? []).map(\.id) == [0, 2, 1, 17, 16])
    }

    @Test("files take turns, a packet each")
    func roundRobin() {
        let start = Instant(nanoseconds: 0)
        var transport = Transport(at: start)
        for stream in 16..<19 as Range<UInt64> { transport.write([UInt8](repeating: 1, count: 50_000), to: stream) }
        let order = (0..<9).compactMap { _ in
            transport.nextPacket(upTo: TransportLink.size, at: start).flatMap { streams(in: $0.payload).first?.id }
        }
        #expect(order == [16, 17, 18, 16, 17, 18, 16, 17, 18])
    }

    @Test("chat without end leaves a twentieth to files")
    func share() {
        // A short queue: where losses take long to repair, chat runs out of credit and files have more.
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(10), rate: 1_250_000, queue: 64 * 1024))
        var bytes: [UInt64: Int] = [:]
        link.onSend = { side, payload in
            for (id, count) in self.streams(in: payload) { bytes[id, default: 0] += count }
        }
        var reader = Reader()
        link.run(for: .seconds(5)) {
            for stream in [StreamID.chat, 16] where link.a.unsentBytes(on: stream) < 100_000 {
                link.a.write([UInt8](repeating: 1, count: 100_000), to: stream)
            }
            reader.drain(&link.b)
        }
        let share = Double(bytes[16] ?? 0) / Double(bytes.values.reduce(0, +))
        #expect(share > 0.045 && share < 0.06, "\(share)")
    }

    @Test("files that begin faster than they end leave room for the streams that never end")  // [STR-7]
    func beginnings() {
        let link = TransportLink(seed: 4, LinkConditions(delay: .milliseconds(50), rate: 2_500_000))
        for id in [StreamID.control, StreamID.receipts, StreamID.chat, StreamID.signs] { link.a.write([1], to: id) }
        for id in 16..<316 as Range<UInt64> {
            link.a.write([UInt8](repeating: 1, count: 20_000), to: id, fin: true)
        }
        var reader = Reader()
        let isDone = link.run(for: .seconds(30)) {
            reader.drain(&link.b)
        } until: {
            reader.finished.count == 300
        }
        #expect(isDone && link.error == nil, "\(String(describing: link.error))")
    }

    @Test("signs go though files have used up their credit")  // [STR-8]
    func signs() {
        let start = Instant(nanoseconds: 0)
        var transport = Transport(at: start)
        transport.sendCredit = SendWindow(limit: 1000)
        transport.write([UInt8](repeating: 1, count: 5000), to: 16)
        _ = transport.nextPacket(upTo: TransportLink.size, at: start)
        transport.write([1, 2], to: StreamID.signs)
        let packet = transport.nextPacket(upTo: TransportLink.size, at: start)
        #expect(streams(in: packet?.payload ?? []).map(\.id) == [StreamID.signs])
    }

    @Test("a thousand files at once: no more than the peer allows are open, and all arrive")  // [STR-7]
    func manyFiles() {
        let link = TransportLink(seed: 3, LinkConditions(delay: .milliseconds(5), loss: 0.01, rate: 12_500_000))
        let contents = (0..<1000).map { SeededRandom.bytes(500 + $0, seed: UInt64($0)) }
        for (index, content) in contents.enumerated() { link.a.write(content, to: 16 + UInt64(index), fin: true) }
        // One of them is given up before its turn has come.
        link.a.reset(16 + 900, errorCode: 7)
        var reader = Reader()
        var open = 0
        let isDone = link.run(for: .seconds(30)) {
            open = max(open, link.b.receiveStreams.values.count { !$0.isComplete })
            reader.drain(&link.b)
        } until: {
            reader.finished.count == 999
        }
        #expect(isDone && link.error == nil)
        #expect(open <= Limits.maxStreams)
        #expect(reader.other == [.reset(916, errorCode: 7)])
        for (index, content) in contents.enumerated() where index != 900 {
            #expect(reader.bytes[16 + UInt64(index)] == content)
        }
        link.run(for: .seconds(2)) { reader.drain(&link.b) }
        #expect(link.a.sendStreams.isEmpty && link.b.receiveStreams.isEmpty)
        #expect(link.b.closedReceiveStreams.ranges == [16..<1016])
    }

    @Test("an application is asked for more before it runs dry, and told once when all is acknowledged")
    func events() {
        let link = TransportLink(seed: 1)
        link.a.write([UInt8](repeating: 1, count: 400_000), to: 16)
        var events: [TransportEvent] = []
        var reader = Reader()
        var unsentWhenTold: [Int] = []
        link.run(for: .seconds(5)) {
            while let event = link.a.nextEvent() {
                events.append(event)
                unsentWhenTold.append(link.a.unsentBytes(on: 16))
                if events.count == 1 { link.a.write([1], to: 16, fin: true) }
            }
            reader.drain(&link.b)
        }
        #expect(events == [.writable(16), .acknowledged(16)])
        #expect(unsentWhenTold.first.map { $0 > 0 && $0 < Limits.sendLowWater } ?? false)
        #expect(!link.a.hasUnacknowledged)
        link.a.write([1], to: 16)
        #expect(link.a.unsentBytes(on: 16) == 0, "a stream that is over is not written again")
    }
}
