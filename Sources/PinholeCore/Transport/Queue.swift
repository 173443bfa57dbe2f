/// First in, first out, with access by position; each operation is amortised O(1) and reuses its memory.
struct Queue<Element> {
    private var items: [Element] = []
    private var head = 0

    var count: Int { items.count - head }
    var isEmpty: Bool { head == items.count }
    var first: Element? { isEmpty ? nil : items[head] }
    var last: Element? { isEmpty ? nil : items[items.count - 1] }

    subscript(position: Int) -> Element {
        get { items[head + position] }
        _modify { yield &items[head + position] }
    }

    /// Looks at an element where it lies, without a copy of it.
    func look<Result>(at position: Int, _ body: (borrowing Element) -> Result) -> Result {
        body(items[head + position])
    }

    mutating func append(_ element: Element) {
        items.append(element)
    }

    mutating func removeFirst(_ count: Int = 1) {
        head += count
        // Moving what is left is paid for by the at least as many that are gone.
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 32, head >= items.count / 2 {
            items.removeSubrange(0..<head)
            head = 0
        }
    }

    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        removeFirst()
        return first
    }

    mutating func removeSubrange(_ positions: Range<Int>) {
        guard !positions.isEmpty else { return }
        items.removeSubrange(head + positions.lowerBound..<head + positions.upperBound)
    }

    /// Gives back the memory of a queue in which nothing is.
    mutating func giveBack() {
        if isEmpty { self = Queue() }
    }

    /// Bytes of memory that the elements have.
    var reserved: Int { items.capacity * MemoryLayout<Element>.stride }

    mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        head = 0
    }
}

extension Queue: Sendable where Element: Sendable {}
