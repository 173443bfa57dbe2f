import TestSupport
import Testing

@testable import Signaling

@Suite("Index table")
struct IndexTableTests {
    @Test("it agrees with a dictionary through random insertions and removals")
    func model() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        // Few distinct hashes, so that runs collide, wrap around and close their gaps.
        let keys = (0..<600).map { _ in random.next() % 97 &* 0x1_0000_0001 }
        var table = IndexTable()
        var model: Set<UInt32> = []
        for step in 0..<20_000 {
            let index = UInt32(random.next() % UInt64(keys.count))
            if model.contains(index) {
                table.remove(index, hash: keys[Int(index)]) { keys[Int($0)] }
                model.remove(index)
            } else {
                table.insert(index, hash: keys[Int(index)]) { keys[Int($0)] }
                model.insert(index)
            }
            let probe = UInt32(random.next() % UInt64(keys.count))
            let found = table.find(hash: keys[Int(probe)]) { $0 == probe }
            #expect((found != nil) == model.contains(probe), "seed \(seed), step \(step)")
        }
        #expect(table.count == model.count)
    }
}
