import PinholeWire
import Testing

@Suite("lists of what a transfer holds")
struct FileManifestTests {
    typealias Entry = FileManifest.Entry

    private func file(_ path: String, _ size: UInt64, _ data: [Range<UInt64>]? = nil) -> Entry {
        Entry(
            kind: .file(size: size, data: data ?? (size == 0 ? [] : [0..<size])), mode: 0o644, seconds: -5,
            nanoseconds: 999_999_999, path: path)
    }

    private func folder(_ path: String) -> Entry {
        Entry(kind: .folder, mode: 0o755, seconds: 1_700_000_000, nanoseconds: 0, path: path)
    }

    private func offer(_ manifest: FileManifest) -> FileOffer {
        let bytes = manifest.encoded
        let data = manifest.entries.reduce(0) { $0 + $1.dataSize }
        return FileOffer(
            transfer: 1, salt: [UInt8](repeating: 0, count: 32),
            shape: manifest.entries.first?.isFolder ?? false ? .folder : .file,
            entries: UInt32(manifest.entries.count), manifestSize: UInt32(bytes.count),
            contentSize: UInt64(bytes.count) + data, totalSize: manifest.entries.reduce(0) { $0 &+ $1.size }, name: "x")
    }

    private func read(_ entries: [Entry]) -> FileManifest? {
        let manifest = FileManifest(entries)
        return try? FileManifest(manifest.encoded.span, of: offer(manifest))
    }

    @Test("files, folders, holes and empty ones are read as they were written")
    func roundTrips() {
        for entries in [
            [file("", 0)], [file("", 1 << 40)], [file("", 1 << 40, [])], [file("", 10, [0..<1, 9..<10])], [folder("")],
            [folder(""), file("a", 3), folder("b"), folder("b/c"), file("b/c/ü", 1 << 40, [5..<6])],
        ] {
            #expect(read(entries)?.entries == entries)
        }
    }

    @Test("paths that lead elsewhere, twice to the same, or into what is no folder are refused")  // [FIL-9]
    func paths() {
        for path in ["/a", "..", "../a", "a/..", ".", "a//b", "a/", "a\u{0}", "", "no/a", "f/a", "f"] {
            #expect(read([folder(""), file("f", 1), folder("a"), file(path, 1)]) == nil, "\(path)")
        }
        #expect(read([file("", 1), file("a", 1)]) == nil)
        #expect(read([folder("a")]) == nil)
        #expect(read([]) == nil)
        let deep = (1...70).map { Array(repeating: "d", count: $0).joined(separator: "/") }
        #expect(read([folder("")] + deep.map { folder($0) }) == nil)
        #expect(read([folder("")] + deep.prefix(60).map { folder($0) }) != nil)
    }

    // [FIL-9]
    @Test("a path is cut at each byte that is a slash, whatever mark follows, and two forms of a letter are two names")
    func bytes() {
        for path in ["../\u{308}x", "..\u{600}/../x", "a/\u{301}/../x", "/\u{301}x", "no/\u{301}x"] {
            #expect(read([folder(""), folder("a"), file(path, 1)]) == nil, "\(path.debugDescription)")
        }
        #expect(read([folder(""), folder("a"), file("a/\u{301}x", 1)]) != nil)
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        let both = read([
            folder(""), folder(composed), folder(decomposed), file(composed + "/x", 1), file(decomposed + "/x", 1),
        ])
        #expect(both?.entries.count == 5)
        #expect(FileManifest.Path(composed) != FileManifest.Path(decomposed))
        #expect(FileManifest.Path("a/\u{301}x").name.utf8.elementsEqual("\u{301}x".utf8))
        #expect(FileManifest.Path("a/\u{301}x").parent == FileManifest.Path("a"))
    }

    // [FIL-11]
    @Test("ranges out of order, beyond the end or touching, and modes with other users' rights are refused")
    func ranges() {
        var special = file("", 1)
        special.mode = 0o4755
        #expect(read([special]) == nil)
        var writer = ByteWriter()
        for (gap, length) in [(0, 5), (0, 5)] as [(UInt64, UInt64)] {
            writer.varint(gap)
            writer.varint(length)
        }
        var bytes = FileManifest([file("", 10, [0..<1, 9..<10])]).encoded
        bytes.removeLast(4)
        bytes += writer.bytes
        var wanted = offer(FileManifest([file("", 10)]))
        wanted.manifestSize = UInt32(bytes.count)
        wanted.contentSize = UInt64(bytes.count) + 10
        #expect(throws: WireError.self) { try FileManifest(bytes.span, of: wanted) }
        bytes.replaceSubrange((bytes.count - 4)..., with: [0, 5, 1, 5])
        #expect(throws: WireError.self) { try FileManifest(bytes.span, of: wanted) }
    }

    @Test("a list that is not what was offered is refused, and so is one cut at any byte")  // [FIL-10]
    func offers() {
        let manifest = FileManifest([folder(""), file("a", 3)])
        let bytes = manifest.encoded
        let changes: [(inout FileOffer) -> Void] = [
            { $0.entries += 1 }, { $0.manifestSize += 1 }, { $0.contentSize += 1 }, { $0.totalSize -= 1 },
            { $0.shape = .file },
        ]
        for change in changes {
            var other = offer(manifest)
            change(&other)
            #expect(throws: WireError.self) { try FileManifest(bytes.span, of: other) }
        }
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) {
                try FileManifest(bytes.span.extracting(0..<count), of: offer(manifest))
            }
        }
    }

    @Test("more ranges than may be are refused before they are read, of however many files they are")  // [FIL-10]
    func manyRanges() throws {
        func file(_ path: String, ranges: Int) -> Entry {
            self.file(path, 1 << 40, (0..<UInt64(ranges)).map { 2 * $0..<2 * $0 + 1 })
        }
        let half = Limits.maxManifestRanges / 2
        #expect(read([folder(""), file("a", ranges: half), file("b", ranges: half)]) != nil)
        let manifest = FileManifest([folder(""), file("a", ranges: half), file("b", ranges: half + 1)])
        let (bytes, offer) = (manifest.encoded, offer(manifest))
        #expect(throws: WireError.tooLong) { try FileManifest(bytes.span, of: offer) }
    }

    @Test("sizes that together pass what a file can have are refused")  // [FIL-10]
    func overflow() {
        #expect(read([folder(""), file("a", 1 << 61, []), file("b", 1 << 61, [])]) != nil)
        #expect(read([folder("")] + (0..<4).map { file("\($0)", 1 << 61, []) }) == nil)
    }

    @Test("groups cover the content, and there is none behind it, whatever number is asked for")
    func groups() {
        let size = UInt64(Limits.fileGroup)
        for content in [0, 1, size - 1, size, size + 1, 5 * size, .max - size, .max - 1, .max] as [UInt64] {
            let offer = FileOffer(transfer: 1, salt: [], contentSize: content, totalSize: content, name: "x")
            let some = [0, 1, 2, 5, offer.groups / 2, offer.groups &- 2, offer.groups &- 1]
            for group in some where group < offer.groups {
                let range = offer.range(of: group)
                #expect(range.lowerBound == group * size && !range.isEmpty)
                #expect(range.upperBound == (group + 1 == offer.groups ? content : (group + 1) * size))
            }
            for group in [offer.groups, offer.groups + 1, 1 << 46, 1 << 50, .max - 1, .max] {
                #expect(offer.range(of: group) == content..<content, "\(group) of \(content)")
            }
        }
    }
}
