internal import PinholeCrypto
internal import PinholeWire

/// When beacons leave, from where, and how many of others' are looked at.
struct Beacons {
    /// The addresses that beacons leave from, one on each local network; without any this peer is silent and deaf.
    private(set) var sources: [LocalAddress] = []
    private(set) var nextTimeout: Instant?
    private var interval = Limits.beaconFirstInterval
    private var hurried: Instant?
    /// Where the next round begins, when there are more contacts than one round is for.
    private var firstContact = 0
    var load = SourceLoad(
        limit: Limits.beaconsPerSecond, perSource: Limits.beaconsPerSecondPerSource,
        work: Limits.beaconTrialsPerSecond)
    /// How many keys beacons were compared with, ever.
    private(set) var trials = 0
    /// What leaves in the next turn.
    private var outgoing: [(datagram: [UInt8], source: IPAddress)] = []
    private var outgoingIndex = 0

    /// Begins anew, with short intervals, when the addresses are others than before.
    mutating func setSources(_ sources: [LocalAddress], at now: Instant) {
        guard sources != self.sources else { return }
        self.sources = sources
        interval = Limits.beaconFirstInterval
        nextTimeout = sources.isEmpty ? nil : now
    }

    /// Somebody is called now: the next round does not wait, unless the last that did not is less than a second ago.
    mutating func hurry(at now: Instant) {
        guard let next = nextTimeout else { return }
        let soonest = hurried.map { max(now, $0 + Limits.beaconFirstInterval) } ?? now
        guard soonest < next else { return }
        nextTimeout = soonest
        hurried = soonest
    }

    /// Whether a round is due, which it then is no more.
    mutating func takeRound(at now: Instant, _ entropy: inout Entropy) -> Bool {
        guard let next = nextTimeout, next <= now else { return false }
        nextTimeout = now + (interval == Limits.beaconFirstInterval ? interval : entropy.jittered(interval))
        interval = min(interval * 2, Limits.beaconMaxInterval)
        return true
    }

    /// The contacts of one round, out of `count`, by their places.
    mutating func takeContacts(_ count: Int) -> [Int] {
        guard count > Limits.beaconContacts else { return Array(0..<count) }
        defer { firstContact = (firstContact + Limits.beaconContacts) % count }
        return (0..<Limits.beaconContacts).map { (firstContact + $0) % count }
    }

    /// The latest beacon was compared with so many keys.
    mutating func spend(_ count: Int) {
        trials += count
        load.spend(count)
    }

    mutating func send(_ beacon: Beacon, from source: IPAddress) {
        outgoing.append((beacon.encoded, source))
    }

    mutating func takeOutgoing() -> Output? {
        guard outgoingIndex < outgoing.count else {
            outgoing.removeAll(keepingCapacity: true)
            outgoingIndex = 0
            return nil
        }
        defer { outgoingIndex += 1 }
        return .beacon(outgoing[outgoingIndex].datagram, from: outgoing[outgoingIndex].source)
    }
}

/// The keys of one pair that are of use at the moment.
struct BeaconKeys {
    private var own: (epoch: UInt32, key: BeaconKey)?
    private var peer: (epoch: UInt32, keys: [BeaconKey])?

    mutating func own(_ pair: PairKeys, _ epoch: UInt32) -> BeaconKey {
        if let own, own.epoch == epoch { return own.key }
        let key = BeaconKey(pair, of: pair.role, epoch: epoch)
        own = (epoch, key)
        return key
    }

    /// How many epochs the peer's beacons may be of.
    static let epochs = 3

    /// Of this epoch, the one before and the one after: clocks differ.
    mutating func peer(_ pair: PairKeys, _ epoch: UInt32) -> [BeaconKey] {
        if let peer, peer.epoch == epoch { return peer.keys }
        let keys = [epoch, epoch &- 1, epoch &+ 1].map { BeaconKey(pair, of: pair.role.other, epoch: $0) }
        peer = (epoch, keys)
        return keys
    }
}
