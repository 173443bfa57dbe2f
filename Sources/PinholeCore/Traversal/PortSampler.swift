internal import PinholeWire

/// Sees how a NAT picks external ports, by the mappings of a few short-lived sockets.
///
/// They are made one after another, so that their order is the NAT's. Each socket asks two ports of the service: a NAT
/// whose mappings depend on the endpoint makes two of them, another one.
struct PortSampler {
    private let sockets: [SocketID]
    private let service: TransportAddress
    private let targets: [TransportAddress]
    private var inquiry: Inquiry<Int>
    /// By the place in the order of requests.
    private var seen: [Int: TransportAddress] = [:]
    /// The sockets' own.
    private var ports: [SocketID: UInt16] = [:]

    init(
        service: TransportAddress, alternatePorts: [UInt16], sockets: [SocketID], roundTrip: Duration, at now: Instant,
        _ entropy: inout Entropy
    ) {
        self.sockets = sockets
        self.service = service
        // Never the first alternate port: it is the one that unexpected answers come from.
        targets = [service] + alternatePorts.dropFirst().prefix(1).map { TransportAddress(service.ip, port: $0) }
        inquiry = Inquiry(roundTrip: roundTrip)
        for (index, socket) in sockets.enumerated() {
            for (offset, target) in targets.enumerated() {
                let place = index * targets.count + offset
                let due = now + Limits.samplingPacing * (place + 1)
                inquiry.ask(place, .request(&entropy), to: Route(target, via: socket), at: due)
            }
        }
    }

    var isDone: Bool { inquiry.isEmpty }
    var nextTimeout: Instant? { inquiry.nextTimeout }

    mutating func takeOutgoing() -> [(STUNMessage, Route)] {
        inquiry.takeOutgoing()
    }

    mutating func handleTimeout(at now: Instant) {
        _ = inquiry.handleTimeout(at: now)
    }

    mutating func didOpen(_ socket: SocketID, port: UInt16?) {
        guard sockets.contains(socket) else { return }
        ports[socket] = port
        if port == nil { inquiry.close(socket) }
    }

    /// Returns whether the response was asked for.
    mutating func receive(_ response: STUNMessage, from source: Route) -> Bool {
        guard let (place, route) = inquiry.question(in: response.transactionID), source == route,
            let address = response.plausibleAddress, address.family == service.family
        else { return false }
        seen[place] = address
        inquiry.close(place)
        return true
    }

    /// The mappings in the order in which they were made.
    var samples: [PortAllocation.Sample] {
        seen.sorted { $0.key < $1.key }.map { place, address in
            PortAllocation.Sample(local: ports[sockets[place / targets.count]], external: address.port)
        }
    }

    /// One of the sockets, and its own address as the service's main port sees it.
    var reflexive: (socket: SocketID, address: TransportAddress)? {
        for (index, socket) in sockets.enumerated() {
            if let address = seen[index * targets.count] { return (socket, address) }
        }
        return nil
    }
}
