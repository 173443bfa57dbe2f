internal import PinholeWire

/// Spreads a window over its round trip (RFC 9002 §7.7): a bucket of bytes that fills at the controller's rate.
struct Pacer: Sendable {
    private var tokens: Double
    private var updatedAt: Instant
    /// Bytes per second; nil lets everything pass.
    private var rate: Double?
    private var maxDatagramSize = Limits.maxDatagramSize

    init(at now: Instant) {
        tokens = Double(Limits.pacingBurstPackets * Limits.maxDatagramSize)
        updatedAt = now
    }

    /// Fills the bucket for the time that has passed, at the rate that is right now.
    mutating func update(rate: Double?, maxDatagramSize: Int, at now: Instant) {
        let elapsed = Double(now.nanoseconds - updatedAt.nanoseconds) / 1e9
        self.rate = rate
        self.maxDatagramSize = maxDatagramSize
        updatedAt = now
        if let rate {
            tokens = min(tokens + rate * elapsed, capacity(rate))
        } else {
            tokens = Double(Limits.pacingBurstPackets * maxDatagramSize)
        }
    }

    /// A packet may go while there is anything in the bucket; what it takes too much is waited for afterwards.
    var isOpen: Bool { rate == nil || tokens > 0 }

    mutating func didSend(_ bytes: Int) {
        tokens -= Double(bytes)
    }

    /// When the bucket is open again. Never sooner than a timer can be waited for, then several packets go at once.
    var opensAt: Instant? {
        guard let rate, !isOpen else { return nil }
        let quantum = max(Double(maxDatagramSize), rate * Self.seconds(Limits.pacingQuantum))
        let wait = min((quantum - tokens) / max(rate, 1), 1)
        return Instant(nanoseconds: updatedAt.nanoseconds + Int64(wait * 1e9) + 1)
    }

    private func capacity(_ rate: Double) -> Double {
        max(Double(Limits.pacingBurstPackets * maxDatagramSize), rate * Self.seconds(Limits.pacingBurst))
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.nanoseconds) / 1e9
    }
}
