import PinholeWire

@testable import PinholeCore
@testable import PinholeCrypto
@testable import Signaling

extension FuzzTarget {
    /// What keeps state: the input is a list of things that happen, in virtual time.
    static let state: [FuzzTarget] = [
        intervals, reassembly, transport, session, handshake, strangers, signalingClient, service, records, journal,
    ]

    /// Below 2^62, near 0, or near another number that matters.
    private static func number(_ choices: inout Choices, near other: UInt64 = 0) -> UInt64 {
        let kind = choices.byte()
        let number: UInt64 =
            switch kind & 3 {
            case 0: UInt64(choices.byte())
            case 1: UInt64(choices.word()) << UInt64(kind >> 2)
            case 2: other &+ UInt64(choices.byte()) &- 128
            default: (1 << 62) - 1 - UInt64(choices.byte())
            }
        return number & (1 << 62 - 1)
    }

    // MARK: Parts of the transport

    /// What acknowledgements, packet numbers and reassembly are kept in, against a set of single numbers.
    private static let intervals = FuzzTarget(
        name: "intervals", maxLength: 256,
        samples: { [[0, 10, 5, 0, 15, 5, 1, 12, 4, 0, 40, 1, 2, 9, 0], [0, 1, 1, 0, 3, 1, 0, 2, 1]] }
    ) { bytes in
        var choices = Choices(bytes)
        var set = IntervalSet()
        var model: Set<UInt64> = []
        while !choices.isAtEnd {
            let kind = choices.byte()
            let lower = UInt64(choices.byte())
            let range = lower..<lower + UInt64(choices.byte() & 31)
            switch kind % 3 {
            case 0:
                set.insert(range)
                model.formUnion(range)
            case 1:
                set.remove(range)
                model.subtract(range)
            default:
                must(set.contains(lower) == model.contains(lower), "\(lower) in \(set.ranges)")
                var missing = lower
                while model.contains(missing) { missing += 1 }
                must(set.firstMissing(from: lower) == missing, "the first without \(lower) in \(set.ranges)")
                must(
                    set.overlapping(range).allSatisfy { !range.isEmpty ? $0.overlaps(range) : true },
                    "what overlaps \(range) in \(set.ranges)")
            }
            must(set.ranges.reduce(0) { $0 + $1.count } == model.count, "\(set.ranges) for \(model.count) numbers")
            must(
                zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
                    && set.ranges.allSatisfy { !$0.isEmpty }, "ranges in disorder: \(set.ranges)")
        }
    }

