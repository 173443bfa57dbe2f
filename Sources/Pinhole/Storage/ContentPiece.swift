/// Bytes that follow each other in a file and in the content of a transfer.
struct ContentPiece {
    /// Where it begins in the content.
    let start: UInt64
    /// Which file it is of, by its number in the owner's list.
    let file: Int
    /// Where it begins in the file.
    let offset: UInt64
    let count: UInt64

    var end: UInt64 { start + count }
}

extension [ContentPiece] {
    /// Appends what a file has of the content, behind what is here or from `start` on.
    mutating func append(_ data: [Range<UInt64>], of file: Int, from start: UInt64) {
        var start = last?.end ?? start
        for range in data {
            let piece = ContentPiece(start: start, file: file, offset: range.lowerBound, count: UInt64(range.count))
            append(piece)
            start = piece.end
        }
    }

    /// The piece that a place in the content lies in, or the next one.
    func index(at position: UInt64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].end <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
