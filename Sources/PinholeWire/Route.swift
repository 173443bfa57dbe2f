/// One of this peer's UDP sockets.
package struct SocketID: Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The socket that services and, as a rule, all peers see: one for each address family, told apart by the
    /// destination.
    package static let main = SocketID(rawValue: 0)
    /// Where beacons of the local network arrive.
    package static let beacon = SocketID(rawValue: 1)
    /// The first that is opened for a while and closed again.
    package static let firstExtra = SocketID(rawValue: 2)

    package var isExtra: Bool { rawValue >= Self.firstExtra.rawValue }
}

/// One way between this peer and another: a socket here and an address there, RFC 9000 §9's path without the addresses
/// that routers in between may change.
package struct Route: Hashable, Sendable {
    package let socket: SocketID
    package let remote: TransportAddress

    package init(_ remote: TransportAddress, via socket: SocketID = .main) {
        self.remote = remote
        self.socket = socket
    }

    /// Inlinable, here and in what a route consists of, as each packet compares one.
    @inlinable
    package static func == (left: Route, right: Route) -> Bool {
        left.socket.rawValue == right.socket.rawValue && left.remote == right.remote
    }
}
