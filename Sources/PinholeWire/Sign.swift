/// A record of stream 3, `length:varint ‖ kind:u8 ‖ …`: what somebody does right now. Nothing of it is kept, and kinds
/// that are unknown mean nothing.
package enum Sign: Equatable, Sendable {
    /// kind 1: state:u8, 1 while the sender types a message, 0 when it has stopped without sending one.
    case typing(Bool)
    case unknown(kind: UInt8)

    package init(_ record: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(record)
        let kind = try reader.u8()
        switch kind {
        case 1: self = .typing(try reader.u8() == 1)
        default: self = .unknown(kind: kind)
        }
    }

    package var encoded: [UInt8] {
        switch self {
        case .typing(let isTyping): [1, isTyping ? 1 : 0]
        case .unknown(let kind): [kind]
        }
    }
}
