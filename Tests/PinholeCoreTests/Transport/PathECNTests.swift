import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// A sender's view of a path, and of what its peer counted.
private final class MarkedPath {
    var ecn = PathECN()

    var isMarking: Bool { ecn.isMarking }
    var isCapable: Bool { ecn.isCapable }

    /// Sends so many packets as long as they are to be marked; returns how many were.
    @discardableResult
    func send(_ count: Int) -> Int {
        var marked = 0
        for _ in 0..<count where ecn.isMarking {
            ecn.didSendMarked()
            marked += 1
        }
        return marked
    }

    func lose(_ count: Int) {
        for _ in 0..<count { ecn.didLoseMarked() }
    }

    /// Whether the ACK told of a queue.
    @discardableResult
    func receive(_ counts: ECNCounts?, acknowledged: Int) -> Bool {
        ecn.didReceive(counts, acknowledged: acknowledged)
    }
}

@Suite("whether a path carries ECN")
struct PathECNTests {

    @Test("ten packets are marked, and the others once the peer counted right")  // [ECN-4]
    func trial() {
        let path = MarkedPath()
        #expect(path.send(100) == 10)
        #expect(!path.isMarking && !path.isCapable)
        let isCongested = path.receive(ECNCounts(ect0: 2), acknowledged: 2)
        #expect(!isCongested && path.isCapable && path.isMarking)
    }

    @Test("a mark is reported once")
    func mark() {
        let path = MarkedPath()
        path.send(10)
        #expect(path.receive(ECNCounts(ect0: 1, ce: 1), acknowledged: 2))
        #expect(path.isCapable)
        #expect(!path.receive(ECNCounts(ect0: 3, ce: 1), acknowledged: 2))
        #expect(path.receive(ECNCounts(ect0: 3, ce: 2), acknowledged: 1))
        #expect(!path.receive(nil, acknowledged: 0), "an ACK of packets without marks needs no counts")
        #expect(path.isCapable)
    }

    @Test("a path that bleaches is not marked any more: no counts, or too few")  // [ECN-6]
    func bleached() {
        for counts in [nil, ECNCounts(), ECNCounts(ect0: 1)] {
            let path = MarkedPath()
            path.send(10)
            #expect(!path.receive(counts, acknowledged: 2))
            #expect(!path.isMarking && path.send(5) == 0, "\(counts as Any)")
            #expect(!path.receive(ECNCounts(ect0: 10), acknowledged: 2) && !path.isMarking, "it stays so")
        }
    }

    @Test("a path that bleaches later is left then")
    func bleachedLater() {
        let path = MarkedPath()
        path.send(10)
        path.receive(ECNCounts(ect0: 10), acknowledged: 10)
        #expect(path.send(20) == 20)
        path.receive(ECNCounts(ect0: 10), acknowledged: 20)
        #expect(!path.isMarking)
    }

    @Test("a path that turns every mark into CE tells nothing")  // [ECN-8]
    func allMarked() {
        let path = MarkedPath()
        path.send(10)
        for count in 1..<10 as Range<UInt64> {
            #expect(path.receive(ECNCounts(ce: count), acknowledged: 1))
            #expect(!path.isCapable)
        }
        path.receive(ECNCounts(ce: 10), acknowledged: 1)
        #expect(!path.isMarking && !path.receive(ECNCounts(ce: 10), acknowledged: 0))
    }

    @Test(  // [ECN-7]
        "counts that cannot be are not believed",
        arguments: [
            ECNCounts(ect0: 11), ECNCounts(ect0: 5, ce: 6), ECNCounts(ect0: .max, ce: 2), ECNCounts(ect0: 2, ect1: 1),
            ECNCounts(ect0: 2, ce: .max), ECNCounts(ect0: 3, ce: 0),
        ])
    func hostile(counts: ECNCounts) {
        let path = MarkedPath()
        path.send(10)
        path.receive(ECNCounts(ect0: 3, ce: 1), acknowledged: 4)
        #expect(path.isCapable)
        #expect(!path.receive(counts, acknowledged: 0) && !path.isMarking)
    }

    @Test("a path that drops what is marked is left once all ten were lost")  // [ECN-8]
    func dropped() {
        let path = MarkedPath()
        path.send(4)
        path.lose(4)
        #expect(path.isMarking)
        path.send(100)
        path.lose(6)
        #expect(!path.isMarking)
        path.receive(ECNCounts(ect0: 1), acknowledged: 1)
        #expect(!path.isMarking)
    }

    @Test("after a probe timeout nothing is marked until it is known that marks arrive")  // [ECN-1]
    func timeout() {
        let path = MarkedPath()
        path.send(3)
        path.ecn.didTimeOut()
        #expect(!path.isMarking)
        path.receive(ECNCounts(ect0: 1), acknowledged: 1)
        #expect(path.isCapable)
        path.ecn.didTimeOut()
        #expect(path.isCapable)
    }

    @Test("a path that begins to drop what is marked is tried again, and left")  // [ECN-5]
    func droppedLater() {
        let path = MarkedPath()
        path.send(10)
        path.receive(ECNCounts(ect0: 10), acknowledged: 10)
        path.send(30)
        path.lose(9)
        path.receive(ECNCounts(ect0: 11), acknowledged: 1)
        path.lose(9)
        #expect(path.isCapable)
        path.lose(1)
        #expect(!path.isCapable && path.send(100) == 10)
        path.lose(10)
        #expect(!path.isMarking)
    }

    @Test("another path is tested anew, whatever the last one was, and its counts go on")  // [ECN-4]
    func path() {
        let path = MarkedPath()
        path.send(10)
        path.receive(nil, acknowledged: 10)
        #expect(!path.isMarking)
        path.ecn.resetPath()
        #expect(path.send(100) == 10)
        #expect(!path.receive(ECNCounts(ect0: 10), acknowledged: 10) && path.isCapable)
        path.ecn.resetPath()
        path.send(10)
        // What the old path still delivered is counted with it.
        #expect(path.receive(ECNCounts(ect0: 19, ce: 1), acknowledged: 3) && path.isCapable)
    }

    // [ECN-7]
    @Test("whatever a peer counts, nothing is believed that was not sent", arguments: 0..<100 as Range<UInt64>)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let path = MarkedPath()
        var reports = 0
        for _ in 0..<500 {
            switch Int.random(in: 0...5, using: &random) {
            case 0: path.lose(1)
            case 1: path.ecn.didTimeOut()
            case 2: path.ecn.resetPath()
            case 3: path.send(Int.random(in: 0...20, using: &random))
            default:
                let range: ClosedRange<UInt64> = random.chance(0.1) ? 0...UInt64.max : 0...40
                let counts = ECNCounts(
                    ect0: .random(in: range, using: &random), ce: .random(in: range, using: &random))
                if path.receive(counts, acknowledged: Int.random(in: 0...3, using: &random)) { reports += 1 }
            }
        }
        #expect(reports <= 40, "seed \(seed)")
    }
}
