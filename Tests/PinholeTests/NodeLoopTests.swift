import Foundation
import PinholeCrypto
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole
@testable import PinholeCore

@Suite("the loop's side of a node", .timeLimit(.minutes(10)))
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
        func people() -> People { People([bob, carol], of: profile, besides: [:]) }
        for _ in 0..<3 {
            // The store does not know bob.
            core.updateContacts(.success(people()), at: now)
            core.updateContacts(.failure(unreadable), at: now)
            core.updateContacts(.failure(unreadable), at: now)
        }
        try profile.add(bob)
        core.updateContacts(.success(people()), at: now)
        let told = await notices(in: events)
        #expect(told.filter { $0.hasPrefix("bob cannot be served") }.count == 1)
        #expect(told.filter { $0.hasPrefix("the contacts cannot be read") }.count == 3)
        #expect(told.count == 4)
        #expect(core.name(of: bob.key) == "bob")
    }

    /// When the second message is accepted: after what was read without it has come, before that, and before the next reading
    /// has begun, too.
    enum Meanwhile: CaseIterable {
        case afterwards, before, beforeTheNextReading
    }

    @Test(
        "what is accepted for a contact while it is read what waits for him is not left behind",
        arguments: Meanwhile.allCases)
    func acceptedMeanwhile(_ moment: Meanwhile) async throws {
        try profile.add(bob)
        let first = try profile.store.append(["first"], to: bob.key, sentAt: 1)[0]
        let read = try People(of: profile)
        let second = try profile.store.append(["second"], to: bob.key, sentAt: 2)[0]
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        /// Takes a message out of the endpoint's outbox; whether it was there.
        func take(_ id: MessageID) async -> Bool {
            await withCheckedContinuation { continuation in
                loop.perform { [bob] in
                    let wasThere = node.value.endpoint.cancel(id, to: bob.key.key, at: MonotonicClock.now)
                    continuation.resume(returning: wasThere)
                }
            }
        }
        loop.perform { [bob] in
            let now = MonotonicClock.now
            switch moment {
            case .afterwards:
                // It was read too early for the second: that comes by itself.
                node.value.updateContacts(.success(read), at: now)
                for message in [first, second] { node.value.send(message, isReleased: false, to: bob.key, at: now) }
            case .before:
                node.value.send(second, isReleased: false, to: bob.key, at: now)
                node.value.updateContacts(.success(read), at: now)
            case .beforeTheNextReading:
                node.value.readings = 1
                node.value.send(second, isReleased: false, to: bob.key, at: now)
                node.value.reloadContacts()
                node.value.updateContacts(.success(read), reading: 1, at: now)
            }
        }
        while await !take(second.id) { await Task.yield() }
        #expect(await take(first.id))
        for id in [first.id, second.id] { #expect(await !take(id), "it was there twice") }
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

    @Test("that another process cancelled a message is told when it is about to be sent")
    func cancelledElsewhere() async throws {
        try profile.add(bob)
        let events = hub.subscribe()
        let id = try profile.store.append(["never mind"], to: bob.key, sentAt: 1)[0].id
        let message = MessageReference(contact: bob.key, epoch: id.epoch, counter: id.counter)
        #expect(try profile.cancel(message) == .cancelled)
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        loop.perform { [bob] in node.value.markSent([id], to: bob.key) }
        for await case .failed(message, let failure) in events {
            #expect(failure == .cancelled)
            break
        }
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

    @Test("who accepts a file twice at once, or gives it up while it is being opened, is not in his own way")
    func impatience() async throws {
        try profile.add(bob)
        let events = hub.subscribe()
        let sending = try Sending([0x61])
        let reference = TransferReference(contact: bob.key, direction: .incoming, number: sending.offer.transfer)
        try profile.store.insert(StoredTransfer(reference, sending.offer, createdAt: 1))
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        loop.perform { [loop] in
            let core = node.value
            core.incomingFiles[reference] = IncomingFile(offer: sending.offer, key: sending.key)
            core.accept(reference)
            core.accept(reference)
            // The session ends, and in the next one the offer comes again.
            core.fileInterrupted(reference)
            core.incomingFiles[reference] = IncomingFile(offer: sending.offer, key: sending.key)
            core.accept(reference)
            core.queue(of: reference).async {
                loop.perform { node.value.giveUp(reference, .declined, at: MonotonicClock.now) }
            }
        }
        for await event in events {
            if case .fileWaiting(_, _, let reason) = event { Issue.record("it waits: \(reason)") }
            if case .fileFailed = event { break }
        }
        // Nothing is kept of a transfer that has ended.
        func queues() async -> Int {
            await withCheckedContinuation { continuation in
                loop.perform { continuation.resume(returning: node.value.fileQueues.count) }
            }
        }
        while await queues() > 0 { await Task.yield() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("downloads")).isEmpty)
    }

    @Test("of the lists of files that a contact sends at once only so much is taken into memory")
    func manifests() async throws {
        try profile.add(bob)
        let events = hub.subscribe()
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        let size = UInt32(Limits.maxManifest)
        loop.perform { [bob] in
            for number in 1...5 as ClosedRange<UInt64> {
                let offer = FileOffer(
                    transfer: number, salt: [UInt8](repeating: 1, count: 32), shape: .folder, entries: 9,
                    manifestSize: size, contentSize: UInt64(size) + 1, totalSize: 1, name: "many")
                node.value.fileOffered(offer, from: bob.key, at: MonotonicClock.now)
            }
        }
        for await case .fileFailed(let reference, let reason) in events {
            #expect(
                reference.number == 5 && reason.english == "too many files of this contact wait already: it was refused"
            )
            break
        }
        let reference = TransferReference(contact: bob.key, direction: .incoming, number: 5)
        #expect(try profile.store.transfer(reference) == nil)
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
            node.value.incomingFiles[reference] = IncomingFile(
                offer: sending.offer, key: sending.key, stage: .receiving(writer))
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
