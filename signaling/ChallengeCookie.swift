import PinholeCrypto
package import PinholeWire

/// The proof that a client receives at its source address, which the service hands out and keeps nothing of.
///
/// ```
/// cookie[16] = time[5] ‖ BLAKE2b(secret ‖ time ‖ e ‖ source address)[0..<11]
/// ```
/// The time is in milliseconds of the service's own clock. The secret lives as long as the process.
package struct ChallengeCookie: Sendable {
    private let secret: [UInt8]

    /// `secret` has 32 bytes.
    package init(secret: [UInt8]) {
        self.secret = secret
    }

    /// A cookie for the client with the ephemeral key `ephemeral` at `source`.
    package func make(for ephemeral: Span<UInt8>, at source: TransportAddress, now: Instant) -> [UInt8] {
        let time = UInt64(now.nanoseconds / 1_000_000)
        return (0..<5).map { UInt8(truncatingIfNeeded: time >> UInt64(8 * (4 - $0))) }
            + mac(time, ephemeral, source)
    }

    /// When `cookie` was made, or `nil` when it is not for this client and source, or too old.
    package func issued(
        _ cookie: [UInt8], for ephemeral: Span<UInt8>, at source: TransportAddress, now: Instant
    ) -> Instant? {
        guard cookie.count == SignalingLayout.cookieSize else { return nil }
        let time = cookie.prefix(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard constantTimeEquals(Array(cookie.dropFirst(5)), mac(time, ephemeral, source)) else { return nil }
        let issued = Instant(nanoseconds: Int64(time) * 1_000_000)
        guard now - issued < Self.lifetime else { return nil }
        return issued
    }

    private func mac(_ time: UInt64, _ ephemeral: Span<UInt8>, _ source: TransportAddress) -> [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.append(secret)
        writer.u64(time)
        writer.append(ephemeral)
        writer.address(source)
        return Array(Blake2b.hash(writer.bytes).prefix(11))
    }

    /// Enough for a round trip and retransmissions; less than ``Limits/registrationLifetime``, for which a registration
    /// is remembered after its end, so that no replay can revive it.
    static let lifetime: Duration = .seconds(30)
}
