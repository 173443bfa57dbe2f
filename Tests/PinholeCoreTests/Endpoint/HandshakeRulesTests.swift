import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// What §2 of the protocol promises of single datagrams.
@Suite("the rules of the handshake")
struct HandshakeRulesTests {
    private static func challenges(_ frames: [Frame]) -> [UInt64] {
        frames.compactMap { if case .pathChallenge(let data) = $0 { data } else { nil } }
    }

    private static func responses(_ frames: [Frame]) -> [UInt64] {
        frames.compactMap { if case .pathResponse(let data) = $0 { data } else { nil } }
    }

    private static func hasAuth(_ frames: [Frame]) -> Bool {
        frames.contains { if case .auth = $0 { true } else { false } }
    }

    // [HS-39] [HS-40] [HS-41] [HS-69]
    @Test("a HELLO that comes again is answered again, until an HS came, and its address is not probed before")
    func repeatedHello() throws {
        let contact = try HandmadeContact(seed: 1)
        for _ in 0..<3 {
            contact.sendHello()
            let answers = contact.answers(until: .seconds(1))
            #expect(answers.map(\.kind) == [.hello, .handshake])
            #expect(answers.map(\.size) == [256, 256])
        }
        #expect(contact.connection?.pairings.count == 1)
        contact.send([])
        let probes = contact.answers(until: .seconds(1))
        #expect(probes.count >= 5 && probes.allSatisfy { $0.kind == .handshake })
        contact.sendHello()
        #expect(contact.answers().map(\.kind) == [.handshake])
    }

    // [HS-29]
    @Test("what has no place in HS ends its reading: what was before it counts, and no challenge is answered")
    func foreignFrames() throws {
        for (number, foreign) in ([.ping, .maxData(1), .close(errorCode: 0, reason: [])] as [Frame]).enumerated() {
            let contact = try HandmadeContact(seed: UInt64(10 + number))
            contact.sendHello()
            contact.send([.pathChallenge(1)])
            #expect(contact.answers().flatMap { Self.responses($0.frames) } == [1])
            contact.send([.pathChallenge(2), foreign, contact.auth])
            #expect(contact.answers().allSatisfy { Self.responses($0.frames).isEmpty })
            #expect(contact.connection?.session == nil, "an AUTH behind it is not read")
            contact.send([contact.auth, foreign])
            #expect(contact.connection?.session != nil, "an AUTH before it is")
        }
        let contact = try HandmadeContact(seed: 15)
        contact.sendHello()
        contact.send([.pathChallenge(2)], after: [0x3f, 0x3f])
        #expect(contact.answers().allSatisfy { Self.responses($0.frames).isEmpty })
    }

    @Test("of HS the frames that belong there are read, and nothing is acknowledged")  // [HS-28]
    func frames() throws {
        let contact = try HandmadeContact(seed: 2)
        contact.sendHello()
        _ = contact.answers()
        contact.send([.ack(AckFrame(ranges: [0...0], delay: 0)), .pathChallenge(7), contact.auth])
        let answers = contact.answers().flatMap(\.frames)
        #expect(Self.responses(answers) == [7])
        #expect(!answers.contains { if case .ack = $0 { true } else { false } })
        #expect(contact.connection?.session != nil)
    }

    @Test("parameters in an AUTH change nothing")  // [FRM-9]
    func parameters() throws {
        let contact = try HandmadeContact(seed: 23)
        contact.sendHello()
        let signature = try #require(contact.keys?.signature)
        contact.send([.auth(signature: signature, parameters: [1, 2, 3])])
        #expect(contact.connection?.session?.id == contact.keys?.sessionID)
    }

    @Test("an HS that comes again means nothing")  // [HS-27]
    func replayedHS() throws {
        let contact = try HandmadeContact(seed: 3)
        contact.sendHello()
        let datagram = contact.send([.pathChallenge(1)])
        _ = contact.answers()
        contact.bob.receive(datagram, from: contact.address)
        contact.bob.receive(datagram, from: strangerAddress(1))
        #expect(contact.answers().isEmpty)
    }

    @Test("HS carries AUTH in 256 bytes until the session is confirmed, and then has 64")  // [HS-30] [HS-31] [HS-33]
    func sizes() throws {
        let contact = try HandmadeContact(seed: 4)
        contact.sendHello()
        contact.send([contact.auth])
        let before = contact.answers(until: .milliseconds(300)).filter { $0.kind == .handshake }
        #expect(!before.isEmpty && before.allSatisfy { $0.size == 256 && Self.hasAuth($0.frames) })
        contact.send(before.flatMap { Self.challenges($0.frames) }.map { .pathResponse($0) })
        let keys = try #require(contact.keys)
        contact.bob.receive(
            keys.makeSessionKeys().seal([1] + [UInt8](repeating: 0, count: 63), packetNumber: 0), from: contact.address)
        #expect(contact.connection?.session?.isConfirmed ?? false)
        _ = contact.answers()
        // Where this comes from is validated, so that an answer asks nothing back.
        contact.send([.pathChallenge(9)])
        let after = contact.answers().filter { $0.kind == .handshake }
        #expect(after.map(\.size) == [64] && after.map { Self.responses($0.frames) } == [[9]])
        #expect(after.allSatisfy { !Self.hasAuth($0.frames) && Self.challenges($0.frames).isEmpty })
        // From elsewhere it does.
        contact.send([.pathChallenge(10)], from: strangerAddress(1))
        let elsewhere = try #require(contact.answers().first { $0.kind == .handshake })
        #expect(elsewhere.size == 64 && Self.challenges(elsewhere.frames).count == 1)
    }

