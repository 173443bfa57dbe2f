import Dispatch
import Testing

@testable import Pinhole

@Suite("what waits for the disk", .timeLimit(.minutes(10)))
struct WaitingForDiskTests {
    @Test("messages that many tasks send at once go on as the store numbered them, and keep no thread meanwhile")
    func sending() async throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let bob = Contact(name: "bob", key: Identity.generate().publicKey)
        try profile.add(bob)
        let node = try Node(
            profile: profile,
            configuration: NodeConfiguration(
                downloadDirectory: folder.path("downloads"), usesLocalNetwork: false, mapsPorts: false,
                allowsLoopback: true))
        let events = node.events()
        // The disk is slow.
        profile.disk.suspend()
        let sends = (0..<64).map { number in Task { try await node.send("\(number)", to: bob.key) } }
        // More tasks than there are threads wait for it; others go on, and so do those who only read.
        for _ in 0..<64 { await Task.detached { await Task.yield() }.value }
        try await node.retryOutbox()
        profile.disk.resume()
        var sent: Set<UInt64> = []
        for send in sends { sent.insert(try await send.value.counter) }
        #expect(sent.count == 64)
        await node.stop()
        var queued: [UInt64] = []
        for await case .queued(let message, _, _) in events { queued.append(message.counter) }
        #expect(queued == sent.sorted())
        #expect(try profile.messages(with: bob.key, limit: 99).count == 64)
    }
}
