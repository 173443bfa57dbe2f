internal import PinholeWire

/// Measures how a NAT maps and filters through one service's ports (RFC 5780 §4), on the socket that is used for
/// everything.
///
/// What is asked first decides what can be learned later, so each question has ports of its own: unexpected answers come
/// from the first alternate port, which is never written to (a router without an input firewall then gives that port's
/// mapping away), and the second address is written to only after it was seen whether it gets through unasked.
/// Without a second address, of this service or of another one, address- and port-dependence cannot be told apart; without
/// that and a second alternate port the mapping stays unknown.
struct NATDetector {
    private enum Question: Equatable {
        /// An answer from another port passes a filter that does not look at ports.
        case otherPort
        /// An answer from another address passes a filter that looks at nothing.
        case otherAddress
        case mapping(TransportAddress)
    }

    private enum Step {
        case portsAndFilter
        case secondAddress
        case done
    }

    private let service: TransportAddress
    private let observed: TransportAddress
    private let secondAddress: TransportAddress?
    /// Where to ask who can tell whether the mapping depends on the address.
    private let elsewhere: TransportAddress?
    private var step = Step.portsAndFilter
    private var inquiry: Inquiry<Question>
    /// Whether an answer came that nothing filters: without one, silence says nothing about filters.
    private var isAnswered = false
    /// What is known so far; the mapping by port is known first, after one round trip.
    private(set) var behavior: NATBehavior
    /// The external ports that were seen: those of the first step, and of the second.
    private(set) var ports: [UInt16]
    private(set) var latePorts: [UInt16] = []

    /// `observed` is how the service's main port sees the socket; `isLocal` says that it is the socket's own address.
    init(
        service: TransportAddress, observed: TransportAddress, alternatePorts: [UInt16],
        secondAddress: TransportAddress?, elsewhere: TransportAddress? = nil, isLocal: Bool, roundTrip: Duration,
        at now: Instant,
        _ entropy: inout Entropy
    ) {
        self.service = service
        self.observed = observed
        self.secondAddress = secondAddress
        self.elsewhere = secondAddress ?? elsewhere
        behavior = NATBehavior(mapping: isLocal ? .none : .unknown, filtering: .unknown)
        inquiry = Inquiry(roundTrip: roundTrip)
        ports = [observed.port]
        guard !alternatePorts.isEmpty else {
            // With one port a service shows nothing.
            step = .done
            return
        }
        for port in alternatePorts.dropFirst().prefix(2) {
            ask(.mapping(TransportAddress(service.ip, port: port)), at: now, &entropy)
        }
        ask(.otherPort, at: now, &entropy)
        if secondAddress != nil { ask(.otherAddress, at: now, &entropy) }
    }

    var isDone: Bool {
        switch step {
        case .done: true
        case .portsAndFilter, .secondAddress: false
        }
    }

    var nextTimeout: Instant? { inquiry.nextTimeout }

    mutating func takeOutgoing() -> [(STUNMessage, Route)] {
        inquiry.takeOutgoing()
    }

    private mutating func ask(_ question: Question, at now: Instant, _ entropy: inout Entropy) {
        var request = STUNMessage.request(&entropy)
        var target = service
        switch question {
        case .otherPort: request.changePort = true
        case .otherAddress: (request.changeIP, request.changePort) = (true, true)
        case .mapping(let address): target = address
        }
        inquiry.ask(question, request, to: Route(target), at: now)
    }

    mutating func handleTimeout(at now: Instant, _ entropy: inout Entropy) {
        _ = inquiry.handleTimeout(at: now)
        if inquiry.isEmpty { advance(at: now, &entropy) }
    }

    /// Returns whether the response was asked for.
    mutating func receive(
        _ response: STUNMessage, from source: Route, at now: Instant, _ entropy: inout Entropy
    ) -> Bool {
        guard let (question, route) = inquiry.question(in: response.transactionID), source.socket == route.socket,
            let address = response.plausibleAddress, address.family == service.family
        else { return false }
        switch question {
        case .otherPort:
            guard source.remote.ip == service.ip, source.remote.port != service.port else { return false }
            if behavior.filtering == .unknown { behavior.filtering = .addressDependent }
        case .otherAddress:
            guard source.remote.ip == secondAddress?.ip else { return false }
            behavior.filtering = .endpointIndependent
            inquiry.close(.otherPort)
        case .mapping(let target):
            guard source.remote == target else { return false }
            isAnswered = true
            note(address, at: target)
        }
        inquiry.close(question)
        if inquiry.isEmpty { advance(at: now, &entropy) }
        return true
    }

    private mutating func note(_ mapped: TransportAddress, at target: TransportAddress) {
        switch step {
        case .portsAndFilter: ports.append(mapped.port)
        case .secondAddress, .done: latePorts.append(mapped.port)
        }
        switch behavior.mapping {
        case .none, .addressDependent, .addressAndPortDependent: break
        case .unknown, .endpointIndependent:
            if mapped == observed {
                behavior.mapping = .endpointIndependent
            } else {
                behavior.mapping = target.ip == service.ip ? .addressAndPortDependent : .addressDependent
            }
        }
    }

    private mutating func advance(at now: Instant, _ entropy: inout Entropy) {
        switch step {
        case .portsAndFilter:
            step = .secondAddress
            if let elsewhere { ask(.mapping(elsewhere), at: now, &entropy) }
            _ = inquiry.handleTimeout(at: now)
            if inquiry.isEmpty { finish() }
        case .secondAddress:
            finish()
        case .done:
            break
        }
    }

    private mutating func finish() {
        step = .done
        switch behavior.filtering {
        // Silence means that the answers were filtered, if others came.
        case .unknown where isAnswered: behavior.filtering = .addressAndPortDependent
        case .addressDependent where secondAddress == nil: behavior.filtering = .endpointIndependent
        case .unknown, .endpointIndependent, .addressDependent, .addressAndPortDependent: break
        }
    }
}
