import PinholeCore
import PinholeWire

/// The services a node uses: its own ones for all contacts, and those that contacts carry for these contacts alone.
struct ServiceList {
    /// One service, as it was last seen.
    struct Service {
        let address: ServiceAddress
        /// Whether it is one of the configured ones.
        let isOwn: Bool
        /// The contacts that carry it.
        var carriers: Set<PublicKey> = []
        var observed: [IPAddress.Family: TransportAddress] = [:]
        var rtt: Duration?
        var failure: Phrase?

        var isUsed: Bool { isOwn || !carriers.isEmpty }
    }

    /// The endpoint knows a service by its place here, which it keeps, used or not.
    private(set) var all: [Service]

    init(_ configured: [ServiceAddress]) {
        all = []
        for address in configured where !all.contains(where: { $0.address == address }) {
            all.append(Service(address: address, isOwn: true))
        }
    }

    var used: [Service] { all.filter(\.isUsed) }
    var addresses: Set<ServiceAddress> { Set(used.map(\.address)) }

    /// Takes what the contacts carry. Returns whether that changed anything.
    mutating func follow(_ contacts: some Collection<Contact>) -> Bool {
        var carriers: [ServiceAddress: Set<PublicKey>] = [:]
        for contact in contacts {
            for address in contact.services { carriers[address, default: []].insert(contact.key) }
        }
        var isChanged = false
        for index in all.indices where !all[index].isOwn {
            let current = carriers.removeValue(forKey: all[index].address) ?? []
            guard all[index].carriers != current else { continue }
            isChanged = true
            all[index].carriers = current
            if current.isEmpty { lost(index, because: nil) }
        }
        for (address, keys) in carriers where !all.contains(where: { $0.address == address }) {
            isChanged = true
            all.append(Service(address: address, isOwn: false, carriers: keys))
        }
        return isChanged
    }

    mutating func answered(_ index: Int, _ observed: TransportAddress, _ rtt: Duration) {
        all[index].observed[observed.family] = observed
        all[index].rtt = rtt
        all[index].failure = nil
    }

    mutating func lost(_ index: Int, because reason: Phrase?) {
        all[index].observed = [:]
        all[index].rtt = nil
        all[index].failure = reason
    }

    /// The services that may know where a contact is.
    func used(for key: PublicKey) -> [Service] { all.filter { $0.isOwn || $0.carriers.contains(key) } }

    /// One of them that fails for a reason of its own: its name has no address, or it refuses.
    func told(for key: PublicKey) -> (address: ServiceAddress, failure: Phrase)? {
        for service in used(for: key) {
            if let failure = service.failure, failure != ServiceFailure.noAnswer.sentence {
                return (service.address, failure)
            }
        }
        return nil
    }

    /// What was found for a service's name. One that contacts carry, and not the configuration, must not make this node
    /// send to where no service for others can be.
    func usable(
        _ found: Result<[TransportAddress], PinholeError>, for service: ServiceAddress, allowsLoopback: Bool
    ) -> Result<[TransportAddress], PinholeError> {
        guard let index = index(of: service), !all[index].isOwn, case .success(let addresses) = found else {
            return found
        }
        let usable = addresses.filter { $0.isPunchable(loopback: allowsLoopback) }
        guard usable.isEmpty else { return .success(usable) }
        return .failure(ResolverError.notFound(host: service.host).pinholeError)
    }

    func index(of address: ServiceAddress) -> Int? { all.firstIndex { $0.address == address } }
}

// MARK: What the endpoint is told

extension NodeLoop {
    /// Takes over which services the contacts carry now.
    func followServices(at now: Instant) {
        guard services.follow(reachable) else { return }
        names.follow(services.addresses, at: now)
        // One that a contact carried alone must not be asked any longer.
        tellServices(at: now)
    }

    /// Names are looked up off the loop, all at the same time, and each is used as soon as it is found; addresses at once.
    func lookUpServices(at now: Instant) {
        let node = LoopBound(self)
        let loop = loop
        for service in names.begin(at: now) {
            if let address = Resolver.literal(service.host, port: service.port) {
                found(service, .success([address]), at: now)
                continue
            }
            Task {
                let result = await Resolver.find(service.host, port: service.port)
                loop.perform { node.value.found(service, result, at: loop.now) }
            }
        }
    }

    private func found(
        _ service: ServiceAddress, _ result: Result<[TransportAddress], PinholeError>, at now: Instant
    ) {
        let usable = services.usable(result, for: service, allowsLoopback: configuration.allowsLoopback)
        switch names.finish(service, usable, at: now) {
        case .nothing: break
        case .addresses: tellServices(at: now)
        case .failure(let sentence): services.index(of: service).map { serviceDown($0, sentence) }
        }
    }

    /// A service's token is shown to the configured services alone.
    private func tellServices(at now: Instant) {
        let known = services.all.enumerated().filter(\.element.isUsed).map { index, service in
            RendezvousService(
                id: index, key: service.address.key, addresses: names.addresses[service.address] ?? [],
                scope: service.isOwn ? .everybody : .only(Set(service.carriers.map(\.key))),
                token: service.isOwn ? Array(configuration.serviceToken.utf8) : [])
        }
        endpoint.setServices(known, at: now)
    }
}

// MARK: What the endpoint says

extension NodeLoop {
    func serviceUp(_ index: Int, _ observed: TransportAddress, _ rtt: Duration) {
        services.answered(index, observed, rtt)
        let service = services.all[index]
        names.up(service.address)
        hub.publish(.serviceUp(service.address, observed: service.observed.values.map(\.description).sorted()))
        tellMeasured()
    }

    func serviceDown(_ index: Int, _ failure: ServiceFailure, at now: Instant) {
        names.down(services.all[index].address, at: now)
        serviceDown(index, failure.sentence)
    }

    private func serviceDown(_ index: Int, _ reason: Phrase) {
        services.lost(index, because: reason)
        hub.publish(.serviceDown(services.all[index].address, reason: reason))
        tellMeasured()
    }
}
