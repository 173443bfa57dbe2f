import PinholeWire
import TestSupport
import Testing

@Suite("integers on the wire")
struct NumberTests {
    @Test(  // [CNV-1]
        "the examples of RFC 9000 A.1",
        arguments: [
            ("c2197c5eff14e88c", 151_288_809_941_952_652), ("9d7f3e7d", 494_878_333), ("7bbd", 15_293), ("25", 37),
            ("4025", 37),
        ] as [(String, UInt64)])
    func examples(text: String, value: UInt64) throws {
        let bytes = hex(text)
        var reader = ByteReader(bytes.span)
        let decoded = try reader.varint()
        let rest = reader.remaining
        #expect(decoded == value && rest == 0)
        guard text != "4025" else { return }
        var writer = ByteWriter()
        writer.varint(value)
        #expect(writer.bytes == bytes)
    }

    @Test(  // [CNV-1]
        "the shortest form is written, and no prefix of it is read",
        arguments: [
            (0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 4), (1 << 30 - 1, 4), (1 << 30, 8), (1 << 62 - 1, 8),
        ] as [(UInt64, Int)])
    func sizes(value: UInt64, size: Int) {
        let codec = Codec.varint
        #expect(codec.encode(value).count == size)
        #expect(ByteWriter.varintSize(value) == size)
        #expect((try? codec.decode(codec.encode(value))) == value)
        codec.refusesTruncation(of: value)
    }

    @Test("fixed integers are in network order")
    func fixed() throws {
        var writer = ByteWriter()
        writer.u8(0x01)
        writer.u16(0x0203)
        writer.u32(0x0405_0607)
        writer.u64(0x0809_0a0b_0c0d_0e0f)
        let bytes = writer.bytes
        #expect(bytes == (1...15).map { UInt8($0) })
        var reader = ByteReader(bytes.span)
        let values = (try reader.u8(), try reader.u16(), try reader.u32(), try reader.u64())
        #expect(values == (0x01, 0x0203, 0x0405_0607, 0x0809_0a0b_0c0d_0e0f))
    }

    @Test("a reader gives what is there and nothing beyond", arguments: 0...9)
    func bounds(count: Int) {
        let bytes = [UInt8](repeating: 0x11, count: count)
        func reads(_ read: (inout ByteReader) throws -> Void) -> Bool {
            var reader = ByteReader(bytes.span)
            do { try read(&reader) } catch { return false }
            return true
        }
        #expect(reads { _ = try $0.u8() } == (count >= 1))
        #expect(reads { _ = try $0.u16() } == (count >= 2))
        #expect(reads { _ = try $0.u32() } == (count >= 4))
        #expect(reads { _ = try $0.u64() } == (count >= 8))
        for size in [-1, 0, 1, 8, 9, 10, .max] {
            #expect(reads { _ = try $0.array(size) } == (0...count).contains(size))
            #expect(reads { try $0.skip(size) } == (0...count).contains(size))
        }
    }

    @Test("a length beyond what follows is refused", arguments: ["01", "030000", "ffffffffffffffff00", "bfffffff00"])
    func lengths(text: String) {
        let bytes = hex(text)
        #expect(throws: WireError.truncated) {
            var reader = ByteReader(bytes.span)
            return try reader.length()
        }
    }

    @Test("the example of RFC 9000 A.3, with 32 bits in the place of its 16")
    func expandExample() {
        #expect(PacketNumber.expand(0xa82f_9b32, expected: 0xaa82_f30e_a82f_0000) == 0xaa82_f30e_a82f_9b32)
        #expect(PacketNumber.expand(0x9b32, expected: 0xa82f_30eb) == 0x1_0000_9b32)
    }

    @Test(  // [PKT-4]
        "the number nearest to the expected one is recovered",
        arguments: [
            (0, 0, 0), (0xffff_ffff, 0, 0xffff_ffff), (0, 0xffff_ffff, 0x1_0000_0000),
            (5, 0x1_0000_0000, 0x1_0000_0005),
            (0xffff_fffe, 0x1_0000_0001, 0xffff_fffe), (0x8000_0000, 0x1_0000_0000, 0x1_8000_0000),
            (0x8000_0001, 0x1_0000_0000, 0x8000_0001), (0, 0x8000_0000, 0x1_0000_0000), (0, 0x7fff_ffff, 0),
            (0, .max, 0xffff_ffff_0000_0000), (0xffff_ffff, .max, .max), (0x7fff_ffff, .max, 0xffff_ffff_7fff_ffff),
        ] as [(UInt32, UInt64, UInt64)])
    func expand(truncated: UInt32, expected: UInt64, full: UInt64) {
        #expect(PacketNumber.expand(truncated, expected: expected) == full)
    }

    @Test("each number within half a window of the expected one is recovered", arguments: [1, 2] as [UInt64])
    func expandRandom(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let half: UInt64 = 1 << 31
        for _ in 0..<10_000 {
            let expected = UInt64.random(in: 0..<1 << 62, using: &random) >> UInt64.random(in: 0..<40, using: &random)
            let lower = expected > half ? expected - half + 1 : 0
            let full = UInt64.random(in: lower...expected + half - 1, using: &random)
            #expect(PacketNumber.expand(UInt32(truncatingIfNeeded: full), expected: expected) == full, "seed \(seed)")
        }
    }
}
