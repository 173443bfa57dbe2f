/// Bytes that are appended at the end and taken at the front: they are gathered in pieces of memory, and handed on in them.
struct PieceQueue: Sendable {
    private var full = Queue<[UInt8]>()
    /// Behind those that are full, what is being filled.
    private var last: [UInt8] = []
    /// How many bytes of the first piece were taken.
    private var head = 0
    private(set) var count = 0
    /// Bytes that will be enough if as many come as before, in the largest of the latest pieces. Nothing is reserved for
    /// what nobody has sent yet.
    private var expected = 0

    /// With so many bytes a piece is full; the datagram that fills it lies in it whole.
    private static let pieceSize = 64 * 1024
    private static let mostReserved = 96 * 1024
    private static let mostKept = 64 * 1024

    var isEmpty: Bool { count == 0 }

    /// Appends bytes; where that needs memory, one of `spares` if there is any.
    mutating func append(_ new: Span<UInt8>, in spares: inout [[UInt8]]) {
        if last.count >= Self.pieceSize {
            full.append(last)
            last = []
        }
        if last.capacity == 0 { takeMemory(for: new.count, from: &spares) }
        unsafe new.withUnsafeBufferPointer { unsafe last.append(contentsOf: $0) }
        count += new.count
    }

    private mutating func takeMemory(for size: Int, from spares: inout [[UInt8]]) {
        guard let spare = spares.indices.last else { return last.reserveCapacity(max(size, expected)) }
        swap(&last, &spares[spare])
        spares.removeLast()
        last.removeAll(keepingCapacity: true)
    }

    /// Removes and returns the first bytes, at most `limit`: those of one piece, and without a copy if they are all of it.
    mutating func takePiece(upTo limit: Int) -> [UInt8] {
        let size = min(firstCount - head, limit)
        guard head == 0, size == firstCount else { return takePart(size) }
        var piece: [UInt8] = []
        if full.isEmpty {
            swap(&piece, &last)
        } else {
            swap(&piece, &full[0])
            full.removeFirst()
        }
        expected = max(min(size + size / 8, Self.mostReserved), expected - expected / 8)
        count -= size
        return piece
    }

    /// Removes and returns the first `size` bytes; there are so many.
    mutating func take(_ size: Int) -> [UInt8] {
        var bytes = takePiece(upTo: size)
        while bytes.count < size { bytes += takePiece(upTo: size - bytes.count) }
        return bytes
    }

    mutating func removeAll() {
        self = PieceQueue()
    }

    /// Gives back the memory of a queue in which nothing is.
    mutating func giveBack() {
        if isEmpty { self = PieceQueue() }
    }

    /// Bytes of memory for what is here and what comes next.
    var reserved: Int { (0..<full.count).reduce(last.capacity) { $0 + full[$1].capacity } }

    private var firstCount: Int { full.isEmpty ? last.count : full.look(at: 0) { $0.count } }

    private mutating func takePart(_ size: Int) -> [UInt8] {
        let range = head..<head + size
        let part = full.isEmpty ? Array(last[range]) : full.look(at: 0) { Array($0[range]) }
        head += size
        count -= size
        if head == firstCount { dropFirst() }
        return part
    }

    private mutating func dropFirst() {
        head = 0
        if !full.isEmpty {
            // The queue may keep what it gave.
            full[0] = []
            full.removeFirst()
        } else if last.capacity > Self.mostKept {
            last = []
        } else {
            last.removeAll(keepingCapacity: true)
        }
    }
}
