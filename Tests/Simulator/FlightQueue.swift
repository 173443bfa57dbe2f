import PinholeWire

/// Datagrams on their way, the next to arrive first: a binary heap.
struct FlightQueue {
    private var heap: [World.Flight] = []

    var nextArrival: Instant? { heap.first?.arrival }

    mutating func insert(_ flight: World.Flight) {
        heap.append(flight)
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, heap[child].isBefore(heap[parent]) {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popDue(at now: Instant) -> World.Flight? {
        guard let first = heap.first, first.arrival <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}

extension World.Flight {
    fileprivate func isBefore(_ other: Self) -> Bool {
        (arrival, sequence) < (other.arrival, other.sequence)
    }
}