    // [HS-32] [HS-33]
    @Test("the first two challenges of an HS are answered, with a challenge where the address is not validated")
    func challenges() throws {
        let contact = try HandmadeContact(seed: 5)
        contact.sendHello()
        _ = contact.answers()
        contact.send((1...5).map { .pathChallenge($0) })
        let answers = contact.answers().filter { !Self.responses($0.frames).isEmpty }
        #expect(answers.map { Self.responses($0.frames) } == [[1, 2]])
        #expect(answers.allSatisfy { Self.challenges($0.frames).count == 1 })
    }

    @Test("a session begins with a PING where the AUTH came from")  // [HS-36] [HS-37]
    func beginning() throws {
        let contact = try HandmadeContact(seed: 6)
        contact.sendHello()
        let keys = try #require(contact.keys)
        let elsewhere = TransportAddress("192.0.2.77:4001")!
        let session = keys.makeSessionKeys()
        contact.send([contact.auth], from: elsewhere)
        let packets = (contact.world.recording ?? []).filter { $0.kind == .data }
        #expect(!packets.isEmpty && packets.allSatisfy { $0.destination == elsewhere })
        #expect(packets.first.flatMap { session.open($0.bytes.span) }?.plaintext.first == 1)
    }

    // [HS-38]
    @Test("handshake keys go 2 s after the peer's AUTH where the session is confirmed, and after 15 s where it is not")
    func keyLife() throws {
        for isConfirmed in [true, false] {
            let contact = try HandmadeContact(seed: 7)
            contact.sendHello()
            contact.send([contact.auth])
            if isConfirmed {
                let keys = try #require(contact.keys)
                let ping = keys.makeSessionKeys().seal([1] + [UInt8](repeating: 0, count: 63), packetNumber: 0)
                contact.bob.receive(ping, from: contact.address)
            }
            let life: Duration = isConfirmed ? .seconds(2) : .seconds(15)
            contact.world.run(for: life - .milliseconds(10))
            #expect(contact.connection?.pairings.count == 1)
            contact.world.run(for: .milliseconds(20))
            #expect(contact.connection?.pairings.isEmpty ?? false)
        }
    }

    @Test("old HELLOs are answered with one cookie in 10 s, and the newest with none")  // [HS-46] [HS-47] [HS-49]
    func staleHellos() throws {
        let contact = try HandmadeContact(seed: 8)
        contact.sendHello()
        contact.send([contact.auth])
        contact.world.run(for: .seconds(20))
        _ = contact.answers()
        let old = HandshakeAttempt(
            pair: contact.pair, connectionID: ConnectionID(rawValue: 2), timestamp: World.unixMilliseconds,
            introID: .random())
        var cookies = 0
        for _ in 0..<100 {
            contact.sendHello(of: old, from: strangerAddress(1))
            cookies += contact.answers().filter { $0.kind == .cookie }.count
            contact.sendHello(from: strangerAddress(2))
            #expect(contact.answers(until: .milliseconds(200)).allSatisfy { $0.kind == .data })
        }
        #expect(cookies == 2)
    }

    @Test(  // [HS-4] [HS-9] [HS-52]
        "each attempt has an ephemeral key, a connection id and an introduction id of its own, and echoes who needs it")
    func attempts() throws {
        let contact = try HandmadeContact(seed: 9)
        var seen: Set<[UInt8]> = []
        for number in 0..<8 as Range<UInt64> {
            let attempt = HandshakeAttempt(
                pair: contact.pair, connectionID: ConnectionID(rawValue: number),
                timestamp: World.unixMilliseconds + 10_000 + number, introID: .random(), flags: HelloFlags.needsEcho)
            let first = contact.world.recording?.count ?? 0
            contact.bob.receive(attempt.hello(.direct(cookie: nil)), from: contact.address)
            let answers = (contact.world.recording ?? [])[first...].map(\.bytes)
            let answer = try #require(answers.lazy.compactMap { PeerHello.open($0.span, pair: contact.pair) }.first)
            #expect(answer.plaintext.introID == attempt.plaintext.introID)
            #expect(seen.insert(answer.plaintext.ephemeral).inserted)
            #expect(seen.insert(withUnsafeBytes(of: answer.connectionID.rawValue, Array.init)).inserted)
            contact.world.run(for: Limits.echoInterval)
        }
    }

