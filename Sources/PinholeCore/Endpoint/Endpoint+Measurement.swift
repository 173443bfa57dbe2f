package import PinholeWire

// What this peer finds out about the NAT in front of it: once per network, and again after each change.

extension Endpoint {
    /// What earlier endpoints found out, from the application's disk.
    package func remember(_ networks: [NetworkRecord], _ strategies: [RememberedStrategy] = []) {
        for network in networks { self.networks[network.id] = network }
        for strategy in strategies { environment.strategies[strategy.key] = strategy }
    }

    /// What is known of the network that a family's socket is on.
    package func network(_ family: IPAddress.Family) -> NetworkRecord? {
        environment.networks[family].flatMap { networks[$0] }
    }

    /// Whether the NAT of a family is being measured, but for the lifetime of its mappings.
    package func isMeasuring(_ family: IPAddress.Family) -> Bool {
        measurements[family].map { !$0.isDone } ?? false
    }

    /// Measures a family's NAT by the first service that answers, and by another if that one has gone or has too few
    /// ports. Another public address or local prefix means another network; one after another that only the service saw
    /// is waited for.
    func measure(_ index: Int, _ registered: SignalingReply.Registered, at now: Instant) {
        // What a contact brought along is believed about our NAT only where nobody else can be asked.
        let isOwn = clients[index].service.scope == .everybody
        guard isOwn || !clients.contains(where: { $0.service.scope == .everybody && $0.isRegistered }) else { return }
        let service = clients[index].address
        let family = service.family
        let observed = registered.observed
        if postponedMeasurements[family]?.client == clients[index].id { postponedMeasurements[family] = nil }
        guard environment.believes(observed: observed, of: service) else { return }
        var registered = registered
        if let second = registered.secondAddress, !environment.believes(second: second, of: service) {
            registered.secondAddress = nil
        }
        let local = environment.localAddresses.first { $0.ip.family == family && !$0.ip.isLoopback }
        let network = NetworkID(observed: observed.ip, local: local)
        if let last = measurements[family] {
            let isElsewhere = last.network != network
            let isBlind = last.progress == .blind && registered.showsMapping
            let isLastUp = client(withID: last.client).map { clients[$0].isRegistered } ?? false
            let isSame = last.client == clients[index].id
            let isRepeat = isSame && now < last.begun + Limits.blindMeasurementInterval
            guard isElsewhere ? isSame || !isLastUp : isBlind && !isRepeat else { return }
            let hasMoved = NetworkID(observed: last.observed.ip, local: local) != last.network
            guard hasMoved || now >= last.begun + Limits.measurementInterval else {
                postponedMeasurements[family] = PostponedMeasurement(
                    client: clients[index].id, registered: registered, due: last.begun + Limits.measurementInterval)
                return
            }
            abandonMeasurement(family)
        }
        environment.networks[family] = network
        // Nothing that was true elsewhere is believed here.
        environment.nat[family] = networks[network]?.profile
        let isLocal =
            environment.localPorts[family] == observed.port
            && environment.localAddresses.contains { $0.ip == observed.ip }
        measurements[family] = NATMeasurement(
            network, client: clients[index].id, service: service, registered,
            elsewhere: otherService(than: service), isLocal: isLocal,
            roundTrip: clients[index].roundTripTime ?? .zero, at: now, environment)
        settleMeasurement(family, at: now)
    }

    /// Another service's address, which shows as much of the mapping as a second address of the same one.
    private func otherService(than service: TransportAddress) -> TransportAddress? {
        clients.first {
            $0.address.family == service.family && $0.address.ip != service.ip && $0.service.scope == .everybody
        }?.address
    }

    /// The machine has no address of a family any more, and so no NAT.
    func forgetLostFamilies() {
        for family in IPAddress.Family.allCases
        where !environment.localAddresses.contains(where: { $0.ip.family == family }) {
            abandonMeasurement(family)
            environment.nat[family] = nil
            environment.networks[family] = nil
        }
    }

    /// A STUN message: the answer to a measurement, or nothing of ours.
    func receiveSTUN(_ datagram: Span<UInt8>, from source: Route, at now: Instant) {
        guard let message = try? STUNMessage(datagram) else { return environment.drops.count(.malformed) }
        let family = source.remote.family
        if receiveMappingAnswer(message, from: source, at: now) {
            return
        } else if measurements[family]?.receive(message, from: source, at: now, environment) ?? false {
            settleMeasurement(family, at: now)
        } else if lifetimeTests[family]?.receive(message, from: source, at: now, environment) ?? false {
            settleLifetimeTest(family, at: now)
        } else if let (slot, connection) = owner(of: source.socket),
            connection.receiveSTUN(message, from: source, at: now)
        {
            settleLater(slot)
        } else {
            environment.drops.count(.unexpectedSTUN)
        }
    }

    /// The connection that a socket was opened for. Anybody may send to the main sockets, which are nobody's, and there
    /// may be many connections.
    private func owner(of socket: SocketID) -> (slot: Int, connection: Connection)? {
        guard socket.isExtra else { return nil }
        return connections.first { $0.value.extraSockets.contains(socket) }.map { ($0.key, $0.value) }
    }

    func measurementDidOpen(_ socket: SocketID, port: UInt16?, at now: Instant) {
        for family in measurements.keys {
            measurements[family]?.didOpen(socket, port: port, at: now, environment)
            settleMeasurement(family, at: now)
        }
        for family in lifetimeTests.keys {
            lifetimeTests[family]?.didOpen(socket, port: port, at: now, environment)
            settleLifetimeTest(family, at: now)
        }
    }

