import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// What a contact costs does not grow with the number of the others: counted in operations, not in time.
@Suite("many contacts")
struct ManyContactsTests {
    @Test("each is learned once, and the services are told of all of them at once")
    func adding() {
        let world = World(seed: 301)
        let (alice, bob) = world.makePair()
        let endpoint = alice.endpoint
        let keys = (0..<500).map { _ in IdentitySecret.generate().publicKey }
        let before = (endpoint.refreshes, endpoint.tagsLearned)
        for key in keys { try? endpoint.add(key, at: world.now) }
        #expect(endpoint.connections.count == 501)
        alice.drain()
        #expect(endpoint.refreshes == before.0 + 1)
        #expect(endpoint.tagsLearned == before.1 + 500)
        // Yesterday's, today's and tomorrow's.
        #expect(endpoint.tags.count == 3 * 501)

        world.run(for: .seconds(1))
        #expect(world.canTalk(alice, bob))
        #expect(endpoint.refreshes == before.0 + 1, "nothing that people do goes through all of them")
        #expect(endpoint.tagsLearned == before.1 + 500)

        for key in keys { endpoint.remove(key, at: world.now) }
        alice.drain()
        #expect(endpoint.refreshes == before.0 + 2)
        #expect(endpoint.tagsLearned == before.1 + 500)
        #expect(endpoint.tags.count == 3)
    }

    @Test("a service is told of contacts that came while it was not asked")
    func found() {
        let world = World(seed: 302)
        let (alice, bob) = (world.addPeer("192.0.2.1:4000"), world.addPeer("192.0.2.2:4000"))
        for peer in [alice, bob] { peer.useService() }
        world.run(for: .seconds(1))
        alice.add(bob)
        bob.add(alice)
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(5)) { alice.isConnected(to: bob) })
    }

    @Test("when all have something to send, what arrives is looked at in between")
    func turns() {
        let world = World(seed: 303)
        let alice = world.addPeer("192.0.2.1:4000")
        let others = (0..<300).map { number in
            let peer = world.addPeer("192.0.2.2:\(5000 + number)")
            peer.add(alice)
            alice.add(peer, direct: [peer.address])
            alice.connect(to: peer)
            return peer
        }
        #expect(world.run(for: .seconds(2)) { others.allSatisfy { $0.isConnected(to: alice) } })
        world.run(for: .seconds(1))
        for (number, peer) in others.enumerated() {
            let id = MessageID(epoch: 1, counter: UInt64(number + 1))
            alice.endpoint.send(ChatMessage(id: id, time: 0, body: [1]), to: peer.key, at: world.now)
        }
        var turns: [Int] = []
        var sent = 0
        while true {
            let output = alice.endpoint.poll(at: world.now)
            if case .transmit = output { sent += 1 }
            guard case .idle(let deadline) = output else { continue }
            turns.append(sent)
            sent = 0
            guard let deadline, deadline <= world.now else { break }
        }
        #expect(turns.reduce(0, +) >= 300)
        #expect(turns.allSatisfy { $0 <= 64 }, "\(turns)")
    }
}
