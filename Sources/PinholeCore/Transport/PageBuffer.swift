/// Bytes that arrived beyond a gap, in pages of which only those exist in which something lies: memory and time follow
/// what arrived, and not how far from the front it is. Which bytes are there, the owner knows.
struct PageBuffer: Sendable {
    /// Few datagrams touch more than two pages.
    private static let pageSize = 4096

    /// Empty where nothing lies.
    private var pages = Queue<[UInt8]>()
    /// The number of the first page.
    private var first: UInt64 = 0

    /// Bytes of memory that the pages take.
    var allocated: Int { (0..<pages.count).reduce(0) { $0 + pages[$1].count } }

    /// Writes `new` from `offset` on; `front` is not beyond it, and nothing is ever written before that.
    mutating func write(_ new: Span<UInt8>, at offset: UInt64, front: UInt64) {
        guard !new.isEmpty else { return }
        if pages.isEmpty { first = front / UInt64(Self.pageSize) }
        let end = place(of: offset + UInt64(new.count) - 1).page
        while pages.count <= end { pages.append([]) }
        var position = 0
        while position < new.count {
            let (page, start) = place(of: offset + UInt64(position))
            let count = min(Self.pageSize - start, new.count - position)
            if pages[page].isEmpty { pages[page] = [UInt8](repeating: 0, count: Self.pageSize) }
            unsafe new.extracting(position..<position + count).withUnsafeBufferPointer { source in
                unsafe pages[page].withUnsafeMutableBufferPointer { target in
                    _ = unsafe UnsafeMutableBufferPointer(rebasing: target[start...]).update(fromContentsOf: source)
                }
            }
            position += count
        }
    }

    /// Appends `range`, all of which was written, to `queue`, in `spares` where that needs memory; what was before its end
    /// is gone then.
    mutating func move(_ range: Range<UInt64>, to queue: inout PieceQueue, in spares: inout [[UInt8]]) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let (page, start) = place(of: offset)
            let count = min(Self.pageSize - start, Int(range.upperBound - offset))
            let bytes = pages[page]
            queue.append(bytes.span.extracting(start..<start + count), in: &spares)
            offset += UInt64(count)
        }
        removeAll(before: range.upperBound)
    }

    /// Gives back the pages that end at `offset` or before.
    mutating func removeAll(before offset: UInt64) {
        while !pages.isEmpty, (first + 1) * UInt64(Self.pageSize) <= offset {
            // The queue may keep what it gave.
            pages[0] = []
            pages.removeFirst()
            first += 1
        }
    }

    mutating func removeAll() {
        pages = Queue()
    }

    private func place(of offset: UInt64) -> (page: Int, start: Int) {
        let size = UInt64(Self.pageSize)
        return (Int(offset / size - first), Int(offset % size))
    }
}
