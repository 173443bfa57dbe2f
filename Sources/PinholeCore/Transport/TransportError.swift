/// Why a peer's frames end the session, in the codes of RFC 9000 §20.1: for our side to tell. CLOSE says no more than that
/// the protocol was broken.
package struct TransportError: Error, Equatable, Sendable {
    package let code: UInt64
    package let reason: String

    package static let beyondCredit = TransportError(code: 0x03, reason: "data beyond the credit that was given")
    package static let tooManyStreams = TransportError(code: 0x04, reason: "too many streams")
    package static let finalSizeChanged = TransportError(code: 0x06, reason: "the final size of a stream changed")
    package static let malformedFrame = TransportError(code: 0x07, reason: "a frame could not be parsed")
    package static let tooManyGaps = TransportError(code: 0x0a, reason: "too many gaps in a stream")
    package static let neverSent = TransportError(code: 0x0a, reason: "acknowledgement of a packet that was never sent")
}

/// What the application learns from a session's transport.
package enum TransportEvent: Equatable, Sendable {
    /// There is something to read on the stream.
    case readable(UInt64)
    /// Everything was read, and the peer ended the stream.
    case finished(UInt64)
    /// So little is left unsent that more should be written.
    case writable(UInt64)
    /// The peer's transport has every byte, and the end.
    case acknowledged(UInt64)
    /// The peer gave the stream up.
    case reset(UInt64, errorCode: UInt64)
    /// The peer wants no more of the stream, which was reset unless the peer has all of it.
    case stopped(UInt64, errorCode: UInt64)
    /// The peer has our REAUTH of this epoch.
    case reauthArrived(epoch: UInt32)
}
