import Foundation
import GRDB
import PinholeCrypto
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

/// Time goes on by being slept, and ends where a test says.
private final class SleptClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Self { Self(offset: offset + duration) }
        func duration(to other: Self) -> Duration { other.offset - offset }
        static func < (left: Self, right: Self) -> Bool { left.offset < right.offset }
    }

    private let time = Mutex(Instant(offset: .zero))
    private let end: Duration

    init(until end: Duration) { self.end = end }

    var now: Instant { time.withLock(\.self) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        guard deadline.offset <= end else { throw CancellationError() }
        time.withLock { $0 = max($0, deadline) }
    }

    /// As both clocks of a machine show it that was started at `start`, in milliseconds.
    func sighting(from start: UInt64) -> Store.Sighting {
        let elapsed = Int64(now.offset / .milliseconds(1))
        return Store.Sighting(time: start + UInt64(elapsed), uptime: elapsed, boot: 1)
    }
}

@Suite("what goes by itself")
struct HistorySweeperTests {
    let folder: TemporaryDirectory
    let identity = Identity.generate()
    let store: Store
    let bob = Identity.generate().publicKey
    private static let start: UInt64 = 1_000_000_000_000
    private static let day = Duration.seconds(86_400)

    init() throws {
        folder = try TemporaryDirectory()
        store = try Store(path: folder.path("db"), identity: identity)
        try store.add(Contact(name: "bob", key: bob))
    }

    private func receive(_ count: Int) throws {
        _ = try store.insert(
            (1...count).map { number in
                Store.Incoming(
                    contact: bob,
                    message: ChatMessage(
                        id: MessageID(epoch: 7, counter: UInt64(number)), time: 5, body: Array("\(number)".utf8)),
                    receivedAt: Self.start)
            })
    }

    /// Lives for so long.
    private func run(_ policy: HistoryPolicy, for time: Duration, files: AbandonedTransfers? = nil) async {
        let clock = SleptClock(until: time)
        let sweeper = HistorySweeper(store, policy, files: files, clock: clock) { clock.sighting(from: Self.start) }
        await sweeper.run { Issue.record("\($0)") }
    }

    private var texts: [String] {
        get throws { try store.messages(with: bob, limit: .max).map(\.text) }
    }

    @Test(
        "a node that runs for its retention's time keeps a message until then, and not longer", .timeLimit(.minutes(10))
    )
    func retention() async throws {
        try receive(3)
        try store.markRead(MessageID(epoch: 7, counter: 3), from: bob)
        await run(.keepFor(Self.day), for: .seconds(23 * 3600))
        #expect(try texts.count == 3)
        await run(.keepFor(Self.day), for: .seconds(26 * 3600))
        #expect(try texts == [])
    }

    @Test("without a history what was seen goes within half a minute, and all else stays", .timeLimit(.minutes(10)))
    func off() async throws {
        try receive(3)
        try store.change("UPDATE inbox SET read = 2", [])
        await run(.keep, for: .seconds(30))
        #expect(try texts.count == 3)
        await run(.off, for: .seconds(30))
        #expect(try texts == ["3"])
    }

    @Test("an invite goes a day after its end, once the clock is believed", .timeLimit(.minutes(10)))
    func invites() async throws {
        let invite = Invite.make(
            by: identity.secret, expiry: UInt32(Self.start / 1000) + 3600, for: nil, name: "", places: [])
        _ = try store.insert(
            StoredInvite(link: InviteLink(invite).text, createdAt: Self.start, state: .open), at: Self.start)
        await run(.keep, for: .seconds(25 * 3600 - 600))
        #expect(try store.invites(at: Self.start).count == 1)
        await run(.keep, for: .seconds(27 * 3600))
        #expect(try store.invites(at: Self.start).isEmpty)
    }

    private var files: AbandonedTransfers {
        AbandonedTransfers(
            store: store, own: identity.publicKey.key, folder: folder.path("downloads"), groups: folder.path("groups"))
    }

