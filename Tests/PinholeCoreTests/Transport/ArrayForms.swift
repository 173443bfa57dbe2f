import PinholeWire

@testable import PinholeCore

// What the transport does in memory that is used again, with values that a test can keep.

extension Transport {
    /// The plaintext of the next packet, by itself.
    mutating func nextPacket(
        upTo size: Int, with frames: [Frame] = [], at now: Instant
    ) -> (number: UInt64, payload: [UInt8])? {
        var writer = ByteWriter(capacity: size)
        guard let packet = nextPacket(to: &writer, upTo: size, with: frames, at: now) else { return nil }
        return (packet.number, writer.bytes)
    }
}

extension PacketNumberSpace {
    /// The ACK frame of now, as the peer reads it.
    mutating func makeAck(upTo size: Int, at now: Instant) -> AckFrame? {
        var writer = ByteWriter()
        guard writeAck(to: &writer, upTo: size, at: now) != nil else { return nil }
        var reader = ByteReader(writer.bytes.span)
        guard case .ack(let ack) = try? reader.frame(), reader.isAtEnd else { return nil }
        return ack
    }
}

extension ReceiveStream {
    mutating func receive(_ frame: StreamFrame) throws(TransportError) -> UInt64 {
        try receive(
            BorrowedStreamFrame(id: frame.id, offset: frame.offset, data: frame.data.span, fin: frame.fin))
    }
}
