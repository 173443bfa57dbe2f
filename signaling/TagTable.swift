import PinholeWire

/// Who sits where: for each rendezvous tag the registrations of its two sides, one per side and address family.
///
/// Flat memory: 32 bytes a tag and its place in an ``IndexTable``; an entry keeps its index while anyone sits at it.
struct TagTable: Sendable {
    /// One of the four seats of an entry, with the entry's index in the high 30 bits.
    struct Seat: Hashable, Sendable {
        fileprivate let value: UInt32

        fileprivate init(entry: UInt32, side: Role, family: IPAddress.Family) {
            value = entry << 2 | UInt32(side.rawValue) << 1 | (family == .v6 ? 1 : 0)
        }

        fileprivate var entry: Int { Int(value >> 2) }
        fileprivate var index: Int { Int(value & 3) }
        fileprivate var side: Role { Role(rawValue: UInt8(value >> 1 & 1)) ?? .lo }
    }

    /// Who sits on a seat, and whether it wants to hear of the other side.
    struct Holder: Equatable, Sendable {
        let registration: UInt32
        let watches: Bool
    }

    private struct Entry {
        var tag: RendezvousTag
        var seats: (UInt32, UInt32, UInt32, UInt32) = (vacant, vacant, vacant, vacant)

        subscript(index: Int) -> UInt32 {
            get {
                switch index {
                case 0: seats.0
                case 1: seats.1
                case 2: seats.2
                default: seats.3
                }
            }
            set {
                switch index {
                case 0: seats.0 = newValue
                case 1: seats.1 = newValue
                case 2: seats.2 = newValue
                default: seats.3 = newValue
                }
            }
        }

        var isVacant: Bool {
            seats.0 == vacant && seats.1 == vacant && seats.2 == vacant && seats.3 == vacant
        }
    }

    private var entries: [Entry] = []
    private var free: [UInt32] = []
    private var index = IndexTable()
    /// The number of seats taken.
    private(set) var count = 0

    /// Seats `registration`, and returns the seat and who sat there before.
    mutating func sit(
        _ registration: UInt32, at entry: TagEntry, family: IPAddress.Family
    ) -> (seat: Seat, previous: Holder?) {
        let seat = Seat(entry: findOrMake(entry.tag), side: entry.side, family: family)
        let previous = holder(of: seat)
        entries[seat.entry][seat.index] = registration | (entry.watch ? Self.watchBit : 0)
        if previous == nil { count += 1 }
        return (seat, previous)
    }

    /// Frees `seat` if `registration` still sits there: another may have taken its place.
    mutating func leave(_ seat: Seat, by registration: UInt32) -> Bool {
        guard sits(registration, on: seat) else { return false }
        entries[seat.entry][seat.index] = Self.vacant
        count -= 1
        if entries[seat.entry].isVacant {
            index.remove(UInt32(seat.entry), hash: Self.hash(entries[seat.entry].tag)) { [entries] in
                Self.hash(entries[Int($0)].tag)
            }
            free.append(UInt32(seat.entry))
        }
        return true
    }

    /// The seat that `entry` means, if `registration` sits there.
    func seat(of registration: UInt32, at entry: TagEntry, family: IPAddress.Family) -> Seat? {
        guard let index = find(entry.tag) else { return nil }
        let seat = Seat(entry: index, side: entry.side, family: family)
        return holder(of: seat)?.registration == registration ? seat : nil
    }

    /// Whether `registration` sits there, and nobody took its place.
    func sits(_ registration: UInt32, on seat: Seat) -> Bool {
        holder(of: seat)?.registration == registration
    }

    /// Whether anybody sits on the seat that `entry` means.
    func isTaken(_ entry: TagEntry, family: IPAddress.Family) -> Bool {
        find(entry.tag).flatMap { holder(of: Seat(entry: $0, side: entry.side, family: family)) } != nil
    }

    /// The tag of a seat, and the registrations on its other side that want to hear of it.
    func watchers(of seat: Seat) -> (tag: RendezvousTag, registrations: [UInt32]) {
        let tag = entries[seat.entry].tag
        let others = holders(of: tag, side: seat.side.other).filter(\.watches)
        return (tag, others.map(\.registration))
    }

    /// Whether nobody is left on the side of a seat that was just left.
    func isVacated(_ seat: Seat, of tag: RendezvousTag) -> Bool {
        holders(of: tag, side: seat.side).isEmpty
    }

    /// Whether `registration` sits at `side` of `tag`.
    func seats(_ registration: UInt32, tag: RendezvousTag, side: Role) -> Bool {
        holders(of: tag, side: side).contains { $0.registration == registration }
    }

    /// The registrations of `side`: at most one per address family, IPv6 first.
    func holders(of tag: RendezvousTag, side: Role) -> [Holder] {
        guard let entry = find(tag) else { return [] }
        return [IPAddress.Family.v6, .v4].compactMap { family in
            holder(of: Seat(entry: entry, side: side, family: family))
        }
    }

    private func holder(of seat: Seat) -> Holder? {
        let value = entries[seat.entry][seat.index]
        guard value != Self.vacant else { return nil }
        return Holder(registration: value & ~Self.watchBit, watches: value & Self.watchBit != 0)
    }

    private func find(_ tag: RendezvousTag) -> UInt32? {
        index.find(hash: Self.hash(tag)) { entries[Int($0)].tag == tag }
    }

    private mutating func findOrMake(_ tag: RendezvousTag) -> UInt32 {
        if let found = find(tag) { return found }
        let made: UInt32
        if let reused = free.popLast() {
            made = reused
            entries[Int(made)] = Entry(tag: tag)
        } else {
            made = UInt32(entries.count)
            precondition(made < 1 << 30, "a seat's entry has 30 bits; Capacity keeps far below")
            entries.append(Entry(tag: tag))
        }
        index.insert(made, hash: Self.hash(tag)) { [entries] in Self.hash(entries[Int($0)].tag) }
        return made
    }

    /// Clients choose tags, so this is the standard library's keyed hash.
    private static func hash(_ tag: RendezvousTag) -> UInt64 {
        UInt64(truncatingIfNeeded: tag.hashValue)
    }

    private static let watchBit: UInt32 = 1 << 31
    private static let vacant = UInt32.max
}
