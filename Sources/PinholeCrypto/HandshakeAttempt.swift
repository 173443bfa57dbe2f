package import PinholeWire
import Synchronization

/// How a HELLO gets past the listener's gate.
package enum HelloGate: Sendable {
    /// The peers know of each other through signaling: mac1 and mac2 are random bytes.
    case introduced
    /// To an address that the peer listens on; the cookie is the one that a COOKIE brought, if any.
    case direct(cookie: [UInt8]?)
}

/// One side's attempt at a session: one ephemeral key and one plaintext, said as often as needed.
///
/// ```
/// HELLO  0xC1 | ver=1 | scid[8] | salt[24] | AEAD(k, n=0, aad=all before, pt[174]) | mac1[16] | mac2[16]      256 bytes
///        k    = ConcatKDF(K_hello[role], "hello", "", "", salt, "", 32)
///        mac1 = BLAKE2b-128(key = SHA-256("pinhole/1 gate" ‖ IK_receiver), bytes 0 … 223)
///        mac2 = BLAKE2b-128(key = cookie, bytes 0 … 239), or zero without a cookie
/// blob   ver=1 | scid[8] | salt[24] | AEAD(k, n=0, aad=all before, pt[174] ‖ introduction)
///        k    = ConcatKDF(K_hello[role], "intro", "", "", salt, "", 32)
/// ```
package final class HandshakeAttempt: Sendable {
    package let plaintext: HelloPlaintext
    /// Where the peer's HS and DATA for this attempt are to go.
    package let connectionID: ConnectionID
    private let ephemeral: KeyMaterial
    private let pair: PairKeys
    /// Counted here and not per pairing: two pairings with the same HELLO have the same keys, and never share a nonce.
    private let nextPacketNumber = Atomic<UInt32>(0)

    /// `ephemeral`, an X25519 secret, is given only where the result must be reproducible.
    package init(
        pair: PairKeys, connectionID: ConnectionID, timestamp: UInt64, introID: IntroID,
        versions: ClosedRange<UInt8> = Limits.version...Limits.version, flags: UInt16 = 0, capabilities: UInt32 = 0,
        ephemeral: [UInt8]? = nil
    ) {
        self.pair = pair
        self.connectionID = connectionID
        let secret = ephemeral.map { KeyMaterial(copying: $0.span) } ?? KeyMaterial.random(X25519.size)
        plaintext = HelloPlaintext(
            ephemeral: X25519.publicKey(of: secret), timestamp: timestamp, versions: versions,
            flags: flags, capabilities: capabilities, introID: introID)
        self.ephemeral = secret
    }

    var encodedPlaintext: [UInt8] { plaintext.encoded }

    /// A HELLO under a fresh salt: no two look alike.
    package func hello(_ gate: HelloGate) -> [UInt8] {
        hello(gate, salt: randomBytes(HelloEnvelope.saltSize))
    }

    /// `salt` is given only where the result must be reproducible.
    package func hello(_ gate: HelloGate, salt: [UInt8]) -> [UInt8] {
        var header = ByteWriter(capacity: HelloEnvelope.headerSize)
        header.u8(DatagramKind.helloByte)
        header.u8(Limits.version)
        header.u64(connectionID.rawValue)
        header.append(salt)
        let key = HelloEnvelope.key("hello", of: pair.role, pair: pair, salt: salt)
        let content = encodedPlaintext
        var datagram = AEAD.seal(content.span, after: header.bytes, nonce: .zero, key: key.bytes)
        switch gate {
        case .introduced:
            datagram += randomBytes(2 * HelloEnvelope.macSize)
        case .direct(let cookie):
            let gateKey = HelloEnvelope.publicKeyHash("pinhole/1 gate", pair.peerKey)
            datagram += Blake2b.mac(datagram.span, key: gateKey.span)
            if let cookie {
                datagram += Blake2b.mac(datagram.span, key: cookie.span)
            } else {
                datagram += [UInt8](repeating: 0, count: HelloEnvelope.macSize)
            }
        }
        return datagram
    }

    /// The same plaintext with an introduction of at most 801 bytes, for the signaling service to carry.
    package func blob(_ introduction: [UInt8]) -> [UInt8] {
        blob(introduction, salt: randomBytes(HelloEnvelope.saltSize))
    }

    /// `salt` is given only where the result must be reproducible.
    package func blob(_ introduction: [UInt8], salt: [UInt8]) -> [UInt8] {
        var header = ByteWriter(capacity: HelloEnvelope.blobHeaderSize)
        header.u8(Limits.version)
        header.u64(connectionID.rawValue)
        header.append(salt)
        let key = HelloEnvelope.key("intro", of: pair.role, pair: pair, salt: salt)
        let content = encodedPlaintext + introduction
        return AEAD.seal(content.span, after: header.bytes, nonce: .zero, key: key.bytes)
    }

    var ephemeralSecret: Span<UInt8> {
        @_lifetime(borrow self) get { ephemeral.part(of: self) }
    }

    func takePacketNumber() -> UInt32 {
        nextPacketNumber.wrappingAdd(1, ordering: .relaxed).oldValue
    }
}
