import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("receipts, typing, and messages that wait for the disk")
struct ReceiptTests {
    private func makePair(seed: UInt64) -> (World, Peer, Peer) {
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        return (world, alice, bob)
    }

    @Test("what was read is told once, and again after either side has forgotten it")  // [MSG-11]
    func read() throws {
        let (world, alice, bob) = makePair(seed: 201)
        let ids = (1...3).map { alice.send("\($0)", to: bob) }
        #expect(world.run(for: .seconds(5)) { alice.delivered.count == 3 })
        #expect(alice.reads.isEmpty)
        bob.markRead(ids[1], from: alice)
        #expect(world.run(for: .seconds(1)) { alice.reads == [ids[1]] })
        // An older one says nothing new, and the newest everything.
        bob.markRead(ids[0], from: alice)
        bob.markRead(ids[2], from: alice)
        #expect(world.run(for: .seconds(1)) { alice.reads == [ids[1], ids[2]] })
        bob.restart(with: alice)
        alice.send("4", to: bob)
        #expect(world.run(for: .seconds(30)) { bob.texts.last == "4" })
        world.run(for: .seconds(2))
        #expect(alice.reads == [ids[1], ids[2]])
        alice.restart(with: bob)
        alice.send("5", to: bob)
        #expect(world.run(for: .seconds(30)) { alice.reads == [ids[1], ids[2], ids[2]] })
    }

    // [MSG-13]
    @Test("typing is told, repeated while it lasts, and ends by itself, by a message or by the session's end")
    func typing() {
        let (world, alice, bob) = makePair(seed: 202)
        alice.connect(to: bob)
        world.run(for: .seconds(2)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        world.run(for: .seconds(1))
        let before = alice.sentCount
        for _ in 0..<50 {
            alice.setTyping(true, to: bob)
            world.run(for: .milliseconds(100))
        }
        #expect(bob.typing(alice) == [true])
        // Five seconds of keys are two words on the wire, beside acknowledgements and keep-alives.
        #expect(alice.sentCount - before < 12)
        world.run(for: .seconds(7))
        #expect(bob.typing(alice) == [true, false], "it ends 6 s after the last word")
        alice.setTyping(true, to: bob)
        world.run(for: .milliseconds(200))
        alice.setTyping(false, to: bob)
        world.run(for: .milliseconds(200))
        #expect(bob.typing(alice) == [true, false, true, false])
        world.run(for: .seconds(1))
        alice.setTyping(true, to: bob)
        world.run(for: .milliseconds(200))
        alice.send("done", to: bob)
        world.run(for: .milliseconds(200))
        #expect(bob.typing(alice) == [true, false, true, false, true, false])
        world.run(for: .seconds(1))
        alice.setTyping(true, to: bob)
        world.run(for: .milliseconds(200))
        alice.endpoint.disconnect(from: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(1))
        #expect(bob.typing(alice).last == false)
    }

    // [MSG-9]
    @Test("a message does not leave before the disk says that it may have, and one that was cancelled never does")
    func released() {
        let (world, alice, bob) = makePair(seed: 203)
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        var asked: [MessageID] = []
        alice.mayGo = {
            asked.append($0)
            return $0.counter != 2
        }
        let ids = (1...4).map { alice.send("\($0)", isReleased: $0 > 3, to: bob) }
        #expect(alice.endpoint.cancel(ids[0], to: bob.key, at: world.now))
        world.run(for: .seconds(3))
        #expect(asked.isEmpty, "nobody is there")
        bob.restart(with: alice)
        #expect(world.run(for: .seconds(20)) { bob.texts == ["3", "4"] })
        #expect(asked == [ids[1], ids[2]])
        #expect(world.run(for: .seconds(5)) { alice.delivered == [ids[2], ids[3]] })
        #expect(alice.sentMessages == [ids[2], ids[3]])
    }

    @Test("messages are told as sent once, however many sessions they take")
    func sentOnce() {
        let (world, alice, bob) = makePair(seed: 204)
        bob.hasRoom = false
        let id = alice.send("hello", to: bob)
        world.run(for: .seconds(30))
        #expect(alice.sentMessages == [id] && alice.delivered.isEmpty)
        bob.hasRoom = true
        #expect(world.run(for: .seconds(60)) { alice.delivered == [id] })
        #expect(alice.sentMessages == [id])
    }

    @Test("the outbox keeps its order when receipts do not", arguments: [1, 2, 3] as [UInt64])  // [MSG-3]
    func outboxModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var outbox = Outbox()
        var model: [UInt64] = []
        var written = 0
        var next: UInt64 = 0
        for _ in 0..<2000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                next += 1
                outbox.enqueue(
                    ChatMessage(id: MessageID(epoch: 1, counter: next), time: 0, body: []), isReleased: true)
                model.append(next)
            case 2:
                let record = outbox.nextRecord()
                #expect((record != nil) == (written < model.count))
                if record != nil { written += 1 }
            case 3 where !model.isEmpty:
                // Mostly the first, as receipts come in order.
                let index = Bool.random(using: &random) ? 0 : Int.random(in: 0..<model.count, using: &random)
                let wasWaiting = outbox.remove(MessageID(epoch: 1, counter: model.remove(at: index)))
                #expect(wasWaiting)
                if index < written { written -= 1 }
            default:
                if Int.random(in: 0..<40, using: &random) == 0 {
                    outbox.sessionBegan()
                    written = 0
                }
            }
            #expect(outbox.isEmpty == model.isEmpty && outbox.hasUnwritten == (written < model.count))
        }
        outbox.sessionBegan()
        var counters: [UInt64] = []
        while let (record, _) = outbox.nextRecord() {
            let message = try? ChatMessage(record.span.extracting(1..<record.count))
            counters.append(message?.id.counter ?? 0)
        }
        #expect(counters == model)
    }
}

