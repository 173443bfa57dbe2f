/// A set of numbers kept as ascending, disjoint, non-adjacent ranges: packet numbers, stream bytes, stream ids.
///
/// The standard library's `RangeSet` is the same thing and ten times slower per insertion (measured), and this is done
/// for each packet.
struct IntervalSet: Equatable, Sendable {
    private(set) var ranges: [Range<UInt64>] = []

    var isEmpty: Bool { ranges.isEmpty }
    var count: Int { ranges.count }
    var first: Range<UInt64>? { ranges.first }
    var last: Range<UInt64>? { ranges.last }

    func contains(_ value: UInt64) -> Bool {
        let index = firstIndex(endingAfter: value)
        return index < ranges.count && ranges[index].lowerBound <= value
    }

    /// The ranges of which some lies in `range`.
    func overlapping(_ range: Range<UInt64>) -> ArraySlice<Range<UInt64>> {
        let start = firstIndex(endingAfter: range.lowerBound)
        var end = start
        while end < ranges.count, ranges[end].lowerBound < range.upperBound { end += 1 }
        return ranges[start..<end]
    }

    /// The smallest number from `value` on that is not in the set.
    func firstMissing(from value: UInt64) -> UInt64 {
        let index = firstIndex(endingAfter: value)
        guard index < ranges.count, ranges[index].lowerBound <= value else { return value }
        return ranges[index].upperBound
    }

    mutating func insert(_ value: UInt64) {
        insert(value..<value + 1)
    }

    mutating func insert(_ new: Range<UInt64>) {
        guard !new.isEmpty else { return }
        // Nearly everything arrives in order, at the end.
        guard let last = ranges.last, new.lowerBound <= last.upperBound else { return ranges.append(new) }
        if new.lowerBound >= last.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, new.upperBound)
            return
        }
        // Every range that overlaps or touches the new one becomes part of it.
        let start = new.lowerBound == 0 ? 0 : firstIndex(endingAfter: new.lowerBound - 1)
        var end = start
        while end < ranges.count, ranges[end].lowerBound <= new.upperBound { end += 1 }
        if start == end {
            ranges.insert(new, at: start)
        } else {
            let lower = min(new.lowerBound, ranges[start].lowerBound)
            let upper = max(new.upperBound, ranges[end - 1].upperBound)
            ranges[start] = lower..<upper
            if end > start + 1 { ranges.removeSubrange(start + 1..<end) }
        }
    }

    mutating func remove(_ old: Range<UInt64>) {
        guard !old.isEmpty else { return }
        var index = firstIndex(endingAfter: old.lowerBound)
        while index < ranges.count, ranges[index].lowerBound < old.upperBound {
            let range = ranges[index]
            let before = range.lowerBound..<max(range.lowerBound, old.lowerBound)
            let after = min(range.upperBound, old.upperBound)..<range.upperBound
            switch (before.isEmpty, after.isEmpty) {
            case (true, true):
                ranges.remove(at: index)
            case (false, true):
                ranges[index] = before
                index += 1
            case (true, false):
                ranges[index] = after
                return
            case (false, false):
                ranges[index] = before
                ranges.insert(after, at: index + 1)
                return
            }
        }
    }

    mutating func removeFirst() {
        ranges.removeFirst()
    }

    mutating func removeAll() {
        ranges.removeAll(keepingCapacity: true)
    }

    /// The index of the first range whose end is beyond `value`.
    private func firstIndex(endingAfter value: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > value { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
