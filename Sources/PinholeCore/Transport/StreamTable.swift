/// Streams, or what belongs to them, by their ids. There are few, and each packet looks for one: a search among sorted ids takes less time than a
/// hash, and the streams themselves are changed where they lie and never moved by the arrival of another.
struct StreamTable<Stream: Sendable>: Sendable {
    typealias Index = Int

    private struct Entry {
        let id: UInt64
        var index: Index
    }

    /// Ascending.
    private var entries: [Entry] = []
    private var ids: [UInt64] = []
    /// In no order that means anything. An index is valid until a stream is removed.
    var values: [Stream] = []

    var count: Int { values.count }
    var isEmpty: Bool { values.isEmpty }
    /// Ascending.
    var keys: [UInt64] { entries.map(\.id) }

    func index(forKey id: UInt64) -> Index? {
        let position = position(of: id)
        guard position < entries.count, entries[position].id == id else { return nil }
        return entries[position].index
    }

    /// A copy of a stream; what is done often goes by its index.
    subscript(id: UInt64) -> Stream? {
        index(forKey: id).map { values[$0] }
    }

    /// Looks at a stream where it lies. To read it by its index would copy it, with a count for each of its arrays.
    mutating func look<Result>(at index: Index, _ body: (inout Stream) -> Result) -> Result {
        body(&values[index])
    }

    /// Adds a stream whose id is not there yet.
    @discardableResult
    mutating func insert(_ stream: Stream, forKey id: UInt64) -> Index {
        entries.insert(Entry(id: id, index: values.count), at: position(of: id))
        ids.append(id)
        values.append(stream)
        return values.count - 1
    }

    @discardableResult
    mutating func removeValue(forKey id: UInt64) -> Stream? {
        let position = position(of: id)
        guard position < entries.count, entries[position].id == id else { return nil }
        let index = entries.remove(at: position).index
        // The last one takes its place.
        let last = values.count - 1
        if index != last {
            entries[self.position(of: ids[last])].index = index
            ids[index] = ids[last]
            values.swapAt(index, last)
        }
        ids.removeLast()
        return values.removeLast()
    }

    /// Where the id is among the entries, or would be.
    private func position(of id: UInt64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