@Suite("a contact that floods with receipts and signs")
struct HostileSignTests {
    /// A stream's bytes from a contact that says what it wants.
    private func say(_ records: [[UInt8]], on stream: UInt64, in siege: Siege, from offset: inout UInt64) {
        var bytes: [UInt8] = []
        for record in records { bytes += RecordReader.framed(record) }
        for start in stride(from: 0, to: bytes.count, by: 1000) {
            let piece = Array(bytes[start..<min(start + 1000, bytes.count)])
            siege.send([.stream(StreamFrame(id: stream, offset: offset, data: piece, fin: false))])
            offset += UInt64(piece.count)
        }
        siege.run(for: .milliseconds(50))
    }

    // [MSG-14]
    @Test("is not believed more than twice a second that it types, and costs no memory for what it read")
    func flood() throws {
        let siege = try Siege(seed: 9)
        var signs: UInt64 = 0
        var receipts: UInt64 = 0
        let began = siege.world.now
        for round in 0..<20 as Range<UInt64> {
            say((0..<200).map { Sign.typing($0 % 2 == 0).encoded }, on: StreamID.signs, in: siege, from: &signs)
            say(
                (0..<50).map {
                    Receipt(kind: .read, id: MessageID(epoch: round * 50 + $0, counter: UInt64.max - $0)).encoded
                }, on: StreamID.receipts, in: siege, from: &receipts)
        }
        let seconds = (siege.world.now - began) / .seconds(1)
        let typing = siege.bob.events.filter { if case .typing(siege.key, true) = $0 { true } else { false } }.count
        #expect(typing >= 1 && Double(typing) <= 2 * seconds + 1)
        #expect((siege.connection?.readByPeer.all.count ?? 0) <= Limits.epochsRemembered)
        #expect(siege.verdicts.isEmpty)
    }

    @Test("is not believed that less is read than was, nor told of it twice")  // [MSG-12]
    func olderReads() throws {
        let siege = try Siege(seed: 11)
        var offset: UInt64 = 0
        let said: [(epoch: UInt64, counter: UInt64, isNew: Bool)] = [
            (7, 2, true), (7, 2, false), (7, 1, false), (8, 1, true), (7, 3, true), (8, 1, false), (7, 2, false),
            (8, 2, true), (7, 3, false),
        ]
        for (epoch, counter, isNew) in said {
            let before = siege.bob.reads
            let id = MessageID(epoch: epoch, counter: counter)
            say([Receipt(kind: .read, id: id).encoded], on: StreamID.receipts, in: siege, from: &offset)
            #expect(siege.bob.reads == before + (isNew ? [id] : []), "\(epoch), \(counter)")
        }
        #expect(siege.verdicts.isEmpty)
    }

    @Test("may say what is not known yet, but nothing longer than a sign")  // [REC-1]
    func unknown() throws {
        let siege = try Siege(seed: 10)
        var offset: UInt64 = 0
        say([[77], [200, 1, 2, 3]], on: StreamID.signs, in: siege, from: &offset)
        #expect(siege.verdicts.isEmpty)
        say([[UInt8](repeating: 7, count: 65)], on: StreamID.signs, in: siege, from: &offset)
        #expect(siege.verdicts == [SessionError.malformedRecord.sentence])
    }

    @Test("by ever new epochs takes no memory here")  // [MSG-7]
    func epochs() {
        var inbox = Inbox(highestStored: [:])
        for epoch in 1...10_000 as ClosedRange<UInt64> {
            let id = MessageID(epoch: epoch, counter: 1)
            let first = inbox.receive(id)
            #expect(first == .new)
            let wasPending = inbox.stored(id)
            #expect(wasPending)
            let second = inbox.receive(id)
            #expect(second == .duplicate)
        }
        // The disk knows of the others.
        let forgotten = inbox.receive(MessageID(epoch: 1, counter: 1))
        #expect(forgotten == .new)
    }
}

extension Peer {
    func typing(_ other: Peer) -> [Bool] {
        events.compactMap { if case .typing(other.key, let isTyping) = $0 { isTyping } else { nil } }
    }

    var sentMessages: [MessageID] {
        events.compactMap { if case .sent(let id, _) = $0 { id } else { nil } }
    }
}
