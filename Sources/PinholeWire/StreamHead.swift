/// The record that a stream of bytes begins with, `length:u8 ‖ kind:u8 ‖ …`: what the stream is for.
package enum StreamHead: Equatable, Sendable {
    /// The first of a pair: whoever knows the name (UTF-8, 1 to ``Limits/maxStreamName`` bytes) may answer.
    case open(name: [UInt8])
    /// The other of a pair: bytes back to the one who opened this stream.
    case answer(to: UInt64)

    /// Reads the record behind its length.
    package init(_ record: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(record)
        switch try reader.u8() {
        case 1:
            guard (1...Limits.maxStreamName).contains(reader.remaining) else { throw .tooLong }
            self = .open(name: reader.rest())
        case 2: self = .answer(to: try reader.varint())
        default: throw .malformed
        }
    }

    /// The record with its length.
    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        switch self {
        case .open(let name):
            writer.u8(1)
            writer.append(name)
        case .answer(let stream):
            writer.u8(2)
            writer.varint(stream)
        }
        let record = writer.bytes
        return [UInt8(record.count)] + record
    }
}
