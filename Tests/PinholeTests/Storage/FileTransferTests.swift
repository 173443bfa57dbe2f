import Foundation
import Glibc
import PinholeCrypto
import Testing

@testable import Pinhole

@Suite("files on their way")
struct FileTransferTests {
    let folder: TemporaryDirectory
    let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let reference = TransferReference(contact: Identity.generate().publicKey, direction: .incoming, number: 1)

    init() throws {
        folder = try TemporaryDirectory()
    }

    private var downloads: String { folder.path("downloads") }

    private func receive(_ name: String = "a.bin") throws -> ReceivedFile {
        try ReceivedFile(
            reference, name: name, size: UInt64(content.count), hash: Blake2b.hash(content), in: downloads)
    }

    private var received: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: downloads).sorted() }
    }

    @Test("a file arrives piece by piece, and gets its name only when it is whole")
    func whole() throws {
        let file = try receive()
        try file.append(Array(content[..<40_000]), at: 0)
        #expect(failure { _ = try file.finish() }?.code == .badData)
        #expect(try received.allSatisfy { $0.hasPrefix(".") })
        try file.append(Array(content[40_000...]), at: 40_000)
        let path = try file.finish()
        #expect(path == downloads + "/a.bin")
        #expect(try folder.read("downloads/a.bin") == content)
        #expect(try received == ["a.bin"])
        #expect(mode(of: path) == 0o600)
    }

    @Test("an existing file stays as it is, and so does a link that points elsewhere")
    func existing() throws {
        try FileManager.default.createDirectory(atPath: downloads, withIntermediateDirectories: false)
        try folder.write([1], to: "downloads/a.bin")
        symlink(folder.path("elsewhere"), downloads + "/a (2).bin")
        let file = try receive()
        try file.append(content, at: 0)
        #expect(try file.finish() == downloads + "/a (3).bin")
        #expect(try folder.read("downloads/a.bin") == [1])
        #expect(access(folder.path("elsewhere"), F_OK) != 0)
    }

    @Test("a hostile name lands in the folder")
    func hostileName() throws {
        let file = try receive("../../../tmp/evil")
        try file.append(content, at: 0)
        #expect(try file.finish() == downloads + "/evil")
    }

    @Test("a transfer that is taken up again goes on where it was")
    func resume() throws {
        do {
            let file = try receive()
            try file.append(Array(content[..<33_333]), at: 0)
        }
        let file = try receive()
        #expect(file.length == 33_333)
        #expect(failure { try file.append([1], at: 0) }?.code == .badData)
        try file.append(Array(content[33_333...]), at: 33_333)
        #expect(try folder.read("downloads/" + (URL(fileURLWithPath: file.finish()).lastPathComponent)) == content)
    }

    @Test("another offer does not go on with this one's bytes")
    func otherOffer() throws {
        let file = try receive()
        try file.append([1, 2, 3], at: 0)
        let other = try ReceivedFile(
            TransferReference(contact: reference.contact, direction: .incoming, number: 2), name: "a.bin",
            size: UInt64(content.count), hash: Blake2b.hash(content), in: downloads)
        #expect(other.length == 0)
    }

    @Test("content that was not offered is removed")
    func corrupt() throws {
        let file = try receive()
        var wrong = content
        wrong[50_000] ^= 1
        try file.append(wrong, at: 0)
        #expect(failure { _ = try file.finish() }?.code == .badData)
        #expect(try received.isEmpty)
    }

    @Test("bytes beyond the offered size are refused, and a refused file can be discarded")
    func tooLong() throws {
        let file = try receive()
        #expect(failure { try file.append(content + [0], at: 0) }?.code == .badData)
        try file.append(content, at: 0)
        #expect(failure { try file.append([0], at: UInt64(content.count)) }?.code == .badData)
        file.discard()
        #expect(try received.isEmpty)
    }

    @Test("one file has one receiver")
    func twice() throws {
        let file = try receive()
        #expect(failure { _ = try receive() }?.code == .cannotWrite)
        withExtendedLifetime(file) {}
    }

    @Test("an empty file arrives too")
    func empty() throws {
        let file = try ReceivedFile(reference, name: "e", size: 0, hash: Blake2b.hash([]), in: downloads)
        #expect(try file.finish() == downloads + "/e")
    }

    @Test("a partial file's name that is a link is not followed")
    func plantedLink() throws {
        let file = try receive()
        let partial = try #require(received.first)
        file.discard()
        symlink(folder.path("victim"), "\(downloads)/\(partial)")
        #expect(failure { _ = try receive() } != nil)
        #expect(access(folder.path("victim"), F_OK) != 0)
    }

    @Test("a size that no disk here has is refused before a byte comes")
    func noRoom() throws {
        let error = failure {
            _ = try ReceivedFile(
                reference, name: "a", size: 1 << 60, hash: [UInt8](repeating: 0, count: 32), in: downloads)
        }
        #expect(error?.code == .cannotWrite)
        #expect(error?.message.english.hasPrefix("the disk is full") == true)
        #expect(failure { _ = try ReceivedFile(reference, name: "a", size: .max, hash: [], in: downloads) } != nil)
    }

    @Test("an outgoing file is read in pieces and hashed whole")
    func outgoing() async throws {
        try folder.write(content, to: "source file.bin")
        let file = try OutgoingFile(folder.path("source file.bin"))
        #expect(file.name == "source file.bin")
        #expect(file.size == UInt64(content.count))
        #expect(try await file.hash() == Blake2b.hash(content))
        #expect(try file.read(at: 99_990, count: 1000) == Array(content[99_990...]))
        #expect(try file.read(at: 100_000, count: 10) == [])
    }

    @Test("a file that changes or shrinks while it is sent is found out")
    func changed() async throws {
        try folder.write(content, to: "source")
        let file = try OutgoingFile(folder.path("source"))
        truncate(folder.path("source"), 10)
        #expect(failure { _ = try file.read(at: 0, count: 100) }?.code == .badData)
        await #expect(throws: PinholeError.self) { try await file.hash() }

        try folder.write(content, to: "touched")
        let touched = try OutgoingFile(folder.path("touched"))
        _ = try touched.read(at: 0, count: 1)
        try run("touch", "-d", "2001-01-01", folder.path("touched"))
        #expect(failure { _ = try touched.read(at: 0, count: 1) }?.code == .badData)
    }

    @Test("what cannot be sent is named")
    func unsendable() throws {
        #expect(failure { _ = try OutgoingFile(folder.path("none")) }?.code == .noSuchFile)
        #expect(failure { _ = try OutgoingFile(folder.path) }?.code == .usage)
        mkfifo(folder.path("pipe"), 0o600)
        #expect(failure { _ = try OutgoingFile(folder.path("pipe")) }?.code == .usage)
    }
}
