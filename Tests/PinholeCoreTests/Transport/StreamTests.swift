import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

struct ReceiveStreamTests {
    private func stream(limit: UInt64 = Limits.maxStreamData) -> ReceiveStream {
        ReceiveStream(window: ReceiveWindow(limit: limit, window: limit))
    }

    private func frame(_ offset: UInt64, _ data: [UInt8], fin: Bool = false) -> StreamFrame {
        StreamFrame(id: 16, offset: offset, data: data, fin: fin)
    }

    @Test("pieces in any order, doubled and overlapping, give the content", arguments: 1...5 as ClosedRange<UInt64>)
    func reassembly(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let content = random.bytes(5000)
        var held = stream()
        var read: [UInt8] = []
        var pieces = stride(from: 0, to: 5000, by: 37).map { $0..<min($0 + 60, 5000) }
        pieces += pieces.shuffled(using: &random).prefix(30)
        pieces.shuffle(using: &random)
        for piece in pieces {
            _ = try held.receive(frame(UInt64(piece.lowerBound), Array(content[piece]), fin: piece.upperBound == 5000))
            if random.chance(0.3) { read += held.read(upTo: Int.random(in: 0..<400, using: &random)) }
        }
        read += held.read(upTo: .max)
        #expect(read == content, "seed \(seed)")
        #expect(held.isFinished)
        #expect(held.unread == 0)
    }

    @Test("the final size does not change")  // [STR-4]
    func finalSize() throws {
        var held = stream()
        _ = try held.receive(frame(0, [1, 2, 3]))
        #expect(throws: TransportError.finalSizeChanged) { _ = try held.receive(frame(0, [1], fin: true)) }
        _ = try held.receive(frame(3, [4], fin: true))
        #expect(throws: TransportError.finalSizeChanged) { _ = try held.receive(frame(4, [5])) }
        #expect(throws: TransportError.finalSizeChanged) { _ = try held.receive(frame(2, [3], fin: true)) }
        #expect(throws: TransportError.finalSizeChanged) { _ = try held.reset(finalSize: 5) }
        _ = try held.receive(frame(0, [1, 2, 3, 4], fin: true))
        #expect(held.read(upTo: .max) == [1, 2, 3, 4])
    }

    @Test("nothing is taken beyond the credit")  // [STR-10]
    func credit() throws {
        var held = stream(limit: 10)
        #expect(try held.receive(frame(2, [1, 2, 3])) == 5)
        #expect(throws: TransportError.beyondCredit) { _ = try held.receive(frame(8, [1, 2, 3])) }
        #expect(throws: TransportError.beyondCredit) { _ = try held.receive(frame((1 << 62) - 4, [1, 2, 3])) }
        #expect(throws: TransportError.beyondCredit) { _ = try held.reset(finalSize: 11) }
    }

    @Test("a thousand gaps are accepted, more are not")
    func gaps() throws {
        var held = stream()
        for index in 1...Limits.maxStreamGaps { _ = try held.receive(frame(UInt64(2 * index), [0])) }
        #expect(throws: TransportError.tooManyGaps) { _ = try held.receive(frame(90_000, [0])) }
    }

    @Test("what lies beyond a gap takes memory as it arrived, however far away it is")
    func farAway() throws {
        var held = ReceiveStream(window: ReceiveWindow(limit: 1 << 25, window: 1 << 25))
        _ = try held.receive(frame(1 << 25 - 1, [9]))
        #expect(held.allocatedBeyondGaps <= 4096)
        _ = try held.receive(frame(1 << 24, [8]))
        _ = try held.receive(frame(1, [2, 3]))
        #expect(held.allocatedBeyondGaps <= 3 * 4096)
        _ = try held.receive(frame(0, [1]))
        #expect(held.read(upTo: .max) == [1, 2, 3])
        #expect(held.allocatedBeyondGaps <= 3 * 4096)
        _ = try held.reset(finalSize: 1 << 25)
        #expect(held.allocatedBeyondGaps == 0)
    }

    @Test("pieces in any order, doubled and overlapping, make the whole again", arguments: 0..<20 as Range<UInt64>)
    func shuffledPieces(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let content = SeededRandom.bytes(200_000, seed: seed)
        var held = stream(limit: UInt64(content.count))
        var read: [UInt8] = []
        while read.count < content.count {
            // Near what is missing, mostly, so that gaps open and close.
            let reach = Bool.random(using: &random) ? 2000 : 60_000
            let (first, last) = (max(0, read.count - 500), min(content.count, read.count + reach))
            let lower = Int.random(in: first..<last, using: &random)
            let start = Int.random(in: 0..<4, using: &random) == 0 ? read.count : lower
            let end = min(content.count, start + Int.random(in: 0...9000, using: &random))
            _ = try held.receive(frame(UInt64(start), Array(content[start..<end])))
            if Bool.random(using: &random) { read += held.read(upTo: Int.random(in: 1...20_000, using: &random)) }
            try #require(content.starts(with: read), "seed \(seed)")
        }
        #expect(read == content && held.allocatedBeyondGaps == 0, "seed \(seed)")
    }

