package import PinholeWire

/// The keys of one epoch of a session, both ways.
///
/// ```
/// traffic_i = ConcatKDF(RK_i, "traffic " ‖ be32(i), U, V, TH_i, "", 152)
///           = key[32] ‖ iv[12] ‖ header-protection key[32] of what Lo sends, then of what Hi sends
/// DATA  0x40 | dcid[8] | pn:u32 | AEAD(key, iv xor be64(pn), aad = the 13 bytes before, unmasked, frames)
/// ```
/// Byte 0 is 0100 PP 00: PP is the epoch modulo 4, the two low bits are reserved. The high four bits travel in the
/// clear; the low four, and the packet number, are masked by ``HeaderProtection``. A packet whose byte 0 is not exactly
/// that after unmasking is dropped. Packet numbers are 64 bits wide, the low 32 travel. Confined to the loop.
package final class SessionKeys {
    package let destination: ConnectionID
    private let traffic: KeyMaterial
    private let role: Role
    private let firstByte: UInt8
    private var window: ReplayWindow

    package static let headerSize = 1 + ConnectionID.size + 4
    private static let numberOffset = 1 + ConnectionID.size
    private static let directionSize = AEAD.keySize + AEAD.ivSize + 32

    init(
        root: Span<UInt8>, epoch: UInt32, parties: SessionParties, transcriptHash: [UInt8], role: Role,
        destination: ConnectionID, expected: UInt64 = 0
    ) {
        traffic = concatKDF(
            root, "traffic ", epoch: epoch, u: parties.lo, v: parties.hi, publicInfo: transcriptHash,
            count: 2 * Self.directionSize)
        self.role = role
        self.destination = destination
        firstByte = DatagramKind.dataByte | UInt8(epoch & 3) << 2
        window = ReplayWindow(expected: expected)
    }

    /// A DATA datagram. No packet number is ever used twice.
    package func seal(_ plaintext: [UInt8], packetNumber: UInt64) -> [UInt8] {
        seal(plaintext.span, packetNumber: packetNumber)
    }

    /// A DATA datagram. No packet number is ever used twice.
    package func seal(_ plaintext: Span<UInt8>, packetNumber: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: Self.headerSize + plaintext.count + AEAD.tagSize)
        writer.zeros(Self.headerSize)
        writer.append(plaintext)
        seal(&writer, from: 0, packetNumber: packetNumber)
        return writer.bytes
    }

    /// Makes a DATA datagram of what `writer` holds from `start` on: ``headerSize`` bytes of any content, then the frames.
    /// They are sealed where they are, and the tag is appended. No packet number is ever used twice.
    package func seal(_ writer: inout ByteWriter, from start: Int, packetNumber: UInt64) {
        writer.zeros(AEAD.tagSize)
        writer.withUnsafeMutableBytes(from: start) { seal(in: $0, packetNumber: packetNumber) }
    }

    private func seal(in datagram: UnsafeMutableBufferPointer<UInt8>, packetNumber: UInt64) {
        let header = UnsafeMutableRawBufferPointer(datagram)
        header[0] = firstByte
        header.storeBytes(of: destination.rawValue.bigEndian, toByteOffset: 1, as: UInt64.self)
        let number = UInt32(truncatingIfNeeded: packetNumber)
        header.storeBytes(of: number.bigEndian, toByteOffset: Self.numberOffset, as: UInt32.self)
        AEAD.seal(
            inPlace: datagram, after: Self.headerSize, nonce: Nonce(iv: iv(of: role), number: packetNumber),
            key: key(of: role))
        let mask = HeaderProtection.mask(sample: datagram.baseAddress! + Self.headerSize, key: headerKey(of: role))
        datagram[0] ^= UInt8(truncatingIfNeeded: mask) & HeaderProtection.firstByteMask
        for index in 0..<4 {
            datagram[Self.numberOffset + index] ^= UInt8(truncatingIfNeeded: mask >> UInt64(8 * (index + 1)))
        }
    }

    /// What a datagram turned out to be.
    package enum Opening: Equatable, Sendable {
        /// The peer's packet of this number.
        case packet(UInt64)
        /// The peer's packet, but one that was opened before or is too old to tell.
        case replay
        /// Not sealed with these keys.
        case foreign
    }

    /// The number and the frames of the peer's DATA; `nil` for a forgery, and for one that was opened before.
    package func open(_ datagram: Span<UInt8>) -> (packetNumber: UInt64, plaintext: [UInt8])? {
        let memory = PacketMemory()
        switch open(datagram, into: memory) {
        case .packet(let number): return (number, [UInt8](copying: memory.bytes))
        case .replay, .foreign: return nil
        }
    }

    /// Writes the frames of the peer's DATA to `memory`, whose count is 0 if it is anything else.
    package func open(_ datagram: Span<UInt8>, into memory: PacketMemory) -> Opening {
        memory.count = 0
        guard datagram.count >= Self.headerSize + AEAD.tagSize, datagram[0] & 0xf0 == DatagramKind.dataByte else {
            return .foreign
        }
        let sender = role.other
        let mask = datagram.withUnsafeBufferPointer {
            HeaderProtection.mask(sample: $0.baseAddress! + Self.headerSize, key: headerKey(of: sender))
        }
        var header = InlineArray<13, UInt8> { datagram[$0] }
        header[0] ^= UInt8(truncatingIfNeeded: mask) & HeaderProtection.firstByteMask
        guard header[0] == firstByte else { return .foreign }
        var truncated: UInt32 = 0
        for index in 0..<4 {
            header[Self.numberOffset + index] ^= UInt8(truncatingIfNeeded: mask >> UInt64(8 * (index + 1)))
            truncated = truncated << 8 | UInt32(header[Self.numberOffset + index])
        }
        let number = PacketNumber.expand(truncated, expected: window.expected)
        // No ACK can say a greater number (RFC 9000 §12.3: "in the range 0 to 2^62-1").
        guard number < Limits.packetNumberEnd,
            AEAD.open(
                datagram.extracting(Self.headerSize..<datagram.count), after: header.span,
                nonce: Nonce(iv: iv(of: sender), number: number), key: key(of: sender), into: memory.buffer)
        else { return .foreign }
        guard window.insert(number) else { return .replay }
        memory.count = datagram.count - Self.headerSize - AEAD.tagSize
        return .packet(number)
    }

    /// The peer's next packet number, most likely.
    package var expected: UInt64 { window.expected }

    @_lifetime(borrow self)
    private func key(of role: Role) -> Span<UInt8> {
        traffic.part(at: Int(role.rawValue) * Self.directionSize, count: AEAD.keySize, of: self)
    }

    @_lifetime(borrow self)
    private func iv(of role: Role) -> Span<UInt8> {
        traffic.part(at: Int(role.rawValue) * Self.directionSize + AEAD.keySize, count: AEAD.ivSize, of: self)
    }

    @_lifetime(borrow self)
    private func headerKey(of role: Role) -> Span<UInt8> {
        traffic.part(at: Int(role.rawValue) * Self.directionSize + AEAD.keySize + AEAD.ivSize, of: self)
    }
}

@available(*, unavailable)
extension SessionKeys: Sendable {}
