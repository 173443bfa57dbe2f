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