    @Test("a reset drops what is here, unless everything was")
    func reset() throws {
        var held = stream()
        _ = try held.receive(frame(0, [1, 2, 3]))
        #expect(try held.reset(finalSize: 10) == 7)
        #expect(held.isFinished && held.isDiscarding && held.unread == 0)
        #expect(held.read(upTo: .max) == [])
        var whole = stream()
        _ = try whole.receive(frame(0, [1, 2, 3], fin: true))
        #expect(try whole.reset(finalSize: 3) == 0)
        #expect(whole.read(upTo: .max) == [1, 2, 3])
        var cut = stream()
        _ = try cut.receive(frame(0, [1, 2, 3]))
        #expect(try cut.reset(finalSize: 3) == 0)
        #expect(cut.isDiscarding, "without its end it is not whole, though nothing is missing")
    }
}

struct SendStreamTests {
    private func next(_ stream: inout SendStream, size: Int = 100, credit: Int = .max) -> (SendStream.Chunk, Frame)? {
        var writer = ByteWriter()
        guard let chunk = stream.writeFrame(id: 16, to: &writer, end: size, connectionCredit: credit) else {
            return nil
        }
        let bytes = writer.bytes
        var reader = ByteReader(bytes.span)
        guard let frame = try? reader.frame(), reader.isAtEnd, bytes.count <= size else { return nil }
        return (chunk, frame)
    }

    @Test("what is lost goes again, but for what arrived meanwhile, and before anything new")  // [PKT-5]
    func retransmission() {
        let content = SeededRandom.bytes(300, seed: 1)
        var stream = SendStream()
        #expect(stream.write(content, fin: true) == true)
        let first = next(&stream)
        let second = next(&stream)
        guard let (a, _) = first, let (b, _) = second else {
            Issue.record("two packets' worth")
            return
        }
        stream.lose(offset: a.offset, length: a.length, fin: a.fin)
        #expect(stream.acknowledge(offset: 10, length: 20, fin: false) == false)
        #expect(next(&stream)?.1 == .stream(StreamFrame(id: 16, offset: 0, data: Array(content[..<10]), fin: false)))
        let rest = next(&stream)
        #expect(rest?.0.offset == 30)
        #expect(rest?.0.isNew == false)
        #expect(next(&stream)?.0.offset == b.offset + UInt64(b.length))
    }

    @Test("it is acknowledged when every byte and the end are, in any order", arguments: 1...5 as ClosedRange<UInt64>)
    func acknowledgement(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var stream = SendStream()
        #expect(stream.write(random.bytes(5000), fin: true) == true)
        var chunks: [SendStream.Chunk] = []
        while let (chunk, _) = next(&stream) { chunks.append(chunk) }
        #expect(stream.unsent == 0)
        chunks.shuffle(using: &random)
        for (index, chunk) in chunks.enumerated() {
            if random.chance(0.3) { stream.lose(offset: chunk.offset, length: chunk.length, fin: chunk.fin) }
            let isWhole = stream.acknowledge(offset: chunk.offset, length: chunk.length, fin: chunk.fin)
            #expect(isWhole == (index == chunks.count - 1), "seed \(seed)")
        }
        #expect(next(&stream) == nil)
    }

    @Test("credit of the stream and of the connection end what is sent")  // [STR-8]
    func credit() {
        var stream = SendStream()
        #expect(stream.write([UInt8](repeating: 1, count: 600_000), fin: false) == true)
        #expect(next(&stream, size: 1_000_000, credit: 1000)?.0.length == 1000)
        #expect(next(&stream, size: 1_000_000)?.0.length == 512 * 1024 - 1000)
        #expect(!stream.canSend(connectionCredit: .max))
        #expect(next(&stream) == nil)
        stream.raiseCredit(to: 512 * 1024 + 10)
        stream.raiseCredit(to: 3)
        #expect(next(&stream)?.0.length == 10)
    }

    @Test("an end without bytes is a frame of its own")
    func emptyEnd() {
        var stream = SendStream()
        #expect(stream.write([1], fin: false) == true)
        #expect(next(&stream)?.0.fin == false)
        #expect(stream.write([], fin: true) == true)
        #expect(next(&stream)?.1 == .stream(StreamFrame(id: 16, offset: 1, data: [], fin: true)))
        #expect(next(&stream) == nil)
        #expect(stream.write([2], fin: false) == false)
        stream.lose(offset: 1, length: 0, fin: true)
        #expect(next(&stream)?.0.fin == true)
        #expect(stream.acknowledge(offset: 1, length: 0, fin: true) == false)
        #expect(stream.acknowledge(offset: 0, length: 1, fin: false) == true)
    }
}
