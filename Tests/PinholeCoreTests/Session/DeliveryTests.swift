import PinholeCore
import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@Suite("messages and files between two peers")
struct DeliveryTests {
    // [MSG-3]
    @Test("messages arrive once and in order, whatever the network does", arguments: [11, 12, 13, 14, 15] as [UInt64])
    func lossy(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        world.loss = 0.15
        world.duplication = 0.1
        world.jitter = .milliseconds(60)
        let sent = (0..<200).map { "message \($0)" }
        for text in sent {
            alice.send(text, to: bob)
            world.run(for: .milliseconds(20))
        }
        #expect(world.run(for: .seconds(60)) { alice.delivered.count == sent.count }, "seed \(seed)")
        #expect(bob.texts == sent, "seed \(seed)")
        #expect(Set(alice.delivered).count == sent.count, "seed \(seed)")
    }

    @Test("what was accepted while the peer was away arrives when it appears")  // [MSG-5]
    func outboxEmptiesItself() {
        let world = World(seed: 21)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        bob.endpoint.shutDown(at: world.now)
        bob.drain()
        world.run(for: .seconds(1))
        alice.send("are you there?", to: bob)
        #expect(world.run(for: .seconds(3)) { alice.failures.contains(.offline) })
        world.run(for: .seconds(5))
        bob.restart(with: alice)
        #expect(world.run(for: .seconds(5)) { bob.texts == ["are you there?"] })
    }

    @Test("a peer that restarts in the middle gets the rest, and nothing twice")  // [MSG-5]
    func restart() {
        let world = World(seed: 22)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        for number in 0..<50 { alice.send("\(number)", to: bob) }
        world.run(for: .seconds(30)) { bob.texts.count >= 10 }
        bob.restart(with: alice)
        for number in 50..<60 { alice.send("\(number)", to: bob) }
        #expect(world.run(for: .seconds(60)) { alice.delivered.count == 60 })
        #expect(bob.texts == (0..<60).map(String.init))
    }

    @Test("a message that cannot be stored is not confirmed, and comes again when there is room")  // [MSG-10] [CLS-3]
    func fullDisk() {
        let world = World(seed: 23)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        bob.hasRoom = false
        for number in 0..<3 { alice.send("\(number)", to: bob) }
        world.run(for: .seconds(5))
        #expect(alice.delivered.isEmpty && bob.texts.isEmpty)
        bob.hasRoom = true
        #expect(world.run(for: .seconds(60)) { alice.delivered.count == 3 })
        #expect(bob.texts == ["0", "1", "2"])
    }

    @Test("a file arrives whole under loss, and both ways at once", arguments: [31, 32] as [UInt64])
    func files(seed: UInt64) {
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        world.loss = 0.02
        let first = world.content(600_000)
        let second = world.content(300_001)
        alice.sendFile(1, name: "first", first, to: bob)
        bob.sendFile(1, name: "second", second, to: alice)
        #expect(world.run(for: .seconds(60)) { !alice.sentFiles.isEmpty && !bob.sentFiles.isEmpty }, "seed \(seed)")
        #expect(bob.stored["first"] == first, "seed \(seed)")
        #expect(alice.stored["second"] == second, "seed \(seed)")
    }

    @Test("however much may be sent, what was asked for meanwhile is looked at after 128 KiB")
    func turns() {
        let world = World(seed: 36)
        let (alice, bob) = world.makePair()
        world.delay = .microseconds(100)
        // The second begins with the window that the first has found.
        for number in 1...2 as ClosedRange<UInt64> {
            alice.sendFile(number, name: "\(number)", world.content(4_000_000), to: bob)
            #expect(world.run(for: .seconds(10)) { alice.sentFiles.contains(number) })
        }
        #expect(alice.longestTurn > 64 * 1024 && alice.longestTurn <= 128 * 1024, "\(alice.longestTurn)")
    }

