/// What a packet carries. The words and, where they fit, the type numbers are those of RFC 9000 §19.
package enum Frame: Equatable, Sendable {
    case padding
    case ping
    case ack(AckFrame)
    case resetStream(id: UInt64, errorCode: UInt64, finalSize: UInt64)
    case stopSending(id: UInt64, errorCode: UInt64)
    case stream(StreamFrame)
    case maxData(UInt64)
    case maxStreamData(id: UInt64, limit: UInt64)
    case ackFrequency(AckFrequency)
    case pathChallenge(UInt64)
    case pathResponse(UInt64)
    case close(errorCode: UInt64, reason: [UInt8])
    /// Signature and transport parameters; only in HS packets (protocol §2).
    case auth(signature: [UInt8], parameters: [UInt8])
    /// The sender's own candidates, after they changed.
    case candidates([Candidate])
    /// The receiver's address as the sender sees it.
    case observedAddress(TransportAddress)
    /// The sender's ephemeral X25519 key for the epoch, 32 bytes (protocol §3.10).
    case rekey(epoch: UInt32, key: [UInt8])
    /// The sender's signature of the epoch's transcript, 64 bytes.
    case reauth(epoch: UInt32, signature: [UInt8])

    /// RFC 9000 §13.2: packets that hold only ACK, PADDING and CLOSE frames are not acknowledged.
    package var isAckEliciting: Bool {
        switch self {
        case .padding, .ack, .close: false
        case .ping, .resetStream, .stopSending, .stream, .maxData, .maxStreamData, .ackFrequency, .pathChallenge,
            .pathResponse, .auth, .candidates, .observedAddress, .rekey, .reauth:
            true
        }
    }
}

/// ACK (RFC 9000 §19.3): ranges of received packet numbers, the largest first, disjoint and not adjacent.
package struct AckFrame: Equatable, Sendable {
    package var ranges: [ClosedRange<UInt64>]
    /// Microseconds between receiving the largest packet and sending this.
    package var delay: UInt64
    /// How many packets came with which codepoint; nil if none came with any (RFC 9000 §19.3.2).
    package var ecn: ECNCounts?

    package init(ranges: [ClosedRange<UInt64>], delay: UInt64, ecn: ECNCounts? = nil) {
        self.ranges = ranges
        self.delay = delay
        self.ecn = ecn
    }

    package var largest: UInt64 { ranges[0].upperBound }
}

/// ACK_FREQUENCY (draft-ietf-quic-ack-frequency §4): how often the sender of this wants its packets acknowledged.
package struct AckFrequency: Equatable, Sendable {
    /// The latest one counts.
    package var sequence: UInt64
    /// Ack-eliciting packets that may come before one must be acknowledged.
    package var threshold: UInt64
    /// The longest time in microseconds that an ack-eliciting packet may wait for that.
    package var maxDelay: UInt64
    /// How many numbers behind the largest a missing packet is missed, and acknowledging does not wait.
    package var reorderingThreshold: UInt64

    package init(sequence: UInt64, threshold: UInt64, maxDelay: UInt64, reorderingThreshold: UInt64) {
        self.sequence = sequence
        self.threshold = threshold
        self.maxDelay = maxDelay
        self.reorderingThreshold = reorderingThreshold
    }
}

/// STREAM (RFC 9000 §19.8). Streams are one-way: an id names the sender's stream, so both sides may use the same one.
package struct StreamFrame: Equatable, Sendable {
    package var id: UInt64
    package var offset: UInt64
    package var data: [UInt8]
    package var fin: Bool

    package init(id: UInt64, offset: UInt64, data: [UInt8], fin: Bool) {
        self.id = id
        self.offset = offset
        self.data = data
        self.fin = fin
    }

    /// The bytes of the frame that are not data, for a stream, an offset and a data length.
    package static func overhead(id: UInt64, offset: UInt64, length: Int) -> Int {
        1 + ByteWriter.varintSize(id) + ByteWriter.varintSize(offset) + ByteWriter.varintSize(UInt64(length))
    }
}

/// A STREAM frame whose data stays where the packet was opened.
package struct BorrowedStreamFrame: ~Escapable {
    package let id: UInt64
    package let offset: UInt64
    package let data: Span<UInt8>
    package let fin: Bool

    @_lifetime(copy data)
    package init(id: UInt64, offset: UInt64, data: Span<UInt8>, fin: Bool) {
        self.id = id
        self.offset = offset
        self.data = data
        self.fin = fin
    }
}

/// The frames' type numbers.
enum FrameType {
    static let padding: UInt64 = 0x00
    static let ping: UInt64 = 0x01
    static let ack: UInt64 = 0x02
    static let ackECN: UInt64 = 0x03
    static let resetStream: UInt64 = 0x04
    static let stopSending: UInt64 = 0x05
    /// Always with offset and length; the low bit is FIN.
    static let stream: UInt64 = 0x0e
    static let streamFin: UInt64 = 0x0f
    static let maxData: UInt64 = 0x10
    static let maxStreamData: UInt64 = 0x11
    static let pathChallenge: UInt64 = 0x1a
    static let pathResponse: UInt64 = 0x1b
    static let close: UInt64 = 0x1c
    static let auth: UInt64 = 0x20
    static let candidates: UInt64 = 0x21
    static let observedAddress: UInt64 = 0x22
    static let rekey: UInt64 = 0x23
    static let reauth: UInt64 = 0x24
    static let ackFrequency: UInt64 = 0xaf
}
