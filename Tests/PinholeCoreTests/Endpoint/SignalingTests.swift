import PinholeCrypto
import PinholeWire
import Signaling
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

@Suite("a peer and its service")
struct SignalingTests {
    private func downs(_ peer: Peer) -> [ServiceFailure] {
        peer.events.compactMap { if case .serviceDown(_, let failure) = $0 { failure } else { nil } }
    }

    private func canMeet(_ world: World, _ alice: Peer, _ bob: Peer, within limit: Duration = .seconds(4)) -> Bool {
        alice.connect(to: bob)
        return world.run(for: limit) { world.shareOneSession(alice, bob) }
    }

    @Test("a service that starts again knows its clients within one refresh")
    func restart() {
        let world = World(seed: 61)
        let (alice, bob) = world.makePair()
        world.stopService()
        world.startService()
        world.run(for: Limits.keepAlive + Limits.keepAliveJitter + .seconds(8))
        #expect(downs(alice) == [.lost] && downs(bob) == [.lost])
        #expect(alice.endpoint.clients[0].isRegistered && bob.endpoint.clients[0].isRegistered)
        #expect(canMeet(world, alice, bob))
    }

    @Test("a service that is away for minutes is found again, and each failure is told once")  // [SIG-8]
    func away() {
        let world = World(seed: 62)
        let (alice, bob) = world.makePair()
        world.stopService()
        world.run(for: .seconds(300))
        #expect(downs(alice).count == 1)
        world.startService()
        world.run(for: .seconds(90))
        #expect(canMeet(world, alice, bob))
    }