    @Test("an empty file arrives")
    func emptyFile() {
        let world = World(seed: 33)
        let (alice, bob) = world.makePair()
        alice.sendFile(1, name: "empty", [], to: bob)
        #expect(world.run(for: .seconds(10)) { alice.sentFiles == [1] })
        #expect(bob.stored["empty"] == [])
    }

    @Test("a declined file is told as declined, and costs nothing more")  // [FIL-6]
    func declined() {
        let world = World(seed: 34)
        let (alice, bob) = world.makePair()
        bob.decide = { _ in nil }
        alice.sendFile(1, name: "unwanted", world.content(100_000), to: bob)
        world.run(for: .seconds(5))
        #expect(alice.refusals == [.declined])
        #expect(bob.received[1] == nil)
    }

    @Test("a file that was interrupted by a restart goes on where it stopped")  // [FIL-7]
    func resume() {
        let world = World(seed: 35)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        let content = world.content(2_000_000)
        alice.sendFile(1, name: "long", content, to: bob)
        world.run(for: .seconds(30)) { bob.received[1, default: []].count > 500_000 }
        let before = bob.received[1, default: []].count
        bob.decide = { UInt64(bob.received[$0.transfer, default: []].count) }
        bob.restart(with: alice)
        #expect(world.run(for: .seconds(90)) { alice.sentFiles == [1] })
        #expect(bob.stored["long"] == content)
        #expect(before > 500_000 && before < content.count)
    }

    @Test("a chat line overtakes a file")
    func overtaking() {
        let world = World(seed: 36)
        let (alice, bob) = world.makePair()
        alice.connect(to: bob)
        world.run(for: .seconds(1)) { alice.isConnected(to: bob) }
        alice.sendFile(1, name: "long", world.content(5_000_000), to: bob)
        world.run(for: .seconds(30)) { bob.received[1, default: []].count > 200_000 }
        let start = world.now
        alice.send("first!", to: bob)
        #expect(world.run(for: .seconds(5)) { bob.texts == ["first!"] })
        // One way through the link, and at most what the pacer had let out.
        #expect(world.now - start <= .milliseconds(70))
        #expect(bob.stored.isEmpty)
    }

    @Test("a disk that does not keep up gets 4 MiB ahead of it and no more, and a chat line passes")
    func slowDisk() {
        let world = World(seed: 38)
        let (alice, bob) = world.makePair()
        let content = world.content(5_000_000)
        bob.isWriting = false
        alice.sendFile(1, name: "long", content, to: bob)
        world.run(for: .seconds(20))
        let first = bob.received[1, default: []].count
        #expect(first == Limits.maxUnwritten)
        alice.send("still here?", to: bob)
        #expect(world.run(for: .seconds(1)) { bob.texts == ["still here?"] })
        // A piece is written, and a piece comes.
        bob.endpoint.fileWritten(100_000, of: 1, from: alice.key, at: world.now)
        bob.drain()
        world.run(for: .seconds(10))
        #expect(bob.received[1, default: []].count == first + 100_000)
        bob.isWriting = true
        bob.endpoint.fileWritten(.max, of: 1, from: alice.key, at: world.now)
        bob.drain()
        #expect(world.run(for: .seconds(60)) { alice.sentFiles == [1] })
        #expect(bob.stored["long"] == content)
    }

    @Test("a peer that changes its clock or its network keeps its order")
    func bothWays() {
        let world = World(seed: 37)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        for number in 0..<20 {
            alice.send("a\(number)", to: bob)
            bob.send("b\(number)", to: alice)
            world.run(for: .milliseconds(50))
            if number % 5 == 4 { (number % 2 == 0 ? alice : bob).nat?.flush() }
        }
        #expect(world.run(for: .seconds(60)) { alice.delivered.count == 20 && bob.delivered.count == 20 })
        #expect(alice.texts == (0..<20).map { "b\($0)" })
        #expect(bob.texts == (0..<20).map { "a\($0)" })
    }
}

extension World {
    func content(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}

extension Peer {
    var refusals: [FileRecord.Refusal] {
        events.compactMap { if case .fileRefused(_, let reason, _) = $0 { reason } else { nil } }
    }
}
