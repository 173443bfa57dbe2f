import PinholeWire

@testable import PinholeCrypto

// The macros of the test library cannot capture a `Span`: the same calls with arrays.

extension PeerHello {
    static func open(_ datagram: [UInt8], pair: PairKeys) -> PeerHello? {
        open(datagram.span, pair: pair)
    }

    static func open(blob: [UInt8], pair: PairKeys) -> (hello: PeerHello, introduction: [UInt8])? {
        open(blob: blob.span, pair: pair)
    }
}

extension CookieGate {
    func hasValidMAC1(_ datagram: [UInt8]) -> Bool {
        hasValidMAC1(datagram.span)
    }

    mutating func hasValidCookie(_ datagram: [UInt8], from source: TransportAddress, at now: Instant) -> Bool {
        hasValidCookie(datagram.span, from: source, at: now)
    }

    static func open(_ datagram: [UInt8], peer: IdentityKey, sentMAC1: [UInt8]) -> [UInt8]? {
        open(datagram.span, peer: peer, sentMAC1: sentMAC1)
    }
}

extension HandshakeKeys {
    func open(_ datagram: [UInt8]) -> [UInt8]? {
        open(datagram.span)
    }
}

extension SessionKeys {
    func open(_ datagram: [UInt8]) -> (packetNumber: UInt64, plaintext: [UInt8])? {
        open(datagram.span)
    }
}

extension SignalingClientKeys {
    func openChallenge(_ datagram: [UInt8]) -> ChallengeBody? {
        openChallenge(datagram.span)
    }

    func open(_ datagram: [UInt8]) -> [UInt8]? {
        open(datagram.span)
    }
}

extension SignalingServerKeys {
    static func open(
        register datagram: [UInt8], secret: ServiceSecret
    ) -> (keys: RegisterKeys, body: RegisterBody)? {
        open(register: datagram.span, secret: secret)
    }

    mutating func open(client datagram: [UInt8]) -> [UInt8]? {
        open(client: datagram.span)
    }
}
