internal import PinholeWire

/// Counts what strangers send by second, in total and per source network, to know when it is too much.
struct SourceLoad {
    let limit: Int
    let limitPerSource: Int
    /// How much work may be done for all of them.
    let workLimit: Int
    private var windowEnd = Instant(nanoseconds: 0)
    private var total = 0
    private var work = 0
    private var bySource: [IPAddress: Int] = [:]

    private static let maxSources = 1024

    /// Of what there is too much.
    enum Excess {
        case none
        case ofSource
        case inTotal
    }

    init(limit: Int = .max, perSource: Int, work: Int = .max) {
        self.limit = limit
        limitPerSource = perSource
        workLimit = work
    }

    /// Counts one datagram. Returns whether it is more than is taken in without further proof.
    mutating func isOverloaded(by source: TransportAddress, at now: Instant) -> Bool {
        note(source, at: now) != .none
    }

    /// Notes the work that the latest datagram was worth. The first of a second may cost whatever it does.
    mutating func spend(_ work: Int) {
        self.work += work
    }

    /// The latest datagram, which came from `source`, was somebody's who may send some.
    mutating func forgive(_ source: TransportAddress) {
        bySource[source.ip.sourceNetwork]? -= 1
    }

    mutating func note(_ source: TransportAddress, at now: Instant) -> Excess {
        if now >= windowEnd {
            windowEnd = now + .seconds(1)
            total = 0
            work = 0
            bySource.removeAll(keepingCapacity: true)
        }
        total += 1
        let network = source.ip.sourceNetwork
        let count = bySource[network, default: 0] + 1
        if count > 1 || bySource.count < Self.maxSources { bySource[network] = count }
        if count > limitPerSource { return .ofSource }
        return total > limit || work >= workLimit ? .inTotal : .none
    }
}

extension IPAddress {
    /// What one customer has of the address space: a /32, or a /64.
    fileprivate var sourceNetwork: IPAddress {
        switch family {
        case .v4: self
        case .v6: IPAddress(v6High: v6Bits.high, low: 0)
        }
    }
}
