import PinholeWire
import Testing

@testable import PinholeCore

@Suite("cutting a stream into records")
struct RecordReaderTests {
    @Test("a megabyte of small records arrives whole, in odd pieces", arguments: [1, 7, 25, 27, 1193, 512 * 1024])
    func oddPieces(size: Int) throws {
        let count = (size == 1 ? 64 * 1024 : 1024 * 1024) / 26
        var stream: [UInt8] = []
        for index in 0..<count { stream += RecordReader.framed(record(index)) }
        var reader = RecordReader(limit: 64)
        var next = 0
        for start in stride(from: 0, to: stream.count, by: size) {
            reader.append(Array(stream[start..<min(start + size, stream.count)]))
            while let received = try reader.next() {
                if received != record(next) { Issue.record("record \(next) is another") }
                next += 1
            }
        }
        #expect(next == count)
    }

    @Test("an unread remainder survives the next piece")
    func remainder() throws {
        var reader = RecordReader(limit: 64)
        reader.append(RecordReader.framed([1, 2]) + RecordReader.framed([3]) + [2, 4])
        #expect(try reader.next() == [1, 2])
        reader.append([5])
        #expect(try reader.next() == [3])
        #expect(try reader.next() == [4, 5])
        #expect(try reader.next() == nil)
        reader.append([0])
        #expect(try reader.next() == [])
    }

    @Test("a record beyond the limit is refused before its bytes come")  // [REC-1]
    func tooLong() throws {
        var reader = RecordReader(limit: 64)
        reader.append(RecordReader.framed(.init(repeating: 7, count: 64)) + [0x40, 65])
        #expect(try reader.next()?.count == 64)
        #expect(throws: WireError.tooLong) { try reader.next() }
    }

    private func record(_ index: Int) -> [UInt8] {
        (0..<25).map { UInt8(truncatingIfNeeded: index &* 31 &+ $0) }
    }
}
