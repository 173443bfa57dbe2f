/// What one program may ask of another over the control socket.
package enum ControlLimits {
    /// The longest line, in bytes: a message of 64 KiB in which every byte is escaped, and its wrapping.
    package static let line = 512 * 1024
    /// The longest answer, in bytes; who wants more asks for it in parts.
    package static let answer = 2 * 1024 * 1024
    /// How much of a list one answer has, in bytes; the rest comes with the next.
    static let page = 1024 * 1024
    /// What waits to be read by the other side, in bytes, before it counts as too slow.
    package static let unread = 4 * 1024 * 1024
    /// How many programs may be connected at a time.
    package static let connections = 64
    /// How many calls of one connection may wait at a time; further lines are read when one is answered.
    package static let calls = 64
    /// How many calls a batch may have.
    package static let batch = 256
}

/// What is borne with in a program that does not read.
package struct Patience: Sendable {
    /// What may wait to be read, in bytes, before the program counts as too slow.
    let unread: Int
    /// For how long one that is disconnected may take none of what is left for it, before it is cut off from the rest
    /// and the reason.
    let farewell: Duration

    package init(unread: Int = ControlLimits.unread, farewell: Duration = .seconds(2)) {
        (self.unread, self.farewell) = (unread, farewell)
    }
}
