import PinholeWire

/// When to look up the host names of the services, and what came of it; asks nobody itself.
///
/// Names are looked up again when the network changed, while a service does not answer, and while one has no address.
struct ServiceNames {
    /// Each service's addresses, in the order of the configuration; those of the last look-up that found any.
    private(set) var addresses: [[TransportAddress]]
    /// When the next look-up is to begin.
    private(set) var dueTime: Instant?
    private var failures: [String?]
    private var down: Set<Int> = []
    private var lastBegun: Instant?
    private var isLookingUp = false
    private var isKnown = false

    /// What a look-up changed.
    struct Change: Equatable {
        /// Whether the addresses are others than before, or the first ones.
        var addresses = false
        /// The services that have no address, with the sentence, unless it is the one that was told before.
        var failures: [Failure] = []
    }

    struct Failure: Equatable {
        let index: Int
        let sentence: String
    }

    init(count: Int) {
        addresses = Array(repeating: [], count: count)
        failures = Array(repeating: nil, count: count)
    }

    /// Whether a look-up is due; then it has begun, and ``finish(_:at:)`` ends it.
    mutating func begin(at now: Instant) -> Bool {
        guard !isLookingUp, let dueTime, dueTime <= now else { return false }
        self.dueTime = nil
        isLookingUp = true
        lastBegun = now
        return true
    }

    /// Takes what was found for each service: other addresses replace the known ones, a failure leaves them.
    mutating func finish(_ results: [Result<[TransportAddress], PinholeError>], at now: Instant) -> Change {
        var change = Change(addresses: !isKnown)
        isKnown = true
        isLookingUp = false
        for (index, result) in results.enumerated() {
            switch result {
            case .success(let found):
                failures[index] = nil
                // Name servers change the order as they like.
                guard Set(found) != Set(addresses[index]) else { continue }
                addresses[index] = found
                change.addresses = true
            case .failure(let error):
                guard addresses[index].isEmpty, failures[index] != error.message else { continue }
                failures[index] = error.message
                change.failures.append(Failure(index: index, sentence: error.message))
            }
        }
        if addresses.contains([]) {
            schedule(now + Self.retryInterval)
        } else if !down.isEmpty {
            schedule(now + Self.downInterval)
        }
        return change
    }

    /// The network may have other name servers, or lead to another address.
    mutating func networkChanged(at now: Instant) {
        schedule(now)
    }

    /// The service may have moved to another address.
    mutating func serviceDown(_ index: Int, at now: Instant) {
        down.insert(index)
        schedule(lastBegun.map { max(now, $0 + Self.downInterval) } ?? now)
    }

    mutating func serviceUp(_ index: Int) {
        down.remove(index)
    }

    private mutating func schedule(_ time: Instant) {
        let earliest = lastBegun.map { max(time, $0 + Self.minInterval) } ?? time
        dueTime = min(dueTime ?? earliest, earliest)
    }

    private static let minInterval = Duration.seconds(1)
    private static let retryInterval = Duration.seconds(10)
    private static let downInterval = Duration.seconds(30)
}
