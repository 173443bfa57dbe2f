import Foundation
import Glibc
import Testing

@testable import Pinhole

@Suite("the profile")
struct ProfileTests {
    let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
    }

    @Test("a profile is made once, for its owner alone, and opens again")
    func createAndOpen() throws {
        let path = folder.path("new/profile")
        #expect(!Profile.exists(at: path))
        let profile = try Profile.create(at: path, passphrase: nil)
        try profile.add(Contact(name: "bob", key: Identity.generate().publicKey))
        #expect(Profile.exists(at: path))
        #expect(mode(of: path) == 0o700)
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            #expect(mode(of: "\(path)/\(name)") == 0o600, "\(name)")
        }
        #expect(failure { _ = try Profile.create(at: path, passphrase: nil) }?.code == .cannotWrite)
        let again = try Profile.open(at: path) { nil }
        #expect(again.identity.publicKey == profile.identity.publicKey)
        #expect(try again.contacts().map(\.name) == ["bob"])
    }

    @Test("a directory without an identity, and one where others may write, are refused")
    func refusals() throws {
        #expect(failure { _ = try Profile.open(at: folder.path("none")) { nil } }?.code == .noSuchFile)
        let path = folder.path("profile")
        _ = try Profile.create(at: path, passphrase: nil)
        chmod(path, 0o770)
        let error = failure { _ = try Profile.open(at: path) { nil } }
        #expect(error?.code == .configuration)
        #expect(error?.hint == "chmod 700 \(path)")
    }

    @Test("contacts and messages open with the key they belong to, and with no other")
    func anotherKey() throws {
        let path = folder.path("profile")
        let key = try Profile.create(at: path, passphrase: nil).identity.publicKey
        try FileManager.default.moveItem(atPath: Profile.keyFile(path), toPath: folder.path("backup"))
        try Identity.generate().save(to: Profile.keyFile(path), passphrase: nil)
        let error = failure { _ = try Profile.open(at: path) { nil } }
        #expect(error?.code == .keyChanged)
        #expect(error?.message.english.contains(Profile.keyFile(path)) == true)
        #expect(error?.hint == "restore the right key file, or use another --profile")

        try FileManager.default.removeItem(atPath: Profile.keyFile(path))
        try FileManager.default.moveItem(atPath: folder.path("backup"), toPath: Profile.keyFile(path))
        #expect(try Profile.open(at: path) { nil }.identity.publicKey == key)
    }

    @Test("a profile without its key file is not opened, and gets no new key")
    func missingKey() throws {
        let path = folder.path("profile")
        _ = try Profile.create(at: path, passphrase: nil)
        try FileManager.default.removeItem(atPath: Profile.keyFile(path))
        #expect(Profile.exists(at: path))
        let opened = failure { _ = try Profile.open(at: path) { nil } }
        #expect(opened?.code == .noSuchFile)
        #expect(opened?.hint == "restore it from your backup")
        #expect(failure { _ = try Profile.create(at: path, passphrase: nil) }?.code == .cannotWrite)
        #expect(access(Profile.keyFile(path), F_OK) != 0)
    }

    @Test("a contact with one's own key is for notes to oneself, and nothing else")
    func ownKey() async throws {
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let own = profile.identity.publicKey
        try profile.add(Contact(name: "me", key: own))
        let node = try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: folder.path("in"), usesLocalNetwork: false, allowsLoopback: true))
        let events = node.events()
        node.start()
        let note = try await node.send("remember the milk", to: own)
        try await node.delivered(note, timeout: .seconds(1))
        var seen: [String] = []
        for await event in events {
            switch event {
            case .delivered(note): seen.append("delivered")
            case .read(note): seen.append("read")
            default: break
            }
            if seen.count == 2 { break }
        }
        #expect(seen == ["delivered", "read"])
        #expect(try profile.messages(with: own, limit: 9).map(\.text) == ["remember the milk"])
        await #expect(throws: PinholeError.self) { try await node.connect(to: own, timeout: .seconds(1)) }
        await #expect(throws: PinholeError.self) { try await node.sendFile("/etc/hostname", to: own) }
        await node.stop()
    }

    @Test("a contact that is not there cannot be removed or verified")
    func unknownContact() throws {
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        #expect(failure { try profile.remove("carol") }?.code == .usage)
        #expect(failure { try profile.setVerified("carol", true) }?.code == .usage)
    }

    @Test("a second lock in this process is refused with the pid, and the first one's end frees it")
    func lock() throws {
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        do {
            let lock = try profile.lock()
            let error = failure { _ = try profile.lock() }
            #expect(error?.code == .identityInUse)
            #expect(error?.message.english.contains("(pid \(getpid()))") == true)
            withExtendedLifetime(lock) {}
        }
        _ = try profile.lock()
    }

    @Test("another process's lock is refused with its pid, and the kernel frees it when that process is killed")
    func lockOfAnotherProcess() throws {
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        // The shell writes its pid and becomes flock, which becomes cat: one pid, and the lock ends with it.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "echo $$ > \"$1\"; exec flock --no-fork \"$1\" sh -c 'echo locked; exec cat'", "sh",
            profile.directory + "/lock",
        ]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        #expect(output.fileHandleForReading.availableData == Data("locked\n".utf8))
        let error = failure { _ = try profile.lock() }
        #expect(error?.code == .identityInUse)
        #expect(error?.hint == "stop it first: kill \(process.processIdentifier)")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        _ = try profile.lock()
    }
}
