/// A cursor over borrowed bytes: the one place where offsets into received bytes are computed.
package struct ByteReader: ~Escapable {
    private let bytes: Span<UInt8>
    /// The number of bytes already read.
    package private(set) var position = 0

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - position }
    package var isAtEnd: Bool { position == bytes.count }
    /// The next byte, which stays; nil at the end.
    package var peeked: UInt8? { isAtEnd ? nil : bytes[position] }

    package mutating func u8() throws(WireError) -> UInt8 {
        guard remaining >= 1 else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func u16() throws(WireError) -> UInt16 {
        UInt16(truncatingIfNeeded: try integer(bytes: 2))
    }

    package mutating func u32() throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try integer(bytes: 4))
    }

    package mutating func u64() throws(WireError) -> UInt64 {
        try integer(bytes: 8)
    }

    /// Reads a variable-length integer (RFC 9000 §16): 1, 2, 4 or 8 bytes, 0 ..< 2^62.
    package mutating func varint() throws(WireError) -> UInt64 {
        let first = try u8()
        let length = 1 << Int(first >> 6)
        guard remaining >= length - 1 else { throw .truncated }
        var value = UInt64(first & 0x3f)
        for _ in 1..<length {
            value = value << 8 | UInt64(bytes[position])
            position += 1
        }
        return value
    }

    /// Reads a variable-length integer that must fit what follows it as a length.
    package mutating func length() throws(WireError) -> Int {
        let value = try varint()
        guard value <= UInt64(remaining) else { throw .truncated }
        return Int(value)
    }

    /// Borrows the next `count` bytes and steps over them.
    @_lifetime(copy self)
    package mutating func span(_ count: Int) throws(WireError) -> Span<UInt8> {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { position += count }
        return bytes.extracting(position..<position + count)
    }

    /// Copies the next `count` bytes.
    package mutating func array(_ count: Int) throws(WireError) -> [UInt8] {
        let slice = try span(count)
        return [UInt8](copying: slice)
    }

    /// Copies what is left.
    package mutating func rest() -> [UInt8] {
        defer { position = bytes.count }
        return [UInt8](copying: bytes.extracting(position..<bytes.count))
    }

    package mutating func skip(_ count: Int) throws(WireError) {
        guard count >= 0, remaining >= count else { throw .truncated }
        position += count
    }

    private mutating func integer(bytes count: Int) throws(WireError) -> UInt64 {
        guard remaining >= count else { throw .truncated }
        var value: UInt64 = 0
        for offset in 0..<count {
            value = value << 8 | UInt64(bytes[position + offset])
        }
        position += count
        return value
    }
}

extension [UInt8] {
    /// An array with the same bytes as `span`.
    package init(copying span: Span<UInt8>) {
        // The standard library would write into the one empty array that all threads have.
        guard !span.isEmpty else {
            self = []
            return
        }
        unsafe self.init(unsafeUninitializedCapacity: span.count) { buffer, initialized in
            unsafe span.withUnsafeBufferPointer { source in
                if let base = source.baseAddress {
                    unsafe buffer.baseAddress!.initialize(from: base, count: source.count)
                }
            }
            initialized = span.count
        }
    }
}
