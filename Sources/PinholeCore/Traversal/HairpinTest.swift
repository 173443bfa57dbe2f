internal import PinholeWire

/// Finds out whether a NAT loops packets to its own external addresses back inside (RFC 4787 §6): the main socket and
/// another one write to each other from outside, as two peers behind the same NAT would, so that filters let them in.
struct HairpinTest {
    private var inquiry: Inquiry<Bool>
    private(set) var result: Bool?

    init(
        main: TransportAddress, other: TransportAddress, socket: SocketID, roundTrip: Duration, at now: Instant,
        _ entropy: inout Entropy
    ) {
        inquiry = Inquiry(roundTrip: roundTrip)
        inquiry.ask(true, .request(&entropy), to: Route(other), at: now)
        inquiry.ask(false, .request(&entropy), to: Route(main, via: socket), at: now + Limits.samplingPacing)
    }

    var nextTimeout: Instant? { inquiry.nextTimeout }

    mutating func takeOutgoing() -> [(STUNMessage, Route)] {
        inquiry.takeOutgoing()
    }

    mutating func handleTimeout(at now: Instant) {
        _ = inquiry.handleTimeout(at: now)
        if inquiry.isEmpty, result == nil { result = false }
    }

    /// Returns whether this is a request of our own that has come back.
    mutating func receive(_ request: STUNMessage, by socket: SocketID) -> Bool {
        guard request.messageClass == .request, let (_, route) = inquiry.question(in: request.transactionID),
            route.socket != socket
        else { return false }
        result = true
        inquiry.closeAll()
        return true
    }
}
