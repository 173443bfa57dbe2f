package import PinholeWire

/// The gate of a listener with a public address: who does not know its key is not heard, and under load, neither is who
/// cannot be reached at the address that a datagram claims to come from.
///
/// ```
/// COOKIE  0xC2 | dcid[8] | nonce[24] | XChaCha20-Poly1305(key, nonce, aad = mac1 received, cookie[16])         65 bytes
///         key    = SHA-256("pinhole/1 cookie" ‖ IK of the listener); dcid = the HELLO's scid
///         cookie = BLAKE2b-128(key = a secret of the listener's, family ‖ address ‖ port)
/// ```
/// The secret is replaced after 120 s and accepted for another 120 s.
package struct CookieGate: Sendable {
    private let macKey: [UInt8]
    private let cookieKey: [UInt8]
    private var secret: Secret?
    private var previous: Secret?

    private struct Secret {
        let bytes: SecretBytes
        let madeAt: Instant
    }

    private static let secretLifetime: Duration = .milliseconds(120_000)
    private static let sealedCookieOffset = 1 + ConnectionID.size + XAEAD.nonceSize

    package init(own: IdentityKey) {
        macKey = HelloEnvelope.publicKeyHash("pinhole/1 gate", own)
        cookieKey = HelloEnvelope.publicKeyHash("pinhole/1 cookie", own)
    }

    /// Whether the sender of a HELLO knows the listener's key: the cheapest test, made first.
    package func hasValidMAC1(_ datagram: Span<UInt8>) -> Bool {
        guard datagram.count == Limits.helloSize, datagram[0] == DatagramKind.helloByte else { return false }
        let expected = Blake2b.mac(datagram.extracting(0..<HelloEnvelope.mac1Offset), key: macKey.span)
        return constantTimeEquals(
            expected.span, datagram.extracting(HelloEnvelope.mac1Offset..<HelloEnvelope.mac2Offset))
    }

    /// The COOKIE that answers a HELLO; smaller than it.
    package mutating func cookieReply(
        to datagram: Span<UInt8>, from source: TransportAddress, at now: Instant
    ) -> [UInt8] {
        cookieReply(to: datagram, from: source, at: now, nonce: randomBytes(XAEAD.nonceSize))
    }

    /// `nonce` is given only where the result must be reproducible. `datagram` has the size of a HELLO.
    package mutating func cookieReply(
        to datagram: Span<UInt8>, from source: TransportAddress, at now: Instant, nonce: [UInt8]
    ) -> [UInt8] {
        renewSecret(at: now)
        let mac1 = [UInt8](copying: datagram.extracting(HelloEnvelope.mac1Offset..<HelloEnvelope.mac2Offset))
        let cookie = secret.map { Self.cookie(for: source, $0) } ?? []
        var reply = ByteWriter(capacity: Limits.cookieDatagramSize)
        reply.u8(DatagramKind.cookieByte)
        reply.append(datagram.extracting(2..<2 + ConnectionID.size))
        reply.append(nonce)
        reply.append(XAEAD.seal(cookie.span, additionalData: mac1, nonce: nonce, key: cookieKey.span))
        return reply.bytes
    }

    /// Whether a HELLO comes from who has lately received a cookie at `source`.
    package mutating func hasValidCookie(
        _ datagram: Span<UInt8>, from source: TransportAddress, at now: Instant
    ) -> Bool {
        renewSecret(at: now)
        guard datagram.count == Limits.helloSize else { return false }
        let mac2 = datagram.extracting(HelloEnvelope.mac2Offset..<Limits.helloSize)
        // Who has none says so.
        guard mac2.indices.contains(where: { mac2[$0] != 0 }) else { return false }
        var isValid = false
        for secret in [secret, previous] {
            guard let secret else { continue }
            let cookie = Self.cookie(for: source, secret)
            let expected = Blake2b.mac(datagram.extracting(0..<HelloEnvelope.mac2Offset), key: cookie.span)
            if constantTimeEquals(expected.span, mac2) { isValid = true }
        }
        return isValid
    }

    /// The cookie in a COOKIE from `peer` that answers the HELLO with `sentMAC1`.
    package static func open(_ datagram: Span<UInt8>, peer: IdentityKey, sentMAC1: [UInt8]) -> [UInt8]? {
        guard datagram.count == Limits.cookieDatagramSize, datagram[0] == DatagramKind.cookieByte else { return nil }
        let key = HelloEnvelope.publicKeyHash("pinhole/1 cookie", peer)
        let nonce = [UInt8](copying: datagram.extracting(1 + ConnectionID.size..<sealedCookieOffset))
        let sealed = [UInt8](copying: datagram.extracting(sealedCookieOffset..<datagram.count))
        return XAEAD.open(sealed, additionalData: sentMAC1, nonce: nonce, key: key.span)
    }

    /// The mac1 of a HELLO that was sent, for ``open(_:peer:sentMAC1:)``.
    package static func mac1(of hello: [UInt8]) -> [UInt8] {
        [UInt8](hello[HelloEnvelope.mac1Offset..<HelloEnvelope.mac2Offset])
    }

    /// Puts a known secret in place, for reproducible results.
    package mutating func setSecret(_ bytes: [UInt8], at now: Instant) {
        secret = Secret(bytes: SecretBytes(copying: bytes), madeAt: now)
        previous = nil
    }

    private mutating func renewSecret(at now: Instant) {
        if secret.map({ now - $0.madeAt >= Self.secretLifetime }) ?? true {
            previous = secret
            secret = Secret(bytes: SecretBytes(copying: randomBytes(32)), madeAt: now)
        }
        if let previous, now - previous.madeAt >= Self.secretLifetime * 2 { self.previous = nil }
    }

    private static func cookie(for source: TransportAddress, _ secret: Secret) -> [UInt8] {
        var writer = ByteWriter(capacity: 19)
        writer.address(source)
        return Blake2b.mac(writer.bytes.span, key: secret.bytes.bytes)
    }
}
