import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("streams of bytes")
struct ByteStreamTests {
    private let world: World
    private let alice: Peer
    private let bob: Peer

    init() {
        world = World(seed: 71)
        (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.endpoint.connect(to: bob.key, at: world.now)
        alice.drain()
        let (alice, bob) = (alice, bob)
        world.run(for: .seconds(5)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
    }

    private func write(_ bytes: [UInt8], fin: Bool = false, on stream: UInt64, from peer: Peer, to other: Peer) {
        peer.endpoint.write(bytes, fin: fin, toStream: stream, of: other.key, at: world.now)
        peer.drain()
    }

    private func wait(
        _ seconds: Int, sourceLocation: SourceLocation = #_sourceLocation, until condition: () -> Bool
    ) {
        let isTrue = world.run(for: .seconds(seconds), until: condition)
        #expect(isTrue, sourceLocation: sourceLocation)
    }

    @Test("carry bytes both ways, each with its own end, over a line that loses")
    func bothWays() throws {
        world.loss = 0.1
        let up: [UInt8] = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let down: [UInt8] = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        let stream = try #require(alice.openStream("test", to: bob.key))
        write(up, fin: true, on: stream, from: alice, to: bob)
        wait(60) { bob.streams.values.first?.end == .fin }
        let (answer, log) = try #require(bob.streams.first)
        #expect(log.name == "test" && log.bytes == up)
        #expect(alice.streams[stream]?.end == nil)
        write(down, fin: true, on: answer, from: bob, to: alice)
        wait(60) { alice.streams[stream]?.end == .fin }
        #expect(alice.streams[stream]?.bytes == down)
    }

    @Test("one that nobody takes is refused in both directions")  // [BYT-1] [BYT-2]
    func refused() throws {
        bob.takesStreams = false
        let stream = try #require(alice.openStream("nobody", to: bob.key))
        alice.drain()
        wait(5) { alice.streams[stream]?.end == .reset(1) }
        guard case .stopped(1) = alice.endpoint.room(onStream: stream, of: bob.key) else {
            Issue.record("it may still be written")
            return
        }
    }

    // [BYT-1]
    @Test("one that has arrived whole is refused as well", arguments: [0, 1000, 100_000], [0, 0.3])
    func refusedWhole(count: Int, loss: Double) throws {
        bob.takesStreams = false
        world.loss = loss
        let stream = try #require(alice.openStream("nobody", to: bob.key))
        write(.init(repeating: 1, count: count), fin: true, on: stream, from: alice, to: bob)
        wait(20) { alice.streams[stream]?.end == .reset(1) }
        world.loss = 0
        world.run(for: .seconds(5))
        #expect(alice.connection(to: bob)?.session?.transport.hasUnacknowledged == false)
        #expect(bob.connection(to: alice)?.session?.transport.stopCodes.isEmpty == true)
    }

    @Test("and so is one whose program lets it wait until all of it was acknowledged")  // [BYT-1]
    func refusedLate() throws {
        bob.leavesStreams = true
        let stream = try #require(alice.openStream("late", to: bob.key))
        write([1, 2, 3], fin: true, on: stream, from: alice, to: bob)
        wait(5) { bob.streams.count == 1 }
        world.run(for: .seconds(1))
        #expect(
            alice.connection(to: bob)?.session?.transport.sendStreams.index(forKey: StreamID.firstByteStream) == nil)
        let other = try #require(bob.streams.keys.first)
        bob.endpoint.closeStream(other, of: alice.key, code: 1, at: world.now)
        bob.drain()
        wait(5) { alice.streams[stream]?.end == .reset(1) }
    }

    @Test("whoever does not read is not sent more than the credit, and gets the rest later")  // [BYT-5]
    func backPressure() throws {
        bob.readsStreams = false
        let stream = try #require(alice.openStream("slow", to: bob.key))
        let piece = [UInt8](repeating: 9, count: 65_536)
        var written = 0
        for _ in 0..<200 {
            guard case .room = alice.endpoint.room(onStream: stream, of: bob.key) else { break }
            write(piece, on: stream, from: alice, to: bob)
            written += piece.count
            world.run(for: .milliseconds(200))
        }
        // The credit of one stream, and what waits before it here.
        #expect(written < Int(Limits.maxStreamData) + 512 * 1024)
        let answer = try #require(bob.streams.keys.first)
        bob.readsStreams = true
        bob.readStream(answer, of: alice.key)
        bob.drain()
        wait(20) { bob.streams[answer]?.bytes.count == written }
    }

    @Test("a slow reader keeps no message from arriving")
    func independence() throws {
        bob.readsStreams = false
        let stream = try #require(alice.openStream("slow", to: bob.key))
        for _ in 0..<30 { write(.init(repeating: 1, count: 65_536), on: stream, from: alice, to: bob) }
        world.run(for: .seconds(5))
        alice.send("on time", to: bob)
        wait(2) { bob.texts == ["on time"] }
    }

    @Test("messages that the application has no room for wait with their sender")
    func heldMessages() throws {
        bob.endpoint.holdMessages(true, from: alice.key, at: world.now)
        alice.send("later", to: bob)
        world.run(for: .seconds(5))
        #expect(bob.texts == [])
        bob.endpoint.holdMessages(false, from: alice.key, at: world.now)
        bob.drain()
        wait(2) { bob.texts == ["later"] }
    }

    @Test("the end of the session is the end of its streams, and the next session's are others")
    func sessionEnds() throws {
        let stream = try #require(alice.openStream("first", to: bob.key))
        alice.drain()
        world.run(for: .seconds(1))
        bob.endpoint.disconnect(from: alice.key, at: world.now)
        bob.drain()
        wait(5) { alice.streams[stream]?.end == .lost }
        alice.endpoint.connect(to: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(10)) { [alice, bob] in alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        let second = try #require(alice.openStream("second", to: bob.key))
        #expect(second != stream)
        write([1, 2, 3], fin: true, on: second, from: alice, to: bob)
        let expected = ByteStreamLog(name: "second", bytes: [1, 2, 3], end: .fin)
        wait(5) { Array(bob.streams.values).contains(expected) }
    }

    @Test("a contact that opens more than may be open is refused")  // [BYT-1]
    func tooMany() throws {
        let siege = try Siege(seed: 72)
        let head = StreamHead.open(name: Array("test".utf8)).encoded
        let ids = (0...UInt64(Limits.maxByteStreams)).map { StreamID.firstByteStream + $0 }
        for id in ids { siege.send([.stream(StreamFrame(id: id, offset: 0, data: head, fin: true))]) }
        siege.run(for: .seconds(1))
        #expect(siege.bob.streams.count == Limits.maxByteStreams)
        let stops = siege.packets.flatMap(\.frames).filter { if case .stopSending = $0 { true } else { false } }
        #expect(stops == [.stopSending(id: ids[Limits.maxByteStreams], errorCode: StreamCode.tooMany)])
    }

    @Test("no more are open at once than may be")  // [BYT-1]
    func bounds() throws {
        for number in 0..<Limits.maxByteStreams {
            _ = try #require(alice.openStream("\(number)", to: bob.key))
        }
        #expect(alice.openStream("one more", to: bob.key) == nil)
        alice.drain()
        wait(5) { bob.streams.count == Limits.maxByteStreams }
    }

    @Test("a stream that is given up is over on both sides")  // [BYT-2]
    func givenUp() throws {
        let stream = try #require(alice.openStream("given up", to: bob.key))
        write(.init(repeating: 1, count: 1000), on: stream, from: alice, to: bob)
        world.run(for: .seconds(1))
        alice.endpoint.closeStream(stream, of: bob.key, code: 0, at: world.now)
        alice.drain()
        wait(5) { bob.streams.values.first?.end == .reset(0) }
    }
}
