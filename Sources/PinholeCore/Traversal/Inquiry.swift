internal import PinholeWire

/// Binding requests of one measurement that wait for their answers. Each is repeated before its silence means anything.
struct Inquiry<Question: Equatable> {
    private struct Open {
        let question: Question
        let request: STUNMessage
        let route: Route
        var sendsLeft: Int
        var due: Instant
    }

    private var open: [Open] = []
    private let interval: Duration
    private var outgoing: [(STUNMessage, Route)] = []

    /// `roundTrip` is the service's: on a slow path an answer is waited for longer.
    init(roundTrip: Duration) {
        interval = max(Limits.measurementRetry, roundTrip * 3 / 2)
    }

    var isEmpty: Bool { open.isEmpty }

    var nextTimeout: Instant? { open.map(\.due).min() }

    /// Sends `request` at `due` and, as long as nothing answers it, again after that.
    mutating func ask(
        _ question: Question, _ request: STUNMessage, to route: Route, attempts: Int = Limits.measurementAttempts,
        at due: Instant
    ) {
        open.append(Open(question: question, request: request, route: route, sendsLeft: attempts, due: due))
    }

    /// Sends what is due. Returns the questions that nobody answered.
    mutating func handleTimeout(at now: Instant) -> [Question] {
        let silent = open.filter { $0.due <= now && $0.sendsLeft == 0 }.map(\.question)
        open.removeAll { $0.due <= now && $0.sendsLeft == 0 }
        for index in open.indices where open[index].due <= now {
            outgoing.append((open[index].request, open[index].route))
            open[index].sendsLeft -= 1
            open[index].due = now + interval
        }
        return silent
    }

    mutating func takeOutgoing() -> [(STUNMessage, Route)] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    /// What was asked in a transaction, and the way it was asked by.
    func question(in transaction: STUNMessage.TransactionID) -> (question: Question, route: Route)? {
        open.first { $0.request.transactionID == transaction }.map { ($0.question, $0.route) }
    }

    /// Nobody needs to know any more.
    mutating func close(_ question: Question) {
        open.removeAll { $0.question == question }
    }

    mutating func close(_ socket: SocketID) {
        open.removeAll { $0.route.socket == socket }
    }

    mutating func closeAll() {
        open.removeAll()
    }
}

extension STUNMessage {
    /// A Binding request of its own transaction.
    static func request(_ entropy: inout Entropy) -> STUNMessage {
        let transaction = TransactionID(high: UInt32(truncatingIfNeeded: entropy.next()), low: entropy.next())
        return STUNMessage(.request, transactionID: transaction)
    }

    /// Where the sender of the request is seen, if this is a success that says something possible.
    var plausibleAddress: TransportAddress? {
        guard messageClass == .success, let mappedAddress, mappedAddress.isPunchable(loopback: true) else { return nil }
        return mappedAddress
    }
}
