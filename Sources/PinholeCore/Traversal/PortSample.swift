internal import PinholeWire

/// Asks a service, from a socket that nobody was sent anything from, where it sees that socket (RFC 8489).
struct PortSample {
    let socket: SocketID
    private let service: TransportAddress
    private let request: STUNMessage
    private var timesSent = 0
    /// When the request is repeated, or given up.
    private(set) var due: Instant

    private static let attempts = 4

    init(_ socket: SocketID, service: TransportAddress, at now: Instant, _ entropy: inout Entropy) {
        self.socket = socket
        self.service = service
        request = .request(&entropy)
        due = now
    }

    var isGivenUp: Bool { timesSent >= Self.attempts }

    /// The request, when it is due.
    mutating func takeRequest(roundTrip: Duration?, at now: Instant) -> (datagram: [UInt8], route: Route)? {
        guard due <= now, !isGivenUp else { return nil }
        due = now + max(.milliseconds(100), (roundTrip ?? .zero) * 3 / 2)
        timesSent += 1
        return (request.encoded, Route(service, via: socket))
    }

    /// The external address of the socket, if the message is the answer.
    func mappedAddress(in message: STUNMessage, from source: Route) -> TransportAddress? {
        guard message.transactionID == request.transactionID, source == Route(service, via: socket) else { return nil }
        return message.plausibleAddress
    }
}
