/// A dictionary of a few entries, mostly of one: comparing is faster than hashing then.
struct LinearMap<Key: Equatable & Sendable, Value: Sendable>: Sendable {
    private(set) var keys: [Key] = []
    /// In no order that means anything; each at the position of its key.
    var values: [Value] = []

    var count: Int { keys.count }

    func position(of key: Key) -> Int? {
        for position in keys.indices where keys[position] == key { return position }
        return nil
    }

    subscript(key: Key) -> Value? {
        get { position(of: key).map { values[$0] } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?):
                values[position] = value
            case (let position?, nil):
                keys.swapAt(position, keys.count - 1)
                values.swapAt(position, values.count - 1)
                keys.removeLast()
                values.removeLast()
            case (nil, let value?):
                keys.append(key)
                values.append(value)
            case (nil, nil):
                break
            }
        }
    }
}