    var nextMeasurement: Instant? {
        var nearest: Instant?
        func consider(_ due: Instant?) {
            if let due { nearest = nearest.map { min($0, due) } ?? due }
        }
        for measurement in measurements.values { consider(measurement.nextTimeout) }
        for postponed in postponedMeasurements.values { consider(postponed.due) }
        for test in lifetimeTests.values { consider(test.nextTimeout) }
        return nearest
    }

    func continueMeasurements(at now: Instant) {
        for family in IPAddress.Family.allCases {
            if let due = measurements[family]?.nextTimeout, due <= now {
                measurements[family]?.handleTimeout(at: now, environment)
                settleMeasurement(family, at: now)
            }
            if let postponed = postponedMeasurements[family], postponed.due <= now {
                postponedMeasurements[family] = nil
                if let index = client(withID: postponed.client) { measure(index, postponed.registered, at: now) }
            }
            if let due = lifetimeTests[family]?.nextTimeout, due <= now {
                lifetimeTests[family]?.handleTimeout(at: now, environment)
                settleLifetimeTest(family, at: now)
            }
        }
    }

    /// The services are others: what was measured by one that is not used any more is measured anew.
    func forgetMeasurements() {
        for (family, measurement) in measurements where client(withID: measurement.client) == nil {
            abandonMeasurement(family)
        }
    }

    private func abandonMeasurement(_ family: IPAddress.Family) {
        measurements[family]?.close(environment)
        measurements[family] = nil
        postponedMeasurements[family] = nil
        lifetimeTests[family]?.cancel(environment)
        lifetimeTests[family] = nil
    }
}

/// A service sees this peer on another network soon after the last one was measured.
struct PostponedMeasurement {
    let client: Int
    let registered: SignalingReply.Registered
    let due: Instant
}

extension SignalingReply.Registered {
    /// Whether the service has what it takes to show how a NAT maps, beside the port that it answers unexpectedly from.
    fileprivate var showsMapping: Bool {
        alternatePorts.count > 1 || alternatePorts.count == 1 && secondAddress != nil
    }
}

// MARK: What was found

extension Endpoint {
    /// Takes over what a measurement has to send, and what it found.
    private func settleMeasurement(_ family: IPAddress.Family, at now: Instant) {
        for (request, route) in measurements[family]?.takeOutgoing() ?? [] { transmit(request.encoded, to: route) }
        guard let progress = measurements[family]?.takeProgress(), let measurement = measurements[family] else {
            return
        }
        switch progress {
        case .begun:
            break
        case .blind:
            // Whatever was known is better than nothing.
            measurements[family]?.close(environment)
            tell(.networkMeasured(record(of: measurement, at: now), isComplete: false))
        case .mapped:
            // A network that is known is known better than that.
            if networks[measurement.network] == nil { environment.nat[family] = measurement.profile }
            tell(.networkMeasured(record(of: measurement, at: now), isComplete: false))
        case .complete:
            measurements[family]?.close(environment)
            var record = record(of: measurement, at: now)
            record.profile.behavior = measurement.profile.behavior
            record.profile.allocation = measurement.profile.allocation
            record.profile.hairpins = measurement.profile.hairpins
            record.time = environment.unixMilliseconds(at: now)
            update(record)
            measureLifetime(family, measurement, record, at: now)
        }
    }

    /// What was known of the network that is measured, or else what is known by now.
    private func record(of measurement: NATMeasurement, at now: Instant) -> NetworkRecord {
        networks[measurement.network]
            ?? NetworkRecord(
                id: measurement.network, family: measurement.service.family, profile: measurement.profile,
                time: environment.unixMilliseconds(at: now))
    }

    private func update(_ record: NetworkRecord) {
        networks[record.id] = record
        environment.nat[record.family] = record.profile
        tell(.networkMeasured(record, isComplete: true))
    }

    /// Begins to measure how long mappings live, or goes on where an earlier run was interrupted.
    private func measureLifetime(
        _ family: IPAddress.Family, _ measurement: NATMeasurement, _ record: NetworkRecord, at now: Instant
    ) {
        let age = Int64(clamping: environment.unixMilliseconds(at: now)) - Int64(clamping: record.lifetimeTime)
        let isFresh = (0..<Limits.lifetimeValidity.nanoseconds / 1_000_000).contains(age)
        lifetimeTests[family] = LifetimeTest(
            service: measurement.service, observed: measurement.observed.ip,
            knowing: isFresh ? record.profile : NATProfile(),
            roundTrip: measurement.roundTrip, at: now + Limits.lifetimeTestDelay)
    }

    /// Takes over what the test of the lifetime has to send, and what it found. A short life that was only proved so far
    /// is not told: what is assumed of all mappings is better.
    private func settleLifetimeTest(_ family: IPAddress.Family, at now: Instant) {
        for (request, route) in lifetimeTests[family]?.takeOutgoing() ?? [] { transmit(request.encoded, to: route) }
        guard let test = lifetimeTests[family], let id = environment.networks[family], var record = networks[id] else {
            return
        }
        if let port = test.lastPort {
            environment.nat[family]?.allocation.last = port
            record.profile.allocation.last = port
        }
        guard test.alive != record.profile.lifetime || test.dead != record.profile.lifetimeLimit,
            test.dead != nil || (test.alive ?? .zero) > Limits.keepAlive * 2
        else { return }
        record.profile.lifetime = test.alive
        record.profile.lifetimeLimit = test.dead
        record.lifetimeTime = environment.unixMilliseconds(at: now)
        update(record)
    }
}
