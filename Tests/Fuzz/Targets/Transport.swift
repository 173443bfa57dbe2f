import PinholeWire

@testable import PinholeCore

extension FuzzTarget {
    /// One side of a session without the keys: frames, numbers, losses, timers and an application that reads and writes.
    static let transport = FuzzTarget(
        name: "transport", maxLength: 2048,
        samples: {
            let frames: [Frame] = [
                .stream(StreamFrame(id: 16, offset: 0, data: [1, 2, 3], fin: false)),
                .stream(StreamFrame(id: 17, offset: 5, data: [1], fin: true)), .maxStreamData(id: 16, limit: 1 << 30),
                .ack(AckFrame(ranges: [0...3], delay: 10)), .resetStream(id: 17, errorCode: 1, finalSize: 6),
                .stopSending(id: 16, errorCode: 2), .maxData(1 << 40),
                .ackFrequency(AckFrequency(sequence: 1, threshold: 4, maxDelay: 9000, reorderingThreshold: 3)),
            ]
            let spoken = Choices.list(frames.flatMap(encoded))
            return [
                [2, 16, 40, 0, 3, 3, 0, 20, 0] + spoken + [3, 5, 16, 7, 0, 3, 0] + spoken,
                [2, 18, 200, 255, 3, 1, 0, 10, 1, 2, 0, 3, 4, 200, 3, 4, 255, 3, 0] + spoken,
            ]
        }
    ) { bytes in
        var choices = Choices(bytes)
        var now = FuzzPeer.start
        var transport = Transport(at: now)
        var largest: UInt64 = 0
        var received: UInt64 = 0
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0:
                var reader = ByteReader(choices.list().span)
                while !reader.isAtEnd {
                    switch reader.nextFrame {
                    case .stream: guard (try? transport.receiveStream(&reader)) != nil else { return }
                    case .ack: guard (try? transport.receiveAck(&reader, at: now)) != nil else { return }
                    case .other:
                        guard let frame = try? reader.frame(), (try? transport.receive(frame, at: now)) != nil
                        else { return }
                    }
                }
                received += 1 + UInt64(kind >> 6)
                transport.didReceive(packet: received, isAckEliciting: kind & 8 == 0, at: now)
            case 1:
                // An acknowledgement of some of what was sent.
                let upper = min(largest, number(&choices, near: largest))
                let lower = upper - min(upper, UInt64(choices.byte()))
                var ranges = [lower...upper]
                if lower > 3 { ranges.append(0...min(lower - 2, UInt64(choices.byte()))) }
                let ack = AckFrame(ranges: ranges, delay: UInt64(choices.word()))
                guard (try? transport.receive(.ack(ack), at: now)) != nil else { return }
            case 2:
                let id = 16 + UInt64(choices.byte() & 7)
                transport.write(.init(repeating: 7, count: choices.word()), to: id, fin: kind & 0x80 != 0)
            case 3:
                for _ in 0..<8 {
                    var writer = ByteWriter()
                    guard let packet = transport.nextPacket(to: &writer, upTo: Limits.maxDatagramSize, at: now)
                    else { break }
                    must(writer.count <= Limits.maxDatagramSize, "a packet of \(writer.count) bytes")
                    must(packet.number >= largest, "a number that was given before")
                    largest = packet.number
                    var reader = ByteReader(writer.bytes.span)
                    while !reader.isAtEnd { must((try? reader.frame()) != nil, "a packet of what is no frame") }
                }
            case 4:
                now += .microseconds(Int64(choices.word()) * Int64(1 + kind >> 5))
                if let due = transport.nextTimeout, due <= now { transport.handleTimeout(at: now) }
            case 5: _ = transport.read(16 + UInt64(choices.byte() & 7), upTo: choices.word())
            case 6:
                let id = 16 + UInt64(choices.byte() & 7)
                if kind & 8 == 0 { transport.reset(id, errorCode: 1) } else { transport.stopSending(id, errorCode: 1) }
            default: while transport.nextEvent() != nil {}
            }
            must(transport.bytesInFlight >= 0, "\(transport.bytesInFlight) bytes in flight")
            must(
                transport.receiveStreams.count + transport.stopCodes.count <= Limits.maxHeldStreams,
                "streams pile up")
            must(
                transport.incompleteStreams == transport.receiveStreams.values.count { $0.isHeard && !$0.isComplete },
                "streams that did not arrive whole are miscounted")
            must(transport.space.received.count <= Limits.maxAckRanges, "numbers pile up")
        }
    }

    /// Below 2^62, near 0, or near another number that matters.
    private static func number(_ choices: inout Choices, near other: UInt64 = 0) -> UInt64 {
        let kind = choices.byte()
        let number: UInt64 =
            switch kind & 3 {
            case 0: UInt64(choices.byte())
            case 1: UInt64(choices.word()) << UInt64(kind >> 2)
            case 2: other &+ UInt64(choices.byte()) &- 128
            default: (1 << 62) - 1 - UInt64(choices.byte())
            }
        return number & (1 << 62 - 1)
    }
}
