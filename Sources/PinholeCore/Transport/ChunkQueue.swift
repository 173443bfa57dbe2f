internal import PinholeWire

/// Bytes that are appended at the end and dropped at the front, in the arrays in which they came: what a file is sent
/// from is never copied, and what was acknowledged is given back piece by piece. Small pieces are gathered.
struct ChunkQueue: Sendable {
    private struct Chunk {
        /// The position of its first byte, counted from the first byte that was ever appended.
        let start: Int
        var bytes: [UInt8]
        /// Whether small pieces are gathered in it; another is as somebody gave it.
        let isGathered: Bool

        var end: Int { start + bytes.count }
    }

    private var chunks = Queue<Chunk>()
    /// The positions of the first byte that is kept and of the one behind the last.
    private var head = 0
    private var end = 0
    /// Memory of a chunk that is gone, for the next small ones.
    private var spare: [UInt8] = []

    /// Up to this many bytes are copied behind others.
    private static let small = 2048
    private static let gathered = 16 * 1024

    var count: Int { end - head }
    var isEmpty: Bool { end == head }

    mutating func append(_ new: [UInt8]) {
        guard !new.isEmpty else { return }
        defer { end += new.count }
        guard new.count <= Self.small else {
            return chunks.append(Chunk(start: end, bytes: new, isGathered: false))
        }
        let last = chunks.count - 1
        if last >= 0, chunks[last].isGathered, chunks[last].bytes.count + new.count <= Self.gathered {
            return chunks[last].bytes.append(contentsOf: new)
        }
        // Most who chat say a line and fall silent: they need no memory for many.
        var bytes = spare
        spare = []
        bytes.append(contentsOf: new)
        chunks.append(Chunk(start: end, bytes: bytes, isGathered: true))
    }

    /// Appends to `writer` the bytes at `positions`, counted from the front.
    func write(_ positions: Range<Int>, to writer: inout ByteWriter) {
        var position = head + positions.lowerBound
        let end = head + positions.upperBound
        var index = index(of: position)
        while position < end {
            position = chunks.look(at: index) { chunk in
                let upper = min(end, chunk.end)
                writer.append(chunk.bytes.span.extracting(position - chunk.start..<upper - chunk.start))
                return upper
            }
            index += 1
        }
    }

    mutating func removeFirst(_ count: Int) {
        head += count
        while let first = chunks.first, first.end <= head { recycle() }
    }

    mutating func removeAll() {
        chunks = Queue()
        head = end
    }

    /// Gives back what is kept for the next bytes.
    mutating func giveBack() {
        spare = []
        chunks.giveBack()
    }

    /// Bytes of memory for what is here and what comes next.
    var reserved: Int { (0..<chunks.count).reduce(spare.capacity + chunks.reserved) { $0 + chunks[$1].bytes.capacity } }

    private mutating func recycle() {
        // The queue may keep what it gave: nothing of the chunk is to stay there.
        var bytes: [UInt8] = []
        swap(&bytes, &chunks[0].bytes)
        chunks.removeFirst()
        guard spare.capacity == 0, (Self.small...2 * Self.gathered).contains(bytes.capacity) else { return }
        bytes.removeAll(keepingCapacity: true)
        spare = bytes
    }

    /// The chunk that holds `position`.
    private func index(of position: Int) -> Int {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].end <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
