/// Eight random bytes that name a receiver's state, whatever address a datagram comes from (RFC 9000 §5.1).
package struct ConnectionID: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let size = 8
}
