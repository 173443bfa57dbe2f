import Foundation
import Glibc
import PinholeCrypto
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("folders on their way, and where everything is put", .ownThreads)
struct FolderTransferTests {
    let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.path("in"), withIntermediateDirectories: false)
    }

    private var downloads: String { folder.path("in") }

    private func make(_ files: [String: [UInt8]], folders: [String] = []) throws {
        for (name, content) in files {
            let parent = Folder.parent(of: folder.path(name))
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try folder.write(content, to: name)
        }
        for name in folders {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
    }

    private func send(
        _ name: String, _ existing: NodeConfiguration.ExistingFilePolicy = .rename
    ) throws -> String {
        let sending = try Sending(folder.path(name), in: folder)
        let transfer = try PartialTransfer(sending.offer, sending.key, in: downloads)
        defer { transfer.discard() }
        return try sending.finish(transfer, existing)
    }

    private func tree(_ path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
    }

    @Test("a folder arrives with what is in it: empty files and folders, holes, times and permissions")
    func whole() throws {
        let large = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
        try make(["out/a": [1, 2, 3], "out/sub/b.bin": large, "out/sub/empty": []], folders: ["out/none/at all"])
        let sparse = try File(opening: folder.path("out/sparse"), flags: O_RDWR | O_CREAT)
        try sparse.truncate(to: 1 << 40)
        try sparse.write([9].span, at: 5 << 30)
        chmod(folder.path("out/a"), 0o4777)
        try run("touch", "-d", "2001-02-03 04:05:06.123456789", folder.path("out/a"))
        try run("touch", "-d", "1999-12-31", folder.path("out/none"))
        let path = try send("out")
        #expect(path == downloads + "/out")
        #expect(try tree(path) == tree(folder.path("out")))
        #expect(try folder.read("in/out/a") == [1, 2, 3])
        #expect(try folder.read("in/out/sub/b.bin") == large)
        let status = try FileStatus(of: path + "/sparse")
        #expect(status.size == 1 << 40 && status.isSparse)
        #expect(try File(opening: path + "/sparse", flags: O_RDONLY).read(at: 5 << 30, count: 2) == [9, 0])
        for name in ["a", "none", "sub/b.bin"] {
            let (old, new) = try (FileStatus(of: folder.path("out/\(name)")), FileStatus(of: "\(path)/\(name)"))
            #expect(old.modifiedSeconds == new.modifiedSeconds, "\(name)")
            #expect(old.modifiedNanoseconds == new.modifiedNanoseconds, "\(name)")
        }
        // Nobody else may write it, and it gives nobody other rights.
        #expect(mode(of: path + "/a").map { $0 & 0o7022 } == 0)
        #expect(mode(of: path + "/a").map { $0 & 0o700 } == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: downloads) == ["out"])
    }

    @Test(
        "names that become the same here are files of their own",
        arguments: [NodeConfiguration.ExistingFilePolicy.rename, .overwrite, .skip])
    func sameNames(existing: NodeConfiguration.ExistingFilePolicy) throws {
        try make(["out/a": [1], "out/a\u{200e}": [2], "out/b": [3]])
        let path = try send("out", existing)
        #expect(try tree(path).count == 3)
        let contents = try tree(path).map { try folder.read("in/out/" + $0) }
        #expect(Set(contents) == [[1], [2], [3]])
        guard existing == .overwrite else { return }
        // What was there before is replaced, and not once more numbered.
        #expect(try send("out", existing) == path)
        #expect(
            try tree(path).count >= 3 && Set(try tree(path).map { try folder.read("in/out/" + $0) }) == Set(contents))
    }

    @Test("names that begin with a mark, and two forms of one letter, arrive where they were")
    func marks() throws {
        let names = ["\u{e9}/x", "e\u{301}/x", "sub/\u{301}x", "\u{fe0f}y"]
        for name in ["out", "out/\u{e9}", "out/e\u{301}", "out/sub"] { mkdir(folder.path(name), 0o700) }
        for (number, name) in names.enumerated() {
            let file = try File(opening: folder.path("out/" + name), flags: O_RDWR | O_CREAT)
            try file.write([UInt8(number)].span, at: 0)
        }
        let path = try send("out")
        for (number, name) in names.enumerated() {
            #expect(try File(opening: path + "/" + name, flags: O_RDONLY).read(at: 0, count: 2) == [UInt8(number)])
        }
    }

    @Test("links, pipes and names that are not text stay behind, and are told of")
    func omitted() throws {
        try make(["out/a": [1]])
        symlink("/etc/passwd", folder.path("out/link"))
        symlink("..", folder.path("out/loop"))
        mkfifo(folder.path("out/pipe"), 0o600)
        close(open(Array((folder.path("out/") + "bad").utf8CString.dropLast()) + [-1, 0], O_CREAT | O_WRONLY, 0o600))
        let source = try FileSource(folder.path("out"))
        #expect(source.manifest.entries.map(\.path) == ["", "a"])
        #expect(source.omitted.count == 3 && source.lost.count == 1)
    }

    @Test("of a folder, what changes while it is sent is left out, and the rest arrives")  // [FIL-12]
    func changed() throws {
        try make(["out/a": [1], "out/b": [UInt8](repeating: 2, count: 600_000), "out/c": [3]])
        let sending = try Sending(folder.path("out"), in: folder)
        truncate(folder.path("out/b"), 300_000)
        let transfer = try PartialTransfer(sending.offer, sending.key, in: downloads)
        let path = try sending.finish(transfer)
        #expect(try tree(path) == ["a", "c"])
        #expect(sending.source.leftOut.map(\.entry) == [2])
    }

    /// setfsuid(2), which the module of the C library does not have.
    private let setFileUser = unsafeBitCast(
        dlsym(nil, "setfsuid"), to: (@convention(c) (uid_t) -> CInt).self)

    @Test("of a folder, what cannot be read is left out and named, and never arrives as zeros")
    func unreadable() throws {
        let large = [UInt8](repeating: 2, count: 600_000)
        try make(["out/a": [1], "out/b": large, "out/c": [3]])
        for name in ["", "out", "out/a", "out/c"] { chmod(folder.path(name), 0o755) }
        chmod(folder.path("out/b"), 0o600)
        let sending = try Sending(folder.path("out"), in: folder)
        // From here on this thread may do what others may, as far as files are concerned; not so the next process.
        _ = setFileUser(65534)
        let start = (0..<sending.offer.groups - 1).map { group in
            Result { () throws(PinholeError) in try sending.source.read(sending.offer.range(of: group)) }
        }
        _ = setFileUser(geteuid())
        try #require(start.allSatisfy { (try? $0.get()) != nil })
        #expect(sending.source.leftOut.map(\.entry) == [2])
        #expect(
            sending.source.missing.map(\.english) == ["\(folder.path("out/b")) may not be read by this user"])
        let transfer = try PartialTransfer(sending.offer, sending.key, in: downloads)
        for (group, result) in start.enumerated() {
            let content = try result.get()
            let leaf = sending.key.leaf(content.span, group: UInt64(group))
            sending.source.note(leaf, group: UInt64(group), in: sending.sent)
            try transfer.append(content + leaf)
        }

        // It can be read again when the sender's next process takes it up.
        let again = try FileSource(folder.path("out"))
        #expect(again.fingerprint == sending.source.fingerprint)
        #expect(try again.start(after: transfer.holdings, of: sending.offer, sending.key, sending.sent).groups == 0)

        let path = try sending.finish(transfer)
        #expect(try tree(path) == ["a", "c"])
    }

    @Test("of a folder in which nothing can be looked at, all is named as lost")
    func unsearchable() throws {
        try make(["out/in/a": [1]])
        for name in ["", "out"] { chmod(folder.path(name), 0o755) }
        chmod(folder.path("out/in"), 0o444)
        _ = setFileUser(65534)
        let source = Result { try FileSource(folder.path("out")) }
        _ = setFileUser(geteuid())
        chmod(folder.path("out/in"), 0o755)
        #expect(try source.get().lost.map(\.english) == ["\(folder.path("out/in/a")) may not be read by this user"])
    }

    @Test("where its whole folder is away, nothing of it is left out")
    func awayFolder() throws {
        try make(["out/a": [1], "out/b": [2]])
        let source = try FileSource(folder.path("out"))
        #expect(Glibc.rename(folder.path("out"), folder.path("away")) == 0)
        #expect(failure { _ = try source.read(0..<source.contentSize) }?.code == .noSuchFile)
        // Another folder has its name.
        try make(["out/a": [1]])
        #expect(failure { _ = try source.read(0..<source.contentSize) }?.code == .noSuchFile)
        #expect(source.leftOut.isEmpty)
    }

    @Test("a folder that is taken up again goes on in the middle of its list, and of its files")
    func resume() throws {
        var files: [String: [UInt8]] = [:]
        // The list alone is longer than a group.
        for index in 0..<5000 {
            files["out/\(index)-" + String(repeating: "n", count: 60)] = [UInt8(truncatingIfNeeded: index)]
        }
        files["out/large"] = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 4) }
        try make(files)
        let sending = try Sending(folder.path("out"), in: folder)
        #expect(Int(sending.offer.manifestSize) > Limits.fileGroup)
        for count in 1..<Int(sending.offer.groups) {
            let transfer = try PartialTransfer(sending.offer, sending.key, in: downloads)
            #expect(transfer.holdings.groups == UInt64(count - 1))
            let (group, pieces) = try sending.resume(transfer)
            try transfer.begin(group: group)
            try transfer.append(pieces[0])
        }
        let transfer = try PartialTransfer(sending.offer, sending.key, in: downloads)
        let path = try sending.finish(transfer)
        for (name, content) in files { #expect(try folder.read("in/" + name) == content) }
        #expect(try tree(path).count == files.count)
    }

    // MARK: What is there already

    @Test("what is there keeps its name, and a link that points elsewhere stays one")
    func rename() throws {
        try make(["a.txt": [1], "in/a.txt": [2], "out/x": [3], "in/out/x": [4]])
        symlink(folder.path("elsewhere"), downloads + "/a (2).txt")
        #expect(try send("a.txt") == downloads + "/a (3).txt")
        #expect(try send("out") == downloads + "/out (2)")
        #expect(try folder.read("in/a.txt") == [2])
        #expect(try folder.read("in/out/x") == [4])
        #expect(access(folder.path("elsewhere"), F_OK) != 0)
    }

    @Test("to overwrite replaces files, and links themselves, but no folder gives way")
    func overwrite() throws {
        try make(["a": [1], "in/a": [2], "out/x": [3], "out/sub/y": [5], "in/out/x": [4], "in/out/z": [6], "d": [7]])
        try make(["victim": [9]], folders: ["in/d", "elsewhere"])
        #expect(try send("a", .overwrite) == downloads + "/a")
        #expect(try folder.read("in/a") == [1])
        symlink(folder.path("elsewhere"), folder.path("in/out/sub"))
        #expect(try send("out", .overwrite) == downloads + "/out")
        #expect(try folder.read("in/out/x") == [3])
        #expect(try folder.read("in/out/z") == [6])
        // A link to a folder is no folder: nothing is written where it points.
        #expect(try folder.read("in/out/sub (2)/y") == [5])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("elsewhere")).isEmpty)
        #expect(try send("d", .overwrite) == downloads + "/d (2)")
        unlink(folder.path("in/a"))
        symlink(folder.path("victim"), folder.path("in/a"))
        #expect(try send("a", .overwrite) == downloads + "/a")
        #expect(try folder.read("victim") == [9])
        #expect(try folder.read("in/a") == [1])
    }

    @Test("who dies between the last name and the record of it finds what was done", arguments: [true, false])
    func twice(isFolder: Bool) throws {
        try make(["out/x": [3], "out/sub/y": [4]])
        let sending = try Sending(folder.path(isFolder ? "out" : "out/x"), in: folder)
        for existing in NodeConfiguration.ExistingFilePolicy.allCases {
            let transfer = try PartialTransfer(sending.offer, sending.key, in: downloads)
            let first = try sending.finish(transfer, existing)
            transfer.release()
            let again = try PartialTransfer(sending.offer, sending.key, in: downloads)
            #expect(again.holdings.groups == sending.offer.groups)
            #expect(try sending.finish(again, existing) == first)
            again.release()
        }
        let visible = try FileManager.default.contentsOfDirectory(atPath: downloads).filter { !$0.hasPrefix(".") }
        #expect(visible == [isFolder ? "out" : "x"])
    }

    @Test(
        "so does who dies with a folder that holds nothing but folders, or whose first file got another name",
        arguments: [true, false])
    func twiceWithoutNames(isEmpty: Bool) throws {
        try make(isEmpty ? [:] : ["out/\u{1}x": [3], "out/y": [4]], folders: ["out/sub/inner"])
        let sending = try Sending(folder.path("out"), in: folder)
        func finish() throws -> String {
            let transfer = try PartialTransfer(sending.offer, sending.key, in: downloads)
            defer { transfer.release() }
            return try sending.finish(transfer)
        }
        for _ in 0..<3 { #expect(try finish() == downloads + "/out") }
        guard !isEmpty else { return }
        // What was thrown away meanwhile comes again, beside a folder of the same name that is somebody else's.
        try FileManager.default.removeItem(atPath: downloads + "/out")
        try make(["in/out/mine": [1]])
        #expect(try finish() == downloads + "/out (2)")
        #expect(
            try tree(downloads + "/out (2)") == tree(folder.path("out")).map { $0.filter { $0 != "\u{1}" } }.sorted())
    }

    @Test("a folder is removed with all that is in it, also what has no proper name")
    func removal() throws {
        try make(["tree/a": [1], "tree/sub/b": [2]])
        for name in ["tree/", "tree/sub/"] {
            let path = Array((folder.path(name) + "bad").utf8CString.dropLast()) + [-1, 0]
            close(open(path, O_CREAT | O_WRONLY, 0o600))
        }
        Folder.removeTree(folder.path("tree"))
        #expect(try folder.entries == ["in"])
    }

    @Test("names in a folder cannot leave it, or surprise a terminal")
    func names() {
        #expect(FileName.inside(".gitignore") == ".gitignore")
        #expect(FileName.inside("..") == "file" && FileName.inside("\u{1b}") == "file")
        #expect(FileName.inside("a\u{1b}[31m\n") == "a[31m")
        #expect(FileName.inside(String(repeating: "é", count: 400)).utf8.count <= 255)
        for name in ["CON", "con.txt", "Aux.tar.gz", "COM1", "lpt9.x"] {
            #expect(FileName.sanitized(name) == "_" + name)
        }
        for name in ["CONSOLE", "com.x", "COM10", "auxiliary"] { #expect(FileName.sanitized(name) == name) }
    }

    @Test("two names that become the same one, are both there")
    func clash() throws {
        try make(["out/a": [1], "out/a\u{1}": [2], "out/a\u{2}": [3]])
        let path = try send("out")
        #expect(try tree(path) == ["a", "a (2)", "a (3)"])
    }
}