    private func offer(_ number: UInt64) -> FileOffer {
        FileOffer(
            transfer: number, salt: [UInt8](repeating: 1, count: 32), shape: .file, entries: 1, manifestSize: 40,
            contentSize: 9000, totalSize: 8960, name: "film")
    }

    @Test("the hashes of what is sent stay until it is over, or its contact is none any more")
    func groups() throws {
        func begin(_ number: UInt64, _ key: PublicKey) throws -> (reference: TransferReference, name: String) {
            let reference = TransferReference(contact: key, direction: .outgoing, number: number)
            try store.insert(StoredTransfer(reference, offer(number), path: "/film", createdAt: 1))
            let name = FileKey(sender: identity.publicKey.key, receiver: key.key, offer: offer(number)).token
            SentGroups(folder.path("groups/\(name)")).set([UInt8](repeating: 7, count: 32), group: 0)
            return (reference, name)
        }
        let carol = Identity.generate().publicKey
        try store.add(Contact(name: "carol", key: carol))
        let (kept, done, hers) = (try begin(1, bob), try begin(2, bob), try begin(3, carol))
        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path("groups")) }
        try files.forgetGroups()
        #expect(Set(try names()) == [kept.name, done.name, hers.name])
        try store.setState(.done, of: done.reference)
        try store.removeContact(named: "carol")
        try files.forgetGroups()
        #expect(try names() == [kept.name])
    }

    @Test("what was offered 30 days ago, and is not where it was, is given up")
    func missingSources() throws {
        try folder.write([1], to: "there")
        let paths = [folder.path("there"), folder.path("missing"), folder.path("missing")]
        let now: UInt64 = 100 * 86_400_000
        let transfers = try zip([1, 2, 3] as [UInt64], zip(paths, [69, 69, 71])).map { number, source in
            let reference = TransferReference(contact: bob, direction: .outgoing, number: number)
            try store.insert(
                StoredTransfer(
                    reference, offer(number), path: source.0, createdAt: UInt64(source.1) * 86_400_000))
            return reference
        }
        let given = try files.giveUp(at: now)
        #expect(given == [.init(transfer: transfers[1], reason: AbandonedTransfers.sourceReason)])
        #expect(try transfers.map { try store.transfer($0)?.state } == [Transfer.State.offered, .failed, .offered])
    }

    @Test("a partial file whose sender does not come back for 30 days goes, and one that has moved since stays")
    func abandoned() throws {
        let downloads = folder.path("downloads")
        let own = identity.publicKey.key
        func begin(_ number: UInt64) throws -> (reference: TransferReference, path: String) {
            let offer = offer(number)
            let reference = TransferReference(contact: bob, direction: .incoming, number: number)
            try store.insert(StoredTransfer(reference, offer, createdAt: 1))
            try store.setState(.accepted, of: reference, at: 2)
            let key = FileKey(sender: bob.key, receiver: own, offer: offer)
            try PartialTransfer(offer, key, in: downloads).release()
            return (reference, PartialTransfer.path(key, in: downloads))
        }
        let (old, young) = (try begin(1), try begin(2))
        // Of somebody who is no contact any more; and what is nobody's.
        let orphan = "\(downloads)/.pinhole-00"
        try FileManager.default.copyItem(atPath: old.path, toPath: orphan)
        try FileManager.default.createDirectory(
            atPath: "\(downloads)/.pinhole-other", withIntermediateDirectories: false)
        let now: UInt64 = 100 * 86_400_000
        for (path, days) in [(old.path, 69.0), (orphan, 69), (young.path, 71)] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: days * 86_400)], ofItemAtPath: path + "/journal")
        }
        let files = self.files
        #expect(
            try files.giveUp(at: now) == [.init(transfer: old.reference, reason: AbandonedTransfers.senderReason)])
        #expect(try store.transfer(old.reference)?.state == .failed)
        #expect(try store.transfer(young.reference)?.state == .accepted)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: downloads).sorted()
                == [".pinhole-other", String(young.path.dropFirst(downloads.count + 1))].sorted())
        #expect(try files.giveUp(at: now) == [])
    }
}
