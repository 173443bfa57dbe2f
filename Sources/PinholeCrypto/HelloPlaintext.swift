import PinholeWire

/// Sixteen random bytes that name one attempt of a caller, introduced or direct.
///
/// The caller draws them, the callee's answer repeats them: a HELLO with a current one is fresh whatever the clocks say.
package struct IntroID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// All zero: nothing to echo. No attempt of version 1 says this.
    package static let none = IntroID(high: 0, low: 0)

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// `bytes` holds 16.
    package init(_ bytes: [UInt8]) {
        let tag = RendezvousTag(bytes)
        self.init(high: tag.high, low: tag.low)
    }

    package static func random() -> IntroID {
        IntroID(randomBytes(16))
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.u64(high)
        writer.u64(low)
        return writer.bytes
    }
}

/// What both HELLO and blob carry, and both peers sign: 174 bytes, the same for every datagram of one attempt.
///
/// ```
/// pt = E[32] | ts:u64 | vmin:u8 | vmax:u8 | flags:u16 | caps:u32 | intro_id[16] | 0[110]
/// ```
/// A HELLO with `vmin > vmax` is dropped. The last 110 bytes are zero; who reads them ignores them (a later version may
/// say more there), and the transcript covers them as they came. Bit 0 of `flags` asks for an echo of `intro_id`; the
/// other bits and `caps` are zero in version 1, and ignored.
package struct HelloPlaintext: Equatable, Sendable {
    /// Held in place, as thousands of half-open handshakes have two each.
    private let point: (UInt64, UInt64, UInt64, UInt64)
    /// Unix milliseconds, and always greater than in every earlier attempt towards the same peer.
    package let timestamp: UInt64
    package let versions: ClosedRange<UInt8>
    package let flags: UInt16
    package let capabilities: UInt32
    package let introID: IntroID

    /// The bytes in which something is said; those behind them are zero in version 1.
    static let saidSize = 64

    /// `ephemeral` holds 32 bytes.
    package init(
        ephemeral: [UInt8], timestamp: UInt64, versions: ClosedRange<UInt8>, flags: UInt16, capabilities: UInt32,
        introID: IntroID
    ) {
        precondition(ephemeral.count == X25519.size, "a point has 32 bytes")
        func word(_ index: Int) -> UInt64 {
            ephemeral[8 * index..<8 * index + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        point = (word(0), word(1), word(2), word(3))
        self.timestamp = timestamp
        self.versions = versions
        self.flags = flags
        self.capabilities = capabilities
        self.introID = introID
    }

    init(_ bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count == Limits.helloPlaintextSize else { throw .truncated }
        var reader = ByteReader(bytes)
        point = (try reader.u64(), try reader.u64(), try reader.u64(), try reader.u64())
        timestamp = try reader.u64()
        let lowest = try reader.u8()
        let highest = try reader.u8()
        guard lowest <= highest else { throw .malformed }
        versions = lowest...highest
        flags = try reader.u16()
        capabilities = try reader.u32()
        introID = IntroID(try reader.array(16))
    }

    /// The X25519 public key of this attempt.
    package var ephemeral: [UInt8] {
        var writer = ByteWriter(capacity: X25519.size)
        append(ephemeral: &writer)
        return writer.bytes
    }

    private func append(ephemeral writer: inout ByteWriter) {
        writer.u64(point.0)
        writer.u64(point.1)
        writer.u64(point.2)
        writer.u64(point.3)
    }

    var encoded: [UInt8] { encoded(tail: []) }

    /// The 174 bytes, with `tail` behind what version 1 says.
    func encoded(tail: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: Limits.helloPlaintextSize)
        append(ephemeral: &writer)
        writer.u64(timestamp)
        writer.u8(versions.lowerBound)
        writer.u8(versions.upperBound)
        writer.u16(flags)
        writer.u32(capabilities)
        writer.append(introID.bytes)
        writer.append(tail)
        writer.zeros(Limits.helloPlaintextSize - writer.count)
        return writer.bytes
    }

    package static func == (left: HelloPlaintext, right: HelloPlaintext) -> Bool {
        left.point == right.point && left.timestamp == right.timestamp && left.versions == right.versions
            && left.flags == right.flags && left.capabilities == right.capabilities && left.introID == right.introID
    }

    /// The highest version that both offer, or `nil` where they offer none in common.
    package static func commonVersion(_ one: ClosedRange<UInt8>, _ other: ClosedRange<UInt8>) -> UInt8? {
        let highest = min(one.upperBound, other.upperBound)
        return highest >= max(one.lowerBound, other.lowerBound) ? highest : nil
    }
}

/// The sealing that HELLO and blob share.
enum HelloEnvelope {
    static let saltSize = 24
    static let headerSize = 2 + ConnectionID.size + saltSize
    static let sealedSize = Limits.helloPlaintextSize + AEAD.tagSize
    static let macSize = 16
    /// The end of what mac1 covers, and where it begins.
    static let mac1Offset = headerSize + sealedSize
    static let mac2Offset = mac1Offset + macSize
    static let blobHeaderSize = headerSize - 1

    /// `ConcatKDF(K_hello[role], label, "", "", salt, "", 32)`; the label is "hello" or "intro".
    static func key(_ label: String, of role: Role, pair: PairKeys, salt: [UInt8]) -> KeyMaterial {
        concatKDF(pair.helloKey(of: role), label, publicInfo: salt, count: AEAD.keySize)
    }

    /// The hash that such a key is, up to the salt: the same for all HELLOs of one side.
    static func keyHash(_ label: String, _ key: Span<UInt8>) -> SHA256 {
        var hash = SHA256()
        hash.update(bigEndian: 1)
        hash.update(key)
        let algorithm = [UInt8]("pinhole/1 ".utf8) + [UInt8](label.utf8)
        hash.update(otherInfo(algorithm: algorithm, u: [], v: [], bitCount: UInt32(8 * AEAD.keySize)).bytes)
        return hash
    }

    /// `SHA-256(label ‖ IK)`: the keys of mac1 ("pinhole/1 gate") and of COOKIE ("pinhole/1 cookie").
    static func publicKeyHash(_ label: String, _ key: IdentityKey) -> [UInt8] {
        SHA256.hash([UInt8](label.utf8) + key.raw)
    }
}
