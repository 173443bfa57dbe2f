import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

struct FlowControlTests {
    @Test("a sender stops at the credit of the stream, and goes on when it is read")
    func stallAndResume() {
        let link = TransportLink(seed: 1)
        let content = SeededRandom.bytes(1_500_000, seed: 1)
        link.a.write(content, to: 16, fin: true)
        link.run(for: .seconds(5))
        #expect(link.a.unsentBytes(on: 16) == content.count - Int(Limits.maxStreamData))
        #expect(!link.a.isWaitingForPacer && link.a.nextTimeout == nil, "nothing to wait for but the reader")
        var read = link.b.read(16, upTo: 100_000)
        link.run(for: .seconds(1))
        #expect(link.a.unsentBytes(on: 16) == content.count - Int(Limits.maxStreamData), "not for each byte")
        let isDone = link.run(for: .seconds(10)) {
            read += link.b.read(16)
        } until: {
            read.count == content.count
        }
        #expect(isDone)
        #expect(read == content)
    }

    @Test("a lost update of the credit is repeated")
    func lostUpdate() {
        let link = TransportLink(seed: 1)
        link.a.write(SeededRandom.bytes(800_000, seed: 1), to: 16, fin: true)
        link.run(for: .seconds(5))
        var count = link.b.read(16).count
        link.conditions.loss = 1
        link.run(for: .seconds(3))
        link.conditions.loss = 0
        let isDone = link.run(for: .seconds(5)) {
            count += link.b.read(16).count
        } until: {
            count == 800_000
        }
        #expect(isDone)
    }

    @Test("a reader that stands still stalls no other stream, and holds no more than its credit")
    func slowReader() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(10), rate: 12_500_000))
        var writers = (16..<24).map { Writer(SeededRandom.bytes(2_000_000, seed: $0), to: $0) }
        var chat: [UInt8] = []
        var last: [UInt8] = []
        let isDone = link.run(for: .seconds(10)) {
            for index in writers.indices { writers[index].fill(&link.a) }
            if chat.count < 1000, link.a.unsentBytes(on: StreamID.chat) == 0 { link.a.write([1], to: StreamID.chat) }
            chat += link.b.read(StreamID.chat)
            last += link.b.read(23)
        } until: {
            last.count == 2_000_000
        }
        #expect(isDone)
        #expect(last == writers[7].content)
        link.run(for: .seconds(1))
        for stream in 16..<23 as Range<UInt64> {
            #expect(link.b.receiveStreams[stream]?.readable == Int(Limits.maxStreamData))
        }
        let before = chat.count
        for _ in 0..<10 {
            link.a.write([2], to: StreamID.chat)
            link.run(for: .milliseconds(100)) { chat += link.b.read(StreamID.chat) }
        }
        #expect(chat.count == before + 10)
    }

    @Test("fifty files that nobody reads hold 15 MiB and not a byte more, and chat goes on")
    func boundedMemory() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(10), rate: 12_500_000))
        for stream in 16..<66 as Range<UInt64> { link.a.write([UInt8](repeating: 1, count: 1_000_000), to: stream) }
        link.run(for: .seconds(10))
        let held = link.b.receiveStreams.values.reduce(0) { $0 + Int($1.unread) }
        #expect(held == Int(Limits.maxConnectionWindow))
        link.a.write([1, 2, 3], to: StreamID.chat)
        link.run(for: .seconds(1))
        #expect(link.b.read(StreamID.chat) == [1, 2, 3])
        // Dropping the streams gives the credit back.
        for stream in 16..<65 as Range<UInt64> { link.b.stopSending(stream, errorCode: 1) }
        var count = 0
        let isDone = link.run(for: .seconds(10)) {
            count += link.b.read(65).count
        } until: {
            count == 1_000_000
        }
        #expect(isDone && link.error == nil)
    }

    @Test("a credit that is used up within two round trips doubles, up to 6 MiB")
    func autotuning() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(150), rate: 125_000_000, queue: 1 << 24))
        var writer = Writer(SeededRandom.bytes(60_000_000, seed: 1), to: 16)
        var count = 0
        let isDone = link.run(for: .seconds(20)) {
            writer.fill(&link.a)
            count += link.b.read(16).count
        } until: {
            count == 60_000_000
        }
        #expect(isDone)
        #expect(link.elapsed < .seconds(10), "512 KiB a round trip would take 34 s: \(link.elapsed)")
    }
}
