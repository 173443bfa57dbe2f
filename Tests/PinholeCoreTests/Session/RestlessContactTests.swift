import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// A contact that keeps a session busy without ever doing its part.
@Suite("a contact that gives no peace")
struct RestlessContactTests {
    private func say(_ text: String, in siege: Siege) {
        let message = ChatMessage(id: MessageID(epoch: 1, counter: 1), time: 0, body: Array(text.utf8))
        siege.bob.endpoint.send(message, to: siege.key, at: siege.world.now)
        siege.bob.drain()
    }

    // [PTH-26]
    @Test("one that speaks and acknowledges nothing is left after some minutes, and fills nothing until then")
    func neverAcknowledging() throws {
        let siege = try Siege(seed: 601)
        siege.isPolite = false
        say("what is never acknowledged", in: siege)
        var most = 0
        for _ in 0..<600 where siege.bob.closings.isEmpty {
            siege.send([.ping])
            siege.run(for: .seconds(1), step: .seconds(1))
            most = max(most, siege.transport?.sent.count ?? 0)
        }
        #expect(siege.bob.closings == [.timedOut])
        #expect(most <= Limits.maxUnansweredProbes + 16)
        siege.expectUnharmed()
    }

    @Test("one whose every packet comes from elsewhere is followed four times in 100 ms at most")  // [PTH-29]
    func everywhere() throws {
        let siege = try Siege(seed: 602)
        say("the beginning", in: siege)
        siege.run(for: .seconds(1))
        let before = siege.sent.values.reduce(0) { $0 + $1.datagrams }
        let addresses = (1...3).map { TransportAddress("192.0.2.66:\(5000 + $0)")! }
        var moves = 0
        var last = siege.bob.endpoint.path(to: siege.key)?.remote
        for number in 0..<1000 {
            siege.send([.ping], from: addresses[number % 3])
            siege.run(for: .milliseconds(1), step: .milliseconds(1))
            let path = siege.bob.endpoint.path(to: siege.key)?.remote
            if path != last { moves += 1 }
            last = path
        }
        #expect(moves <= 44 && moves > 1, "\(moves)")
        #expect(siege.sent.values.reduce(0) { $0 + $1.datagrams } - before < 5 * 1000)
        #expect((siege.transport?.sent.count ?? 0) < 100)
        siege.expectUnharmed()
    }

    @Test("of several ACKs, and of several CANDIDATES, in a packet the first counts")  // [FRM-19]
    func several() throws {
        let siege = try Siege(seed: 603)
        let candidates = (1...2).map { Candidate(.host, TransportAddress("192.0.2.67:\(6000 + $0)")!) }
        let neverSent = Frame.ack(AckFrame(ranges: [1 << 40...1 << 40], delay: 0))
        siege.send(
            [.ack(AckFrame(ranges: siege.received, delay: 0)), neverSent]
                + candidates.map { .candidates([$0]) })
        siege.run(for: .seconds(1))
        #expect(siege.bob.closings.isEmpty)
        #expect(siege.connection?.peerCandidates.map(\.address) == [candidates[0].address])
    }
}
