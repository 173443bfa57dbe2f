import PinholeWire
import TestSupport
import Testing

@testable import PinholeCrypto

@Suite("secrets that share guarded pages")
struct SecretPoolTests {
    @Test("each keeps what it was given, whatever comes and goes beside it")
    func content() {
        let pool = SecretPool()
        var random = SeededRandom(seed: 9)
        var secrets: [(bytes: [UInt8], secret: SecretBytes)] = []
        for _ in 0..<5000 {
            if secrets.count > 900 || (!secrets.isEmpty && Int.random(in: 0..<3, using: &random) == 0) {
                secrets.remove(at: Int.random(in: 0..<secrets.count, using: &random))
            } else {
                let count = [32, 160, 33].randomElement(using: &random)!
                let bytes = (0..<count).map { _ in UInt8.random(in: 1...255, using: &random) }
                let secret = SecretBytes(count: count, in: pool) { buffer in
                    #expect(buffer.allSatisfy { $0 == 0 }, "what was there before is wiped")
                    _ = buffer.update(fromContentsOf: bytes)
                }
                secrets.append((bytes, secret))
            }
        }
        #expect(secrets.allSatisfy { [UInt8](copying: $0.secret.bytes) == $0.bytes }, "seed 9")
        #expect(pool.blockCount <= 3, "gaps are filled again")
    }

    @Test("the room of one that went is wiped, and given to the next")
    func wiped() {
        let pool = SecretPool()
        let neighbour = pool.take(32) { $0.update(repeating: 1) }
        let part = pool.take(64) { $0.update(repeating: 0xa5) }
        pool.giveBack(part)
        #expect((0..<64).allSatisfy { part.base[$0] == 0 })
        #expect((0..<32).allSatisfy { neighbour.base[$0] == 1 })
        let next = pool.take(40) { buffer in #expect(buffer.allSatisfy { $0 == 0 }) }
        #expect(next.base == part.base)
        pool.giveBack(next)
        pool.giveBack(neighbour)
        #expect(pool.blockCount == 0, "a block without a secret is given back")
    }

    @Test("a thousand pairs share a few blocks")
    func pairs() throws {
        let own = IdentitySecret.generate()
        let before = SecretPool.pairs.blockCount
        let keys = try (0..<1000).map { _ in try PairKeys(own: own, peer: IdentitySecret.generate().publicKey) }
        #expect(SecretPool.pairs.blockCount - before <= 6)
        #expect(Set(keys.map { [UInt8](copying: $0.rendezvousKey) }).count == 1000)
    }

    @Test("a block that is full makes room for another")
    func large() {
        let pool = SecretPool()
        let parts = (0..<3).map { _ in pool.take(SecretPool.blockSize) { $0.update(repeating: 7) } }
        #expect(pool.blockCount == 3)
        parts.forEach(pool.giveBack)
        #expect(pool.blockCount == 0)
    }
}
