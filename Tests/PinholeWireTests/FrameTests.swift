import PinholeWire
import Testing

@Suite("frames")
struct FrameTests {
    @Test("every frame is read as it was written")  // [FRM-1]
    func roundTrip() {
        Codec.frame.roundTrips()
    }

    @Test("every frame is refused when cut, at each byte")
    func truncation() {
        for sample in Codec.frame.samples { Codec.frame.refusesTruncation(of: sample) }
    }

    @Test("frames follow each other, and a run of padding is one")  // [FRM-1]
    func sequence() throws {
        var writer = ByteWriter()
        for frame in Codec.frame.samples { writer.frame(frame) }
        writer.zeros(50)
        let bytes = writer.bytes
        var reader = ByteReader(bytes.span)
        var frames: [Frame] = []
        while !reader.isAtEnd { frames.append(try reader.frame()) }
        #expect(frames == Codec.frame.samples + [.padding])
    }

    @Test(  // [FRM-4]
        "an acknowledgement that goes below zero is refused",
        arguments: [
            "02 05 00 00 06",  // the first range
            "02 05 00 01 00 04 00",  // a gap that leaves nothing
            "02 05 00 01 00 02 02",  // the second range
            "02 05 00 01 05 00 00",  // a gap below zero at once
            "02 05 00 01 00 ffffffffffffffff 00", "02 ffffffffffffffff 00 01 00 ffffffffffffffff 00",
            "02 05 00 00 ffffffffffffffff",
        ])
    func hostileAck(text: String) {
        #expect(throws: WireError.malformed) { try Codec.frame.decode(hex(text)) }
    }

    @Test("an acknowledgement may reach zero exactly")  // [FRM-4]
    func exactAck() throws {
        let ack = try Codec.frame.decode(hex("02 05 00 01 00 02 01"))
        #expect(ack == .ack(AckFrame(ranges: [5...5, 0...1], delay: 0)))
    }

    @Test("an acknowledgement with codepoints ends with their counts")  // [FRM-6]
    func codepoints() throws {
        let ack = try Codec.frame.decode(hex("03 05 00 00 01 4123 00 02"))
        #expect(ack == .ack(AckFrame(ranges: [4...5], delay: 0, ecn: ECNCounts(ect0: 0x123, ect1: 0, ce: 2))))
        var writer = ByteWriter()
        writer.ack(ascending: [4..<6], delay: 0, ecn: ECNCounts(ect0: 0x123, ce: 2))
        #expect(writer.bytes == hex("03 05 00 00 01 4123 00 02"))
    }

    @Test(  // [FRM-5]
        "an acknowledgement of too many ranges is refused before they are read", arguments: ["20", "ffffffffffffffff"])
    func manyRanges(count: String) {
        #expect(throws: WireError.tooLong) { try Codec.frame.decode(hex("02 7fff 00 \(count)")) }
    }

    @Test("unknown types are refused")  // [FRM-2]
    func unknown() {
        let known: Set<UInt8> = [
            0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0e, 0x0f, 0x10, 0x11, 0x1a, 0x1b, 0x1c, 0x20, 0x21, 0x22,
            0x23, 0x24,
        ]
        for type in 0..<0x40 as Range<UInt8> where !known.contains(type) {
            #expect(throws: WireError.unknownType) { try Codec.frame.decode([type] + .init(repeating: 0, count: 99)) }
        }
        #expect(throws: WireError.unknownType) { try Codec.frame.decode(hex("ffffffffffffffff")) }
    }

    @Test("a stream ends below 2^62")  // [FRM-7]
    func streamEnd() throws {
        let fits = try Codec.frame.decode(hex("0e 01 fffffffffffffffe 01 aa"))
        #expect(fits == .stream(StreamFrame(id: 1, offset: 1 << 62 - 2, data: [0xaa], fin: false)))
        #expect(throws: WireError.malformed) { try Codec.frame.decode(hex("0e 01 ffffffffffffffff 01 aa")) }
    }

    @Test("the overhead of a STREAM frame is what is written around its data")
    func overhead() {
        for case .stream(let stream) in Codec.frame.samples {
            let overhead = StreamFrame.overhead(id: stream.id, offset: stream.offset, length: stream.data.count)
            #expect(Codec.frame.encode(.stream(stream)).count == overhead + stream.data.count)
        }
    }

    @Test("only ACK, PADDING and CLOSE are not acknowledged")  // [FRM-14]
    func ackEliciting() {
        for frame in Codec.frame.samples {
            switch frame {
            case .ack, .padding, .close: #expect(!frame.isAckEliciting)
            default: #expect(frame.isAckEliciting)
            }
        }
    }
}
