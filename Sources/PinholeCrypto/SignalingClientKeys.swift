package import PinholeWire

/// A client's end of its registrations at one service, from the first REGISTER on. Confined to the loop.
package final class SignalingClientKeys {
    private let registers: RegisterKeys
    /// What was received under each registration; kept, so that nothing old is ever new again.
    private var windows: [UInt64: ShortReplayWindow] = [:]
    /// Counted over all registrations, so that none ever repeats a number.
    private var nextPacketNumber: UInt64 = 0

    /// One e leads to a registration each time the service accepts its REGISTER: once, but for repetitions.
    private static let maxRegistrations = 1024

    /// `ephemeral`, an X25519 secret, is given only where the result must be reproducible.
    package init(service: ServiceKey, ephemeral: [UInt8]? = nil) {
        let scalar =
            if let ephemeral {
                KeyMaterial(copying: ephemeral.span)
            } else {
                KeyMaterial.random(X25519.size)
            }
        guard let shared = X25519.sharedSecret(scalar.bytes, service.raw.span) else {
            fatalError("a service key of small order was let in")
        }
        registers = RegisterKeys(shared, ephemeral: X25519.publicKey(of: scalar), service: service)
    }

    /// A REGISTER, as often as needed: the first without a cookie, the next with the CHALLENGE's.
    package func register(_ body: RegisterBody) -> [UInt8] {
        registers.register(body, nonce: .random())
    }

    /// The same with a chosen nonce of 12 bytes, where the result must be reproducible.
    package func register(_ body: RegisterBody, nonce: [UInt8]) -> [UInt8] {
        registers.register(body, nonce: Nonce(copying: nonce.span))
    }

    package func openChallenge(_ datagram: Span<UInt8>) -> ChallengeBody? {
        registers.openChallenge(datagram)
    }

    /// A CLIENT datagram with the next packet number.
    package func seal(_ frames: [UInt8], registration: UInt64) -> [UInt8] {
        let number = nextPacketNumber
        nextPacketNumber += 1
        var header = ByteWriter(capacity: SignalingLayout.clientHeader)
        header.u8(DatagramKind.clientByte)
        header.u64(registration)
        header.u32(UInt32(truncatingIfNeeded: number))
        let keys = registers.registrationKeys(registration)
        return AEAD.seal(
            frames.span, after: header.bytes, nonce: Nonce(iv: keys.part(at: 32, count: 12), number: number),
            key: keys.part(at: 0))
    }

    /// The replies of a SERVER datagram; `nil` for a forgery, and for one that was opened before.
    package func open(_ datagram: Span<UInt8>) -> [UInt8]? {
        let header = SignalingLayout.serverHeader
        guard datagram.count >= header + AEAD.tagSize, datagram[0] == DatagramKind.serverByte else { return nil }
        let registration = datagram.bigEndian64(at: 1)
        guard windows[registration] != nil || windows.count < Self.maxRegistrations else { return nil }
        var window = windows[registration] ?? ShortReplayWindow()
        let number = PacketNumber.expand(datagram.bigEndian32(at: 9), expected: window.expected)
        let keys = registers.registrationKeys(registration)
        guard
            let replies = AEAD.open(
                datagram.extracting(header..<datagram.count), after: datagram.extracting(0..<header),
                nonce: Nonce(iv: keys.part(at: 76, count: 12), number: number), key: keys.part(at: 44)),
            window.insert(number)
        else { return nil }
        windows[registration] = window
        return replies
    }
}

@available(*, unavailable)
extension SignalingClientKeys: Sendable {}