    @Test("who asks for an echo again and again is answered once in 3 s, and then at once")  // [HS-52]
    func echoes() throws {
        let contact = try HandmadeContact(seed: 24)
        var answered: Set<UInt64> = []
        for number in 0..<70 as Range<UInt64> {
            let attempt = HandshakeAttempt(
                pair: contact.pair, connectionID: ConnectionID(rawValue: number),
                timestamp: World.unixMilliseconds + 10_000 + number, introID: .random(), flags: HelloFlags.needsEcho)
            contact.bob.receive(attempt.hello(.direct(cookie: nil)), from: contact.address)
            if contact.connection?.ownHello?.handshake.plaintext.introID == attempt.plaintext.introID {
                answered.insert(number)
            }
            contact.world.run(for: .milliseconds(100))
        }
        #expect(answered == [0, 30, 60])
    }

    @Test("a timestamp is beyond all that were sent before, whatever the clock says")  // [HS-6]
    func timestamps() throws {
        let world = World(seed: 19)
        let (alice, bob) = world.makeDirectPair()
        let pair = try PairKeys(own: bob.identity, peer: alice.key)
        alice.disk.state.ownTimestamp = World.unixMilliseconds + 1_000_000
        alice.restart(with: bob, direct: [bob.address], usesService: false)
        world.recording = []
        alice.connect(to: bob)
        let hello = try #require(world.recording?.first { $0.kind == .hello })
        #expect(PeerHello.open(hello.bytes.span, pair: pair)?.plaintext.timestamp == World.unixMilliseconds + 1_000_001)
    }

    @Test("direct HELLOs repeat after 100, 200, 400, 800, 1600 ms and then each 2 s, 25 % more or less")  // [HS-54]
    func helloTimes() {
        let world = World(seed: 20)
        let (alice, bob) = world.makeDirectPair()
        world.remove(bob)
        var times: [Instant] = []
        world.tap = { [unowned world, unowned alice] flight in
            if flight.kind == .hello, flight.source == alice.address { times.append(world.now) }
            return flight
        }
        alice.connect(to: bob)
        world.run(for: .seconds(9))
        let intervals = zip(times.dropFirst(), times).map { $0 - $1 }
        let expected: [Int] = [100, 200, 400, 800, 1600, 2000, 2000]
        #expect(intervals.count >= 6)
        for (interval, base) in zip(intervals, expected) {
            #expect((base * 3 / 4...base * 5 / 4).contains(Int(interval / .milliseconds(1))), "\(interval) for \(base)")
        }
        #expect(world.run(for: .seconds(1)) { !alice.failures.isEmpty }, "given up within 10 s")
    }

    @Test("CONNECT repeats after 500 ms, 1, 2 and then each 4 s, 25 % more or less, while no HS comes")  // [HS-55]
    func connectTimes() {
        let world = World(seed: 21)
        let (alice, bob) = world.makePair()
        var times: [Instant] = []
        world.tap = { [unowned world, unowned alice, unowned bob] flight in
            guard flight.isToService || flight.isFromService else { return nil }
            // A CLIENT that holds a blob is larger than any other.
            if flight.kind == .client, flight.source == alice.address, flight.bytes.count > 250 {
                times.append(world.now)
            }
            return flight.destination == bob.address ? nil : flight
        }
        alice.connect(to: bob)
        world.run(for: .milliseconds(9400))
        let intervals = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(intervals.count >= 3)
        for (interval, base) in zip(intervals, [500, 1000, 2000, 4000]) {
            #expect((base * 3 / 4...base * 5 / 4).contains(Int(interval / .milliseconds(1))), "\(interval) for \(base)")
        }
    }

    @Test("nothing but session packets is longer than 1200 bytes")  // [HS-2]
    func lengths() throws {
        let world = World(seed: 22)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        for _ in 0..<150 {
            try alice.endpoint.add(
                IdentitySecret.generate().publicKey, psk: nil, directAddresses: [], state: ContactState(), at: world.now
            )
        }
        alice.useLocalNetwork()
        world.recording = []
        alice.connect(to: bob)
        alice.sendFile(1, name: "a", [UInt8](repeating: 7, count: 1 << 20), to: bob)
        #expect(world.run(for: .seconds(60)) { alice.sentFiles == [1] })
        let flights = world.recording ?? []
        #expect(flights.contains { $0.kind == .data && $0.bytes.count > 1200 })
        #expect(flights.contains { $0.kind == .client && $0.bytes.count > 800 })
        #expect(flights.allSatisfy { $0.kind == .data || $0.bytes.count <= 1200 })
    }
}
