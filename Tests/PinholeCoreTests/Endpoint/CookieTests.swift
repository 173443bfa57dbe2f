import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// COOKIEs make their receiver send. Who is on the way of a HELLO can make as many as he likes.
@Suite("COOKIEs")
struct CookieTests {
    private struct Call {
        let world: World
        let alice: Peer
        let bob: Peer
        let places: [TransportAddress]

        /// Alice calls Bob, who is at none of so many places.
        init(places count: Int, seed: UInt64) {
            world = World(seed: seed)
            alice = world.addPeer("192.0.2.1:4000")
            bob = world.addPeer("192.0.2.2:4000")
            places = [bob.address] + (1..<count).map { strangerAddress($0 * 4096) }
            alice.add(bob, direct: places)
            world.remove(bob)
            world.recording = []
            alice.connect(to: bob)
        }

        func hellos(to place: TransportAddress) -> [[UInt8]] {
            (world.recording ?? []).filter { $0.kind == .hello && $0.destination == place }.map(\.bytes)
        }
    }

    private static func hasCookie(_ hello: [UInt8]) -> Bool {
        hello.suffix(16).contains { $0 != 0 }
    }

    @Test("without end draw no more than one HELLO between two repetitions, and only to where they belong")  // [HS-18]
    func flood() throws {
        let call = Call(places: 32, seed: 41)
        var gate = CookieGate(own: call.bob.key)
        for number in 0..<1000 {
            let hello = try #require(call.hellos(to: call.places[0]).last)
            let cookie = gate.cookieReply(to: hello.span, from: strangerAddress(number), at: call.world.now)
            call.alice.receive(cookie, from: call.places[0])
            call.world.run(for: .milliseconds(1))
        }
        let others = call.places.dropFirst().map { call.hellos(to: $0).count }
        let repetitions = try #require(others.first)
        #expect(repetitions > 1 && repetitions < 8 && others.allSatisfy { $0 == repetitions }, "\(others)")
        let drawn = call.hellos(to: call.places[0]).count
        #expect(drawn > repetitions && drawn <= 2 * repetitions, "\(drawn) of \(repetitions)")
    }

    @Test("are known by the HELLO that they answer, at however many places the peer is called")  // [HS-18]
    func ofOnePlace() throws {
        let call = Call(places: 20, seed: 42)
        var gate = CookieGate(own: call.bob.key)
        let hello = try #require(call.hellos(to: call.places[0]).first)
        let cookie = gate.cookieReply(to: hello.span, from: call.alice.address, at: call.world.now)
        // A listener with several addresses may answer from another.
        call.alice.receive(cookie, from: strangerAddress(7))
        #expect(call.hellos(to: call.places[0]).map(Self.hasCookie) == [false, true])
        call.world.run(for: .milliseconds(500))
        #expect(call.hellos(to: call.places[0]).dropFirst().allSatisfy(Self.hasCookie))
        for place in call.places.dropFirst() {
            let hellos = call.hellos(to: place)
            #expect(hellos.count > 1 && !hellos.contains(where: Self.hasCookie))
        }
    }

    @Test("of who is called where he was last are answered too")  // [HS-18]
    func whereItWas() throws {
        let world = World(seed: 43)
        let (alice, bob) = world.makePair()
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(5)) { world.shareOneSession(alice, bob) })
        world.run(for: .seconds(3))
        alice.endpoint.disconnect(from: bob.key, at: world.now)
        alice.drain()
        world.run(for: .seconds(1))
        // Bob finds Alice's clock wrong, and no service speaks for either.
        let connection = try #require(bob.connection(to: alice))
        connection.authenticatedTimestamp = World.unixMilliseconds * 2
        world.tap = { flight in flight.isDirect ? flight : nil }
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(1)) { world.shareOneSession(alice, bob) })
    }
}
