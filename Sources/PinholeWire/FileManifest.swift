/// What a transfer holds, at the beginning of its content: the offered file alone, or the offered folder and what is in it.
///
/// Each entry is `kind:u8 ‖ mode:u16 ‖ seconds:u64 ‖ nanoseconds:u32 ‖ length:varint ‖ path ‖ …`. The first is the offered
/// one, with an empty path; every other lies in a folder that came before it.
package struct FileManifest: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package enum Kind: Equatable, Sendable {
            /// kind 1, `… size:varint`: every byte is in the content. kind 2, `… size:varint ‖ count:varint` and so many
            /// times `gap:varint ‖ length:varint`: only these ranges are, each behind a gap of zeros.
            case file(size: UInt64, data: [Range<UInt64>])
            /// kind 3.
            case folder
        }

        package var kind: Kind
        /// Permission bits, at most 0o777.
        package var mode: UInt16
        /// When it was last changed: seconds since 1970, and nanoseconds below 10^9.
        package var seconds: Int64
        package var nanoseconds: UInt32
        /// Names from the offered folder on, with `/` between them.
        package var path: String

        package init(kind: Kind, mode: UInt16, seconds: Int64, nanoseconds: UInt32, path: String) {
            self.kind = kind
            self.mode = mode
            self.seconds = seconds
            self.nanoseconds = nanoseconds
            self.path = path
        }

        /// Bytes in the content.
        package var dataSize: UInt64 {
            switch kind {
            case .file(_, let data): data.reduce(0) { $0 + UInt64($1.count) }
            case .folder: 0
            }
        }

        /// How many ranges of a file with holes the list names.
        package var ranges: Int {
            switch kind {
            case .file(let size, let data): Self.isWhole(data, size) ? 0 : data.count
            case .folder: 0
            }
        }

        fileprivate static func isWhole(_ data: [Range<UInt64>], _ size: UInt64) -> Bool {
            data == (size == 0 ? [] : [0..<size])
        }

        package var size: UInt64 {
            switch kind {
            case .file(let size, _): size
            case .folder: 0
            }
        }

        package var isFolder: Bool {
            switch kind {
            case .file: false
            case .folder: true
            }
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// Reads what `offer` promised; anything else is malformed.
    package init(_ bytes: Span<UInt8>, of offer: FileOffer) throws(WireError) {
        var reader = ByteReader(bytes)
        entries = []
        var folders: Set<Path> = []
        var files: Set<Path> = []
        var contentSize = UInt64(bytes.count)
        var totalSize: UInt64 = 0
        var ranges = 0
        while !reader.isAtEnd {
            guard entries.count < Limits.maxManifestEntries else { throw .tooLong }
            let entry = try Entry(&reader, maxRanges: Limits.maxManifestRanges - ranges)
            let path = Path(entry.path)
            ranges += entry.ranges
            if entries.isEmpty {
                guard entry.path.isEmpty, entry.isFolder == (offer.shape == .folder) else { throw .malformed }
            } else {
                guard path.isWellFormed, folders.contains(path.parent), !folders.contains(path), !files.contains(path)
                else { throw .malformed }
            }
            if entry.isFolder { folders.insert(path) } else { files.insert(path) }
            contentSize = try Self.sum(contentSize, entry.dataSize)
            totalSize = try Self.sum(totalSize, entry.size)
            entries.append(entry)
        }
        guard !entries.isEmpty, entries.count == Int(offer.entries), bytes.count == Int(offer.manifestSize),
            contentSize == offer.contentSize, totalSize == offer.totalSize
        else { throw .malformed }
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 64 * entries.count)
        for entry in entries { entry.write(to: &writer) }
        return writer.bytes
    }

    /// A path as a file system sees it: cut at the byte `/`, and the same as another only if all bytes are. As
    /// characters a slash with a mark on it is one that is no slash, and "é" has two forms that are equal.
    package struct Path: Hashable, Sendable {
        package let text: String

        private static let slash: UInt8 = 0x2f

        package init(_ text: String) {
            self.text = text
        }

        /// The folder that it lies in.
        package var parent: Path {
            Path(text.utf8.lastIndex(of: Self.slash).map { String(text[..<$0]) } ?? "")
        }

        /// What follows the last `/`.
        package var name: String {
            text.utf8.lastIndex(of: Self.slash).map { String(text[text.utf8.index(after: $0)...]) } ?? text
        }

        fileprivate var isWellFormed: Bool {
            let names = text.utf8.split(separator: Self.slash, omittingEmptySubsequences: false)
            return names.count <= Limits.maxFolderDepth
                && names.allSatisfy {
                    !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
                        && $0.count <= Limits.maxFileName && !$0.contains(0)
                }
        }

        package static func == (left: Path, right: Path) -> Bool {
            left.text.utf8.elementsEqual(right.text.utf8)
        }

        package func hash(into hasher: inout Hasher) {
            var copy = text
            copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private static func sum(_ a: UInt64, _ b: UInt64) throws(WireError) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        guard !overflow, sum <= UInt64(Int64.max) else { throw .malformed }
        return sum
    }
}

extension FileManifest.Entry {
    fileprivate init(_ reader: inout ByteReader, maxRanges: Int) throws(WireError) {
        let kind = try reader.u8()
        mode = try reader.u16()
        seconds = Int64(bitPattern: try reader.u64())
        nanoseconds = try reader.u32()
        guard mode <= 0o777, nanoseconds < 1_000_000_000 else { throw .malformed }
        let length = try reader.length()
        guard length <= Limits.maxFilePath else { throw .tooLong }
        guard let path = String(validating: try reader.array(length), as: UTF8.self) else { throw .malformed }
        self.path = path
        switch kind {
        case 1:
            let size = try reader.varint()
            self.kind = .file(size: size, data: size == 0 ? [] : [0..<size])
        case 2:
            let size = try reader.varint()
            let count = try reader.length()
            // One takes eight times the memory that it takes in the list.
            guard count <= maxRanges else { throw .tooLong }
            var data: [Range<UInt64>] = []
            var end: UInt64 = 0
            for index in 0..<count {
                let gap = try reader.varint()
                let length = try reader.varint()
                // Ranges that touch would be two ways to say one thing.
                guard length > 0, gap > 0 || index == 0, gap <= size - end, length <= size - end - gap else {
                    throw .malformed
                }
                data.append(end + gap..<end + gap + length)
                end += gap + length
            }
            self.kind = .file(size: size, data: data)
        case 3: self.kind = .folder
        default: throw .unknownType
        }
    }

    fileprivate func write(to writer: inout ByteWriter) {
        let number: UInt8 =
            switch kind {
            case .file(let size, let data): Self.isWhole(data, size) ? 1 : 2
            case .folder: 3
            }
        writer.u8(number)
        writer.u16(mode)
        writer.u64(UInt64(bitPattern: seconds))
        writer.u32(nanoseconds)
        writer.lengthPrefixed(Array(path.utf8))
        guard case .file(let size, let data) = kind else { return }
        writer.varint(size)
        guard number == 2 else { return }
        writer.varint(UInt64(data.count))
        var end: UInt64 = 0
        for range in data {
            writer.varint(range.lowerBound - end)
            writer.varint(UInt64(range.count))
            end = range.upperBound
        }
    }
}
