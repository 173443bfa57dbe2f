/// The lists of seats of all registrations in one piece of memory: blocks of 64 bytes, chained.
///
/// An array for each registration would cost six times its size, as the short-lived memory around it leaves holes.
struct SeatPool: Sendable {
    /// The seats of one registration. It owns its blocks, so it must not be copied and used twice.
    struct List: Sendable {
        fileprivate var block = none
        fileprivate(set) var count: UInt32 = 0
    }

    private struct Block {
        var seats: InlineArray<15, TagTable.Seat>
        var next: UInt32
    }

    /// The number of seats in all lists.
    private(set) var count = 0
    private var blocks: [Block] = []
    private var free = Self.none

    mutating func append(_ seat: TagTable.Seat, to list: inout List) {
        let index = Int(list.count % Self.seatsPerBlock)
        if index == 0 { list.block = take(Block(seats: InlineArray(repeating: seat), next: list.block)) }
        blocks[Int(list.block)].seats[index] = seat
        list.count += 1
        count += 1
    }

    /// Empties a list, and returns what was in it, in no particular order.
    mutating func removeAll(from list: inout List) -> [TagTable.Seat] {
        var seats: [TagTable.Seat] = []
        seats.reserveCapacity(Int(list.count))
        var filled = Int(list.count % Self.seatsPerBlock)
        while list.block != Self.none {
            let block = list.block
            for index in 0..<(filled == 0 ? Int(Self.seatsPerBlock) : filled) {
                seats.append(blocks[Int(block)].seats[index])
            }
            filled = 0
            list.block = blocks[Int(block)].next
            blocks[Int(block)].next = free
            free = block
        }
        list.count = 0
        count -= seats.count
        return seats
    }

    private mutating func take(_ block: Block) -> UInt32 {
        guard free != Self.none else {
            blocks.append(block)
            return UInt32(blocks.count - 1)
        }
        let taken = free
        free = blocks[Int(taken)].next
        blocks[Int(taken)] = block
        return taken
    }

    private static let seatsPerBlock: UInt32 = 15
    private static let none = UInt32.max
}
