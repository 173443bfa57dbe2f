import PinholeWire

@testable import PinholeCore
@testable import PinholeCrypto

extension FuzzTarget {
    /// HELLOs with any plaintext, and HS packets with any frames, by a contact who is calling, or is called.
    static let handshake = FuzzTarget(
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
        var didSign = false
        let attempt = HandshakeAttempt(
            pair: FuzzPeer.pair, connectionID: ConnectionID(rawValue: 7), timestamp: FuzzPeer.unixMilliseconds + 1,
            introID: IntroID(Array(1...16)), ephemeral: Array(96..<128))
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0:
                let content = choices.bytes(68)
                _ = try? HelloPlaintext(padded(content, to: Limits.helloPlaintextSize).span)
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
                didSign = didSign || isSigned
            case 2: bob.pass(.milliseconds(Int(choices.byte())) * (kind & 8 == 0 ? 1 : 100))
            case 3:
                bob.endpoint.connect(to: FuzzTarget.alice.publicKey, at: bob.now)
                bob.drain()
            default: bob.receive(choices.list(), from: kind & 8 == 0 ? FuzzPeer.aliceAddress : FuzzPeer.stranger)
            }
            must(didSign || bob.connection?.session == nil, "a session with whom did not sign")
            bob.mustBeBounded()
        }
    }

    private static func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
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
}
