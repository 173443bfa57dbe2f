import PinholeWire

@testable import PinholeCore

extension FuzzTarget {
    /// What acknowledgements, packet numbers and reassembly are kept in, against a set of single numbers.
    static let intervals = FuzzTarget(
        name: "intervals", maxLength: 256,
        samples: { [[0, 10, 5, 0, 15, 5, 1, 12, 4, 0, 40, 1, 2, 9, 0], [0, 1, 1, 0, 3, 1, 0, 2, 1]] }
    ) { bytes in
        var choices = Choices(bytes)
        var set = IntervalSet()
        var model: Set<UInt64> = []
        while !choices.isAtEnd {
            let kind = choices.byte()
            let lower = UInt64(choices.byte())
            let range = lower..<lower + UInt64(choices.byte() & 31)
            switch kind % 3 {
            case 0:
                set.insert(range)
                model.formUnion(range)
            case 1:
                set.remove(range)
                model.subtract(range)
            default:
                must(set.contains(lower) == model.contains(lower), "\(lower) in \(set.ranges)")
                var missing = lower
                while model.contains(missing) { missing += 1 }
                must(set.firstMissing(from: lower) == missing, "the first without \(lower) in \(set.ranges)")
                must(
                    set.overlapping(range).allSatisfy { !range.isEmpty ? $0.overlaps(range) : true },
                    "what overlaps \(range) in \(set.ranges)")
            }
            must(set.ranges.reduce(0) { $0 + $1.count } == model.count, "\(set.ranges) for \(model.count) numbers")
            must(
                zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
                    && set.ranges.allSatisfy { !$0.isEmpty }, "ranges in disorder: \(set.ranges)")
        }
    }

    /// A stream whose pieces come in any order, twice, and overlapping: what is read is what was written.
    static let reassembly = FuzzTarget(
        name: "reassembly", maxLength: 512,
        samples: {
            [
                [0, 0, 0, 0, 9, 0, 0, 20, 0, 9, 0, 0, 5, 0, 30, 1, 50, 0, 0, 40, 1, 0],
                [0, 40, 0, 0, 90, 0, 0, 0, 0, 255, 3, 2, 0, 10, 0, 4, 1, 9],
            ]
        }
    ) { bytes in
        func content(_ offset: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: offset &* 0x9e37_79b9 >> 8) }
        var choices = Choices(bytes)
        let credit: UInt64 = 300_000
        var stream = ReceiveStream(window: ReceiveWindow(limit: credit, window: credit))
        var arrived: Set<UInt64> = []
        var (read, highest) = (UInt64(0), UInt64(0))
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0...4:
                let offset = UInt64(choices.word()) << UInt64(kind >> 6)
                let length = kind & 0x20 == 0 ? Int(choices.byte()) : choices.word() & 0x3fff
                let data = (0..<length).map { content(offset + UInt64($0)) }
                let end = offset + UInt64(length)
                do {
                    let growth = try stream.receive(
                        BorrowedStreamFrame(id: 16, offset: offset, data: data.span, fin: kind & 0x10 != 0))
                    must(growth == (end > highest ? end - highest : 0), "growth of \(growth)")
                } catch {
                    return
                }
                highest = max(highest, end)
                must(highest <= credit + read, "\(highest) bytes for a credit of \(credit) after \(read)")
                if length < 256 { arrived.formUnion(offset..<end) } else { arrived.removeAll() }
            case 5:
                let bytes = stream.read(upTo: choices.word())
                for byte in bytes {
                    must(byte == content(read), "another byte at \(read)")
                    read += 1
                }
            case 6:
                guard kind & 0x80 != 0 else { continue }
                stream.stop()
                must(stream.readable == 0, "something to read of what was stopped")
            default:
                guard kind & 0x80 != 0, (try? stream.reset(finalSize: UInt64(choices.word()))) != nil else { continue }
                highest = max(highest, stream.window.received)
            }
            must(stream.readOffset + UInt64(stream.readable) <= max(highest, read), "bytes that did not arrive")
            must(stream.allocatedBeyondGaps <= 2 * Int(credit) + 1 << 17, "\(stream.allocatedBeyondGaps) beyond gaps")
        }
    }

    /// A stream of records in any pieces is the same records.
    static let records = FuzzTarget(
        name: "records", maxLength: 1024,
        samples: {
            [[3] + RecordReader.framed([1, 2, 3]) + RecordReader.framed(.init(repeating: 5, count: 70)), [0, 0, 0]]
        }
    ) { bytes in
        guard let size = bytes.first.map({ 1 + Int($0 & 31) }) else { return }
        func read(_ pieces: [[UInt8]]) -> [[UInt8]]? {
            var reader = RecordReader(limit: 256)
            var records: [[UInt8]] = []
            for piece in pieces {
                reader.append(piece)
                do {
                    while let record = try reader.next() { records.append(record) }
                } catch {
                    return nil
                }
            }
            return records
        }
        let rest = Array(bytes.dropFirst())
        let pieces = stride(from: 0, to: rest.count, by: size).map { Array(rest[$0..<min(rest.count, $0 + size)]) }
        must(read([rest]) == read(pieces), "other records in pieces of \(size)")
    }
}
