/// What a socket did, in datagrams.
package struct DatagramStatistics: Equatable, Sendable {
    package var received = 0
    package var sent = 0
    /// Received datagrams that were longer than a datagram can be.
    package var truncated = 0
    /// Datagrams that found the queue full while the kernel took no more.
    package var dropped = 0
    /// Datagrams that the kernel refused to send, and errors that it reported while receiving, by errno.
    package var errors: [Int32: Int] = [:]
    /// How often the socket had died and was bound anew.
    package var rebinds = 0
}
