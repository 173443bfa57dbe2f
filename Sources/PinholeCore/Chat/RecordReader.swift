internal import PinholeWire

/// Cuts a stream of `length:varint ‖ record` into records, whatever pieces the stream arrives in.
struct RecordReader {
    private var buffer: [UInt8] = []
    /// How much of `buffer` was given away. It is cut off once per piece, not once per record: a piece may hold thousands.
    private var start = 0
    private let limit: Int

    /// Records longer than `limit` bytes end the stream: nothing of ours writes them.
    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ bytes: [UInt8]) {
        buffer.removeFirst(start)
        start = 0
        buffer.append(contentsOf: bytes)
    }

    /// The next complete record, or `nil` until more bytes came.
    mutating func next() throws(WireError) -> [UInt8]? {
        var reader = ByteReader(buffer.span.extracting(start..<buffer.count))
        guard let length = try? reader.varint() else { return nil }
        guard length <= UInt64(limit) else { throw .tooLong }
        guard let record = try? reader.array(Int(length)) else { return nil }
        start += reader.position
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        return record
    }

    /// A record as it is written to a stream.
    static func framed(_ record: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: record.count + 4)
        writer.lengthPrefixed(record)
        return writer.bytes
    }
}
