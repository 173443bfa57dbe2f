import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("what is agreed about files")
struct FileAnswerTests {
    @Test("a file does not come on a stream of bytes, nor on one that is reserved")
    func streamsOfFiles() {
        for (stream, isTaken) in [
            (StreamID.firstFile - 1, false), (StreamID.firstFile, true), (StreamID.firstByteStream - 1, true),
            (StreamID.firstByteStream, false),
        ] {
            var files = IncomingFiles()
            let isOffered = files.offered(1) == nil
            let isAccepted = files.accept(1)
            let hasBegun = files.began(1, stream: stream)
            #expect(isOffered && isAccepted && hasBegun == isTaken, "\(stream)")
        }
    }

    // [FIL-5]
    @Test("after 'wait' nothing of what is under way counts, and another answer lets it go on")
    func postponed() throws {
        let world = World(seed: 640)
        let (alice, bob) = world.makePair()
        let content = world.content(3_000_000)
        alice.sendFile(1, name: "long", content, to: bob)
        world.run(for: .seconds(30)) { bob.received[1, default: []].count > 300_000 }
        let offer = try #require(bob.offers[1])
        bob.endpoint.postpone(1, .storage, from: alice.key, at: world.now)
        bob.drain()
        let had = bob.received[1, default: []].count
        guard case .sending(_, let position) = alice.connection(to: bob)?.outgoingFiles.transfers[1]?.state else {
            Issue.record("nothing is under way")
            return
        }
        #expect(position > UInt64(had))
        world.run(for: .seconds(3))
        #expect(bob.received[1, default: []].count == had)
        #expect(alice.postponements == [.storage] && alice.sentFiles.isEmpty)

        bob.endpoint.accept(1, FileHoldings(groups: UInt64(had), digest: offer.salt), from: alice.key, at: world.now)
        bob.drain()
        #expect(world.run(for: .seconds(30)) { alice.sentFiles == [1] })
        #expect(bob.stored["long"] == content)
        #expect(alice.connections.count == 1)
    }

    // [FIL-5]
    @Test("who is told to wait resets the stream, and goes on by another when it is told so")
    func told() throws {
        let siege = try Siege(seed: 641)
        let content = siege.world.content(2_000_000)
        let offer = FileOffer(
            transfer: 5, salt: Blake2b.hash(content), contentSize: UInt64(content.count),
            totalSize: UInt64(content.count), name: "long")
        siege.bob.files[5] = content
        siege.bob.endpoint.offer(offer, to: siege.key, at: siege.world.now)
        siege.bob.drain()
        var offset: UInt64 = 0
        func say(_ record: FileRecord) {
            let bytes = RecordReader.framed(record.encoded)
            siege.send([.stream(StreamFrame(id: StreamID.control, offset: offset, data: bytes, fin: false))])
            offset += UInt64(bytes.count)
            siege.run(for: .milliseconds(200))
        }
        func data(on stream: UInt64, after packet: Int = 0) -> Int {
            siege.packets[packet...].flatMap(\.frames).count {
                if case .stream(let frame) = $0 { frame.id == stream } else { false }
            }
        }
        let nothing = FileHoldings(groups: 0, digest: [UInt8](repeating: 0, count: 32))
        siege.run(for: .milliseconds(100))
        say(.accept(transfer: 5, nothing))
        let first = try #require(try begins(in: siege).first)
        #expect(first.group == 0 && data(on: first.stream) > 0)

        say(.wait(transfer: 5, reason: .asking))
        let isReset = siege.packets.flatMap(\.frames).contains {
            if case .resetStream(first.stream, _, _) = $0 { true } else { false }
        }
        #expect(isReset)
        let count = siege.packets.count
        siege.run(for: .seconds(2))
        #expect(data(on: first.stream, after: count) == 0)
        #expect(try begins(in: siege).count == 1)

        let had = FileHoldings(groups: 1000, digest: nothing.digest)
        say(.accept(transfer: 5, had))
        let second = try #require(try begins(in: siege).last)
        #expect(second.group == 1000 && second.stream != first.stream)
        #expect(data(on: second.stream) > 0 && siege.verdicts.isEmpty)
    }

