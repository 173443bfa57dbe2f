/// A message's name, unique to its sender for ever: the sender's epoch (random, one per outbox) and a counter from 1.
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

/// A record of stream 0, `length:varint ‖ kind:u8 ‖ transfer:u64 ‖ …`: what is agreed about a file.
///
/// `transfer` is chosen by the sender of the file. Its bytes travel on a stream of their own, whose id the sender
/// names in `begin`, from the offset that `accept` asked for.
package enum FileRecord: Equatable, Sendable {
    /// kind 1: size:u64 ‖ BLAKE2b-256 of the whole content ‖ name.
    case offer(transfer: UInt64, size: UInt64, hash: [UInt8], name: String)
    /// kind 2: offset:u64, the bytes that the receiver already has.
    case accept(transfer: UInt64, offset: UInt64)
    /// kind 3: reason:u8; by either side, at any time.
    case refuse(transfer: UInt64, reason: Refusal)
    /// kind 4: stream:u64, by the sender before the first byte.
    case begin(transfer: UInt64, stream: UInt64)
    /// kind 5: the receiver has the whole file, verified and on disk under its final name.
    case done(transfer: UInt64)

    package enum Refusal: UInt8, Sendable {
        /// A person, or the receiver's policy, said no.
        case declined = 1
        /// There is no room, or the folder cannot be written.
        case storage = 2
        /// What arrived does not have the offered hash.
        case corrupt = 3
        /// The name or the size cannot be accepted.
        case unacceptable = 4
        /// The sender gave up, or its file changed or vanished.
        case cancelled = 5
    }

    package init(_ record: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(record)
        let kind = try reader.u8()
        let transfer = try reader.u64()
        switch kind {
        case 1:
            let size = try reader.u64()
            let hash = try reader.array(32)
            guard reader.remaining <= Limits.maxFileName else { throw .tooLong }
            guard let name = String(validating: reader.rest(), as: UTF8.self) else { throw .malformed }
            self = .offer(transfer: transfer, size: size, hash: hash, name: name)
        case 2: self = .accept(transfer: transfer, offset: try reader.u64())
        case 3:
            guard let reason = Refusal(rawValue: try reader.u8()) else { throw .malformed }
            self = .refuse(transfer: transfer, reason: reason)
        case 4: self = .begin(transfer: transfer, stream: try reader.u64())
        case 5: self = .done(transfer: transfer)
        default: throw .unknownType
        }
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        switch self {
        case .offer(let transfer, let size, let hash, let name):
            writer.u8(1)
            writer.u64(transfer)
            writer.u64(size)
            writer.append(hash)
            writer.append(Array(name.utf8))
        case .accept(let transfer, let offset):
            writer.u8(2)
            writer.u64(transfer)
            writer.u64(offset)
        case .refuse(let transfer, let reason):
            writer.u8(3)
            writer.u64(transfer)
            writer.u8(reason.rawValue)
        case .begin(let transfer, let stream):
            writer.u8(4)
            writer.u64(transfer)
            writer.u64(stream)
        case .done(let transfer):
            writer.u8(5)
            writer.u64(transfer)
        }
        return writer.bytes
    }
}
