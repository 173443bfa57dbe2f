import PinholeWire

/// When to look up the host names of the services, and what came of it; asks nobody itself.
///
/// Names are looked up when a service joins, when the network changed, while a service does not answer, and while one
/// has no address.
struct ServiceNames {
    /// Each service's addresses: those of the last look-up that found any.
    private(set) var addresses: [ServiceAddress: [TransportAddress]] = [:]
    /// When the next look-up is to begin.
    private(set) var dueTime: Instant?
    private var failures: [ServiceAddress: Phrase] = [:]
    private var down: Set<ServiceAddress> = []
    private var lastBegun: Instant?
    /// What is being looked up: a name that takes long keeps no other waiting.
    private var pending: Set<ServiceAddress> = []

    /// What a look-up changed.
    enum Change: Equatable {
        case nothing
        /// The addresses are others than before.
        case addresses
        /// The service has no address, which was not told before.
        case failure(Phrase)
    }

    /// The services whose names matter from now on.
    mutating func follow(_ services: Set<ServiceAddress>, at now: Instant) {
        let joined = services.contains { addresses[$0] == nil }
        addresses = addresses.filter { services.contains($0.key) }
        failures = failures.filter { services.contains($0.key) }
        down.formIntersection(services)
        for service in services where addresses[service] == nil { addresses[service] = [] }
        if joined { schedule(now) }
    }

    /// The names to look up now, which has begun; ``finish(_:_:at:)`` ends it for each.
    mutating func begin(at now: Instant) -> Set<ServiceAddress> {
        guard let dueTime, dueTime <= now else { return [] }
        self.dueTime = nil
        let wanted = Set(addresses.keys).subtracting(pending)
        pending.formUnion(wanted)
        if !wanted.isEmpty { lastBegun = now }
        return wanted
    }

    /// Takes what was found for a service: other addresses replace the known ones, a failure leaves them.
    mutating func finish(
        _ service: ServiceAddress, _ result: Result<[TransportAddress], PinholeError>, at now: Instant
    ) -> Change {
        pending.remove(service)
        guard let known = addresses[service] else { return .nothing }
        defer {
            if addresses.contains(where: { $0.value.isEmpty && !pending.contains($0.key) }) {
                schedule(now + Self.retryInterval)
            } else if !down.isEmpty {
                schedule(now + Self.downInterval)
            }
        }
        switch result {
        case .success(let found):
            failures[service] = nil
            // Name servers change the order as they like.
            guard Set(found) != Set(known) else { return .nothing }
            addresses[service] = found
            return .addresses
        case .failure(let error):
            guard known.isEmpty, failures[service] != error.message else { return .nothing }
            failures[service] = error.message
            return .failure(error.message)
        }
    }

    /// The network may have other name servers, or lead to another address.
    mutating func networkChanged(at now: Instant) {
        schedule(now)
    }

    /// The service may have moved to another address.
    mutating func serviceDown(_ service: ServiceAddress, at now: Instant) {
        guard addresses[service] != nil else { return }
        down.insert(service)
        schedule(lastBegun.map { max(now, $0 + Self.downInterval) } ?? now)
    }

    mutating func serviceUp(_ service: ServiceAddress) {
        down.remove(service)
    }

    private mutating func schedule(_ time: Instant) {
        let earliest = lastBegun.map { max(time, $0 + Self.minInterval) } ?? time
        dueTime = min(dueTime ?? earliest, earliest)
    }

    private static let minInterval = Duration.seconds(1)
    private static let retryInterval = Duration.seconds(10)
    private static let downInterval = Duration.seconds(30)
}
