import PinholeWire

/// The folded texts of up to 1024 messages whose rows follow each other, to be searched at once: a million texts that
/// are opened one by one take a second and more, blocks of this size a tenth of it.
///
/// Texts for which there is no room are not in it: in their place stands a byte that is in no text.
///
/// count:u16 ‖ (offset in the bucket:u16 ‖ contact:u64 ‖ end of the text:u32) each ‖ texts, each with 0xff behind it
struct SearchBlock {
    /// Rows `bucket << bits` up to the next bucket's first.
    static let bits: Int64 = 10
    static let size: Int64 = 1 << bits

    /// Bytes of texts in a block: it is in memory as a whole, and made again when one of its messages is deleted.
    static let capacity = 4 << 20

    static func bucket(of row: Int64) -> Int64 { row >> bits }
    static func firstRow(of bucket: Int64) -> Int64 { bucket << bits }

    struct Entry {
        let row: Int64
        let contact: Int64
        /// ``missing`` for one that has no room.
        let text: [UInt8]
    }

    /// What stands for a text that is to be looked for in its message. No UTF-8 has it, so no word is found in it.
    static let missing: [UInt8] = [0xfe]

    let bucket: Int64
    private let bytes: [UInt8]
    private let count: Int

    /// `entries` in the order of their rows, all of this bucket.
    init(bucket: Int64, _ entries: [Entry]) {
        self.bucket = bucket
        count = entries.count
        var writer = ByteWriter(capacity: 2 + entries.reduce(0) { $0 + Self.entrySize + $1.text.count + 1 })
        writer.u16(UInt16(entries.count))
        var end = 0
        for entry in entries {
            end += entry.text.count + 1
            writer.u16(UInt16(entry.row - Self.firstRow(of: bucket)))
            writer.u64(UInt64(bitPattern: entry.contact))
            writer.u32(UInt32(end))
        }
        for entry in entries {
            writer.append(entry.text)
            writer.u8(Self.separator)
        }
        bytes = writer.bytes
    }

    /// nil for what no block was made of.
    init?(bucket: Int64, bytes: [UInt8]) {
        self.bucket = bucket
        self.bytes = bytes
        guard bytes.count >= 2 else { return nil }
        count = Int(bytes[0]) << 8 | Int(bytes[1])
        guard bytes.count >= 2 + count * Self.entrySize, end(count - 1) + textStart == bytes.count else { return nil }
    }

    var encoded: [UInt8] { bytes }
    var isEmpty: Bool { count == 0 }

    private var textStart: Int { 2 + count * Self.entrySize }

    private func number(at offset: Int, size: Int) -> UInt64 {
        bytes[offset..<offset + size].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func row(_ index: Int) -> Int64 {
        Self.firstRow(of: bucket) + Int64(number(at: 2 + index * Self.entrySize, size: 2))
    }

    private func contact(_ index: Int) -> Int64 {
        Int64(bitPattern: number(at: 4 + index * Self.entrySize, size: 8))
    }

    /// Where the text of an entry ends, with its separator, counted from the first text.
    private func end(_ index: Int) -> Int {
        index < 0 ? 0 : Int(number(at: 12 + index * Self.entrySize, size: 4))
    }

    /// The entries whose rows are still wanted.
    func entries(where isWanted: (Int64) -> Bool) -> [Entry] {
        (0..<count).compactMap { index in
            guard isWanted(row(index)) else { return nil }
            let text = bytes[textStart + end(index - 1)..<textStart + end(index) - 1]
            return Entry(row: row(index), contact: contact(index), text: Array(text))
        }
    }

    /// The rows of texts that contain all words, in order; with one contact only, where one is given.
    func rows(matching words: SearchWords, contact: Int64?) -> [Int64] {
        guard let first = words.words.first, count > 0 else { return [] }
        return bytes.withUnsafeBufferPointer { bytes in
            let texts = UnsafeBufferPointer(rebasing: bytes[textStart...])
            var rows: [Int64] = []
            var position = 0
            var index = 0
            while let hit = SearchWords.first(first, in: UnsafeBufferPointer(rebasing: texts[position...])) {
                index = entry(at: position + hit, from: index)
                let text = UnsafeBufferPointer(rebasing: texts[end(index - 1)..<end(index) - 1])
                if contact == nil || contact == self.contact(index),
                    words.words.dropFirst().allSatisfy({ SearchWords.contains($0, in: text) })
                {
                    rows.append(row(index))
                }
                position = end(index)
            }
            return rows
        }
    }

    /// The rows whose texts had no room, in order; with one contact only, where one is given.
    func rowsWithoutText(contact: Int64?) -> [Int64] {
        guard count > 0 else { return [] }
        return bytes.withUnsafeBufferPointer { bytes in
            let texts = UnsafeBufferPointer(rebasing: bytes[textStart...])
            var rows: [Int64] = []
            var position = 0
            var index = 0
            while let hit = SearchWords.first(Self.missing, in: UnsafeBufferPointer(rebasing: texts[position...])) {
                index = entry(at: position + hit, from: index)
                if contact == nil || contact == self.contact(index) { rows.append(row(index)) }
                position = end(index)
            }
            return rows
        }
    }

    /// The entry whose text holds a position: the first whose end lies behind it.
    private func entry(at position: Int, from first: Int) -> Int {
        var (low, high) = (first, count - 1)
        while low < high {
            let middle = (low + high) / 2
            if end(middle) > position { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static let entrySize = 14
    /// No UTF-8 has it, so no word reaches from one text into the next.
    private static let separator: UInt8 = 0xff
}
