import PinholeWire

/// The host names among the contacts' addresses: who has each, and what he gets by it; asks nobody itself.
struct ContactNames {
    /// One of them, with its port.
    struct Name: Hashable, Sendable {
        let host: String
        let port: UInt16
    }

    private var names = HostNames<Name>(width: Self.width, longestPause: .seconds(600))
    private var held: [PublicKey: Set<Name>] = [:]
    /// What each contact has got since he is served.
    private var given: [PublicKey: Set<TransportAddress>] = [:]

    /// A look-up may block a thread for many seconds.
    private static let width = 8
    /// A name may lead elsewhere each time that it is looked up, and what a contact once has he keeps.
    private static let maxGiven = 32

    /// When the next look-up is to begin.
    var dueTime: Instant? { names.dueTime }

    /// The contacts whose names matter from now on.
    mutating func follow(_ contacts: some Collection<Contact>, at now: Instant) {
        held = [:]
        for contact in contacts {
            let own = Self.names(of: contact)
            if !own.isEmpty { held[contact.key] = own }
        }
        given = given.filter { held[$0.key] != nil }
        names.follow(held.values.reduce(into: []) { $0.formUnion($1) }, at: now)
    }

    /// What a contact who begins to be served, or who has more addresses than before, gets by names that were looked up
    /// for others or earlier.
    mutating func found(for contact: Contact, isNew: Bool) -> [TransportAddress] {
        if isNew { given[contact.key] = nil }
        let known = Self.names(of: contact).flatMap { names.addresses(of: $0) }
        return give(known, to: contact.key)
    }

    /// The names to look up now, which has begun; ``finish(_:_:at:)`` ends it for each.
    mutating func begin(at now: Instant) -> Set<Name> {
        names.begin(at: now)
    }

    /// Takes what was found for a name. Returns who gets what by it that they did not have.
    mutating func finish(
        _ name: Name, _ result: Result<[TransportAddress], PinholeError>, at now: Instant
    ) -> [PublicKey: [TransportAddress]] {
        guard names.finish(name, result, at: now) == .addresses else { return [:] }
        var gains: [PublicKey: [TransportAddress]] = [:]
        for (key, own) in held where own.contains(name) {
            let gain = give(names.addresses(of: name), to: key)
            if !gain.isEmpty { gains[key] = gain }
        }
        return gains
    }

    /// The network may have other name servers, or lead to another address.
    mutating func networkChanged(at now: Instant) {
        names.networkChanged(at: now)
    }

    /// A contact was not reached: his names may lead elsewhere now.
    mutating func unreachable(_ key: PublicKey, at now: Instant) {
        for name in held[key] ?? [] { names.unreachable(name, at: now) }
    }

    private mutating func give(_ addresses: [TransportAddress], to key: PublicKey) -> [TransportAddress] {
        let known = given[key] ?? []
        let gain = Array(addresses.filter { !known.contains($0) }.prefix(Self.maxGiven - known.count))
        if !gain.isEmpty { given[key] = known.union(gain) }
        return gain
    }

    private static func names(of contact: Contact) -> Set<Name> {
        Set(
            contact.addresses.filter { TransportAddress($0) == nil }.compactMap { Contact.hostAndPort($0) }
                .map { Name(host: $0.host, port: $0.port) })
    }
}
