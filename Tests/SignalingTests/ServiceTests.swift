import PinholeCrypto
import PinholeWire
import Testing

@testable import Signaling

@Suite("Service")
struct ServiceTests {
    private let alice: TransportAddress = "198.51.100.1:4000"
    private let aliceSix: TransportAddress = "[2001:db8:a::1]:4000"
    private let bob: TransportAddress = "192.0.2.2:5000"

    @Test("a client is challenged, registers, and is told what the service sees")
    func registration() throws {
        var world = World()
        var client = TestClient(service: world.key, source: alice)
        let zero = [UInt8](repeating: 0, count: 16)
        let first = world.deliver(client.keys.register(RegisterBody(cookie: zero, token: [], tags: [])), from: alice)
        let datagram = try #require(first.first).datagram
        let opened = client.keys.openChallenge(datagram.span)
        let challenge = try #require(opened)
        #expect(challenge.observed == alice)
        #expect(challenge.time == 1_700_000_000_000)
        #expect(world.service.registry.count == 0)

        world.advance(.milliseconds(1500))
        let (sent, _) = try client.register(in: &world, tags: [entry(1, .lo)])
        #expect(sent.count == 1)
        #expect(world.service.registry.count == 1)
        let answer = client.say(.refresh, in: &world)
        #expect(
            client.replies(in: answer) == [
                .registered(
                    SignalingReply.Registered(
                        registration: client.registration, lifetime: 90, time: 1_700_000_001_500, observed: alice,
                        alternatePorts: [41415, 41416, 41417]))
            ])
    }

    @Test("both sides of a tag are told of each other at once, and the answer's blob follows")  // [SIG-29] [SIG-30]
    func introduction() throws {
        var world = World()
        let caller = try world.registered(alice, tags: [entry(1, .lo)])
        let callee = try world.registered(bob, tags: [entry(1, .hi)])
        let sent = caller.say(.connect(tag: tag(1), side: .lo, blob: [1, 2, 3]), in: &world)
        #expect(sent.count == 2)
        #expect(callee.replies(in: sent) == [.peer(tag: tag(1), observed: [alice], blob: [1, 2, 3])])
        #expect(caller.replies(in: sent) == [.peer(tag: tag(1), observed: [bob], blob: [])])
        let answered = callee.say(.answer(tag: tag(1), side: .hi, blob: [4]), in: &world)
        #expect(answered.count == 1)
        #expect(caller.replies(in: answered) == [.peer(tag: tag(1), observed: [bob], blob: [4])])
    }

    @Test("a peer on both address families is told of, and is reached, on both")  // [SIG-29] [SIG-36]
    func dualStack() throws {
        var world = World()
        let four = try world.registered(alice, tags: [entry(1, .lo)])
        var six = TestClient(service: world.key, source: aliceSix)
        _ = try six.register(in: &world, tags: [entry(1, .lo)])
        let callee = try world.registered(bob, tags: [entry(1, .hi)])
        let sent = callee.say(.connect(tag: tag(1), side: .hi, blob: [7]), in: &world)
        #expect(callee.replies(in: sent) == [.peer(tag: tag(1), observed: [aliceSix, alice], blob: [])])
        #expect(four.replies(in: sent) == [.peer(tag: tag(1), observed: [bob], blob: [7])])
        #expect(six.replies(in: sent) == [.peer(tag: tag(1), observed: [bob], blob: [7])])
        let back = four.say(.connect(tag: tag(1), side: .lo, blob: [8]), in: &world)
        #expect(callee.replies(in: back) == [.peer(tag: tag(1), observed: [aliceSix, alice], blob: [8])])
    }

    @Test("one ephemeral key may register once on each address family")  // [SIG-1]
    func oneKeyBothFamilies() throws {
        var world = World()
        var client = TestClient(service: world.key, source: alice)
        _ = try client.register(in: &world, tags: [entry(1, .lo)])
        let four = client.registration
        client.source = aliceSix
        _ = try client.register(in: &world, tags: [entry(1, .lo)])
        #expect(client.registration != four)
        #expect(world.service.registry.count == 2)
        #expect(world.service.registry.holders(of: tag(1), side: .lo).count == 2)
    }

    @Test("nobody there is ABSENT, and an absent peer may be watched for")
    func absence() throws {
        var world = World()
        let caller = try world.registered(alice, tags: [entry(1, .lo, watch: true)])
        #expect(
            caller.replies(in: caller.say(.connect(tag: tag(1), side: .lo, blob: []), in: &world)) == [
                .absent(tag: tag(1))
            ])
        var callee = TestClient(service: world.key, source: bob)
        let (sent, _) = try callee.register(in: &world, tags: [entry(1, .hi)])
        #expect(caller.replies(in: sent) == [.appeared(tag: tag(1))])
    }

    @Test("who watches hears when the other side is gone, by its word or by its silence")  // [SIG-34]
    func vanishing() throws {
        var world = World()
        let watcher = try world.registered(alice, tags: [entry(1, .lo, watch: true)])
        let deaf = try world.registered(aliceSix, tags: [entry(2, .lo)])
        let callee = try world.registered(bob, tags: [entry(1, .hi), entry(2, .hi)])
        var sent = callee.say(.unregister, in: &world)
        #expect(watcher.replies(in: sent) == [.vanished(tag: tag(1))])
        #expect(deaf.replies(in: sent).isEmpty)
        let second = try world.registered(bob, tags: [entry(1, .hi)])
        world.advance(.seconds(60))
        _ = watcher.say(.refresh, in: &world)
        sent = world.advance(.seconds(31))
        #expect(watcher.replies(in: sent) == [.vanished(tag: tag(1))])
        #expect(second.replies(in: sent).isEmpty)
    }

    @Test("nobody is gone who has another registration, or has only changed its tags")  // [SIG-34]
    func staying() throws {
        var world = World()
        let watcher = try world.registered(alice, tags: [entry(1, .lo, watch: true)])
        let callee = try world.registered(bob, tags: [entry(1, .hi)])
        let six = try world.registered("[2001:db8::9]:4000", tags: [entry(1, .hi)])
        #expect(watcher.replies(in: six.say(.unregister, in: &world)).isEmpty, "IPv4 is left")
        // A client that starts again takes its own seat; the old registration then ends unheard.
        let again = try world.registered("192.0.2.7:9", tags: [entry(1, .hi)])
        #expect(watcher.replies(in: callee.say(.unregister, in: &world)).isEmpty)
        #expect(watcher.replies(in: again.say(.tags([], first: true), in: &world)).isEmpty)
    }

    @Test("who starts to watch for a peer that is there hears so with the confirmation")  // [SIG-33]
    func watchingThePresent() throws {
        var world = World()
        _ = try world.registered(bob, tags: [entry(1, .hi)])
        let caller = try world.registered(alice)
        let replies = caller.replies(in: caller.say(.tags([entry(1, .lo, watch: true)], first: true), in: &world))
        #expect(replies.count == 2)
        #expect(replies.last == .appeared(tag: tag(1)))
    }

    @Test("CONNECT seats the caller whose TAGS was lost, so that the answer finds it")  // [SIG-28]
    func connectWithoutTags() throws {
        var world = World()
        let caller = try world.registered(alice)
        let callee = try world.registered(bob, tags: [entry(1, .hi)])
        _ = caller.say(.connect(tag: tag(1), side: .lo, blob: [1]), in: &world)
        let answered = callee.say(.answer(tag: tag(1), side: .hi, blob: [2]), in: &world)
        #expect(caller.replies(in: answered) == [.peer(tag: tag(1), observed: [bob], blob: [2])])
    }

    @Test("a largest blob fits, with all addresses, in one datagram")  // [HS-15] [SIG-2]
    func largestBlob() throws {
        var world = World()
        _ = try world.registered(alice, tags: [entry(1, .lo)])
        let caller = try world.registered(aliceSix, tags: [entry(1, .lo)])
        let callee = try world.registered(bob, tags: [entry(1, .hi)])
        let blob = [UInt8](repeating: 5, count: Limits.maxBlob)
        let sent = caller.say(.connect(tag: tag(1), side: .lo, blob: blob), in: &world)
        #expect(callee.replies(in: sent) == [.peer(tag: tag(1), observed: [aliceSix, alice], blob: blob)])
        #expect(sent.allSatisfy { $0.datagram.count <= Limits.signalingDatagramSize })
    }

    @Test("a registration that is not refreshed ends, and its peer is told that nobody is there")  // [SIG-15]
    func expiry() throws {
        var world = World()
        let caller = try world.registered(alice, tags: [entry(1, .lo)])
        let callee = try world.registered(bob, tags: [entry(1, .hi)])
        world.advance(.seconds(60))
        _ = caller.say(.ping(1), in: &world)
        world.advance(.seconds(60))
        let sent = caller.say(.connect(tag: tag(1), side: .lo, blob: [1]), in: &world)
        #expect(caller.replies(in: sent) == [.absent(tag: tag(1))])
        #expect(callee.say(.refresh, in: &world).isEmpty)
    }

    @Test("UNREGISTER ends a registration at once, and neither it nor a replayed REGISTER comes back")  // [SIG-12]
    func unregistering() throws {
        var world = World()
        let client = TestClient(service: world.key, source: alice)
        let cookie = try client.cookie(in: &world)
        let register = client.keys.register(RegisterBody(cookie: cookie, token: [], tags: [entry(1, .lo)]))
        var registered = client
        for case .registered(let reply) in client.replies(in: world.deliver(register, from: alice)) {
            registered.registration = reply.registration
        }
        #expect(world.service.registry.count == 1)
        #expect(registered.say(.unregister, in: &world).isEmpty)
        #expect(world.service.registry.count == 0)
        #expect(registered.say(.refresh, in: &world).isEmpty)
        #expect(world.deliver(register, from: alice).isEmpty)
        #expect(world.service.registry.count == 0)
        #expect(world.service.registry.tagCount == 0)
    }

    @Test("a REGISTER whose answer was lost is answered again, and makes no second registration")  // [SIG-11]
    func lostAnswer() throws {
        var world = World()
        let client = TestClient(service: world.key, source: alice)
        let cookie = try client.cookie(in: &world)
        let register = client.keys.register(RegisterBody(cookie: cookie, token: [], tags: [entry(1, .lo)]))
        let first = client.replies(in: world.deliver(register, from: alice))
        world.advance(.milliseconds(500))
        let second = client.replies(in: world.deliver(register, from: alice))
        guard case .registered(let one)? = first.first, case .registered(let two)? = second.first else {
            Issue.record("the service did not confirm twice")
            return
        }
        #expect(one.registration == two.registration)
        #expect(world.service.registry.count == 1)
    }

    @Test("a client whose registration was forgotten registers again under the same key, with a new number")  // [SIG-4]
    func registeringAgain() throws {
        var world = World()
        var client = try world.registered(alice, tags: [entry(1, .lo)])
        let old = client.registration
        world.advance(.seconds(91))
        #expect(world.service.registry.count == 0)
        _ = try client.register(in: &world, tags: [entry(1, .lo)])
        #expect(client.registration != old)
        #expect(client.replies(in: client.say(.ping(3), in: &world)) == [.pong(3)])
    }

    @Test("a cookie is good for one source, one key and half a minute")  // [SIG-9]
    func cookies() throws {
        var world = World()
        let client = TestClient(service: world.key, source: alice)
        let cookie = try client.cookie(in: &world)
        let body = RegisterBody(cookie: cookie, token: [], tags: [])
        func isChallenged(_ sent: [Sent], _ keys: SignalingClientKeys) -> Bool {
            let datagram = sent.first?.datagram ?? []
            return sent.count == 1 && keys.openChallenge(datagram.span) != nil
        }
        #expect(isChallenged(world.deliver(client.keys.register(body), from: "198.51.100.1:4001"), client.keys))
        #expect(isChallenged(world.deliver(client.keys.register(body), from: "198.51.100.2:4000"), client.keys))
        let other = SignalingClientKeys(service: world.key)
        #expect(isChallenged(world.deliver(other.register(body), from: alice), other))
        world.advance(.seconds(30))
        #expect(isChallenged(world.deliver(client.keys.register(body), from: alice), client.keys))
        #expect(world.service.registry.count == 0)
    }

    @Test("a client is followed to its new address, but a replayed or late datagram moves nobody")  // [SIG-40]
    func following() throws {
        var world = World()
        var client = try world.registered(alice, tags: [entry(1, .lo)])
        let late = client.datagram([.ping(1)])
        let refresh = client.datagram([.refresh])
        client.source = "198.51.100.77:9"
        let sent = world.deliver(refresh, from: client.source)
        #expect(sent.map(\.destination) == [client.source])
        // The late one is authentic, and answered where the client is now; the replay is not.
        #expect(world.deliver(late, from: alice).map(\.destination) == [client.source])
        #expect(world.deliver(refresh, from: alice).isEmpty)
        let caller = try world.registered(bob, tags: [entry(1, .hi)])
        let found = caller.replies(in: caller.say(.connect(tag: tag(1), side: .hi, blob: []), in: &world))
        #expect(found == [.peer(tag: tag(1), observed: [client.source], blob: [])])
    }

    @Test("an answer leaves from the port that the client spoke to")  // [SIG-41]
    func answersFromTheSamePort() throws {
        var world = World()
        let client = try world.registered(alice)
        let endpoint = LocalEndpoint(socket: 2, address: 1)
        _ = world.service.topology.intern("203.0.113.1")
        #expect(world.deliver(client.datagram([.ping(1)]), from: alice, at: endpoint).map(\.endpoint) == [endpoint])
    }

    @Test("without the token a client is told so, with it it registers")  // [SIG-10]
    func accessToken() throws {
        var world = World(access: .token(Array("sesame".utf8)))
        var client = TestClient(service: world.key, source: alice)
        let refused = try client.register(in: &world, token: Array("guess".utf8)).replies
        #expect(world.service.registry.count == 0)
        guard case .notice(let text)? = refused.first else {
            Issue.record("the service said nothing")
            return
        }
        #expect(String(decoding: text, as: UTF8.self).contains("access token"))
        _ = try client.register(in: &world, token: Array("sesame".utf8))
        #expect(world.service.registry.count == 1)
    }

    @Test("a full service says so")  // [SIG-14]
    func full() throws {
        var capacity = Registry.Capacity()
        capacity.registrations = 1
        var world = World(capacity: capacity)
        _ = try world.registered(alice)
        var client = TestClient(service: world.key, source: bob)
        let refused = try client.register(in: &world).replies
        #expect(refused == [.notice(Array(Notice.full.rawValue.utf8))])
    }

    @Test("a draining service tells its clients")  // [SIG-37]
    func draining() throws {
        var world = World()
        let client = try world.registered(alice)
        var outbox = Outbox()
        let slot = try #require(world.service.registry.newestSlot)
        world.service.drain(slot, into: &outbox)
        #expect(client.replies(in: outbox.bytes) == [.draining])
    }

    @Test("a source that registers too often with valid cookies is not answered, and others are")  // [SIG-43]
    func limits() throws {
        var rates = Service.Rates()
        rates.registersPerSource = RateLimiter.Rate(perSecond: 1, burst: 3)
        var world = World(rates: rates)
        let client = TestClient(service: world.key, source: alice)
        let body = RegisterBody(cookie: try client.cookie(in: &world), token: [], tags: [])
        let answered = (0..<10).count { _ in !world.deliver(client.keys.register(body), from: alice).isEmpty }
        #expect(answered == 3)
        #expect(world.service.statistics.limited == 7)
        _ = try world.registered(bob)
        world.advance(.seconds(1))
        #expect(!world.deliver(client.keys.register(body), from: alice).isEmpty)
        #expect(world.deliver(client.keys.register(body), from: alice).isEmpty)
    }

    @Test("all sources together are limited where their cookies are valid")  // [SIG-43]
    func totalLimit() throws {
        var rates = Service.Rates()
        rates.registers = RateLimiter.Rate(perSecond: 1, burst: 3)
        var world = World(rates: rates)
        let answered = try (1...10).count { number in
            var client = TestClient(service: world.key, source: TransportAddress(alice.ip, port: UInt16(number)))
            return try !client.register(in: &world).sent.isEmpty
        }
        #expect(answered == 3)
    }

    @Test(
        "a flood of REGISTERs under spoofed sources keeps no client out, whether it claims many sources or the client's",
        arguments: [true, false])
    func spoofedFlood(claimsTheClients: Bool) throws {
        var rates = Service.Rates()
        rates.challenges = RateLimiter.Rate(perSecond: 1000, burst: 1000)
        rates.registers = RateLimiter.Rate(perSecond: 10, burst: 10)
        rates.registersPerSource = RateLimiter.Rate(perSecond: 2, burst: 2)
        var world = World(rates: rates)
        let flood = SignalingClientKeys(service: world.key)
        let datagram = flood.register(RegisterBody(cookie: [UInt8](repeating: 7, count: 16), token: [], tags: []))
        // 500 a second, 50 times what may register, for four seconds; a client comes every half a second.
        for round in 0..<8 {
            for number in 0..<250 {
                let ip = claimsTheClients ? alice.ip : IPAddress(v4: 0x0a00_0000 + UInt32(round * 250 + number))
                _ = world.deliver(datagram, from: TransportAddress(ip, port: 99))
                world.advance(.milliseconds(2))
            }
            _ = try world.registered(TransportAddress(alice.ip, port: 4000 + UInt16(round)))
        }
        #expect(world.service.registry.count == 8)
        #expect(world.service.statistics.limited == 0)
    }

    @Test("no more challenges are made than their budget has, and none is owed to a source")
    func challengeBudget() throws {
        var rates = Service.Rates()
        rates.challenges = RateLimiter.Rate(perSecond: 10, burst: 20)
        var world = World(rates: rates)
        let zero = RegisterBody(cookie: [UInt8](repeating: 0, count: 16), token: [], tags: [])
        let datagram = SignalingClientKeys(service: world.key).register(zero)
        #expect((0..<50).count { _ in !world.deliver(datagram, from: alice).isEmpty } == 20)
        #expect(world.deliver(datagram, from: bob).isEmpty)
        world.advance(.seconds(1))
        #expect((0..<50).count { _ in !world.deliver(datagram, from: bob).isEmpty } == 10)
    }
}
