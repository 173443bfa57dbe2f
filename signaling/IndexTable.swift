/// An open-addressing hash table of indices into somebody else's array: four bytes a place, at most three quarters full.
///
/// The owner of the array supplies hashes and comparison, so that no key is stored twice.
struct IndexTable: Sendable {
    private var places: [UInt32]
    private(set) var count = 0

    init() {
        places = Array(repeating: Self.empty, count: 16)
    }

    /// The index whose key hashes to `hash` and satisfies `matches`.
    @inline(__always)
    func find(hash: UInt64, where matches: (UInt32) -> Bool) -> UInt32? {
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != Self.empty {
            if matches(places[place]) { return places[place] }
            place = (place + 1) & (places.count - 1)
        }
        return nil
    }

    /// Adds `index`, which is not in the table.
    mutating func insert(_ index: UInt32, hash: UInt64, rehash: (UInt32) -> UInt64) {
        if (count + 1) * 4 > places.count * 3 { grow(rehash) }
        place(index, hash: hash)
        count += 1
    }

    /// Removes `index`, which is in the table, and closes the gap (Knuth, volume 3, 6.4, algorithm R).
    mutating func remove(_ index: UInt32, hash: UInt64, rehash: (UInt32) -> UInt64) {
        let mask = places.count - 1
        var gap = Int(truncatingIfNeeded: hash) & mask
        while places[gap] != index { gap = (gap + 1) & mask }
        var next = gap
        while true {
            next = (next + 1) & mask
            guard places[next] != Self.empty else { break }
            let home = Int(truncatingIfNeeded: rehash(places[next])) & mask
            // An entry may move back to the gap unless its home lies cyclically in (gap, next].
            if (next - home) & mask >= (next - gap) & mask {
                places[gap] = places[next]
                gap = next
            }
        }
        places[gap] = Self.empty
        count -= 1
    }

    private mutating func place(_ index: UInt32, hash: UInt64) {
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != Self.empty { place = (place + 1) & (places.count - 1) }
        places[place] = index
    }

    private mutating func grow(_ rehash: (UInt32) -> UInt64) {
        let old = places
        places = Array(repeating: Self.empty, count: old.count * 2)
        for index in old where index != Self.empty { place(index, hash: rehash(index)) }
    }

    private static let empty = UInt32.max
}
