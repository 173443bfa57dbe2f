import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("The buffers of streams")
struct BufferTests {
    private func bytes(_ range: Range<Int>, of queue: ChunkQueue) -> [UInt8] {
        var writer = ByteWriter()
        queue.write(range, to: &writer)
        return writer.bytes
    }

    @Test("what was appended in pieces is read at any place, as it is dropped at the front", arguments: 0..<20)
    func chunks(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = ChunkQueue()
        var model: [UInt8] = []
        for _ in 0..<400 {
            let size = Bool.random(using: &random) ? Int.random(in: 0...300, using: &random) : 5000
            let piece = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            queue.append(piece)
            model += piece
            let dropped = Int.random(in: 0...min(model.count, 3000), using: &random)
            queue.removeFirst(dropped)
            model.removeFirst(dropped)
            #expect(queue.count == model.count && queue.isEmpty == model.isEmpty)
            let lower = Int.random(in: 0...model.count, using: &random)
            let upper = Int.random(in: lower...min(model.count, lower + 9000), using: &random)
            #expect(bytes(lower..<upper, of: queue) == Array(model[lower..<upper]))
        }
        queue.removeAll()
        queue.append([1, 2, 3])
        #expect(bytes(0..<3, of: queue) == [1, 2, 3])
    }

    @Test(
        "what arrived is taken in the same order, in pieces or at once, and in memory that was given", arguments: 0..<20
    )
    func pieces(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = PieceQueue()
        var model: [UInt8] = []
        var spares: [[UInt8]] = []
        for _ in 0..<400 {
            let new = (0..<Int.random(in: 0...9000, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            queue.append(new.span, in: &spares)
            model += new
            guard random.chance(0.1) else { continue }
            while !queue.isEmpty, random.chance(0.8) {
                let limit = Int.random(in: 1...150_000, using: &random)
                let isWhole = random.chance(0.3)
                let taken = isWhole ? queue.take(min(limit, queue.count)) : queue.takePiece(upTo: limit)
                #expect(!taken.isEmpty && taken.count <= limit)
                #expect(taken.count <= 75_000 || isWhole, "a piece is 64 KiB and a datagram at most")
                #expect(taken.elementsEqual(model.prefix(taken.count)))
                model.removeFirst(taken.count)
                spares.append(taken)
            }
            #expect(queue.count == model.count)
        }
        #expect(queue.take(queue.count) == model)
        queue.giveBack()
        #expect(queue.reserved == 0)
    }

    @Test("a session that carried a file and a few lines gives their memory back when it is silent")
    func idle() {
        let link = TransportLink(seed: 3, LinkConditions(loss: 0.01, rate: 12_500_000))
        link.a.write(SeededRandom.bytes(4_000_000, seed: 3), to: 16, fin: true)
        for stream in (0..<Scheduler.urgentCount).map(Scheduler.urgent) { link.a.write([1, 2, 3], to: stream) }
        var arrived = 0
        let isDone = link.run(for: .seconds(20)) {
            for stream in (0..<Scheduler.urgentCount).map(Scheduler.urgent) { arrived += link.b.read(stream).count }
            arrived += link.b.read(16).count
            while link.a.nextEvent() != nil {}
            while link.b.nextEvent() != nil {}
        } until: {
            arrived == 4_000_009
        }
        #expect(isDone)
        link.a.giveBack()
        link.run(for: .seconds(2))
        while link.a.nextEvent() != nil {}
        #expect(link.a.reserved > 32 * 1024, "\(link.a.reserved)")
        link.a.giveBack()
        link.b.giveBack()
        #expect(link.a.reserved < 1024 && link.b.reserved < 1024, "\(link.a.reserved), \(link.b.reserved)")
        // And it works on.
        link.a.write([4], to: StreamID.chat)
        link.run(for: .seconds(1))
        #expect(link.b.read(StreamID.chat) == [4])
    }

    @Test("so do both sides of a session, though only one of them asks the other whether it is there")
    func idleSession() {
        let world = World(seed: 4)
        world.link.rate = 12_500_000
        let (alice, bob) = world.makePair(nil, nil)
        let content = world.content(2_000_000)
        alice.sendFile(1, name: "there", content, to: bob)
        bob.sendFile(2, name: "back", content, to: alice)
        #expect(world.run(for: .seconds(60)) { alice.sentFiles == [1] && bob.sentFiles == [2] })
        world.run(for: .seconds(120))
        for transport in [alice.connection(to: bob), bob.connection(to: alice)].map({ $0?.session?.transport }) {
            #expect(transport?.reserved ?? .max < 1024, "\(transport?.reserved ?? 0)")
        }
    }

    @Test("what is given back is what the next bytes of a file come in")
    func reuse() {
        let file = SeededRandom.bytes(2_000_000, seed: 4)
        let link = TransportLink(seed: 4)
        link.a.write(file, to: 16, fin: true)
        var (content, places): ([UInt8], Set<UInt>) = ([], [])
        let isDone = link.run(for: .seconds(20)) {
            guard link.b.bytesReadable >= 64 * 1024 else { return }
            while link.b.nextEvent() != nil {}
            while case let bytes = link.b.readPiece(16), !bytes.isEmpty {
                content += bytes
                places.insert(bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) })
                link.b.reuse(bytes)
            }
        } until: {
            content.count > 1_500_000
        }
        #expect(isDone)
        #expect(content == Array(file.prefix(content.count)))
        // The first pieces come in memory that grew with them; some of it is too small to be kept.
        #expect(places.count <= 6, "\(places.count) memories")
    }

    @Test("streams are found by their ids, whatever came and went", arguments: 0..<10)
    func streamTable(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = StreamTable<UInt64>()
        var model: [UInt64: UInt64] = [:]
        for step in 0..<600 as Range<UInt64> {
            let id = UInt64.random(in: 0..<64, using: &random)
            if model[id] == nil {
                let index = table.insert(step, forKey: id)
                #expect(table.values[index] == step)
                model[id] = step
            } else if Bool.random(using: &random) {
                #expect(table.removeValue(forKey: id) == model.removeValue(forKey: id))
            } else if let index = table.index(forKey: id) {
                table.values[index] += 1
                model[id]? += 1
            }
            #expect(table.keys == model.keys.sorted() && table.count == model.count)
            for id in 0..<64 as Range<UInt64> where table[id] != model[id] { Issue.record("stream \(id)") }
        }
        #expect(table.removeValue(forKey: 999) == nil)
    }

    @Test("a map of a few entries does what a dictionary does")
    func linearMap() {
        var random = SeededRandom(seed: 5)
        var map = LinearMap<Int, Int>()
        var model: [Int: Int] = [:]
        for step in 0..<500 {
            let key = Int.random(in: 0..<12, using: &random)
            let value = Bool.random(using: &random) ? step : nil
            map[key] = value
            model[key] = value
            #expect(map.count == model.count && Set(map.keys) == Set(model.keys))
            for key in 0..<12 where map[key] != model[key] { Issue.record("key \(key)") }
        }
    }
}
