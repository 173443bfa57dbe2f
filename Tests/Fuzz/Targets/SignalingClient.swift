import PinholeWire

@testable import PinholeCore
@testable import PinholeCrypto

extension FuzzTarget {
    /// A service, or whoever has its key, says anything; contacts introduce themselves by it with any blob.
    static let signalingClient = FuzzTarget(
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
}

extension Array {
    fileprivate func randomElement(by number: UInt8) -> Element? {
        isEmpty ? nil : self[Int(number >> 3) % count]
    }
}
