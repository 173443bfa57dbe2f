/// Appends values to bytes in network order; the counterpart of ``ByteReader``.
package struct ByteWriter: Sendable {
    @usableFromInline var storage: [UInt8]

    package init(capacity: Int = 0) {
        storage = []
        storage.reserveCapacity(capacity)
    }

    @inlinable package var bytes: [UInt8] { storage }
    @inlinable package var count: Int { storage.count }

    @inlinable
    package mutating func u8(_ value: UInt8) {
        storage.append(value)
    }

    @inlinable
    package mutating func u16(_ value: UInt16) {
        integer(value)
    }

    @inlinable
    package mutating func u32(_ value: UInt32) {
        integer(value)
    }

    @inlinable
    package mutating func u64(_ value: UInt64) {
        integer(value)
    }

    /// All bytes at once: each append by itself would look whether there is room and whether the memory is ours.
    @inlinable
    mutating func integer(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe storage.append(contentsOf: $0) }
    }

    /// Writes a variable-length integer (RFC 9000 §16) in its shortest form; `value` is below 2^62.
    @inlinable
    package mutating func varint(_ value: UInt64) {
        switch value {
        case 0..<0x40: u8(UInt8(value))
        case 0..<0x4000: u16(UInt16(value) | 0x4000)
        case 0..<0x4000_0000: u32(UInt32(value) | 0x8000_0000)
        default:
            precondition(value < 1 << 62, "a variable-length integer is below 2^62")
            u64(value | 0xc000_0000_0000_0000)
        }
    }

    package mutating func append(_ other: [UInt8]) {
        storage.append(contentsOf: other)
    }

    package mutating func append(_ other: ArraySlice<UInt8>) {
        storage.append(contentsOf: other)
    }

    @inlinable
    package mutating func append(_ span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe storage.append(contentsOf: $0) }
    }

    /// Writes a varint length and then the bytes.
    package mutating func lengthPrefixed(_ other: [UInt8]) {
        varint(UInt64(other.count))
        append(other)
    }

    @inlinable
    package mutating func zeros(_ count: Int) {
        guard count > 0 else { return }
        storage.append(addingCapacity: count) { $0.append(repeating: 0, count: count) }
    }

    /// Takes back what was written after the first `count` bytes.
    @inlinable
    package mutating func truncate(to count: Int) {
        storage.removeLast(storage.count - count)
    }

    /// Changes in place what was written after the first `start` bytes.
    @inlinable
    package mutating func withUnsafeMutableBytes<Result>(
        from start: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Result
    ) -> Result {
        unsafe storage.withUnsafeMutableBufferPointer { buffer in
            unsafe body(UnsafeMutableBufferPointer(rebasing: buffer[start...]))
        }
    }

    /// Removes everything, and keeps the memory.
    package mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
    }

    /// The size of `value` as a variable-length integer: 1, 2, 4 or 8 bytes.
    package static func varintSize(_ value: UInt64) -> Int {
        switch value {
        case 0..<0x40: 1
        case 0..<0x4000: 2
        case 0..<0x4000_0000: 4
        default: 8
        }
    }
}
