import CSodium
import Synchronization

/// Room for many small secrets in few guarded allocations (`sodium_malloc`): locked, read-only but while one is written,
/// with a guard page at either end, and wiped secret by secret as they go.
///
/// An allocation of its own costs a secret two pages and four mappings, so a node with thousands of contacts would meet
/// the system's limits (`RLIMIT_MEMLOCK`, `vm.max_map_count`) before its own. What shares a block is of one kind and one
/// owner: the keys of pairs; the identity's own key stays alone.
final class SecretPool: Sendable {
    /// Where the keys of all pairs are.
    static let pairs = SecretPool()

    /// Bytes of a block, which are whole pages.
    static let blockSize = 65_536
    /// Bytes that a secret takes are a multiple of this, and so are the places of secrets: one of a pair has 264, which
    /// take 288, and its pre-shared key 32.
    private static let unit = 32
    private static let units = blockSize / unit

    /// A part of a block that belongs to one secret.
    struct Part: Sendable {
        nonisolated(unsafe) let base: UnsafeMutablePointer<UInt8>
        fileprivate let block: Int
        fileprivate let units: Range<Int>
    }

    private struct Block: Sendable {
        nonisolated(unsafe) let base: UnsafeMutablePointer<UInt8>
        var isTaken = [Bool](repeating: false, count: SecretPool.units)
        var taken = 0

        /// The first gap of so many units.
        func gap(_ count: Int) -> Range<Int>? {
            guard SecretPool.units - taken >= count else { return nil }
            var start = 0
            for unit in 0..<SecretPool.units {
                if isTaken[unit] { start = unit + 1 } else if unit - start + 1 == count { return start..<unit + 1 }
            }
            return nil
        }

        mutating func set(_ range: Range<Int>, taken isTaken: Bool) {
            for unit in range { self.isTaken[unit] = isTaken }
            taken += isTaken ? range.count : -range.count
        }
    }

    /// By their numbers; what is given back leaves a gap for the next.
    private let blocks = Mutex<[Block?]>([])

    /// The allocations at the moment.
    var blockCount: Int { blocks.withLock { $0.count { $0 != nil } } }

    /// Takes room for `count` bytes, at most ``blockSize``, which `fill` finds as zeros and which are read-only afterwards.
    func take(_ count: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) -> Part {
        precondition((1...Self.blockSize).contains(count), "no secret of that size")
        let size = (count + Self.unit - 1) / Self.unit
        return blocks.withLock { blocks in
            let (index, range) = Self.find(size, in: &blocks)
            blocks[index]!.set(range, taken: true)
            let part = Part(base: blocks[index]!.base + range.lowerBound * Self.unit, block: index, units: range)
            Self.write(blocks[index]!) { fill(UnsafeMutableBufferPointer(start: part.base, count: count)) }
            return part
        }
    }

    /// Wipes a part, and frees its block if it was the last in it.
    func giveBack(_ part: Part) {
        blocks.withLock { blocks in
            Self.write(blocks[part.block]!) { sodium_memzero(part.base, part.units.count * Self.unit) }
            blocks[part.block]!.set(part.units, taken: false)
            guard blocks[part.block]!.taken == 0 else { return }
            sodium_free(blocks[part.block]!.base)
            blocks[part.block] = nil
        }
    }

    private static func find(_ size: Int, in blocks: inout [Block?]) -> (index: Int, range: Range<Int>) {
        // The newest first: the older ones are mostly full.
        for index in blocks.indices.reversed() {
            if let range = blocks[index]?.gap(size) { return (index, range) }
        }
        Sodium.initialize()
        guard let memory = sodium_malloc(blockSize) else { fatalError("no memory can be locked for a secret") }
        let block = Block(base: memory.bindMemory(to: UInt8.self, capacity: blockSize))
        block.base.initialize(repeating: 0, count: blockSize)
        sodium_mprotect_readonly(memory)
        if let gap = blocks.firstIndex(where: { $0 == nil }) {
            blocks[gap] = block
            return (gap, 0..<size)
        }
        blocks.append(block)
        return (blocks.count - 1, 0..<size)
    }

    /// Others read their parts meanwhile.
    private static func write(_ block: Block, _ body: () -> Void) {
        sodium_mprotect_readwrite(block.base)
        body()
        sodium_mprotect_readonly(block.base)
    }
}
