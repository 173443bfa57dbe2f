package import PinholeWire

/// A peer's half of an attempt, opened: whoever sealed it knows the pair's secret, and is not authenticated yet.
package struct PeerHello: Equatable, Sendable {
    package let plaintext: HelloPlaintext
    /// Where the peer wants its HS and DATA.
    package let connectionID: ConnectionID
    /// What a later version says in the bytes that are zero in this one, up to the last that is not.
    private let tail: [UInt8]

    /// As received: the transcript covers these bytes.
    var encodedPlaintext: [UInt8] { plaintext.encoded(tail: tail) }

    private init?(encodedPlaintext: [UInt8], connectionID: ConnectionID) {
        guard let plaintext = try? HelloPlaintext(encodedPlaintext.span) else { return nil }
        self.plaintext = plaintext
        self.connectionID = connectionID
        let rest = encodedPlaintext[HelloPlaintext.saidSize...]
        tail = rest.lastIndex { $0 != 0 }.map { [UInt8](rest[...$0]) } ?? []
    }

    /// Whoever sends the same plaintext again means the same HELLO, under whatever connection id.
    package static func == (left: PeerHello, right: PeerHello) -> Bool {
        left.plaintext == right.plaintext && left.tail == right.tail
    }

    /// Opens a HELLO datagram of the pair's other side; one's own, reflected, does not open.
    package static func open(_ datagram: Span<UInt8>, pair: PairKeys) -> PeerHello? {
        guard datagram.count == Limits.helloSize, datagram[0] == DatagramKind.helloByte,
            let opened = open(
                datagram.extracting(0..<HelloEnvelope.mac1Offset), from: 1, label: "hello", pair: pair)
        else { return nil }
        return PeerHello(encodedPlaintext: opened.content, connectionID: opened.connectionID)
    }

    /// Opens a blob that came through the signaling service.
    package static func open(blob: Span<UInt8>, pair: PairKeys) -> (hello: PeerHello, introduction: [UInt8])? {
        guard blob.count <= Limits.maxBlob,
            let opened = open(blob, from: 0, label: "intro", pair: pair),
            opened.content.count >= Limits.helloPlaintextSize,
            let hello = PeerHello(
                encodedPlaintext: [UInt8](opened.content[..<Limits.helloPlaintextSize]),
                connectionID: opened.connectionID)
        else { return nil }
        return (hello, [UInt8](opened.content[Limits.helloPlaintextSize...]))
    }

    /// Opens `… ver=1 | scid[8] | salt[24] | sealed`, where the version stands at `offset`.
    private static func open(
        _ bytes: Span<UInt8>, from offset: Int, label: String, pair: PairKeys
    ) -> (content: [UInt8], connectionID: ConnectionID)? {
        var reader = ByteReader(bytes)
        guard (try? reader.skip(offset)) != nil, let version = try? reader.u8(), version == Limits.version,
            let connectionID = try? reader.u64(), let salt = try? reader.array(HelloEnvelope.saltSize)
        else { return nil }
        let key = HelloEnvelope.key(label, of: pair.role.other, pair: pair, salt: salt)
        guard
            let content = AEAD.open(
                bytes.extracting(reader.position..<bytes.count), after: bytes.extracting(0..<reader.position),
                nonce: .zero, key: key.bytes)
        else { return nil }
        return (content, ConnectionID(rawValue: connectionID))
    }
}
