internal import PinholeWire

/// Finds out whether a port that a router promised is reached from outside.
///
/// A service is asked to write to the port from another one of its own, which nothing was ever sent to: what the NAT lets
/// in by itself does not pass. Routers list mappings that do not work, forget them, and lie; so a port counts from the
/// first such answer on, is asked about again every ``Limits/mappingRecheck``, and the address that counts is the one that
/// the service sees, whatever the router says of itself.
///
/// Silence speaks against the port only while the service answers a plain request beside it.
struct MappingVerifier {
    enum Finding: Equatable {
        case reachable(TransportAddress, RendezvousService.Scope)
        case unreachable
    }

    /// A service of the port's family, and where it sees the socket.
    struct Service: Equatable {
        var address: TransportAddress
        var scope: RendezvousService.Scope
        var observed: TransportAddress
    }

    private struct Question {
        var service: Service
        var mapped: Set<STUNMessage.TransactionID> = []
        var plain: Set<STUNMessage.TransactionID> = []
        var serviceAnswers = false
        var timesSent = 0
        var due: Instant
    }

    private enum State {
        /// No service is there to ask.
        case waiting
        case asking(Question)
        /// Asked; to be asked again then.
        case settled(again: Instant)
    }

    /// The external port.
    let port: UInt16
    private var state = State.waiting
    private(set) var outgoing: [(STUNMessage, TransportAddress)] = []

    init(port: UInt16) {
        self.port = port
    }

    var nextTimeout: Instant? {
        switch state {
        case .waiting: nil
        case .asking(let question): question.due
        case .settled(let again): again
        }
    }

    mutating func takeOutgoing() -> [(STUNMessage, TransportAddress)] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    /// Asks from the start, unless this is being asked.
    mutating func begin(_ service: Service?, at now: Instant, _ entropy: inout Entropy) {
        guard let service else { return state = .waiting }
        if case .asking(let question) = state, question.service == service { return }
        ask(Question(service: service, due: now), at: now, &entropy)
    }

    /// Does what is due; `service` is whom to ask when it is time to ask again.
    mutating func handleTimeout(_ service: Service?, at now: Instant, _ entropy: inout Entropy) -> Finding? {
        guard let due = nextTimeout, due <= now else { return nil }
        switch state {
        case .waiting:
            return nil
        case .settled:
            begin(service, at: now, &entropy)
            return nil
        case .asking(let question) where question.timesSent < Limits.mappingAttempts:
            ask(question, at: now, &entropy)
            return nil
        case .asking(let question):
            guard question.serviceAnswers else {
                state = .settled(again: now + Limits.mappingPatience)
                return nil
            }
            state = .settled(again: now + Limits.mappingRecheck)
            return .unreachable
        }
    }

    private mutating func ask(_ asked: Question, at now: Instant, _ entropy: inout Entropy) {
        var question = asked
        var request = STUNMessage.request(&entropy)
        request.changePort = true
        request.responsePort = port
        question.mapped.insert(request.transactionID)
        outgoing.append((request, question.service.address))
        if question.timesSent > 0, !question.serviceAnswers {
            let plain = STUNMessage.request(&entropy)
            question.plain.insert(plain.transactionID)
            outgoing.append((plain, question.service.address))
        }
        question.due = now + Limits.mappingFirstInterval * (1 << question.timesSent)
        question.timesSent += 1
        state = .asking(question)
    }

    /// An answer that was not asked for is `nil`; one that settles nothing is `.some(nil)`.
    mutating func receive(_ response: STUNMessage, from source: TransportAddress, at now: Instant) -> Finding?? {
        guard case .asking(var question) = state, source.ip == question.service.address.ip else { return nil }
        let service = question.service.address
        if question.plain.contains(response.transactionID), source == service {
            question.serviceAnswers = true
            state = .asking(question)
            return .some(nil)
        }
        guard question.mapped.contains(response.transactionID) else { return nil }
        switch response.messageClass {
        case .success where source.port != service.port:
            state = .settled(again: now + Limits.mappingRecheck)
            return .reachable(TransportAddress(question.service.observed.ip, port: port), question.service.scope)
        case .error where source == service:
            // A service with one port, or an older one, can show nothing.
            state = .settled(again: now + Limits.mappingRecheck)
            return .some(nil)
        case .success, .error, .request:
            return nil
        }
    }
}
