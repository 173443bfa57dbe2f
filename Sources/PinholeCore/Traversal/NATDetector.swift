internal import PinholeWire

/// Measures a NAT through one service's ports (RFC 5780 §4), on the socket that is used for everything.
///
/// What is asked first decides what can be learned later, so each question has ports of its own: unexpected answers come
/// from the first alternate port, which is never written to (a router without an input firewall then gives that port's
/// mapping away), and the second address is written to only after it was seen whether it gets through unasked.
/// Without a second address, address- and port-dependence cannot be told apart.
struct NATDetector {
    private enum Question: Equatable {
        /// An answer from another port passes a filter that does not look at ports.
        case otherPort
        /// An answer from another address passes a filter that looks at nothing.
        case otherAddress
        case mapping(TransportAddress)
    }

    private enum Step {
        case idle
        case portsAndFilter
        case secondAddress
        case done
    }

    private let service: TransportAddress
    private let observed: TransportAddress
    private let alternatePorts: [UInt16]
    private let secondAddress: TransportAddress?
    private var step = Step.idle
    private var open: [Question] = []
    private var pending: [STUNMessage.TransactionID: Question] = [:]
    private var timesSent = 0
    private var deadline: Instant
    /// What is known so far; the mapping by port is known first, after one round trip.
    private(set) var behavior: NATBehavior
    private(set) var outgoing: [(STUNMessage, TransportAddress)] = []

    /// `observed` is how the service's main port sees the socket; `isLocal` says that it is the socket's own address.
    init(
        service: TransportAddress, observed: TransportAddress, alternatePorts: [UInt16],
        secondAddress: TransportAddress?, isLocal: Bool, at now: Instant
    ) {
        self.service = service
        self.observed = observed
        self.alternatePorts = alternatePorts
        self.secondAddress = secondAddress
        deadline = now
        behavior = NATBehavior(mapping: isLocal ? .none : .unknown, filtering: .unknown)
    }

    var isDone: Bool {
        switch step {
        case .done: true
        case .idle, .portsAndFilter, .secondAddress: false
        }
    }

    var nextTimeout: Instant? { isDone ? nil : deadline }

    mutating func takeOutgoing() -> [(STUNMessage, TransportAddress)] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    private static let attempts = 3
    private static let retry: Duration = .milliseconds(250)

    mutating func handleTimeout(at now: Instant, _ entropy: inout Entropy) {
        guard let due = nextTimeout, due <= now else { return }
        switch step {
        case .idle where alternatePorts.isEmpty:
            // With one port a service shows nothing.
            step = .done
        case .idle:
            let ports = alternatePorts.dropFirst().prefix(2)
            open = ports.map { .mapping(TransportAddress(service.ip, port: $0)) } + [.otherPort]
            if secondAddress != nil { open.append(.otherAddress) }
            step = .portsAndFilter
            ask(at: now, &entropy)
        case .portsAndFilter, .secondAddress:
            // Silence means that the answer was filtered.
            if timesSent < Self.attempts { ask(at: now, &entropy) } else { advance(at: now, &entropy) }
        case .done:
            break
        }
    }

    private mutating func ask(at now: Instant, _ entropy: inout Entropy) {
        for question in open {
            var request = STUNMessage(.request, transactionID: .random(&entropy))
            var target = service
            switch question {
            case .otherPort: request.changePort = true
            case .otherAddress: (request.changeIP, request.changePort) = (true, true)
            case .mapping(let address): target = address
            }
            pending[request.transactionID] = question
            outgoing.append((request, target))
        }
        timesSent += 1
        deadline = now + Self.retry
    }

    /// Returns whether the response was asked for.
    mutating func receive(
        _ response: STUNMessage, from source: TransportAddress, at now: Instant, _ entropy: inout Entropy
    ) -> Bool {
        guard case .success = response.messageClass, let question = pending[response.transactionID],
            let address = response.mappedAddress
        else { return false }
        switch question {
        case .otherPort:
            guard source.ip == service.ip, source.port != service.port else { return false }
            if behavior.filtering == .unknown { behavior.filtering = .addressDependent }
        case .otherAddress:
            guard source.ip == secondAddress?.ip else { return false }
            behavior.filtering = .endpointIndependent
            open.removeAll { $0 == .otherPort }
        case .mapping(let target):
            guard source == target else { return false }
            note(address, at: target)
        }
        pending[response.transactionID] = nil
        open.removeAll { $0 == question }
        if open.isEmpty { advance(at: now, &entropy) }
        return true
    }

    private mutating func note(_ mapped: TransportAddress, at target: TransportAddress) {
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
        pending.removeAll()
        open.removeAll()
        timesSent = 0
        switch step {
        case .portsAndFilter:
            switch behavior.filtering {
            case .unknown: behavior.filtering = .addressAndPortDependent
            case .addressDependent where secondAddress == nil: behavior.filtering = .endpointIndependent
            case .endpointIndependent, .addressDependent, .addressAndPortDependent: break
            }
            step = .secondAddress
            if let secondAddress { open.append(.mapping(secondAddress)) }
            if alternatePorts.count == 1 {
                open.append(.mapping(TransportAddress(service.ip, port: alternatePorts[0])))
            }
            if open.isEmpty { step = .done } else { ask(at: now, &entropy) }
        case .idle, .secondAddress, .done:
            step = .done
        }
    }
}

extension STUNMessage.TransactionID {
    static func random(_ entropy: inout Entropy) -> Self {
        Self(high: UInt32(truncatingIfNeeded: entropy.next()), low: entropy.next())
    }
}