    // [FIL-3]
    @Test("an offer is the same, byte for byte, in each session")
    func repeated() throws {
        let world = World(seed: 642)
        let (alice, bob) = world.makePair()
        bob.answersOffers = false
        for number in 1...3 as ClosedRange<UInt64> {
            alice.sendFile(number, name: "\(number)", world.content(1000 * Int(number)), to: bob)
        }
        #expect(world.run(for: .seconds(10)) { bob.offered.count == 3 })
        let first = bob.offered.map { FileRecord.offer($0).encoded }
        for session in 2...4 {
            bob.restart(with: alice)
            bob.connect(to: alice)
            #expect(world.run(for: .seconds(120)) { bob.offered.count == 3 * session })
        }
        for start in stride(from: 3, to: bob.offered.count, by: 3) {
            #expect(
                bob.offered[start..<min(start + 3, bob.offered.count)].map { FileRecord.offer($0).encoded } == first)
        }
    }

    // [FIL-17] [FIL-18]
    @Test("a receiver asks about what is not offered any more, and hears of what never will be")
    func inquiry() throws {
        let world = World(seed: 643)
        let (alice, bob) = world.makePair()
        bob.answersOffers = false
        for number in 1...3 as ClosedRange<UInt64> {
            alice.sendFile(number, name: "\(number)", world.content(1000), to: bob)
        }
        #expect(world.run(for: .seconds(10)) { bob.offered.count == 3 })
        // Of three, Alice's next process knows one.
        alice.restart(with: bob)
        alice.sendFile(3, name: "3", world.content(1000), to: bob)
        bob.restart(with: alice)
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(120)) { bob.offered.count == 4 })
        for number in 1...3 as ClosedRange<UInt64> { bob.endpoint.inquire(number, from: alice.key, at: world.now) }
        bob.endpoint.inquire(1, from: alice.key, at: world.now)
        bob.drain()
        world.run(for: .seconds(3))
        // What is offered needs no question, and one is enough.
        #expect(alice.inquiries == [1, 2])
        alice.endpoint.disown(1, .cancelled, with: bob.key, at: world.now)
        // Nobody asked about these: of the one it is not said, the other is offered.
        alice.endpoint.disown(9, .cancelled, with: bob.key, at: world.now)
        alice.endpoint.disown(3, .cancelled, with: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(3))
        #expect(bob.refusedFiles == [1])
    }

    // [FIL-18]
    @Test("who asks about more than can have been offered is not answered any more")
    func inquiries() {
        var files = OutgoingFiles()
        let answered = (0..<3000 as Range<UInt64>).count { files.inquired($0) }
        #expect(answered == Limits.maxOffers)
        files.sessionBegan()
        let isAnswered = files.inquired(1)
        #expect(isAnswered)
        var incoming = IncomingFiles()
        let asked = (0..<3000 as Range<UInt64>).count { incoming.inquire($0) }
        #expect(asked == Limits.maxOffers)
        // What was answered does not make room for more.
        _ = incoming.remove(1)
        let isAsked = incoming.inquire(5000)
        #expect(!isAsked)
    }

    /// What Bob said on the control stream about beginnings.
    private func begins(in siege: Siege) throws -> [(stream: UInt64, group: UInt64)] {
        var pieces: [UInt64: [UInt8]] = [:]
        for case .stream(let frame) in siege.packets.flatMap(\.frames) where frame.id == StreamID.control {
            pieces[frame.offset] = frame.data
        }
        var reader = RecordReader(limit: 1024)
        for (_, bytes) in pieces.sorted(by: { $0.key < $1.key }) { reader.append(bytes) }
        var begins: [(UInt64, UInt64)] = []
        while let record = try reader.next() {
            if case .begin(5, let stream, let group) = try FileRecord(record.span) { begins.append((stream, group)) }
        }
        return begins
    }
}

extension Peer {
    fileprivate var offered: [FileOffer] {
        events.compactMap { if case .fileOffered(let offer, _) = $0 { offer } else { nil } }
    }

    fileprivate var inquiries: [UInt64] {
        events.compactMap { if case .fileInquired(let transfer, _) = $0 { transfer } else { nil } }
    }

    fileprivate var refusedFiles: [UInt64] {
        events.compactMap { if case .fileRefused(let transfer, _, _) = $0 { transfer } else { nil } }
    }

    fileprivate var postponements: [FileRecord.Postponement] {
        events.compactMap { if case .filePostponed(_, let reason, _) = $0 { reason } else { nil } }
    }
}
