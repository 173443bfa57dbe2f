import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

@Suite("what is still to be acknowledged")
struct UnacknowledgedTests {
    @Test("a stream of bytes is, from its first byte until the contact has all of it")
    func stream() throws {
        let world = World(seed: 73)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.endpoint.connect(to: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(5)) { alice.isConnected(to: bob) && bob.isConnected(to: alice) }
        alice.send("a message counts by itself", to: bob)
        #expect(!alice.endpoint.hasUnacknowledgedStreams(of: bob.key))
        let stream = try #require(alice.openStream("test", to: bob.key))
        alice.endpoint.write([1, 2, 3], fin: true, toStream: stream, of: bob.key, at: world.now)
        alice.drain()
        #expect(alice.endpoint.hasUnacknowledgedStreams(of: bob.key))
        // Whether anybody here still holds it is nothing to the contact.
        alice.endpoint.closeStream(stream, of: bob.key, code: StreamCode.cancelled, at: world.now)
        #expect(alice.endpoint.hasUnacknowledgedStreams(of: bob.key))
        let isSettled = world.run(for: .seconds(5)) { !alice.endpoint.hasUnacknowledgedStreams(of: bob.key) }
        #expect(isSettled)
    }
}
