/// A message's name, unique to its sender for ever: the sender's epoch (random, one per contact and start) and a
/// counter from 1.
package struct MessageID: Hashable, Sendable {
    package let epoch: UInt64
    package let counter: UInt64

    package init(epoch: UInt64, counter: UInt64) {
        self.epoch = epoch
        self.counter = counter
    }
}

/// A record of stream 1, `length:varint ‖ epoch:u64 ‖ counter:u64 ‖ time:u64 ‖ body`: one chat message.
package struct ChatMessage: Equatable, Sendable {
    package var id: MessageID
    /// Unix milliseconds by the sender's clock: a claim.
    package var time: UInt64
    /// UTF-8, at most ``Limits/maxMessageBody`` bytes.
    package var body: [UInt8]

    package init(id: MessageID, time: UInt64, body: [UInt8]) {
        self.id = id
        self.time = time
        self.body = body
    }

    package init(_ record: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(record)
        id = MessageID(epoch: try reader.u64(), counter: try reader.u64())
        time = try reader.u64()
        guard reader.remaining <= Limits.maxMessageBody else { throw .tooLong }
        body = reader.rest()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 24 + body.count)
        writer.u64(id.epoch)
        writer.u64(id.counter)
        writer.u64(time)
        writer.append(body)
        return writer.bytes
    }
}

/// A record of stream 2, `length:varint ‖ kind:u8 ‖ epoch:u64 ‖ counter:u64`: what became of the receiver's message.
package struct Receipt: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// The receiver has it on disk.
        case delivered = 1
        /// Somebody has seen it, and all messages of its epoch that came before.
        case read = 2
    }

    package var kind: Kind
    package var id: MessageID

    package init(kind: Kind, id: MessageID) {
        self.kind = kind
        self.id = id
    }

    package init(_ record: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(record)
        guard let kind = Kind(rawValue: try reader.u8()) else { throw .malformed }
        self.kind = kind
        id = MessageID(epoch: try reader.u64(), counter: try reader.u64())
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 17)
        writer.u8(kind.rawValue)
        writer.u64(id.epoch)
        writer.u64(id.counter)
        return writer.bytes
    }
}
