import Foundation
import Glibc
import PinholeCrypto
import PinholeWire
import Testing

@testable import Pinhole

@Suite("files that somebody else offers", .timeLimit(.minutes(10)))
struct FilePolicyTests {
    let folder: TemporaryDirectory
    let network = MemoryNetwork()
    let alice: Profile
    let bob: Profile

    init() throws {
        folder = try TemporaryDirectory()
        alice = try Profile.create(at: folder.path("alice"), passphrase: nil)
        bob = try Profile.create(at: folder.path("bob"), passphrase: nil)
        try alice.add(Contact(name: "bob", key: bob.identity.publicKey))
        try bob.add(Contact(name: "alice", key: alice.identity.publicKey))
    }

    private var downloads: String { folder.path("bob/downloads") }

    private func node(
        _ profile: Profile, _ policy: NodeConfiguration.FilePolicy = .accept,
        _ existing: NodeConfiguration.ExistingFilePolicy = .rename
    ) throws -> Node {
        let node = try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: profile.directory + "/downloads", filePolicy: policy, existingFilePolicy: existing,
                mapsPorts: false),
            network: network)
        node.start()
        return node
    }

    /// What became of a file that alice sends: nil when it has arrived, and else why not.
    private func send(_ text: String, as name: String, by sender: Node) async throws -> String? {
        try folder.write(Array(text.utf8), to: name)
        let transfer = try await sender.sendFile(folder.path(name), to: bob.identity.publicKey)
        do throws(PinholeError) {
            try await sender.finished(transfer, timeout: .seconds(30))
            return nil
        } catch {
            return error.message.english
        }
    }

    // MARK: What is there already

    @Test("who keeps what there is takes what has a name of its own, and refuses the rest before a byte of it comes")
    func skip() async throws {
        let (sender, receiver) = (try node(alice), try node(bob, .accept, .skip))
        #expect(try await send("first", as: "a.txt", by: sender) == nil)
        let kept = "the file did not arrive: the receiver has something of that name, and keeps it"
        #expect(try await send("second", as: "a.txt", by: sender) == kept)
        #expect(try await send("other", as: "b.txt", by: sender) == nil)
        #expect(try folder.read("bob/downloads/a.txt") == Array("first".utf8))
        #expect(try folder.read("bob/downloads/b.txt") == Array("other".utf8))
        #expect(try bob.transfers(with: alice.identity.publicKey).map(\.state) == [.done, .done])
        await sender.stop()
        await receiver.stop()
        // Nothing hidden either.
        #expect(try FileManager.default.contentsOfDirectory(atPath: downloads).sorted() == ["a.txt", "b.txt"])
    }

    @Test("a folder, a link to nowhere and a name in another disguise are something of that name, too")
    func skipsWhatever() async throws {
        let files = FileManager.default
        try files.createDirectory(atPath: downloads + "/folder", withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: downloads + "/link", withDestinationPath: "nowhere")
        let (sender, receiver) = (try node(alice), try node(bob, .accept, .skip))
        for name in ["folder", "link"] {
            #expect(try await send("x", as: name, by: sender)?.contains("keeps it") ?? false, "\(name)")
        }
        #expect(try files.destinationOfSymbolicLink(atPath: downloads + "/link") == "nowhere")
        await sender.stop()
        await receiver.stop()
    }

    private func offer(among events: AsyncStream<NodeEvent>) async -> TransferReference? {
        for await case .fileOffered(let reference, _, _, _) in events { return reference }
        return nil
    }

    @Test("whose name is taken while a person is asked is refused; what is on its way by then gets another name")
    func skipsLater() async throws {
        let (sender, receiver) = (try node(alice), try node(bob, .ask, .skip))
        let events = receiver.events()
        try folder.write(Array("new".utf8), to: "a.txt")
        let sent = try await sender.sendFile(folder.path("a.txt"), to: bob.identity.publicKey)
        let reference = try #require(await offer(among: events))
        try FileManager.default.createDirectory(atPath: downloads, withIntermediateDirectories: true)
        try folder.write(Array("there".utf8), to: "bob/downloads/a.txt")
        receiver.accept(reference)
        try await sender.finished(sent, timeout: .seconds(30))
        #expect(try folder.read("bob/downloads/a.txt") == Array("there".utf8))
        #expect(try folder.read("bob/downloads/a (2).txt") == Array("new".utf8))
        await sender.stop()
        await receiver.stop()
    }

    @Test("what a person accepts while its sender is away comes by itself when he is back")
    func acceptedWhileAway() async throws {
        let (sender, receiver) = (try node(alice), try node(bob, .ask))
        let events = receiver.events()
        try folder.write(Array("later".utf8), to: "a.txt")
        let sent = try await sender.sendFile(folder.path("a.txt"), to: bob.identity.publicKey)
        let offered = try #require(await offer(among: events))
        await sender.stop()
        for await case .disconnected in events { break }
        receiver.accept(offered)
        let again = try node(alice)
        try await again.finished(sent, timeout: .seconds(30))
        #expect(try folder.read("bob/downloads/a.txt") == Array("later".utf8))
        await again.stop()
        await receiver.stop()
    }

    // MARK: Too many

    private func offer(_ number: UInt64) -> StoredTransfer {
        let offer = FileOffer(
            transfer: number, salt: [UInt8](repeating: 1, count: 32), contentSize: 1, totalSize: 1, name: "\(number)")
        let reference = TransferReference(
            contact: alice.identity.publicKey, direction: .incoming, number: number)
        return StoredTransfer(reference, offer, createdAt: 1)
    }

    @Test(
        "a contact whose files wait by the thousand, for a person or for the rest of them, is told so, until some are over",
        arguments: [NodeConfiguration.FilePolicy.ask, .accept])
    func tooMany(policy: NodeConfiguration.FilePolicy) async throws {
        for number in 1...UInt64(Limits.maxOffers) {
            #expect(try bob.store.insertOffer(offer(number)))
            if policy == .accept { try bob.store.setState(.accepted, of: offer(number).reference) }
        }
        #expect(try !bob.store.insertOffer(offer(1 << 20)))
        let (sender, receiver) = (try node(alice), try node(bob, policy))
        let events = receiver.events()
        let words = "the file did not arrive: too many of your files wait there already"
        #expect(try await send("x", as: "a.txt", by: sender) == words)
        for await case .fileFailed(_, let reason) in events {
            #expect(reason.english == "too many files of this contact wait already: it was refused")
            break
        }
        #expect(try bob.transfers(with: alice.identity.publicKey).count == Limits.maxOffers)
        try bob.store.setState(.refused, of: offer(1).reference)
        let again = try await sender.sendFile(folder.path("a.txt"), to: bob.identity.publicKey)
        for await case .fileOffered(let reference, _, _, _) in events where reference.number == again.number {
            if policy == .ask { receiver.accept(reference) }
            break
        }
        try await sender.finished(again, timeout: .seconds(30))
        await sender.stop()
        await receiver.stop()
    }

    @Test(
        "a contact who offers and takes back for ever leaves a bounded trace, asked about or accepted",
        arguments: [true, false], [0, 1])
    func takenBack(isAsked: Bool, earlier: Int) throws {
        let key = alice.identity.publicKey
        // What else happened does not matter.
        for number in 0..<earlier { try bob.add(Contact(name: "c\(number)", key: Identity.generate().publicKey)) }
        for number in 1...UInt64(2 * Limits.maxOffers + 200) {
            if isAsked {
                #expect(try bob.store.insertOffer(offer(number)))
            } else {
                try bob.store.insert(offer(number))
            }
            try bob.store.setState(.refused, of: offer(number).reference)
        }
        let kept = try bob.transfers(with: key)
        #expect((Limits.maxOffers...Limits.maxOffers + 64).contains(kept.count))
        #expect(kept.last?.reference.number == UInt64(2 * Limits.maxOffers + 200))
    }

    // MARK: A disk that is stuck

    /// A file that nobody can open before it is given free: a lease (fcntl(2), F_SETLEASE) makes them wait in `open`, as a
    /// disk does that does not answer. The kernel ends it after 45 seconds.
    private final class StuckFile {
        private let descriptor: Int32

        init?(_ path: String) {
            descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            // Who waits is announced by a signal, and by the default one that would be our end.
            guard descriptor >= 0, fcntl(descriptor, Self.setSignal, SIGURG) == 0,
                fcntl(descriptor, Self.setLease, F_WRLCK) == 0
            else { return nil }
        }

        func free() { _ = fcntl(descriptor, Self.setLease, F_UNLCK) }

        deinit { close(descriptor) }

        private static let setSignal: Int32 = 10
        private static let setLease: Int32 = 1024
    }

    @Test("a node leaves though a disk is stuck")
    func stuckAtTheEnd() async throws {
        let (sender, receiver) = (try node(alice), try node(bob, .ask))
        let events = receiver.events()
        try folder.write([UInt8](repeating: 1, count: 600_000), to: "stuck")
        _ = try await sender.sendFile(folder.path("stuck"), to: bob.identity.publicKey)
        var file: StuckFile?
        for await event in events {
            if case .fileOffered(let reference, _, _, _) = event {
                let offer = try #require(try bob.store.transfer(reference)).offer
                let partial = PartialTransfer.path(
                    FileKey(
                        sender: alice.identity.publicKey.key, receiver: bob.identity.publicKey.key, offer: offer),
                    in: downloads)
                try FileManager.default.createDirectory(
                    atPath: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                let stuck: StuckFile = try #require(StuckFile(partial + "/manifest"), "the file system has no leases")
                file = stuck
                receiver.accept(reference)
            }
            if case .fileBegan = event { break }
        }
        let start = ContinuousClock.now
        await receiver.stop()
        // It is stuck for as long as nobody frees it.
        #expect(ContinuousClock.now - start < .seconds(300))
        file?.free()
        await sender.stop()
    }

    @Test("files whose disk is stuck hold up no other file, no message and no answer; they go on where they stopped")
    func stuckDisk() async throws {
        let (sender, receiver) = (try node(alice), try node(bob, .ask))
        let key = bob.identity.publicKey
        // More than are sent at a time would hold up others by that.
        let stuckCount = Limits.maxActiveFiles - 2
        let events = receiver.events()
        var stuck: [(TransferReference, StuckFile)] = []
        var sent: [TransferReference] = []
        for number in 0..<stuckCount {
            try folder.write([UInt8](repeating: UInt8(number), count: 600_000), to: "stuck\(number)")
            sent.append(try await sender.sendFile(folder.path("stuck\(number)"), to: key))
        }
        for await case .fileOffered(let reference, _, _, _) in events {
            let offer = try #require(try bob.store.transfer(reference)).offer
            let partial = PartialTransfer.path(
                FileKey(sender: alice.identity.publicKey.key, receiver: key.key, offer: offer), in: downloads)
            try FileManager.default.createDirectory(
                atPath: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            stuck.append((reference, try #require(StuckFile(partial + "/manifest"), "the file system has no leases")))
            if stuck.count == stuckCount { break }
        }
        for (reference, _) in stuck { receiver.accept(reference) }
        // All of them wait for their disk, with what fits into their share of the memory on top.
        var begun = 0
        for await case .fileBegan in events {
            begun += 1
            if begun == stuckCount { break }
        }
        try folder.write(Array("quick".utf8), to: "quick")
        let quick = try await sender.sendFile(folder.path("quick"), to: key)
        for await case .fileOffered(let reference, _, _, _) in events where reference.number == quick.number {
            receiver.accept(reference)
            break
        }
        try await sender.finished(quick, timeout: .seconds(20))
        #expect(try folder.read("bob/downloads/quick") == Array("quick".utf8))
        _ = try await sender.send("still here", to: key)
        for await case .message(let message) in events {
            #expect(message.text == "still here")
            break
        }
        _ = try await sender.ping(key, timeout: .seconds(20))
        #expect(try bob.transfers(with: alice.identity.publicKey).filter { $0.state == .accepted }.count == stuckCount)
        for (_, file) in stuck { file.free() }
        for transfer in sent { try await sender.finished(transfer, timeout: .seconds(30)) }
        for number in 0..<stuckCount {
            let content = [UInt8](repeating: UInt8(number), count: 600_000)
            #expect(try folder.read("bob/downloads/stuck\(number)") == content)
        }
        await sender.stop()
        await receiver.stop()
    }
}
