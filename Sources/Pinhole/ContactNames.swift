import PinholeWire

/// The host names among the contacts' addresses: who has each, and where they lead; asks nobody itself.
struct ContactNames {
    /// One of them, with its port.
    struct Name: Hashable, Sendable {
        let host: String
        let port: UInt16
    }

    private var names = HostNames<Name>(width: Self.width, longestPause: .seconds(600))
    private var held: [PublicKey: Set<Name>] = [:]

    /// A look-up may block a thread for many seconds.
    private static let width = 8
    /// So many addresses of a name are used at most: who answers for it must not have us call half the world.
    private static let most = 32

    /// When the next look-up is to begin.
    var dueTime: Instant? { names.dueTime }

    /// The contacts whose names matter from now on.
    mutating func follow(_ contacts: some Collection<Contact>, at now: Instant) {
        held = [:]
        for contact in contacts {
            let own = Self.names(of: contact)
            if !own.isEmpty { held[contact.key] = own }
        }
        names.follow(held.values.reduce(into: []) { $0.formUnion($1) }, at: now)
    }

    /// Where a contact can be called: at the addresses that are no names, and where his names lead as far as is known.
    func addresses(of contact: Contact) -> [TransportAddress] {
        let literals = contact.addresses.compactMap { TransportAddress($0) }
        return literals + contact.addresses.compactMap(Self.name).flatMap { names.addresses(of: $0).prefix(Self.most) }
    }

    /// Why a contact who has only names cannot be called: the first of them, and what is wrong with it. nil while that is
    /// not known.
    func failure(of contact: Contact) -> (host: String, reason: Phrase)? {
        guard addresses(of: contact).isEmpty else { return nil }
        let failures = contact.addresses.compactMap(Self.name).compactMap { name in
            names.failure(of: name).map { (name.host, $0) }
        }
        return failures.first
    }

    /// The names to look up now, which has begun; ``finish(_:_:at:)`` ends it for each.
    mutating func begin(at now: Instant) -> Set<Name> {
        names.begin(at: now)
    }

    /// Takes what was found for a name. Returns those whose ``addresses(of:)`` are others by it.
    mutating func finish(
        _ name: Name, _ result: Result<[TransportAddress], PinholeError>, at now: Instant
    ) -> Set<PublicKey> {
        guard names.finish(name, result, at: now) == .addresses else { return [] }
        return Set(held.filter { $0.value.contains(name) }.keys)
    }

    /// The network may have other name servers, or lead to another address.
    mutating func networkChanged(at now: Instant) {
        names.networkChanged(at: now)
    }

    /// A contact was not reached: his names may lead elsewhere now.
    mutating func unreachable(_ key: PublicKey, at now: Instant) {
        for name in held[key] ?? [] { names.unreachable(name, at: now) }
    }

    private static func names(of contact: Contact) -> Set<Name> {
        Set(contact.addresses.compactMap(name))
    }

    /// The name in a contact's address; nil where that is none.
    private static func name(_ address: String) -> Name? {
        guard TransportAddress(address) == nil, let place = Contact.hostAndPort(address) else { return nil }
        return Name(host: place.host, port: place.port)
    }
}