    /// A stream whose pieces come in any order, twice, and overlapping: what is read is what was written.
    private static let reassembly = FuzzTarget(
        name: "reassembly", maxLength: 512,
        samples: {
            [
                [0, 0, 0, 0, 9, 0, 0, 20, 0, 9, 0, 0, 5, 0, 30, 1, 50, 0, 0, 40, 1, 0],
                [0, 40, 0, 0, 90, 0, 0, 0, 0, 255, 3, 2, 0, 10, 0, 4, 1, 9],
            ]
        }
    ) { bytes in
        func content(_ offset: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: offset &* 0x9e37_79b9 >> 8) }
        var choices = Choices(bytes)
        let credit: UInt64 = 300_000
        var stream = ReceiveStream(window: ReceiveWindow(limit: credit, window: credit))
        var arrived: Set<UInt64> = []
        var (read, highest) = (UInt64(0), UInt64(0))
        var isOver = false
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0...4:
                let offset = UInt64(choices.word()) << UInt64(kind >> 6)
                let length = kind & 0x20 == 0 ? Int(choices.byte()) : choices.word() & 0x3fff
                let data = (0..<length).map { content(offset + UInt64($0)) }
                let end = offset + UInt64(length)
                do {
                    let growth = try stream.receive(
                        BorrowedStreamFrame(id: 16, offset: offset, data: data.span, fin: kind & 0x10 != 0))
                    must(growth == (end > highest ? end - highest : 0), "growth of \(growth)")
                } catch {
                    return
                }
                highest = max(highest, end)
                must(highest <= credit + read, "\(highest) bytes for a credit of \(credit) after \(read)")
                if length < 256 { arrived.formUnion(offset..<end) } else { arrived.removeAll() }
            case 5:
                let bytes = stream.read(upTo: choices.word())
                for byte in bytes {
                    must(byte == content(read), "another byte at \(read)")
                    read += 1
                }
            case 6:
                guard kind & 0x80 != 0 else { continue }
                isOver = stream.stop(errorCode: 1) || isOver
                must(stream.readable == 0, "something to read of what was stopped")
            default:
                guard kind & 0x80 != 0, (try? stream.reset(finalSize: UInt64(choices.word()))) != nil else { continue }
                highest = max(highest, stream.window.received)
            }
            must(stream.readOffset + UInt64(stream.readable) <= max(highest, read), "bytes that did not arrive")
            must(stream.allocatedBeyondGaps <= 2 * Int(credit) + 1 << 17, "\(stream.allocatedBeyondGaps) beyond gaps")
        }
    }

    /// One side of a session without the keys: frames, numbers, losses, timers and an application that reads and writes.
    private static let transport = FuzzTarget(
        name: "transport", maxLength: 2048,
        samples: {
            let frames: [Frame] = [
                .stream(StreamFrame(id: 16, offset: 0, data: [1, 2, 3], fin: false)),
                .stream(StreamFrame(id: 17, offset: 5, data: [1], fin: true)), .maxStreamData(id: 16, limit: 1 << 30),
                .ack(AckFrame(ranges: [0...3], delay: 10)), .resetStream(id: 17, errorCode: 1, finalSize: 6),
                .stopSending(id: 16, errorCode: 2), .maxData(1 << 40),
                .ackFrequency(AckFrequency(sequence: 1, threshold: 4, maxDelay: 9000, reorderingThreshold: 3)),
            ]
            let spoken = Choices.list(frames.flatMap(encoded))
            return [
                [2, 16, 40, 0, 3, 3, 0, 20, 0] + spoken + [3, 5, 16, 7, 0, 3, 0] + spoken,
                [2, 18, 200, 255, 3, 1, 0, 10, 1, 2, 0, 3, 4, 200, 3, 4, 255, 3, 0] + spoken,
            ]
        }
    ) { bytes in
        var choices = Choices(bytes)
        var now = FuzzPeer.start
        var transport = Transport(at: now)
        var largest: UInt64 = 0
        var received: UInt64 = 0
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0:
                var reader = ByteReader(choices.list().span)
                while !reader.isAtEnd {
                    switch reader.nextFrame {
                    case .stream: guard (try? transport.receiveStream(&reader)) != nil else { return }
                    case .ack: guard (try? transport.receiveAck(&reader, at: now)) != nil else { return }
                    case .other:
                        guard let frame = try? reader.frame(), (try? transport.receive(frame, at: now)) != nil
                        else { return }
                    }
                }
                received += 1 + UInt64(kind >> 6)
                transport.didReceive(packet: received, isAckEliciting: kind & 8 == 0, at: now)
            case 1:
                // An acknowledgement of some of what was sent.
                let upper = min(largest, number(&choices, near: largest))
                let lower = upper - min(upper, UInt64(choices.byte()))
                var ranges = [lower...upper]
                if lower > 3 { ranges.append(0...min(lower - 2, UInt64(choices.byte()))) }
                let ack = AckFrame(ranges: ranges, delay: UInt64(choices.word()))
                guard (try? transport.receive(.ack(ack), at: now)) != nil else { return }
            case 2:
                let id = 16 + UInt64(choices.byte() & 7)
                transport.write(.init(repeating: 7, count: choices.word()), to: id, fin: kind & 0x80 != 0)
            case 3:
                for _ in 0..<8 {
                    var writer = ByteWriter()
                    guard let packet = transport.nextPacket(to: &writer, upTo: Limits.maxDatagramSize, at: now)
                    else { break }
                    must(writer.count <= Limits.maxDatagramSize, "a packet of \(writer.count) bytes")
                    must(packet.number >= largest, "a number that was given before")
                    largest = packet.number
                    var reader = ByteReader(writer.bytes.span)
                    while !reader.isAtEnd { must((try? reader.frame()) != nil, "a packet of what is no frame") }
                }
            case 4:
                now += .microseconds(Int64(choices.word()) * Int64(1 + kind >> 5))
                if let due = transport.nextTimeout, due <= now { transport.handleTimeout(at: now) }
            case 5: _ = transport.read(16 + UInt64(choices.byte() & 7), upTo: choices.word())
            case 6:
                let id = 16 + UInt64(choices.byte() & 7)
                if kind & 8 == 0 { transport.reset(id, errorCode: 1) } else { transport.stopSending(id, errorCode: 1) }
            default: while transport.nextEvent() != nil {}
            }
            must(transport.bytesInFlight >= 0, "\(transport.bytesInFlight) bytes in flight")
            must(transport.receiveStreams.count <= Limits.maxHeldStreams, "streams pile up")
            must(transport.space.received.count <= Limits.maxAckRanges, "numbers pile up")
        }
    }

    // MARK: Frames under keys

    /// A contact says anything under the keys of a session.
    private static let session = FuzzTarget(
        name: "session", maxLength: 4096,
        samples: {
            func stream(_ id: UInt64, _ offset: UInt64, _ record: [UInt8]) -> Frame {
                .stream(StreamFrame(id: id, offset: offset, data: RecordReader.framed(record), fin: false))
            }
            let message = ChatMessage(id: MessageID(epoch: 1, counter: 1), time: 2, body: Array("hello".utf8))
            let offer = FileOffer(
                transfer: 3, salt: [UInt8](repeating: 1, count: 32), entries: 1, manifestSize: 20, contentSize: 100,
                totalSize: 80, name: "a.txt")
            let frames: [[Frame]] = [
                [stream(StreamID.chat, 0, message.encoded), .ping],
                [stream(0, 0, FileRecord.offer(offer).encoded)],
                [
                    stream(0, 0, FileRecord.offer(offer).encoded),
                    stream(0, 85, FileRecord.begin(transfer: 3, stream: 16, group: 0).encoded),
                    .stream(StreamFrame(id: 16, offset: 0, data: [UInt8](repeating: 1, count: 140), fin: true)),
                ],
                [stream(2, 0, Receipt(kind: .delivered, id: MessageID(epoch: 7, counter: 1)).encoded)],
                [stream(3, 0, Sign.typing(true).encoded), .pathChallenge(7), .observedAddress(FuzzPeer.stranger)],
                [.candidates([Candidate(.host, FuzzPeer.stranger)]), .ack(AckFrame(ranges: [0...1], delay: 1))],
                [
                    .stream(
                        StreamFrame(id: StreamID.firstByteStream, offset: 0, data: [4, 1, 97, 98, 99, 7], fin: false))
                ],
                [.rekey(epoch: 1, key: X25519.publicKey(of: [UInt8](96..<128).span))],
                [.close(errorCode: 0, reason: [])],
            ]
            let spoken = frames.map { [0] + Choices.list($0.flatMap(encoded)) }
            return spoken + [
                spoken.dropLast().flatMap { $0 + [1, 40, 2, 3] }, [4, 0, 5, 0, 6, 0, 1, 200] + spoken[2],
            ]
        }
    ) { bytes in
        let bob = FuzzPeer()
        guard let alice = FuzzSession(with: bob) else { fatalError("broken: no session with whom is authentic") }
        must(bob.connection?.session?.isConfirmed == true, "a session that is not confirmed")
        let key = FuzzTarget.alice.publicKey
        var choices = Choices(bytes)
        var answers: [UInt64] = []
        var messages: UInt64 = 0
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0: alice.say(choices.list(), to: bob)
            case 1: bob.pass(.milliseconds(Int(choices.byte())) * (kind & 8 == 0 ? 1 : 100))
            case 2: answers += alice.listen(to: bob)
            case 3:
                guard let last = answers.max() else { continue }
                let upper = last - min(last, UInt64(kind >> 3))
                alice.say(encoded(.ack(AckFrame(ranges: [0...upper], delay: 0))), to: bob)
            case 4:
                messages += 1
                let body = [UInt8](repeating: 97, count: Int(kind >> 3) * 100)
                bob.endpoint.send(
                    ChatMessage(id: MessageID(epoch: 7, counter: messages), time: 0, body: body), to: key, at: bob.now)
                bob.drain()
            case 5:
                let offer = FileOffer(
                    transfer: UInt64(kind >> 3), salt: [UInt8](repeating: 2, count: 32), entries: 1, manifestSize: 20,
                    contentSize: 5000, totalSize: 4980, name: "b")
                bob.endpoint.offer(offer, to: key, at: bob.now)
                bob.drain()
            case 6: alice.say(choices.list(), to: bob, from: FuzzPeer.stranger)
            default:
                bob.endpoint.ping(key, at: bob.now)
                bob.drain()
            }
            bob.mustBeBounded()
        }
        _ = alice.listen(to: bob)
    }

    /// HELLOs with any plaintext, and HS packets with any frames, by a contact who is calling, or is called.
    private static let handshake = FuzzTarget(
        name: "handshake", maxLength: 1024,
        samples: {
            let hello = HelloPlaintext(
                ephemeral: X25519.publicKey(of: [UInt8](96..<128).span), timestamp: FuzzPeer.unixMilliseconds + 1,
                versions: 1...1, flags: 0, capabilities: 0, introID: IntroID(Array(1...16))
            ).encoded.prefix(68)
            let auth = encoded(.auth(signature: [UInt8](repeating: 1, count: 64), parameters: []))
            return [
                [0] + hello + [1] + Choices.list(auth),
                [3, 1, 0] + hello + [8, 2, 200, 1] + Choices.list([0x1a] + Array(1...8)),
                [4] + Choices.list([0x1a] + Array(1...8)) + [2, 9],
            ]
        }
    ) { bytes in
        let bob = FuzzPeer()
        var choices = Choices(bytes)
        var hello: HelloPlaintext?
        let attempt = HandshakeAttempt(
            pair: FuzzPeer.pair, connectionID: ConnectionID(rawValue: 7), timestamp: FuzzPeer.unixMilliseconds + 1,
            introID: IntroID(Array(1...16)), ephemeral: Array(96..<128))
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0:
                let content = choices.bytes(68)
                hello = try? HelloPlaintext(padded(content, to: Limits.helloPlaintextSize).span)
                bob.receive(sealedHello(padded(content, to: Limits.helloPlaintextSize)), from: FuzzPeer.aliceAddress)
            case 1:
                bob.receive(attempt.hello(.direct(cookie: nil)), from: FuzzPeer.aliceAddress)
                let frames = choices.list()
                let peer = bob.take().lazy.compactMap { PeerHello.open($0.bytes.span, pair: FuzzPeer.pair) }.first
                guard let peer, let keys = HandshakeKeys(pair: FuzzPeer.pair, attempt: attempt, peer: peer)
                else { continue }
                let isSigned = kind & 8 != 0
                let auth = isSigned ? encoded(.auth(signature: keys.signature, parameters: choices.bytes(9))) : []
                bob.receive(keys.seal(frames + auth, size: Limits.handshakeSize), from: FuzzPeer.aliceAddress)
                let hasSession = bob.connection?.session != nil
                must(isSigned || !frames.isEmpty || !hasSession, "a session with whom did not sign")
            case 2: bob.pass(.milliseconds(Int(choices.byte())) * (kind & 8 == 0 ? 1 : 100))
            case 3:
                bob.endpoint.connect(to: FuzzTarget.alice.publicKey, at: bob.now)
                bob.drain()
            default: bob.receive(choices.list(), from: kind & 8 == 0 ? FuzzPeer.aliceAddress : FuzzPeer.stranger)
            }
            bob.mustBeBounded()
        }
        _ = hello
    }

    static func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: max(0, count - bytes.count))
    }

    /// A HELLO of Alice's with any plaintext.
    private static func sealedHello(_ plaintext: [UInt8]) -> [UInt8] {
        let salt = [UInt8](repeating: 9, count: HelloEnvelope.saltSize)
        var header = ByteWriter()
        header.u8(DatagramKind.helloByte)
        header.u8(Limits.version)
        header.u64(7)
        header.append(salt)
        let key = HelloEnvelope.key("hello", of: FuzzPeer.pair.role, pair: FuzzPeer.pair, salt: salt)
        var datagram = AEAD.seal(plaintext.span, after: header.bytes, nonce: .zero, key: key.bytes)
        let gate = HelloEnvelope.publicKeyHash("pinhole/1 gate", FuzzPeer.pair.peerKey)
        datagram += Blake2b.mac(datagram.span, key: gate.span)
        return datagram + [UInt8](repeating: 0, count: HelloEnvelope.macSize)
    }

    // MARK: Datagrams

    /// Whoever has no key says anything: he is not answered, but for cookies, and nothing is kept of him.
    private static let strangers = FuzzTarget(
        name: "strangers", maxLength: 2048,
        samples: {
            let beacon = Beacon(nonce: .init(repeating: 9, count: 16), entries: [7, 8]).encoded
            let hello = HandshakeAttempt(
                pair: FuzzPeer.pair, connectionID: ConnectionID(rawValue: 7), timestamp: 1,
                introID: IntroID(Array(1...16)), ephemeral: Array(96..<128)
            ).hello(.direct(cookie: nil), salt: [UInt8](repeating: 9, count: HelloEnvelope.saltSize))
            let stun = STUNMessage(.success, transactionID: STUNMessage.TransactionID(high: 1, low: 2)).encoded
            let data = [0x40] + [UInt8](repeating: 1, count: 60)
            return [[beacon, hello, stun, data].flatMap { [0] + Choices.list($0) }]
        }
    ) { bytes in
        let bob = FuzzPeer()
        var choices = Choices(bytes)
        while !choices.isAtEnd {
            let kind = choices.byte()
            if kind & 7 == 1 { bob.pass(.milliseconds(Int(choices.byte()) * 10)) }
            let datagram = choices.list()
            _ = bob.take()
            bob.receive(datagram, from: kind & 8 == 0 ? FuzzPeer.stranger : TransportAddress("[2001:db8::7]:9")!)
            let answers = bob.take()
            // Alice's own HELLO is among the samples: it is answered, in bounds.
            let limit = datagram.count == Limits.helloSize ? 3 * datagram.count : 0
            must(answers.reduce(0) { $0 + $1.bytes.count } <= limit, "a stranger is answered")
            bob.mustBeBounded()
        }
        must(bob.connection?.session == nil, "a session with a stranger")
    }

    // MARK: Signaling

    /// A service, or whoever has its key, says anything; contacts introduce themselves by it with any blob.
    private static let signalingClient = FuzzTarget(
        name: "signaling-client", maxLength: 2048,
        samples: {
            let address = FuzzPeer.stranger
            var registered = SignalingReply.Registered(
                registration: 1, lifetime: 90, time: FuzzPeer.unixMilliseconds, observed: address,
                alternatePorts: [41415, 41416])
            registered.secondAddress = TransportAddress("203.0.113.9:41414")
            let tag = FuzzPeer.pair.tag(day: FuzzPeer.unixMilliseconds / 1000 / Limits.dayLength)
            let replies: [SignalingReply] = [
                .registered(registered), .peer(tag: tag, observed: [address], blob: [1, 2]), .absent(tag: tag),
                .appeared(tag: tag), .vanished(tag: tag), .notice(Array("x".utf8)), .pong(0),
            ]
            let behavior = NATBehavior(mapping: .addressAndPortDependent, filtering: .addressDependent)
            let introduction = Introduction(
                behavior: behavior, candidates: [Candidate(.host, address)],
                allocation: PortAllocation(kind: .sequential, delta: 1, low: 1, high: .max, last: 5), round: 1)
            return [
                replies.flatMap { [0] + Choices.list(encoded($0)) },
                [1] + Choices.list(introduction.encoded) + [2, 50],
                [3, 1] + Choices.list(introduction.encoded) + [2, 100, 10, 100], [0] + Choices.list(encoded(.draining)),
            ]
        }
    ) { bytes in
        let bob = FuzzPeer()
        let secret = sure { try ServiceSecret(raw: Array(1...32)) }
        let address = TransportAddress("203.0.113.1:41414")!
        bob.endpoint.setServices(
            [RendezvousService(id: 0, key: secret.publicKey, addresses: [address])], at: bob.now)
        bob.drain()
        func register() -> (keys: RegisterKeys, body: RegisterBody)? {
            bob.take().lazy.compactMap { SignalingServerKeys.open(register: $0.bytes.span, secret: secret) }.first
        }
        bob.pass(.milliseconds(1))
        guard let first = register() else { fatalError("broken: Bob does not register") }
        let challenge = ChallengeBody(
            cookie: [UInt8](repeating: 1, count: 16), time: FuzzPeer.unixMilliseconds, observed: FuzzPeer.stranger)
        bob.receive(first.keys.challenge(challenge), from: address)
        guard let second = register() else { fatalError("broken: Bob does not answer a challenge") }
        must(second.body.cookie == challenge.cookie, "another cookie")
        var server = second.keys.accept(registration: 1)
        let registered = SignalingReply.Registered(
            registration: 1, lifetime: 90, time: FuzzPeer.unixMilliseconds, observed: FuzzPeer.stranger,
            alternatePorts: [41415, 41416, 41417])
        bob.receive(server.seal(encoded(.registered(registered))), from: address)
        must(bob.endpoint.clients.contains { $0.isRegistered }, "Bob is not registered")

        let attempt = HandshakeAttempt(
            pair: FuzzPeer.pair, connectionID: ConnectionID(rawValue: 7), timestamp: FuzzPeer.unixMilliseconds + 1,
            introID: IntroID(Array(1...16)), ephemeral: Array(96..<128))
        let tag = FuzzPeer.pair.tag(day: FuzzPeer.unixMilliseconds / 1000 / Limits.dayLength)
        var choices = Choices(bytes)
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0: bob.receive(server.seal(choices.list()), from: address)
            case 1:
                let blob = attempt.blob(choices.list(), salt: [UInt8](repeating: kind, count: HelloEnvelope.saltSize))
                guard blob.count <= Limits.maxBlob else { continue }
                let reply = SignalingReply.peer(tag: tag, observed: [FuzzPeer.aliceAddress], blob: blob)
                bob.receive(server.seal(encoded(reply)), from: address)
            case 2: bob.pass(.milliseconds(Int(choices.byte())) * (kind & 8 == 0 ? 1 : 100))
            case 3:
                bob.endpoint.connect(to: FuzzTarget.alice.publicKey, at: bob.now)
                bob.drain()
            case 4: bob.receive(choices.list(), from: address)
            default:
                // An answer to one of his questions, from where he asked.
                var sent = bob.take()
                sent.removeAll { DatagramKind($0.bytes.span) != .stun }
                guard let question = sent.randomElement(by: kind), var answer = try? STUNMessage(question.bytes.span)
                else { continue }
                answer.messageClass = kind & 0x40 == 0 ? .success : .error(code: 420)
                answer.mappedAddress = TransportAddress(
                    IPAddress(v4: 0xc633_6400 + UInt32(choices.byte())), port: UInt16(choices.word()))
                bob.receive(answer.encoded, from: question.to)
            }
            bob.mustBeBounded()
        }
    }

    private nonisolated(unsafe) static let registrations: (service: Service, clients: [SignalingClientKeys]) = {
        let secret = sure { try ServiceSecret(raw: Array(1...32)) }
        let sockets = (0..<4).map {
            Topology.Socket(
                address: TransportAddress(IPAddress("203.0.113.1")!, port: 41414 + UInt16($0)), portIndex: $0,
                isSecond: false)
        }
        let numbers = Numbers()
        var service = Service(
            secret: secret, topology: Topology(sockets: sockets), seed: Array(0..<72), randomNumber: numbers.next)
        service.setWallClock(unixMilliseconds: FuzzPeer.unixMilliseconds, at: FuzzPeer.start)
        let clients = (0..<2).map { index in
            let keys = SignalingClientKeys(
                service: secret.publicKey, ephemeral: Array(UInt8(1 + index)..<UInt8(33 + index)))
            var cookie = [UInt8](repeating: 0, count: 16)
            for _ in 0..<2 {
                var outbox = Signaling.Outbox()
                let body = RegisterBody(cookie: cookie, token: [], tags: [])
                service.receive(
                    keys.register(body).span, from: source(index), at: LocalEndpoint(socket: 0), now: FuzzPeer.start,
                    into: &outbox)
                let datagram = outbox.entries.first.map { Array(outbox.bytes[$0.bytes]) } ?? []
                cookie = keys.openChallenge(datagram.span)?.cookie ?? cookie
            }
            return keys
        }
        must(service.registry.count == 2, "clients that are not registered")
        return (service, clients)
    }()

    private final class Numbers: @unchecked Sendable {
        private var last: UInt64 = 0
        @Sendable func next() -> UInt64 {
            last += 1
            return last
        }
    }

    private static func source(_ index: Int) -> TransportAddress {
        TransportAddress(IPAddress(v4: 0xc633_6401 + UInt32(index)), port: 4000)
    }

    /// Clients that are registered, and strangers, say anything to the service.
    private static let service = FuzzTarget(
        name: "service", maxLength: 2048,
        samples: {
            let tag = RendezvousTag(high: 1, low: 2)
            let lo: [SignalingRequest] = [.tags([TagEntry(tag: tag, side: .lo, watch: true)], first: true), .ping(1)]
            let hi: [SignalingRequest] = [.connect(tag: tag, side: .hi, blob: [1, 2, 3]), .refresh]
            let answer: [SignalingRequest] = [.answer(tag: tag, side: .lo, blob: [4]), .unregister]
            func said(_ kind: UInt8, _ requests: [SignalingRequest]) -> [UInt8] {
                [kind] + Choices.list(requests.flatMap(encoded))
            }
            return [said(0, lo) + said(1, hi) + said(0, answer) + [3, 200, 3, 200, 2, 0, 1, 0x40]]
        }
    ) { bytes in
        var (service, clients) = registrations
        var now = FuzzPeer.start
        var choices = Choices(bytes)
        while !choices.isAtEnd {
            let kind = choices.byte()
            var outbox = Signaling.Outbox()
            var datagram: [UInt8] = []
            var source = FuzzPeer.stranger
            switch kind & 3 {
            case 0, 1:
                let index = Int(kind & 1)
                if kind & 8 == 0 { source = Self.source(index) }
                datagram = clients[index].seal(
                    Array(choices.list().prefix(1100)), registration: registrationNumbers[index])
            case 2: datagram = choices.list()
            default:
                now += .milliseconds(Int(choices.byte()) * 500)
                _ = service.handleTimeout(at: now, into: &outbox)
            }
            if !datagram.isEmpty {
                service.receive(
                    datagram.span, from: source, at: LocalEndpoint(socket: kind >> 6), now: now, into: &outbox)
            }
            var toSource = 0
            for entry in outbox.entries {
                must(entry.bytes.count <= Limits.signalingDatagramSize, "a datagram of \(entry.bytes.count) bytes")
                must(entry.destination.port != 0, "a datagram to port 0")
                if entry.destination == source { toSource += entry.bytes.count }
            }
            must(toSource <= 3 * datagram.count + 96, "\(toSource) bytes for \(datagram.count)")
            must(service.registry.count <= 2, "\(service.registry.count) registrations of two clients")
        }
    }

    private static let registrationNumbers: [UInt64] = {
        _ = registrations
        return registrations.service.registry.registrations.map(\.keys.registration)
    }()

    // MARK: Records

    /// A stream of records in any pieces is the same records.
    private static let records = FuzzTarget(
        name: "records", maxLength: 1024,
        samples: {
            [[3] + RecordReader.framed([1, 2, 3]) + RecordReader.framed(.init(repeating: 5, count: 70)), [0, 0, 0]]
        }
    ) { bytes in
        guard let size = bytes.first.map({ 1 + Int($0 & 31) }) else { return }
        func read(_ pieces: [[UInt8]]) -> [[UInt8]]? {
            var reader = RecordReader(limit: 256)
            var records: [[UInt8]] = []
            for piece in pieces {
                reader.append(piece)
                do {
                    while let record = try reader.next() { records.append(record) }
                } catch {
                    return nil
                }
            }
            return records
        }
        let rest = Array(bytes.dropFirst())
        let pieces = stride(from: 0, to: rest.count, by: size).map { Array(rest[$0..<min(rest.count, $0 + size)]) }
        must(read([rest]) == read(pieces), "other records in pieces of \(size)")
    }
}

extension Array {
    fileprivate func randomElement(by number: UInt8) -> Element? {
        isEmpty ? nil : self[Int(number >> 3) % count]
    }
}
