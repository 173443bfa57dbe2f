import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("what is left of streams of bytes")
struct StreamRemainsTests {
    /// Two with a session, of whom bob reads no stream yet.
    private func connected(seed: UInt64) -> (world: World, alice: Peer, bob: Peer) {
        let world = World(seed: seed)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.endpoint.connect(to: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(5)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        bob.readsStreams = false
        return (world, alice, bob)
    }

    // [BYT-2]
    @Test("what came before the end of the session can be read after it", arguments: [true, false])
    func remains(isWhole: Bool) throws {
        let (world, alice, bob) = connected(seed: 74)
        let stream = try #require(alice.openStream("last", to: bob.key))
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        alice.endpoint.write(content, fin: isWhole, toStream: stream, of: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(5)) { !alice.endpoint.hasUnacknowledgedStreams(of: bob.key) }
        alice.endpoint.disconnect(from: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(1))
        #expect(bob.connection(to: alice)?.session == nil)
        // Another session changes nothing.
        alice.endpoint.connect(to: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(10)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        let handle = try #require(bob.streams.keys.first)
        bob.readsStreams = true
        bob.readStream(handle, of: alice.key)
        #expect(bob.streams[handle]?.bytes == content)
        #expect(bob.streams[handle]?.end == (isWhole ? .fin : .lost))
        #expect(alice.connection(to: bob)?.byteStreams.streams.isEmpty == true)
    }

    // [BYT-2]
    @Test("a stream that the peer gave up is not whole, though nobody was told before the end of the session")
    func cutOff() throws {
        let (world, alice, bob) = connected(seed: 75)
        let stream = try #require(alice.openStream("cut", to: bob.key))
        alice.endpoint.write([1, 2, 3], fin: false, toStream: stream, of: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(5)) { !alice.endpoint.hasUnacknowledgedStreams(of: bob.key) }
        let connection = try #require(bob.connection(to: alice))
        let handle = try #require(bob.streams.keys.first)
        guard case .open(let id) = connection.byteStreams[handle]?.incoming else {
            Issue.record("the stream is not open")
            return
        }
        let size = try #require(alice.connection(to: bob)?.session?.transport.sendStreams[id]?.nextOffset)
        try connection.session?.transport.receive(
            .resetStream(id: id, errorCode: 7, finalSize: size), at: world.now)
        bob.endpoint.disconnect(from: alice.key, at: world.now)
        guard case .lost = connection.readStream(handle, upTo: 100, at: world.now) else {
            Issue.record("it was not lost")
            return
        }
    }
}
