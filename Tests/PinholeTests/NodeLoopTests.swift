import Foundation
import PinholeCrypto
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole
@testable import PinholeCore

@Suite("the loop's side of a node", .timeLimit(.minutes(1)))
struct NodeLoopTests {
    let folder: TemporaryDirectory
    let profile: Profile
    let loop: DatagramLoop
    let hub = EventHub<NodeEvent>()
    let core: NodeLoop
    let bob = Contact(name: "bob", key: Identity.generate().publicKey)
    let carol = Contact(name: "carol", key: Identity.generate().publicKey)

    init() throws {
        folder = try TemporaryDirectory()
        profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        loop = try DatagramLoop(isLoopback: true)
        core = NodeLoop(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("downloads")),
            loop: loop, hub: hub)
    }

    private func notices(in events: AsyncStream<NodeEvent>) async -> [String] {
        hub.finish()
        var notices: [String] = []
        for await case .notice(let text) in events { notices.append(text.english) }
        return notices
    }

    @Test("a contact that cannot be served, and contacts that cannot be read, are told once until it is over")
    func troubles() async throws {
        let events = hub.subscribe()
        let now = MonotonicClock.now
        let unreadable = PinholeError(.other, "unreadable")
        try profile.add(carol)
        for _ in 0..<3 {
            // The store does not know bob.
            core.updateContacts(.success(People(contacts: [bob, carol])), at: now)
            core.updateContacts(.failure(unreadable), at: now)
            core.updateContacts(.failure(unreadable), at: now)
        }
        try profile.add(bob)
        core.updateContacts(.success(People(contacts: [bob, carol])), at: now)
        let told = await notices(in: events)
        #expect(told.filter { $0.hasPrefix("bob cannot be served") }.count == 1)
        #expect(told.filter { $0.hasPrefix("the contacts cannot be read") }.count == 3)
        #expect(told.count == 4)
        #expect(core.name(of: bob.key) == "bob")
    }

    @Test("one contact's impossible message does not keep another's from being stored")
    func batches() async throws {
        try profile.add(bob)
        try profile.add(carol)
        let events = hub.subscribe()
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        loop.perform { [bob, carol] in
            func message(_ counter: UInt64) -> ChatMessage {
                ChatMessage(id: MessageID(epoch: 1, counter: counter), time: 1, body: [0x61])
            }
            node.value.store(message(1), from: bob.key)
            // While that one is being stored these wait, and are taken together.
            node.value.store(message(.max), from: bob.key)
            node.value.store(message(1), from: carol.key)
        }
        for await case .message(let message) in events where message.contact == carol.key { break }
        #expect(try profile.messages(with: bob.key, limit: 9).count == 1)
        #expect(try profile.messages(with: carol.key, limit: 9).count == 1)
    }

    @Test("a stream that comes before its taker waits for it; the first who takes that name from that contact gets it")
    func earlyStream() async throws {
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        let (taken, continuation) = AsyncStream.makeStream(of: [UInt64].self)
        loop.perform { [bob, carol] in
            let now = MonotonicClock.now
            for (handle, name, contact) in [(1, "echo", bob), (2, "other", bob), (3, "echo", carol)]
                as [(UInt64, String, Contact)]
            {
                node.value.streamOpened(handle, Array(name.utf8), by: contact.key, at: now)
            }
            let handles = Mutex<[UInt64]>([])
            for key in [bob.key, bob.key, nil] {
                _ = node.value.takeStreams(named: "echo", from: key, at: now) { handle, _ in
                    handles.withLock { $0.append(handle) }
                }
            }
            continuation.yield(handles.withLock(\.self))
        }
        for await handles in taken {
            #expect(handles == [1, 3])
            break
        }
    }

    @Test(
        "a file whose session ends while it gets its name is told of; a damaged one leaves nothing",
        arguments: [true, false])
    func interruptedFinish(isIntact: Bool) async throws {
        try profile.add(bob)
        let events = hub.subscribe()
        let sending = try Sending([0x61])
        let reference = TransferReference(contact: bob.key, direction: .incoming, number: sending.offer.transfer)
        let transfer = try PartialTransfer(sending.offer, sending.key, in: folder.path("downloads"))
        var stream = Array(try sending.stream(from: 0).joined())
        if !isIntact { stream[stream.count - 1] ^= 1 }
        try transfer.append(stream)
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        loop.perform {
            let writer = FileWriter(transfer, on: node.value.queue(of: reference)) { _ in }
            node.value.incomingFiles[reference] = IncomingFile(offer: sending.offer, key: sending.key, writer: writer)
            node.value.fileComplete(reference)
            if isIntact { node.value.incomingFiles[reference] = nil }
        }
        for await event in events {
            if case .fileReceived(reference, let path) = event {
                #expect(isIntact && path == folder.path("downloads/a.bin"))
                break
            }
            if case .fileFailed(reference, _) = event {
                #expect(!isIntact)
                break
            }
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path("downloads"))
        #expect(left == (isIntact ? ["a.bin"] : []))
    }
}
