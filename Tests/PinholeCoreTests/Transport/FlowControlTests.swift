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

    @Test("a lost update of the credit is repeated")  // [ACK-11]
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

    @Test("a hundred and fifty files that nobody reads hold 64 MiB and not a byte more, and chat goes on")  // [STR-8]
    func boundedMemory() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(10), rate: 12_500_000))
        for stream in 16..<166 as Range<UInt64> { link.a.write([UInt8](repeating: 1, count: 1_000_000), to: stream) }
        link.run(for: .seconds(10))
        let held = link.b.receiveStreams.values.reduce(0) { $0 + Int($1.unread) }
        #expect(held == Int(Limits.maxConnectionWindow))
        link.a.write([1, 2, 3], to: StreamID.chat)
        link.run(for: .seconds(1))
        #expect(link.b.read(StreamID.chat) == [1, 2, 3])
        // Dropping the streams gives the credit back.
        for stream in 16..<165 as Range<UInt64> { link.b.stopSending(stream, errorCode: 1) }
        var count = 0
        let isDone = link.run(for: .seconds(10)) {
            count += link.b.read(165).count
        } until: {
            count == 1_000_000
        }
        #expect(isDone && link.error == nil)
    }

    @Test("one file that was fast and then is not read leaves all others their credit, and half of what they may grow")
    func grownAndUnread() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(100), rate: 125_000_000, queue: 1 << 24))
        var stalled = Writer([UInt8](repeating: 1, count: 60_000_000), to: 16)
        var read = 0
        link.run(for: .seconds(6)) {
            stalled.fill(&link.a)
            if read < 20_000_000 { read += link.b.read(16).count }
        }
        let held = link.b.receiveStreams[16]?.readable ?? 0
        #expect(held > 8 << 20, "its credit has grown, and it fills it: \(held)")
        #expect(held <= Int(Limits.maxStreamWindow))
        // The next is as fast as if it were alone.
        var next = Writer([UInt8](repeating: 2, count: 20_000_000), to: 17)
        var count = 0
        let began = link.elapsed
        let isDone = link.run(for: .seconds(6)) {
            next.fill(&link.a)
            count += link.b.read(17).count
        } until: {
            count == 20_000_000
        }
        #expect(isDone && link.elapsed - began < .seconds(3), "\(link.elapsed - began)")
        #expect(link.b.receiveStreams[16]?.readable == held)
    }

    @Test("data behind a loss grows the credit too: the reader waits, but not by its own fault")
    func heldUp() throws {
        let start = Instant(nanoseconds: 0)
        var transport = Transport(at: start)
        func frame(_ offset: Int) -> Frame {
            .stream(StreamFrame(id: 16, offset: UInt64(offset), data: [UInt8](repeating: 1, count: 1000), fin: false))
        }
        // The first thousand bytes are missing.
        for index in 1..<400 { try transport.receive(frame(index * 1000), at: start) }
        let packet = transport.nextPacket(upTo: TransportLink.size, at: start)
        #expect(packet?.payload.count ?? 0 > 0, "an update before the credit is used up")
        #expect(transport.receiveStreams[16]?.window.limit == 2 * Limits.maxStreamData)
        // The application could read and does not: that is its own choice.
        try transport.receive(frame(0), at: start)
        for index in 400..<1000 { try transport.receive(frame(index * 1000), at: start) }
        _ = transport.nextPacket(upTo: TransportLink.size, at: start)
        #expect(transport.receiveStreams[16]?.window.limit == 2 * Limits.maxStreamData)
    }

    @Test("a credit of which a quarter is used up within two round trips doubles, up to 32 MiB")
    func autotuning() {
        let link = TransportLink(seed: 1, LinkConditions(delay: .milliseconds(150), rate: 12_500_000, queue: 1 << 23))
        var writer = Writer(SeededRandom.bytes(40_000_000, seed: 1), to: 16)
        var count = 0
        var isLimited = false
        let isDone = link.run(for: .seconds(20)) {
            writer.fill(&link.a)
            count += link.b.read(16).count
            if link.a.sendStreams[16]?.credit.available == 0 { isLimited = true }
        } until: {
            count == 40_000_000
        }
        #expect(isDone)
        #expect(!isLimited, "100 Mbit/s over 300 ms, and never out of credit")
        #expect(link.elapsed < .seconds(8), "3.2 s at the rate of the link: \(link.elapsed)")
    }
}
