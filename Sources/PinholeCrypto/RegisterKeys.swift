package import PinholeWire

/// The keys that a REGISTER's ephemeral key opens: of REGISTER and CHALLENGE, and of the registrations that follow.
///
/// ```
/// Z = X25519(e, S)
/// K_register[32] ‖ K_challenge[32] ‖ RS[32] = ConcatKDF(Z, "signal", e, S, "", "", 96)
/// c2s key[32] ‖ c2s iv[12] ‖ s2c key[32] ‖ s2c iv[12] = ConcatKDF(RS, "registration", e, S, registration[8], "", 88)
///
/// REGISTER   0xD1 | ver=1 | e[32] | nonce[12] | AEAD(K_register, nonce, aad = all before, body)
/// CHALLENGE  0xD2 | nonce[12] | AEAD(K_challenge, nonce, aad = all before, body)
/// CLIENT     0xD3 | registration[8] | pn:u32 | AEAD(c2s key, c2s iv xor be64(pn), aad = all before, requests)
/// SERVER     0xD4 | registration[8] | pn:u32 | AEAD(s2c key, s2c iv xor be64(pn), aad = all before, replies)
/// ```
/// Both nonces are random, since a client says more than one REGISTER under one e. The registration's number, random and
/// chosen by the service each time it accepts a REGISTER, is part of its keys: a REGISTER that is repeated, or replayed
/// within its cookie's life, never leads to the same keys again. Packet numbers begin at 0, are 64 bits wide, and travel
/// as their low 32 (RFC 9000 A.3).
package final class RegisterKeys: Sendable {
    /// K_register ‖ K_challenge ‖ RS.
    private let secrets: KeyMaterial
    private let ephemeral: [UInt8]
    private let service: [UInt8]

    init(_ sharedSecret: borrowing KeyMaterial, ephemeral: [UInt8], service: ServiceKey) {
        secrets = concatKDF(sharedSecret.bytes, "signal", u: ephemeral, v: service.raw, count: 96)
        self.ephemeral = ephemeral
        self.service = service.raw
    }

    /// A CHALLENGE, smaller than any REGISTER.
    package func challenge(_ body: ChallengeBody) -> [UInt8] {
        challenge(body, nonce: .random())
    }

    func challenge(_ body: ChallengeBody, nonce: Nonce) -> [UInt8] {
        var header = ByteWriter(capacity: SignalingLayout.challengeHeader)
        header.u8(DatagramKind.challengeByte)
        header.append(nonce.bytes.span)
        return AEAD.seal(body.encoded.span, after: header.bytes, nonce: nonce, key: secrets.part(at: 32, of: self))
    }

    /// The service's keys of a registration whose number is fresh and random.
    package func accept(registration: UInt64) -> SignalingServerKeys {
        SignalingServerKeys(registration: registration, derived: registrationKeys(registration))
    }

    func openChallenge(_ datagram: Span<UInt8>) -> ChallengeBody? {
        let header = SignalingLayout.challengeHeader
        guard datagram.count >= header + AEAD.tagSize, datagram[0] == DatagramKind.challengeByte,
            let plaintext = AEAD.open(
                datagram.extracting(header..<datagram.count), after: datagram.extracting(0..<header),
                nonce: Nonce(copying: datagram.extracting(1..<header)), key: secrets.part(at: 32, of: self))
        else { return nil }
        return try? ChallengeBody(plaintext.span)
    }

    func register(_ body: RegisterBody, nonce: Nonce) -> [UInt8] {
        var header = ByteWriter(capacity: SignalingLayout.registerHeader)
        header.u8(DatagramKind.registerByte)
        header.u8(Limits.version)
        header.append(ephemeral)
        header.append(nonce.bytes.span)
        return AEAD.seal(body.encoded.span, after: header.bytes, nonce: nonce, key: secrets.part(of: self))
    }

    func openRegister(_ datagram: Span<UInt8>) -> RegisterBody? {
        let header = SignalingLayout.registerHeader
        guard
            let plaintext = AEAD.open(
                datagram.extracting(header..<datagram.count), after: datagram.extracting(0..<header),
                nonce: Nonce(copying: datagram.extracting(2 + X25519.size..<header)),
                key: secrets.part(of: self))
        else { return nil }
        return try? RegisterBody(plaintext.span)
    }

    func registrationKeys(_ registration: UInt64) -> KeyMaterial {
        var number = ByteWriter(capacity: 8)
        number.u64(registration)
        return concatKDF(
            secrets.part(at: 64, of: self), "registration", u: ephemeral, v: service, publicInfo: number.bytes,
            count: 2 * (AEAD.keySize + AEAD.ivSize))
    }
}
