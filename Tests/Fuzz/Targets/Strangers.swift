import PinholeWire

@testable import PinholeCore
@testable import PinholeCrypto

extension FuzzTarget {
    /// Whoever has no key says anything: he is not answered, but for cookies, and nothing is kept of him.
    static let strangers = FuzzTarget(
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
}
