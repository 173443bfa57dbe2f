internal import PinholeWire

/// Values by epoch, for the ``Limits/epochsRemembered`` epochs that were used last, in that order: a contact that takes
/// ever new ones costs no more memory.
package struct Newest<Value> {
    private var entries: [(epoch: UInt64, value: Value)] = []

    /// Those that are given later count as used later.
    package init(_ values: some Sequence<(epoch: UInt64, value: Value)>) {
        for (epoch, value) in values { self[epoch] = value }
    }

    /// The one that was used last comes last.
    package var all: [(epoch: UInt64, value: Value)] { entries }

    package subscript(epoch: UInt64) -> Value? {
        get { entries.last { $0.epoch == epoch }?.value }
        set {
            // The newest is last, and mostly it is the one.
            if let newValue, let last = entries.indices.last, entries[last].epoch == epoch {
                entries[last].value = newValue
                return
            }
            entries.removeAll { $0.epoch == epoch }
            guard let newValue else { return }
            entries.append((epoch, newValue))
            if entries.count > Limits.epochsRemembered { entries.removeFirst() }
        }
    }
}

extension Newest: Sendable where Value: Sendable {}

extension Newest: Equatable where Value: Equatable {
    package static func == (one: Self, other: Self) -> Bool {
        one.entries.elementsEqual(other.entries) { $0 == $1 }
    }
}

extension Newest: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (UInt64, Value)...) {
        self.init(elements.map { (epoch: $0, value: $1) })
    }
}
