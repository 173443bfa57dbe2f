import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// A complete run is recorded, and everything that was on the wire is put there again.
@Suite("datagrams that are replayed")
struct ReplayTests {
    enum Mode: CaseIterable { case introduced, direct }

    /// Two meet, talk both ways and part. What each of them received, and from where, is returned.
    private func record(_ mode: Mode) -> (World, Peer, Peer, [(bytes: [UInt8], source: TransportAddress, to: Peer)]) {
        let world = World(seed: 11)
        var received: [(bytes: [UInt8], source: TransportAddress, to: Peer)] = []
        world.beforeDelivery = { flight, source, peer in received.append((flight.bytes, source, peer)) }
        let (alice, bob) =
            mode == .direct
            ? world.makeDirectPair() : world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.connect(to: bob)
        world.run(for: .seconds(5)) { !alice.connections.isEmpty && !bob.connections.isEmpty }
        #expect(world.canTalk(alice, bob))
        return (world, alice, bob, received)
    }

    /// What a peer sends in answer to replays: at most one COOKIE in 10 s to a HELLO that is authentic and old.
    private func expectSilence(_ world: World, _ peer: Peer, _ body: () -> Void) {
        let events = peer.events.count
        world.recording = []
        body()
        let sent = (world.recording ?? []).filter { !$0.isFromService && !$0.isToService }
        #expect(sent.allSatisfy { $0.kind == .cookie }, "\(sent.map(\.kind))")
        #expect(sent.count <= 1)
        #expect(peer.events.count == events)
    }

    @Test("change nothing while the session lives", arguments: Mode.allCases)
    func duringSession(mode: Mode) {
        let (world, alice, bob, received) = record(mode)
        world.run(for: .seconds(5))
        let session = alice.sessionID(with: bob)
        for (bytes, source, peer) in received {
            let sent = peer.sentCount
            let events = peer.events.count
            peer.receive(bytes, from: source)
            peer.receive(bytes, from: strangerAddress(1))
            #expect(peer.sentCount - sent <= (DatagramKind(bytes.span) == .hello ? 1 : 0))
            #expect(peer.events.count == events)
        }
        #expect(alice.sessionID(with: bob) == session && world.shareOneSession(alice, bob))
        #expect(world.canTalk(alice, bob))
    }

    @Test("bring nothing back after the session", arguments: Mode.allCases)
    func afterSession(mode: Mode) {
        let (world, alice, bob, received) = record(mode)
        // Who hangs up before the receipts are there is called again for them.
        world.run(for: .seconds(1))
        alice.endpoint.disconnect(from: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(300))
        world.beforeDelivery = nil
        for peer in [alice, bob] {
            #expect(!peer.isConnected(to: peer === alice ? bob : alice))
            expectSilence(world, peer) {
                for datagram in received where datagram.to === peer {
                    peer.receive(datagram.bytes, from: datagram.source)
                }
            }
            let connection = peer.connection(to: peer === alice ? bob : alice)
            #expect(connection != nil && connection?.session == nil && connection?.pairings.isEmpty == true)
        }
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(3)) { world.shareOneSession(alice, bob) })
    }

    @Test("mean nothing to the same person's next run", arguments: Mode.allCases)  // [HS-43]
    func nextRun(mode: Mode) {
        let (world, alice, bob, received) = record(mode)
        world.beforeDelivery = nil
        for peer in [alice, bob] {
            let other = peer === alice ? bob : alice
            peer.restart(with: other, usesService: mode == .introduced)
        }
        world.run(for: .seconds(3))
        for peer in [alice, bob] {
            expectSilence(world, peer) {
                for datagram in received where datagram.to === peer {
                    peer.receive(datagram.bytes, from: datagram.source)
                }
            }
            let connection = peer.connection(to: peer === alice ? bob : alice)
            #expect(connection != nil && connection?.session == nil && connection?.pairings.isEmpty == true)
            #expect(connection?.attempt == nil)
        }
    }

    @Test("do not disturb the next handshake", arguments: Mode.allCases)  // [HS-43]
    func duringHandshake(mode: Mode) {
        let (world, alice, bob, received) = record(mode)
        world.beforeDelivery = nil
        for peer in [alice, bob] {
            let other = peer === alice ? bob : alice
            peer.restart(
                with: other, direct: mode == .direct && peer === alice ? [bob.address] : [],
                usesService: mode == .introduced)
        }
        world.run(for: .seconds(3))
        alice.connect(to: bob)
        for _ in 0..<3 {
            for (bytes, source, peer) in received { peer.receive(bytes, from: source) }
            world.run(for: .milliseconds(25))
        }
        #expect(world.run(for: .seconds(1)) { world.shareOneSession(alice, bob) })
        #expect(world.canTalk(alice, bob))
    }
}
