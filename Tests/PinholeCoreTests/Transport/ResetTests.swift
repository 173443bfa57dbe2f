import PinholeWire
import Testing

@testable import PinholeCore

struct ResetTests {
    @Test("a stream that its sender gives up ends at the receiver with the sender's code", arguments: [0.0, 0.3])
    func reset(loss: Double) {
        let link = TransportLink(seed: 2, LinkConditions(loss: loss, rate: 1_250_000))
        var reader = Reader()
        link.a.write([UInt8](repeating: 1, count: 1_000_000), to: 16)
        link.run(for: .milliseconds(100)) { reader.drain(&link.b) }
        link.a.reset(16, errorCode: 9)
        #expect(link.a.unsentBytes(on: 16) == 0)
        link.a.write([1], to: 16)
        link.run(for: .seconds(10)) { reader.drain(&link.b) }
        #expect(reader.other == [.reset(16, errorCode: 9)])
        #expect(link.a.sendStreams.isEmpty && link.b.receiveStreams.isEmpty)
        #expect(!link.a.hasUnacknowledged)
    }

    @Test("a reader that wants no more stops the sender", arguments: [0.0, 0.3])  // [STR-4]
    func stopSending(loss: Double) {
        let link = TransportLink(seed: 2, LinkConditions(loss: loss, rate: 1_250_000))
        link.a.write([UInt8](repeating: 1, count: 1_000_000), to: 16)
        link.run(for: .milliseconds(100))
        link.b.stopSending(16, errorCode: 5)
        link.b.stopSending(16, errorCode: 6)
        #expect(link.b.read(16) == [])
        var sender = Reader()
        var receiver = Reader()
        link.run(for: .seconds(10)) {
            sender.drain(&link.a)
            receiver.drain(&link.b)
        }
        #expect(sender.other.filter { $0 != .writable(16) } == [.stopped(16, errorCode: 5)])
        #expect(receiver.finished.isEmpty && receiver.other.isEmpty, "it has asked for it, and knows")
        #expect(link.a.sendStreams.isEmpty && link.b.receiveStreams.isEmpty)
    }

    @Test("stopping a stream that has arrived whole drops it, and tells nobody")
    func stopWhole() {
        let link = TransportLink(seed: 1)
        link.a.write([UInt8](repeating: 1, count: 10_000), to: 16, fin: true)
        link.run(for: .seconds(1))
        link.b.stopSending(16, errorCode: 5)
        #expect(link.b.receiveStreams.isEmpty)
        link.run(for: .seconds(1))
        #expect(link.a.nextEvent() == .acknowledged(16))
        #expect(link.a.nextEvent() == nil)
    }

    @Test("refusing one that has arrived whole tells its sender, once, whatever is lost", arguments: [0.0, 0.4])
    func refuseWhole(loss: Double) {
        let link = TransportLink(seed: 1, LinkConditions(loss: loss))
        link.a.write([1, 2, 3], to: StreamID.firstByteStream, fin: true)
        link.run(for: .seconds(5)) { while link.a.nextEvent() != nil {} }
        #expect(link.a.sendStreams.isEmpty, "it is acknowledged")
        link.b.refuse(StreamID.firstByteStream, errorCode: 5)
        link.b.refuse(StreamID.firstByteStream, errorCode: 6)
        #expect(link.b.receiveStreams.isEmpty)
        var sender = Reader()
        link.run(for: .seconds(10)) { sender.drain(&link.a) }
        #expect(sender.other.allSatisfy { $0 == .stopped(StreamID.firstByteStream, errorCode: 5) })
        #expect(loss > 0 ? !sender.other.isEmpty : sender.other.count == 1)
        #expect(link.b.stopCodes.isEmpty && !link.b.hasUnacknowledged)
    }

    @Test("a stream whose end is known is stopped before all of it came, again and again")  // [STR-7]
    func stopWithGap() throws {
        var transport = Transport(at: Instant(nanoseconds: 1))
        for id in 16..<16 + 2 * UInt64(Limits.maxStreams) {
            let end = Frame.stream(StreamFrame(id: id, offset: 5, data: [1], fin: true))
            try transport.receive(end, at: Instant(nanoseconds: 1))
            transport.stopSending(id, errorCode: 0)
        }
        #expect(transport.incompleteStreams == 0 && transport.receiveStreams.isEmpty)
        #expect(transport.stopCodes.count == 2 * Limits.maxStreams, "all of them are told")
    }

    @Test("a stream is stopped before its first byte came")
    func stopEarly() {
        let link = TransportLink(seed: 1)
        link.b.stopSending(16, errorCode: 5)
        link.run(for: .seconds(1))
        link.a.write([UInt8](repeating: 1, count: 10_000), to: 16, fin: true)
        link.run(for: .seconds(1))
        #expect(link.b.read(16) == [])
        #expect(link.b.receiveStreams.isEmpty && link.error == nil)
        #expect(link.b.incompleteStreams == 0)
    }
}
