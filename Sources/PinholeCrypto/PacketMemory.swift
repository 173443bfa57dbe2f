/// Memory for what one packet held when it was opened, used again for the next one. Confined to the loop.
package final class PacketMemory {
    /// A UDP datagram is no longer.
    private static let capacity = 65_536

    let buffer: UnsafeMutableBufferPointer<UInt8>
    /// How many bytes of it are the packet's.
    package internal(set) var count = 0

    package init() {
        buffer = .allocate(capacity: Self.capacity)
        buffer.initialize(repeating: 0)
    }

    deinit {
        buffer.deallocate()
    }

    /// The packet, until the next one is opened.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let packet = UnsafeBufferPointer(rebasing: buffer[..<count])
            return unsafe _overrideLifetime(Span(_unsafeElements: packet), borrowing: self)
        }
    }
}

@available(*, unavailable)
extension PacketMemory: Sendable {}
