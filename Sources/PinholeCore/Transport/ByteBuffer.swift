/// Bytes that are appended at the end and taken at the front, each amortised O(1); contiguous, so that they are handed on
/// in the memory in which they were gathered.
struct ByteBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var head = 0
    /// Bytes that will be enough if as many come as before, in the largest of the latest pieces. Nothing is reserved for
    /// what nobody has sent yet.
    private var taken = 0

    private static let mostReserved = 96 * 1024

    var count: Int { bytes.count - head }
    var isEmpty: Bool { head == bytes.count }

    /// Whether what comes next needs memory that is not here.
    var hasNoMemory: Bool { bytes.capacity == 0 }

    /// Gathers what comes next in one of `spares`, if there is one. Only where there is no memory.
    mutating func take(from spares: inout [[UInt8]]) {
        guard let last = spares.indices.last else { return }
        swap(&bytes, &spares[last])
        spares.removeLast()
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func append(_ new: Span<UInt8>) {
        if bytes.capacity == 0 { bytes.reserveCapacity(max(new.count, taken)) }
        unsafe new.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func removeFirst(_ count: Int) {
        head += count
        if head == bytes.count {
            removeAll()
        } else if head >= 4096, head >= bytes.count / 2 {
            bytes.removeSubrange(0..<head)
            head = 0
        }
    }

    /// Removes and returns the first `count` bytes; all of them without a copy.
    mutating func take(_ count: Int) -> [UInt8] {
        if head == 0, count == bytes.count {
            defer { bytes = [] }
            taken = max(min(count + count / 8, Self.mostReserved), taken - taken / 8)
            return bytes
        }
        let taken = [UInt8](bytes[head..<head + count])
        removeFirst(count)
        return taken
    }

    /// Large memory is given back, small memory is kept for what comes next.
    mutating func removeAll() {
        if bytes.capacity > 65_536 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
        head = 0
    }

    /// Gives back the memory of a buffer in which nothing is.
    mutating func giveBack() {
        if isEmpty { self = ByteBuffer() }
    }

    /// Bytes of memory for what is here and what comes next.
    var reserved: Int { bytes.capacity }
}
