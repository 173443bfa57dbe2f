internal import PinholeWire

/// The nearest of many deadlines. Entries that were moved stay in the heap and are skipped when they surface.
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
        guard let instant else { return }
        heap.append(Entry(instant: instant, owner: owner))
        siftUp(heap.count - 1)
    }

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
        return first.owner
    }

    private mutating func discardStale() {
        while let first = heap.first, current[first.owner] != first.instant { removeFirst() }
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
