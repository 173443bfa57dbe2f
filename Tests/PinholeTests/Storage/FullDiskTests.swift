import Foundation
import Glibc
import PinholeCrypto
import PinholeWire
import Testing

@testable import Pinhole

/// A small file system of its own, gone with its last reference.
final class SmallDisk: Sendable {
    private let folder: TemporaryDirectory
    var path: String { folder.path }

    init(kibibytes: Int) throws {
        folder = try TemporaryDirectory()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(kibibytes)k,mode=0700") == 0 else {
            throw PinholeError(.other, "no tmpfs could be mounted: \(errorText(errno))")
        }
    }

    deinit {
        umount2(folder.path, Int32(MNT_DETACH))
    }

    /// Tried, not guessed.
    static let isPossible = (try? SmallDisk(kibibytes: 64)) != nil

    /// Writes until nothing more fits.
    func fill() {
        let descriptor = open(path + "/filler", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        close(descriptor)
    }

    /// At once, also where a process that another test is just starting has the file still open.
    func free() {
        truncate(path + "/filler", 0)
        unlink(path + "/filler")
    }

    func makeReadOnly() throws {
        guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else {
            throw PinholeError(.other, "the tmpfs could not be made read-only: \(errorText(errno))")
        }
    }
}

@Suite(
    "a disk that is full or read-only",
    .enabled(
        if: SmallDisk.isPossible || isContinuousIntegration,
        "a small disk needs root and a kernel that lets it mount one"))
struct FullDiskTests {
    let disk: SmallDisk
    let identity = Identity.generate()

    init() throws {
        disk = try SmallDisk(kibibytes: 1024)
    }

    @Test("a message that finds no room is refused whole, those before it stay, and with room it goes on")
    func store() throws {
        let bob = Identity.generate().publicKey
        let store = try Store(path: disk.path + "/db", identity: identity)
        try store.add(Contact(name: "bob", key: bob))
        _ = try store.append(["before"], to: bob, sentAt: 1)
        disk.fill()
        let text = String(repeating: "x", count: 60_000)
        let incoming = Store.Incoming(
            contact: bob, message: ChatMessage(id: MessageID(epoch: 1, counter: 1), time: 1, body: Array(text.utf8)),
            receivedAt: 1)
        let errors = [
            failure { _ = try store.append([text, text], to: bob, sentAt: 2) },
            failure { _ = try store.insert([incoming]) },
        ]
        for error in errors {
            #expect(error?.code == .cannotWrite)
            #expect(error?.message.english.hasPrefix("the disk is full") == true)
            #expect(error?.hint?.english.contains("df -h") == true)
        }
        #expect(try store.outbox(to: bob).map(\.message.text) == ["before"])
        disk.free()
        #expect(try store.append(["after"], to: bob, sentAt: 3)[0].id.counter == 2)
        #expect(try store.insert([incoming]) == [true])
        #expect(
            try Store(path: disk.path + "/db", identity: identity).messages(with: bob, limit: 9).map(\.text) == [
                "before", "after", text,
            ])
    }

    @Test("a profile and an identity that find no room leave nothing behind")
    func profile() throws {
        disk.fill()
        let error = failure { try Identity.generate().save(to: disk.path + "/identity", passphrase: nil) }
        #expect(error?.code == .cannotWrite)
        #expect(error?.message.english.hasPrefix("the disk is full") == true)
        #expect(access(disk.path + "/identity", F_OK) != 0)
        #expect(failure { _ = try Store(path: disk.path + "/db", identity: identity) }?.code == .cannotWrite)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["filler"])
        disk.free()
        #expect(try Store(path: disk.path + "/db", identity: identity).contacts().isEmpty)
    }

    @Test("however little room a first start finds, with more it goes on")
    func firstStart() throws {
        for kibibytes in stride(from: 4, through: 200, by: 4) {
            disk.fill()
            truncate(disk.path + "/filler", Int(try FileStatus(of: disk.path + "/filler").size) - kibibytes * 1024)
            _ = failure { try Store(path: disk.path + "/db", identity: identity).close() }
            disk.free()
            #expect(failure { try Store(path: disk.path + "/db", identity: identity).close() } == nil, "\(kibibytes)")
            for name in try FileManager.default.contentsOfDirectory(atPath: disk.path) {
                truncate(disk.path + "/" + name, 0)
                unlink(disk.path + "/" + name)
            }
        }
    }

    @Test("a transfer that finds no room fails, and goes on behind what was verified when there is room again")
    func receivedFile() throws {
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let sending = try Sending(content)
        do {
            let transfer = try PartialTransfer(sending.offer, sending.key, in: disk.path)
            try transfer.begin(group: 0)
            try transfer.append(sending.stream(from: 0)[0])
            disk.fill()
            #expect(
                failure { for bytes in try sending.stream(from: 1) { try transfer.append(bytes) } }?.code
                    == .cannotWrite)
        }
        #expect(failure { _ = try PartialTransfer(sending.offer, sending.key, in: disk.path) }?.code == .cannotWrite)
        disk.free()
        let transfer = try PartialTransfer(sending.offer, sending.key, in: disk.path)
        #expect(transfer.holdings.groups == 1)
        #expect(try sending.finish(transfer) == disk.path + "/a.bin")
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: disk.path + "/a.bin"))) == content)
    }

    @Test("a read-only disk is named")
    func readOnly() throws {
        try Store(path: disk.path + "/db", identity: identity).close()
        try disk.makeReadOnly()
        let unwritable = failure {
            try Store(path: disk.path + "/db", identity: identity).add(
                Contact(name: "bob", key: Identity.generate().publicKey))
        }
        #expect(unwritable?.code == .cannotWrite)
        let error = failure { _ = try Profile.create(at: disk.path + "/profile", passphrase: nil) }
        #expect(error?.code == .cannotWrite)
        #expect(error?.message.english.contains("read-only") == true)
    }
}
