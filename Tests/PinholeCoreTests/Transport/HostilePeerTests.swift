import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// A peer that is a contact, and means harm: an error for CLOSE or nothing, bounded memory, and never a crash.
struct HostilePeerTests {
    private let start = Instant(nanoseconds: 0)

    private func stream(_ id: UInt64, _ offset: UInt64, _ count: Int, fin: Bool = false) -> Frame {
        .stream(StreamFrame(id: id, offset: offset, data: [UInt8](repeating: 1, count: count), fin: fin))
    }

    @Test("an acknowledgement of a packet that was never sent ends the session")  // [PKT-6]
    func neverSent() throws {
        var transport = Transport(at: start)
        #expect(throws: TransportError.neverSent) {
            try transport.receive(.ack(AckFrame(ranges: [0...0], delay: 0)), at: start)
        }
        _ = transport.takePacketNumber()
        try transport.receive(.ack(AckFrame(ranges: [0...0], delay: 0)), at: start)
        #expect(throws: TransportError.neverSent) {
            try transport.receive(.ack(AckFrame(ranges: [0...(1 << 62) - 1], delay: .max)), at: start)
        }
    }

    @Test("acknowledgements of numbers that are not tracked, again and again, change nothing")
    func uselessAcknowledgements() throws {
        var transport = Transport(at: start)
        for _ in 0..<100 { _ = transport.takePacketNumber() }
        transport.write([1], to: StreamID.chat)
        let number = transport.nextPacket(upTo: TransportLink.size, at: start)?.number
        #expect(number == 100)
        for _ in 0..<1000 {
            try transport.receive(.ack(AckFrame(ranges: [50...99, 0...20], delay: 0)), at: start + .milliseconds(1))
        }
        #expect(transport.smoothedRTT == nil)
        for _ in 0..<1000 {
            try transport.receive(.ack(AckFrame(ranges: [0...100], delay: .max)), at: start + .milliseconds(1))
        }
        #expect(transport.statistics.packetsAcknowledged == 1)
        #expect(transport.statistics.congestionWindow == 12_000)
        #expect(transport.bytesInFlight == 0)
    }

    @Test("data beyond the credit of a stream, or of all files, ends the session")  // [STR-10]
    func beyondCredit() throws {
        var transport = Transport(at: start)
        #expect(throws: TransportError.beyondCredit) {
            try transport.receive(stream(1, Limits.maxStreamData, 1), at: start)
        }
        #expect(throws: TransportError.beyondCredit) {
            try transport.receive(.resetStream(id: 2, errorCode: 0, finalSize: (1 << 62) - 1), at: start)
        }
        transport = Transport(at: start)
        for id in 16..<24 as Range<UInt64> {
            try transport.receive(stream(id, Limits.maxStreamData - 1, 1), at: start)
        }
        #expect(throws: TransportError.beyondCredit) { try transport.receive(stream(24, 0, 1), at: start) }
    }

    @Test("streams without end are refused, whether they stay open, end at once, or leave ids out")  // [STR-6]
    func streamFlood() throws {
        var open = Transport(at: start)
        for id in 16..<16 + UInt64(Limits.maxStreams) { try open.receive(stream(id, 0, 1), at: start) }
        #expect(throws: TransportError.tooManyStreams) { try open.receive(stream(9999, 0, 1), at: start) }

        var unread = Transport(at: start)
        for id in 16..<16 + UInt64(Limits.maxHeldStreams) { try unread.receive(stream(id, 0, 1, fin: true), at: start) }
        #expect(throws: TransportError.tooManyStreams) { try unread.receive(stream(9999, 0, 1), at: start) }

        var sparse = Transport(at: start)
        #expect(throws: TransportError.tooManyStreams) {
            for index in 0..<10_000 as Range<UInt64> {
                try sparse.receive(.resetStream(id: 16 + 2 * index, errorCode: 0, finalSize: 0), at: start)
                while sparse.nextEvent() != nil {}
            }
        }
        #expect(sparse.closedReceiveStreams.count == Limits.maxClosedStreamRanges)
    }

    @Test("a stream that is over does not begin again")  // [STR-1] [STR-5]
    func reopening() throws {
        var transport = Transport(at: start)
        try transport.receive(stream(16, 0, 10, fin: true), at: start)
        #expect(transport.read(16).count == 10)
        try transport.receive(stream(16, 0, 10, fin: true), at: start)
        try transport.receive(stream(16, 10, 100), at: start)
        #expect(transport.read(16) == [])
        #expect(transport.receiveStreams.isEmpty)
    }

    @Test("frames about streams that do not exist are ignored")  // [STR-5]
    func unknownStreams() throws {
        var transport = Transport(at: start)
        for id in 0..<1000 as Range<UInt64> {
            try transport.receive(.maxStreamData(id: id, limit: (1 << 62) - 1), at: start)
            try transport.receive(.stopSending(id: id, errorCode: 1), at: start)
        }
        try transport.receive(.maxData((1 << 62) - 1), at: start)
        #expect(transport.sendStreams.isEmpty && transport.nextEvent() == nil)
        #expect(transport.nextPacket(upTo: TransportLink.size, at: start) == nil)
        transport.write([1], to: 16)
        try transport.receive(.maxStreamData(id: 16, limit: (1 << 62) - 1), at: start)
        #expect(transport.nextPacket(upTo: TransportLink.size, at: start) != nil)
    }

    @Test("whoever has us refuse streams without end, and acknowledges nothing, fills nothing")  // [STR-6]
    func refusals() throws {
        var unheard = Transport(at: start)
        for id in 16..<16 + 3 * UInt64(Limits.maxHeldStreams) { unheard.stopSending(id, errorCode: 0) }
        #expect(unheard.receiveStreams.count + unheard.stopCodes.count <= Limits.maxHeldStreams)
        #expect(unheard.control.count <= Limits.maxHeldStreams)

        var whole = Transport(at: start)
        for id in 16..<16 + 3 * UInt64(Limits.maxHeldStreams) {
            try whole.receive(stream(id, 0, 1, fin: true), at: start)
            whole.refuse(id, errorCode: 1)
            while whole.nextEvent() != nil {}
        }
        #expect(whole.receiveStreams.isEmpty && whole.stopCodes.count < Limits.maxHeldStreams)
        #expect(whole.control.count <= Limits.maxHeldStreams)
    }

    @Test("gaps without end end the session")  // [STR-6]
    func gapFlood() {
        var transport = Transport(at: start)
        #expect(throws: TransportError.tooManyGaps) {
            let count = UInt64(Limits.maxStreamGaps) + 1
            for index in 1...count { try transport.receive(stream(16, index * 2, 1), at: start) }
        }
    }

    @Test("a peer that never acknowledges the beginning of a file does not have us keep it whole")
    func unacknowledgedBeginning() {
        var stream = SendStream()
        stream.raiseCredit(to: 1 << 62 - 1)
        var writer = ByteWriter(capacity: 16_000)
        let piece = [UInt8](repeating: 1, count: 65_536)
        var sent = 0
        while sent < 2 * Int(Limits.maxStreamWindow) {
            while stream.unsent < 256 * 1024 { _ = stream.write(piece, fin: false) }
            writer.removeAll()
            guard let chunk = stream.writeFrame(id: 16, to: &writer, end: 16_000, connectionCredit: .max) else { break }
            sent += chunk.length
            guard chunk.offset > 0 else { continue }
            _ = stream.acknowledge(offset: chunk.offset, length: chunk.length, fin: false)
        }
        #expect(stream.held == Int(Limits.maxStreamWindow))
        // Then it is honest after all, and everything goes on.
        _ = stream.acknowledge(offset: 0, length: 16_000, fin: false)
        #expect(stream.canSend(connectionCredit: .max))
    }

    @Test("a peer that provokes packets and never acknowledges fills nothing")
    func neverAcknowledging() throws {
        var transport = Transport(at: start)
        var now = start
        transport.write([UInt8](repeating: 1, count: 100_000), to: 16)
        for number in 0..<20_000 as Range<UInt64> {
            now += .milliseconds(1)
            transport.didReceive(packet: number * 2, isAckEliciting: true, at: now)
            if let due = transport.nextTimeout, due <= now { transport.handleTimeout(at: now) }
            while transport.nextPacket(upTo: TransportLink.size, at: now) != nil {}
            _ = transport.nextPacket(upTo: TransportLink.size, with: [.pathResponse(1)], at: now)
        }
        #expect(transport.sent.count < 100)
        #expect(transport.space.received.count <= Limits.maxAckRanges)
        #expect(transport.control.count < 10)
    }

    @Test("a stream that is over is told of once as not wanted, and what is to be repeated waits once")
    func repetitions() throws {
        var transport = Transport(at: start)
        transport.write([1], to: 16, fin: true)
        _ = transport.nextPacket(upTo: TransportLink.size, at: start)
        try transport.receive(.ack(AckFrame(ranges: [0...0], delay: 0)), at: start + .milliseconds(1))
        while transport.nextEvent() != nil {}
        for _ in 0..<100 { try transport.receive(.stopSending(id: 16, errorCode: 7), at: start) }
        #expect(transport.nextEvent() == .stopped(16, errorCode: 7))
        #expect(transport.nextEvent() == nil)

        for id in 17..<22 as Range<UInt64> {
            transport.write([1], to: id)
            transport.reset(id, errorCode: 1)
        }
        _ = transport.nextPacket(upTo: TransportLink.size, at: start)
        for _ in 0..<100 { transport.probe() }
        #expect(transport.control.count <= 5)
    }

    @Test("random frames never crash, and leave bounded state", arguments: 1...8 as ClosedRange<UInt64>)
    func randomFrames(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var transport = Transport(at: start)
        var now = start
        func number() -> UInt64 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0: UInt64.random(in: 0..<1 << 62, using: &random)
            case 1: (1 << 62) - 1
            case 2: UInt64.random(in: 0..<1_000_000, using: &random)
            default: UInt64.random(in: 0..<40, using: &random)
            }
        }
        var errors = 0
        for _ in 0..<5000 {
            now += .microseconds(Int64.random(in: 0..<20_000, using: &random))
            let upper = number()
            let frame: Frame =
                switch Int.random(in: 0..<9, using: &random) {
                case 0: .ack(AckFrame(ranges: [upper - min(upper, number())...upper], delay: number()))
                case 1, 2:
                    stream(
                        number(), min(number(), 1 << 61), Int.random(in: 0..<50, using: &random),
                        fin: random.chance(0.1))
                case 3: .resetStream(id: number(), errorCode: number(), finalSize: number())
                case 4: .stopSending(id: number(), errorCode: number())
                case 5: .maxData(number())
                case 6: .maxStreamData(id: number(), limit: number())
                case 7: .ping
                default: .padding
                }
            do { try transport.receive(frame, at: now) } catch { errors += 1 }
            transport.didReceive(packet: number(), isAckEliciting: random.chance(0.5), at: now)
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                transport.write(
                    random.bytes(Int.random(in: 0..<3000, using: &random)), to: number(), fin: random.chance(0.1))
            case 1: _ = transport.read(number(), upTo: Int.random(in: 0..<100, using: &random))
            case 2: transport.reset(number(), errorCode: 1)
            case 3: transport.stopSending(UInt64.random(in: 0..<40, using: &random), errorCode: 2)
            case 4: if let due = transport.nextTimeout, due <= now { transport.handleTimeout(at: now) }
            default:
                for _ in 0..<10 {
                    guard let packet = transport.nextPacket(upTo: TransportLink.size, at: now) else { break }
                    #expect(packet.payload.count <= TransportLink.size)
                }
            }
            while transport.nextEvent() != nil {}
        }
        #expect(errors > 0)
        #expect(transport.receiveStreams.count <= Limits.maxHeldStreams)
        #expect(transport.bytesInFlight >= 0, "seed \(seed)")
    }
}
