import Foundation
import GRDB
import Glibc
import PinholeCore
import PinholeWire
import Testing

@testable import Pinhole

@Suite("offers of files", .timeLimit(.minutes(10)))
struct FileOfferTests {
    let folder: TemporaryDirectory
    let network = MemoryNetwork()
    let friend = Identity.generate()
    let profile: Profile

    init() throws {
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("alice"), passphrase: nil)
        try folder.write(Array("content".utf8), to: "a.bin")
    }

    private func node(
        _ profile: Profile, _ policy: NodeConfiguration.FilePolicy = .accept
    ) throws -> Node {
        try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: profile.directory + "/downloads", filePolicy: policy, mapsPorts: false),
            network: network)
    }

    private func follow(_ profile: Profile, _ node: Node) async {
        let people = Result { () throws(PinholeError) in try People(of: profile) }
        await node.ask { $0.updateContacts(people, at: MonotonicClock.now) }
    }

    enum Change: CaseIterable {
        case unblocked, accepted, replacedKey
    }

    @Test("an offer waits while the contact may not be written to, and goes on when he may", arguments: Change.allCases)
    func standing(change: Change) async throws {
        let other = try Profile.create(at: folder.path("bob"), passphrase: nil)
        let bob = other.identity.publicKey
        let first = change == .replacedKey ? friend.publicKey : bob
        if change == .accepted {
            let invite = try other.invite(as: "bob", services: [], expiresAt: WallClock.unixMilliseconds + 3_600_000)
            _ = try profile.use(invite.link)
        } else {
            try profile.add(Contact(name: "bob", key: first))
        }
        let sender = try node(profile)
        let events = sender.events()
        sender.start()
        let offered = try await sender.sendFile(folder.path("a.bin"), to: first)
        await sender.ask { _ in }
        switch change {
        case .unblocked:
            try profile.setBlocked("bob", true)
            await follow(profile, sender)
            try profile.setBlocked("bob", false)
        case .accepted: _ = try profile.store.settle(.accepted, of: bob)
        case .replacedKey: _ = try profile.replaceKey(of: "bob", by: bob)
        }
        await follow(profile, sender)
        try other.add(Contact(name: "alice", key: profile.identity.publicKey))
        let receiver = try node(other)
        receiver.start()
        for await case .fileSent(let reference) in events {
            #expect(reference.number == offered.number && reference.contact == bob)
            break
        }
        #expect(try folder.read("bob/downloads/a.bin") == Array("content".utf8))
        await sender.stop()
        await receiver.stop()
    }

    @Test("an offer that the policy refuses, or whose name is taken, leaves nothing behind", arguments: [true, false])
    func refused(isByPolicy: Bool) async throws {
        let other = try Profile.create(at: folder.path("bob"), passphrase: nil)
        try profile.add(Contact(name: "bob", key: other.identity.publicKey))
        try other.add(Contact(name: "alice", key: profile.identity.publicKey))
        let downloads = folder.path("bob/downloads")
        try FileManager.default.createDirectory(atPath: downloads, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: downloads + "/a.bin"))
        let sender = try node(profile)
        let receiver = try Node(
            profile: other,
            configuration: NodeConfiguration(
                downloadDirectory: downloads, filePolicy: isByPolicy ? .refuse : .accept,
                existingFilePolicy: isByPolicy ? .rename : .skip,
                mapsPorts: false),
            network: network)
        let (events, told) = (sender.events(), receiver.events())
        sender.start()
        receiver.start()
        let before = try other.store.newestEvent()
        let offered = try await sender.sendFile(folder.path("a.bin"), to: other.identity.publicKey)
        for await case .fileFailed(_, let reason) in told {
            #expect(reason.english == (isByPolicy ? "it was declined here" : "there is something of that name already"))
            break
        }
        let words = isByPolicy ? "it was declined" : "the receiver has something of that name, and keeps it"
        for await case .fileFailed(_, let reason) in events {
            #expect(reason.english == words)
            break
        }
        // Who asks later hears the same, and not that it was declined where it was something else.
        let error = await #expect(throws: PinholeError.self) { try await sender.finished(offered, timeout: nil) }
        #expect(error?.message.english == "the file did not arrive: \(words)")
        #expect(try other.transfers(with: profile.identity.publicKey).isEmpty)
        #expect(try other.store.newestEvent() == before)
        await sender.stop()
        await receiver.stop()
        #expect(try FileManager.default.contentsOfDirectory(atPath: downloads) == ["a.bin"])
    }

    private func friends() throws -> Profile {
        let other = try Profile.create(at: folder.path("bob"), passphrase: nil)
        try profile.add(Contact(name: "bob", key: other.identity.publicKey))
        try other.add(Contact(name: "alice", key: profile.identity.publicKey))
        return other
    }

    @Test("a file that ended while its acceptance waited stays ended, and its sender hears so")
    func lateAcceptance() async throws {
        let other = try friends()
        let (sender, receiver) = (try node(profile), try node(other, .ask))
        let told = receiver.events()
        sender.start()
        receiver.start()
        let sent = try await sender.sendFile(folder.path("a.bin"), to: other.identity.publicKey)
        for await case .fileOffered(let reference, _, _, _) in told {
            try other.store.setState(.done, of: reference, path: "/somewhere")
            receiver.accept(reference)
            break
        }
        try await sender.finished(sent, timeout: .seconds(20))
        #expect(try other.transfers(with: profile.identity.publicKey).map(\.state) == [.done])
        await sender.stop()
        await receiver.stop()
        #expect(!FileManager.default.fileExists(atPath: folder.path("bob/downloads")))
    }

    @Test("an offer that cannot be written down waits until it can")
    func databaseTrouble() async throws {
        let other = try friends()
        let (sender, receiver) = (try node(profile), try node(other))
        let told = receiver.events()
        try other.store.write { try $0.execute(sql: "ALTER TABLE transfer RENAME TO elsewhere") }
        sender.start()
        receiver.start()
        let sent = try await sender.sendFile(folder.path("a.bin"), to: other.identity.publicKey)
        for await case .fileWaiting in told { break }
        try other.store.write { try $0.execute(sql: "ALTER TABLE elsewhere RENAME TO transfer") }
        try await sender.finished(sent, timeout: .seconds(20))
        #expect(try folder.read("bob/downloads/a.bin") == Array("content".utf8))
        await sender.stop()
        await receiver.stop()
    }

    @Test(
        "a folder of which something could not be sent is not called whole, by either side", arguments: [true, false])
    func incomplete(isListed: Bool) async throws {
        let other = try friends()
        try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: false)
        for name in ["a", "b"] { try folder.write(Array(name.utf8), to: "out/\(name)") }
        if !isListed {
            let path = Array((folder.path("out/") + "c").utf8CString.dropLast()) + [-1, 0]
            close(open(path, O_CREAT | O_WRONLY, 0o600))
        }
        let (sender, receiver) = (try node(profile), try node(other, .ask))
        let (told, sent) = (receiver.events(), sender.events())
        sender.start()
        receiver.start()
        let reference = try await sender.sendFile(folder.path("out"), to: other.identity.publicKey)
        for await case .fileOffered(let offered, _, _, _) in told {
            if isListed { try folder.write(Array("changed".utf8), to: "out/b") }
            receiver.accept(offered)
            break
        }
        let words = isListed ? "changed while it was being sent" : "its name is not UTF-8"
        for await case .fileFailed(reference, let reason) in sent {
            #expect(reason.english.hasPrefix("1 file of it could not be sent, the rest was: "), "\(reason.english)")
            #expect(reason.english.contains(words))
            break
        }
        let error = await #expect(throws: PinholeError.self) { try await sender.finished(reference, timeout: nil) }
        #expect(error?.message.english.contains(words) ?? false)
        var notices: [String] = []
        for await event in told {
            if case .notice(let text) = event { notices.append(text.english) }
            if case .fileReceived = event { break }
        }
        #expect(notices == (isListed ? ["out came without 1 file that could not be sent: b"] : []))
        #expect(try profile.store.transfer(reference)?.state == .failed)
        #expect(try folder.read("bob/downloads/out/a") == Array("a".utf8))
        #expect(FileManager.default.fileExists(atPath: folder.path("bob/downloads/out/b")) == !isListed)
        await sender.stop()
        await receiver.stop()
    }

    @Test("times of sessions that cannot be stored are stored later, at the end at the latest")
    func timeTrouble() async throws {
        let other = try friends()
        let (caller, called) = (try node(profile), try node(other))
        caller.start()
        called.start()
        try profile.store.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER trouble BEFORE UPDATE OF lastSeen ON contact BEGIN SELECT RAISE(ABORT, 'no'); END
                    """)
        }
        let events = caller.events()
        try await caller.connect(to: other.identity.publicKey, timeout: .seconds(20))
        for await case .notice in events { break }
        #expect(try profile.lastSeen().isEmpty)
        try profile.store.write { try $0.execute(sql: "DROP TRIGGER trouble") }
        await caller.stop()
        #expect(try profile.lastSeen()[other.identity.publicKey] != nil)
        #expect(try profile.store.state(of: other.identity.publicKey).ownTimestamp > 0)
        await called.stop()
    }

    @Test("a receipt that cannot be stored is stored later, in the same run")
    func receiptTrouble() async throws {
        let other = try friends()
        let (sender, receiver) = (try node(profile), try node(other))
        sender.start()
        receiver.start()
        try profile.store.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER trouble BEFORE UPDATE ON message WHEN NEW.state IN ('delivered', 'read')
                    BEGIN SELECT RAISE(ABORT, 'no'); END
                    """)
        }
        let events = sender.events()
        let message = try await sender.send("hello", to: other.identity.publicKey)
        for await case .notice in events { break }
        try profile.store.write { try $0.execute(sql: "DROP TRIGGER trouble") }
        try await sender.delivered(message, timeout: .seconds(20))
        #expect(try profile.store.outgoingMessage(message.messageID, to: message.contact)?.state == .delivered)
        await sender.stop()
        await receiver.stop()
    }

    @Test("an offer is the same, byte for byte, after a restart")  // [FIL-3]
    func repeated() async throws {
        try profile.add(Contact(name: "friend", key: friend.publicKey))
        try FileManager.default.createDirectory(atPath: folder.path("things"), withIntermediateDirectories: true)
        for name in ["b", "c", "d"] { try folder.write(Array(name.utf8), to: "things/\(name)") }
        var records: [[UInt8]: Int] = [:]
        for run in 0..<3 {
            let sender = try node(profile)
            sender.start()
            if run == 0 {
                for name in ["a.bin", "things"] {
                    _ = try await sender.sendFile(folder.path(name), to: friend.publicKey)
                }
            }
            var offers: [FileOffer] = []
            while offers.count < 2 {
                offers = await sender.ask { $0.outgoingFiles.values.map(\.offer) } ?? []
            }
            for offer in offers { records[FileRecord.offer(offer).encoded, default: 0] += 1 }
            await sender.stop()
        }
        #expect(records.count == 2 && records.values.allSatisfy { $0 == 3 })
    }
}