    @Test("registers, is found and is called when 30 % of all datagrams are lost in bursts", arguments: UInt64(1)...20)
    func losses(seed: UInt64) {
        let world = World(seed: seed)
        world.loseInBursts()
        let (alice, bob) = world.makePair()
        #expect(
            world.run(for: .seconds(30)) {
                alice.endpoint.clients[0].isRegistered && bob.endpoint.clients[0].isRegistered
            }, "seed \(seed)")
        // The first call may find that the service does not know the callee any more; it is repeated by itself.
        #expect(canMeet(world, alice, bob, within: .seconds(30)), "seed \(seed)")
    }

    // [SIG-8]
    @Test("REGISTER repeats after 350, 700 and 1400 ms, and begins anew with another key 2 s after it was given up")
    func registerTimes() {
        let world = World(seed: 64)
        world.stopService()
        let alice = world.addPeer("192.0.2.1:4000")
        var sent: [(time: Instant, key: [UInt8])] = []
        world.tap = { flight in
            if flight.kind == .register { sent.append((world.now, Array(flight.bytes[2..<34]))) }
            return flight
        }
        alice.useService()
        world.run(for: .seconds(9))
        let first = sent.filter { $0.key == sent[0].key }
        let intervals = zip(first.dropFirst(), first).map { $0.time - $1.time }
        #expect(first.count == 4)
        for (interval, base) in zip(intervals, [350, 700, 1400]) {
            #expect((base * 3 / 4...base * 5 / 4).contains(Int(interval / .milliseconds(1))), "\(interval) for \(base)")
        }
        // 2.8 s until it is given up, and 2 s more, both 25 % more or less.
        let pause = sent.dropFirst(4).first.map { $0.time - sent[3].time } ?? .zero
        #expect(pause >= .milliseconds(3600) && pause <= .seconds(6), "\(pause)")
    }

    @Test("a registration is refreshed 2.5 s after it began, and then each 20–25 s")  // [SIG-16]
    func refreshTimes() {
        let world = World(seed: 65)
        let alice = world.addPeer("192.0.2.1:4000")
        var registered: Instant?
        var refreshes: [Instant] = []
        world.tap = { flight in
            if flight.kind == .server { registered = registered ?? world.now }
            // REFRESH is one byte behind the header, and nothing else that a client says is as short.
            if flight.kind == .client, flight.bytes.count == 30 { refreshes.append(world.now) }
            return flight
        }
        alice.useService()
        world.run(for: .seconds(200))
        guard let registered, let first = refreshes.first else { Issue.record("nothing is refreshed"); return }
        #expect(first - registered >= .milliseconds(2500) && first - registered <= .milliseconds(2600))
        let intervals = zip(refreshes.dropFirst(), refreshes).map { $0 - $1 }
        #expect(intervals.count >= 7)
        for interval in intervals { #expect(interval >= .seconds(20) && interval <= .seconds(25)) }
    }

    @Test("a service with another key is not talked to")
    func wrongKey() {
        let world = World(seed: 63)
        let alice = world.addPeer("192.0.2.1:4000")
        let service = TransportAddress(World.serviceAddress, port: World.servicePorts[0])
        alice.endpoint.setServices(
            [RendezvousService(id: 0, key: ServiceSecret.generate().publicKey, addresses: [service])], at: world.now)
        world.run(for: .seconds(20))
        #expect(downs(alice) == [.noAnswer])
        #expect(!alice.isRegistered)
    }

    @Test("replies that are forged, meant for others or heard before change nothing")
    func wrongReplies() {
        let world = World(seed: 64)
        var replies: [(bytes: [UInt8], source: TransportAddress, to: Peer)] = []
        world.beforeDelivery = { flight, source, peer in
            if flight.isFromService, flight.kind != .stun { replies.append((flight.bytes, source, peer)) }
        }
        let (alice, bob) = world.makePair()
        #expect(canMeet(world, alice, bob))
        world.run(for: .seconds(60))
        world.beforeDelivery = nil
        #expect(replies.count > 8)
        for (bytes, source, _) in replies {
            for peer in [alice, bob] {
                let before = (peer.sentCount, peer.events.count)
                peer.receive(bytes, from: source)
                peer.receive(bytes, from: strangerAddress(3))
                #expect((peer.sentCount, peer.events.count) == before)
            }
        }
        #expect(alice.endpoint.clients[0].isRegistered && bob.endpoint.clients[0].isRegistered)
    }

    @Test("a PEER for a tag that nobody has is ignored, and so is a blob of somebody else")
    func unknownTag() {
        let world = World(seed: 65)
        let (alice, bob) = world.makePair()
        let before = (alice.sentCount, alice.events.count)
        alice.endpoint.handle(
            .peer(RendezvousTag(high: 1, low: 2), observed: [bob.address], blob: [1, 2, 3]), of: 0, at: world.now)
        alice.introduce(bob, observed: [bob.address], blob: [UInt8](repeating: 9, count: 300), at: world.now)
        world.run(for: .milliseconds(500))
        #expect((alice.sentCount, alice.events.count) == before)
    }

    @Test("a contact that is added while the registration is on its way is found too")
    func addedWhileRegistering() {
        let world = World(seed: 66)
        let alice = world.addPeer("192.0.2.1:4000")
        let bob = world.addPeer("192.0.2.2:4000")
        alice.add(bob)
        alice.useService()
        bob.useService()
        // The second REGISTER is under way now.
        world.run(for: .milliseconds(50))
        bob.add(alice)
        world.run(for: .seconds(1))
        #expect(canMeet(world, alice, bob))
    }

    @Test("a contact that is added during a refresh is found, though the message that tells it is lost")  // [SIG-26]
    func addedDuringRefresh() {
        let world = World(seed: 67)
        let (alice, bob) = world.makePair()
        world.remove(alice)
        let carol = world.addPeer("192.0.2.3:4000")
        carol.add(bob)
        carol.useService()
        world.run(for: .seconds(3))
        // As after a change of the network: a refresh leaves at once, and its answer is still to come.
        bob.endpoint.clients[0].restart(at: world.now)
        bob.wakeNow()
        bob.add(carol)
        var lost = 0
        world.tap = { flight in
            guard flight.isToService, flight.source == bob.address, flight.kind == .client, lost < 1 else {
                return flight
            }
            lost += 1
            return nil
        }
        bob.wakeNow()
        world.run(for: .seconds(5))
        #expect(lost == 1)
        #expect(canMeet(world, carol, bob))
    }

    @Test("a change of the network does not make a peer forget to tell of a new contact")
    func networkChange() {
        let world = World(seed: 68)
        let (_, bob) = world.makePair()
        let carol = world.addPeer("192.0.2.3:4000")
        carol.add(bob)
        carol.useService()
        bob.add(carol)
        bob.endpoint.setLocal(
            [LocalAddress(bob.address.ip, prefixLength: 25)], ports: [.v4: bob.address.port], at: world.now)
        world.run(for: .seconds(2))
        #expect(canMeet(world, carol, bob))
    }

    @Test("a peer with 200 contacts is found by each of them")  // [SIG-25]
    func manyContacts() throws {
        let world = World(seed: 69)
        let bob = world.addPeer("192.0.2.2:4000")
        let callers = (0..<3).map { world.addPeer("192.0.2.\(100 + $0):4000") }
        for number in 0..<197 {
            if number % 66 == 65 { bob.add(callers[number / 66]) }
            try bob.endpoint.add(IdentitySecret.generate().publicKey, at: world.now)
        }
        bob.add(callers[2])
        bob.useService()
        for caller in callers {
            caller.add(bob)
            caller.useService()
        }
        world.run(for: .seconds(3))
        for caller in callers { #expect(canMeet(world, caller, bob)) }
    }

    @Test("days pass, tags change at the service's midnight, and peers still find each other")  // [SIG-18] [SIG-19]
    func midnight() {
        let world = World(seed: 70)
        let (alice, bob) = world.makePair()
        let day = Limits.dayLength * 1000
        for number in 1...4 {
            let midnight = (World.unixMilliseconds / day + UInt64(number)) * day
            // Twenty seconds before midnight, then the clock goes on through it.
            world.service.setWallClock(unixMilliseconds: midnight - 20_000, at: world.now)
            world.run(for: .seconds(60))
            world.service.setWallClock(unixMilliseconds: midnight + day / 2, at: world.now)
            world.run(for: .seconds(60))
            #expect(canMeet(world, alice, bob), "day \(number)")
            #expect(world.canTalk(alice, bob))
            for peer in [alice, bob] {
                peer.endpoint.disconnect(from: peer === alice ? bob.key : alice.key, at: world.now)
                peer.drain()
            }
            world.run(for: .seconds(5))
        }
    }

    @Test("two whose clients are on different sides of midnight find each other")  // [SIG-17] [SIG-18]
    func acrossMidnight() {
        let world = World(seed: 71)
        let day = Limits.dayLength * 1000
        world.service.setWallClock(
            unixMilliseconds: (World.unixMilliseconds / day + 1) * day - 3_500, at: world.now)
        let (alice, bob) = world.makePair()
        for _ in 0..<3 {
            #expect(canMeet(world, alice, bob))
            alice.endpoint.disconnect(from: bob.key, at: world.now)
            alice.drain()
            world.run(for: .milliseconds(500))
        }
    }

    @Test("why a service refuses is told")  // [SIG-14]
    func refusal() {
        let world = World(seed: 72)
        let sockets = [
            Topology.Socket(
                address: TransportAddress(World.serviceAddress, port: World.servicePorts[0]), portIndex: 0,
                isSecond: false)
        ]
        world.service = Service(
            secret: world.serviceSecret, access: .token([1, 2, 3]), topology: Topology(sockets: sockets),
            seed: [UInt8](repeating: 7, count: 72))
        let alice = world.addPeer("192.0.2.1:4000")
        alice.useService()
        world.run(for: .seconds(3))
        let reasons = downs(alice).compactMap { failure -> String? in
            if case .refused(let text) = failure { String(decoding: text, as: UTF8.self) } else { nil }
        }
        #expect(reasons.count == 1 && reasons.first?.contains("token") ?? false)
    }

    @Test("what a confirmation brings along is heard: a watched contact that is there already")
    func appearedAtOnce() throws {
        var entropy = Entropy(SeededRandom(seed: 1))
        let now = Instant(nanoseconds: 0)
        var (client, registration) = try challengedClient(at: now, &entropy)
        var writer = ByteWriter(capacity: 256)
        writer.reply(
            .registered(
                SignalingReply.Registered(
                    registration: 9, lifetime: 90, time: World.unixMilliseconds, observed: strangerAddress(2),
                    alternatePorts: [])))
        writer.reply(.appeared(tag: RendezvousTag(high: 3, low: 4)))
        let events = client.receive(registration.seal(writer.bytes).span, kind: .server, at: now, &entropy)
        #expect(events.count == 2)
        let appeared = events.compactMap { if case .appeared(let tag) = $0 { tag } else { nil } }
        #expect(appeared == [RendezvousTag(high: 3, low: 4)])
    }
}
