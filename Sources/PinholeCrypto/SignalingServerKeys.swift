package import PinholeWire

/// The service's end of one registration, in place and without heap memory: a service holds 100,000 of them.
///
/// The replay window holds 64 packets. Being a plain value, it is not wiped; it protects tags and sealed blobs only.
package struct SignalingServerKeys: Sendable {
    package let registration: UInt64
    /// c2s key ‖ c2s iv ‖ s2c key ‖ s2c iv.
    private let keys: InlineArray<88, UInt8>
    private var nextPacketNumber: UInt64 = 0
    private var window = ShortReplayWindow()

    init(registration: UInt64, derived: borrowing KeyMaterial) {
        self.registration = registration
        let bytes = derived.bytes
        keys = InlineArray { bytes[$0] }
    }

    /// Opens a REGISTER: one X25519. ``RegisterKeys/challenge(_:)`` answers it, ``RegisterKeys/accept(registration:)``
    /// makes the registration's keys once the cookie is right.
    package static func open(
        register datagram: Span<UInt8>, secret: ServiceSecret
    ) -> (keys: RegisterKeys, body: RegisterBody)? {
        guard datagram.count >= Limits.registerSize, datagram[0] == DatagramKind.registerByte,
            datagram[1] == Limits.version
        else { return nil }
        let ephemeral = datagram.extracting(2..<2 + X25519.size)
        guard let shared = secret.sharedSecret(with: ephemeral) else { return nil }
        let keys = RegisterKeys(shared, ephemeral: [UInt8](copying: ephemeral), service: secret.publicKey)
        guard let body = keys.openRegister(datagram) else { return nil }
        return (keys, body)
    }

    /// One more than the largest packet number opened.
    package var expectedPacketNumber: UInt64 { window.expected }

    /// A SERVER datagram with the next packet number.
    package mutating func seal(_ frames: [UInt8]) -> [UInt8] {
        let size = SignalingLayout.serverHeader + frames.count + AEAD.tagSize
        return [UInt8](unsafeUninitializedCapacity: size) { datagram, initialized in
            initialized = seal(frames.span, into: datagram)
        }
    }

    /// Writes a SERVER datagram to memory that has room for it (29 bytes more than `frames`), and returns its size.
    package mutating func seal(_ frames: Span<UInt8>, into datagram: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let header = UnsafeMutableRawBufferPointer(datagram)
        header[0] = DatagramKind.serverByte
        header.storeBytes(of: registration.bigEndian, toByteOffset: 1, as: UInt64.self)
        let number = UInt32(truncatingIfNeeded: nextPacketNumber)
        header.storeBytes(of: number.bigEndian, toByteOffset: 9, as: UInt32.self)
        let nonce = Nonce(iv: keys.span.extracting(76..<88), number: nextPacketNumber)
        nextPacketNumber += 1
        AEAD.seal(
            frames, in: datagram, after: SignalingLayout.serverHeader, nonce: nonce, key: keys.span.extracting(44..<76))
        return SignalingLayout.serverHeader + frames.count + AEAD.tagSize
    }

    /// The requests of a CLIENT datagram; `nil` for a forgery, and for one that was opened before.
    package mutating func open(client datagram: Span<UInt8>) -> [UInt8]? {
        guard datagram.count >= SignalingLayout.clientHeader + AEAD.tagSize else { return nil }
        var isOpen = false
        let size = datagram.count - SignalingLayout.clientHeader - AEAD.tagSize
        let requests = [UInt8](unsafeUninitializedCapacity: size) { output, initialized in
            if let count = open(client: datagram, into: output) {
                initialized = count
                isOpen = true
            }
        }
        return isOpen ? requests : nil
    }

    /// Writes the requests of a CLIENT datagram to memory that has room for them, and returns their size.
    package mutating func open(
        client datagram: Span<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int? {
        let header = SignalingLayout.clientHeader
        guard datagram.count >= header + AEAD.tagSize, datagram[0] == DatagramKind.clientByte else { return nil }
        let number = PacketNumber.expand(datagram.bigEndian32(at: 9), expected: window.expected)
        let size = datagram.count - header - AEAD.tagSize
        let nonce = Nonce(iv: keys.span.extracting(32..<44), number: number)
        guard
            AEAD.open(
                datagram.extracting(header..<datagram.count), after: datagram.extracting(0..<header), nonce: nonce,
                key: keys.span.extracting(0..<32), into: output),
            window.insert(number)
        else { return nil }
        return size
    }
}

extension Span<UInt8> {
    /// Four bytes in network order.
    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16 | UInt32(self[offset + 2]) << 8
            | UInt32(self[offset + 3])
    }

    /// Eight bytes in network order.
    func bigEndian64(at offset: Int) -> UInt64 {
        UInt64(bigEndian32(at: offset)) << 32 | UInt64(bigEndian32(at: offset + 4))
    }
}
