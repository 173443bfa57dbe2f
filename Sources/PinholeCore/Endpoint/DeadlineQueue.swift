internal import PinholeWire

/// The nearest of many deadlines. Entries that were moved stay in the heap and are skipped when they surface, or swept
/// out when they are most of it.
struct DeadlineQueue {
    private struct Entry {
        let instant: Instant
        let owner: Int
    }

    private var heap: [Entry] = []
    private var current: [Int: Instant] = [:]

    /// Sets, moves or (with `nil`) removes the deadline of `owner`.
    mutating func set(_ instant: Instant?, for owner: Int) {
        guard current[owner] != instant else { return }
        current[owner] = instant
        if let instant {
            heap.append(Entry(instant: instant, owner: owner))
            siftUp(heap.count - 1)
        }
        sweep()
    }

    /// The entries in memory, stale ones included.
    var entryCount: Int { heap.count }

    var nearest: Instant? {
        mutating get {
            discardStale()
            return heap.first?.instant
        }
    }

    /// Removes and returns an owner whose deadline has come.
    mutating func popDue(at now: Instant) -> Int? {
        discardStale()
        guard let first = heap.first, first.instant <= now else { return nil }
        removeFirst()
        current[first.owner] = nil
        sweep()
        return first.owner
    }

    private mutating func discardStale() {
        while let first = heap.first, current[first.owner] != first.instant { removeFirst() }
    }

    /// A stale entry below a near one never surfaces by itself. A sorted list is a heap; sorting by owner too makes each
    /// run alike.
    private mutating func sweep() {
        guard heap.count > 4 * current.count + 16 else { return }
        heap = current.map { Entry(instant: $0.value, owner: $0.key) }
            .sorted { ($0.instant, $0.owner) < ($1.instant, $1.owner) }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].instant < heap[smallest].instant { smallest = child }
            }
            if smallest == index { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index].instant < heap[(index - 1) / 2].instant {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }
}
