internal import PinholeWire

/// Measures a NAT through one service's ports (RFC 5780 §4): filtering first, while no alternate port was ever
/// contacted, then mapping.
///
/// With one address a service can tell endpoint-independent from port-dependent behaviour; telling address- from
/// port-dependence apart takes its second address.
struct NATDetector {
    private enum Step {
        case idle
        /// An answer from another port shows that filtering does not look at ports.
        case filtering
        case mapping
        case done
    }

    private let service: TransportAddress
    private let observed: TransportAddress
    private let alternatePorts: [UInt16]
    private var step = Step.idle
    private var pending: [STUNMessage.TransactionID: TransportAddress] = [:]
    private var mapped: [TransportAddress: TransportAddress] = [:]
    private var timesSent = 0
    private var deadline: Instant
    private(set) var behavior: NATBehavior
    private(set) var outgoing: [(STUNMessage, TransportAddress)] = []

    /// `observed` is how the service's main port sees the socket; `isLocal` says that it is the socket's own address.
    init(
        service: TransportAddress, observed: TransportAddress, alternatePorts: [UInt16], isLocal: Bool, at now: Instant
    ) {
        self.service = service
        self.observed = observed
        self.alternatePorts = alternatePorts
        deadline = now
        behavior = NATBehavior(mapping: isLocal ? .none : .unknown, filtering: .unknown)
    }

    var isDone: Bool {
        switch step {
        case .done: true
        case .idle, .filtering, .mapping: false
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
        case .idle:
            step = .filtering
            sendFilteringTest(at: now, &entropy)
        case .filtering where timesSent < Self.attempts:
            sendFilteringTest(at: now, &entropy)
        case .filtering:
            // Silence means that the answer from another port was filtered.
            behavior.filtering = .addressAndPortDependent
            beginMapping(at: now, &entropy)
        case .mapping where timesSent < Self.attempts:
            sendMappingTests(at: now, &entropy)
        case .mapping, .done:
            conclude()
        }
    }

    private mutating func sendFilteringTest(at now: Instant, _ entropy: inout Entropy) {
        var request = STUNMessage(.request, transactionID: .random(&entropy))
        request.changePort = true
        pending[request.transactionID] = service
        outgoing.append((request, service))
        timesSent += 1
        deadline = now + Self.retry
    }

    private mutating func beginMapping(at now: Instant, _ entropy: inout Entropy) {
        pending.removeAll()
        timesSent = 0
        guard !alternatePorts.isEmpty else { return conclude() }
        step = .mapping
        sendMappingTests(at: now, &entropy)
    }

    private mutating func sendMappingTests(at now: Instant, _ entropy: inout Entropy) {
        for port in alternatePorts.prefix(3) {
            let target = TransportAddress(service.ip, port: port)
            guard mapped[target] == nil else { continue }
            let request = STUNMessage(.request, transactionID: .random(&entropy))
            pending[request.transactionID] = target
            outgoing.append((request, target))
        }
        timesSent += 1
        deadline = now + Self.retry
    }

    /// Returns whether the response was asked for.
    mutating func receive(
        _ response: STUNMessage, from source: TransportAddress, at now: Instant, _ entropy: inout Entropy
    ) -> Bool {
        guard case .success = response.messageClass, let target = pending[response.transactionID],
            source.ip == service.ip, let address = response.mappedAddress
        else { return false }
        pending[response.transactionID] = nil
        switch step {
        case .filtering:
            guard source.port != service.port else { return true }
            behavior.filtering = .endpointIndependent
            beginMapping(at: now, &entropy)
        case .mapping:
            guard source == target else { return true }
            mapped[target] = address
            if mapped.count == min(alternatePorts.count, 3) { conclude() }
        case .idle, .done:
            break
        }
        return true
    }

    private mutating func conclude() {
        step = .done
        pending.removeAll()
        guard behavior.mapping == .unknown, !mapped.isEmpty else { return }
        behavior.mapping =
            mapped.values.allSatisfy { $0 == observed } ? .endpointIndependent : .addressAndPortDependent
    }
}

extension STUNMessage.TransactionID {
    static func random(_ entropy: inout Entropy) -> Self {
        Self(high: UInt32(truncatingIfNeeded: entropy.next()), low: entropy.next())
    }
}
