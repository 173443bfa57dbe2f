import Foundation
import Glibc
import Testing

@testable import Pinhole

@Suite("files whose source is not there, or not wanted any more", .timeLimit(.minutes(10)))
struct AbsentSourceTests {
    let folder: TemporaryDirectory
    let network = MemoryNetwork()
    let profile: Profile
    let other: Profile

    init() throws {
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("alice"), passphrase: nil)
        other = try Profile.create(at: folder.path("bob"), passphrase: nil)
        try profile.add(Contact(name: "bob", key: other.identity.publicKey))
        try other.add(Contact(name: "alice", key: profile.identity.publicKey))
        try folder.write(Array("content".utf8), to: "a.bin")
    }

    private func node(_ profile: Profile, _ policy: NodeConfiguration.FilePolicy = .accept) throws -> Node {
        try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: profile.directory + "/downloads", filePolicy: policy, mapsPorts: false),
            network: network)
    }

    @Test(
        "a source whose disk is not there at the start waits for it, and can be given up meanwhile",
        .enabled(if: Disk.isApart), arguments: [true, false], ["a.bin", ""])
    func unmounted(isGivenUp: Bool, source: String) async throws {
        let disk = try Disk(at: folder.path("disk"))
        try folder.write(Array("content".utf8), to: "disk/a.bin")
        var sender = try node(profile)
        let reference = try await sender.sendFile(folder.path("disk/\(source)"), to: other.identity.publicKey)
        await sender.stop()
        disk.unmount()
        sender = try node(profile)
        let events = sender.events()
        sender.start()
        for await case .fileWaiting(reference, _, _) in events { break }
        #expect(try profile.store.transfer(reference)?.state == .offered)
        if isGivenUp {
            sender.cancel(reference)
            for await case .fileFailed(reference, _) in events { break }
            #expect(try profile.store.transfer(reference)?.state == .refused)
        } else {
            disk.mount()
            await sender.stop()
            sender = try node(profile)
            let receiver = try node(other)
            sender.start()
            receiver.start()
            try await sender.finished(reference, timeout: .seconds(20))
            await receiver.stop()
        }
        await sender.stop()
    }

    @Test(
        "a source that was deleted, alone or with its folders, is over at once", arguments: ["files/in/a.bin", "files"])
    func deleted(removed: String) async throws {
        try FileManager.default.createDirectory(atPath: folder.path("files/in"), withIntermediateDirectories: true)
        try folder.write(Array("content".utf8), to: "files/in/a.bin")
        var sender = try node(profile)
        let reference = try await sender.sendFile(folder.path("files/in/a.bin"), to: other.identity.publicKey)
        await sender.stop()
        try FileManager.default.removeItem(atPath: folder.path(removed))
        sender = try node(profile)
        let events = sender.events()
        sender.start()
        for await case .fileFailed(reference, let reason) in events {
            #expect(reason.english.contains("was deleted, or has another name now"))
            #expect(reason.english.contains("send it again"))
            break
        }
        #expect(try profile.store.transfer(reference)?.state == .failed)
        await sender.stop()
    }

    @Test(
        "who was away when an offered file was taken back, or its source deleted, hears of it",
        arguments: [true, false])
    func takenBack(isDeleted: Bool) async throws {
        var (sender, receiver) = (try node(profile), try node(other, .ask))
        let told = receiver.events()
        sender.start()
        receiver.start()
        let reference = try await sender.sendFile(folder.path("a.bin"), to: other.identity.publicKey)
        var offered: TransferReference?
        for await case .fileOffered(let reference, _, _, _) in told {
            offered = reference
            break
        }
        let incoming = try #require(offered)
        await sender.stop()
        await receiver.stop()
        if isDeleted {
            try FileManager.default.removeItem(atPath: folder.path("a.bin"))
        } else {
            try profile.forget(reference)
        }
        #expect(try other.store.transfer(incoming)?.state == .offered)
        (sender, receiver) = (try node(profile), try node(other, .ask))
        let events = receiver.events()
        sender.start()
        receiver.start()
        _ = try await sender.send("back again", to: other.identity.publicKey)
        for await case .fileFailed(incoming, let reason) in events {
            #expect(reason.english == (isDeleted ? "the sender's file changed, or is gone" : "it was cancelled"))
            break
        }
        #expect(try other.store.transfer(incoming)?.state == .refused)
        await sender.stop()
        await receiver.stop()
    }
}

/// A place that shows another file system, as long as that is mounted there.
private final class Disk {
    private let place: String
    private let content: String

    init(at place: String) throws {
        self.place = place
        content = "/dev/shm/pinhole-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: content, withIntermediateDirectories: false)
        symlink(content, place)
    }

    deinit { try? FileManager.default.removeItem(atPath: content) }

    func unmount() {
        unlink(place)
        mkdir(place, 0o755)
    }

    func mount() {
        rmdir(place)
        symlink(content, place)
    }

    /// Whether there are two file systems to be told apart.
    static let isApart: Bool = {
        guard let shared = try? FileStatus(of: "/dev/shm"),
            let temporary = try? FileStatus(of: FileManager.default.temporaryDirectory.path)
        else { return false }
        return shared.device != temporary.device && access("/dev/shm", W_OK) == 0
    }()
}
