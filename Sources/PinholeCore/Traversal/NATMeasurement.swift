internal import PinholeWire

/// All that is measured of one family's NAT on one network, within about a second: mapping, filtering, how ports are
/// given away, and hairpinning. Its parts run side by side.
struct NATMeasurement {
    /// How far it has come.
    enum Progress {
        case begun
        /// How the NAT maps is known.
        case mapped
        case complete
        /// It ended without an answer, or the service has too few ports.
        case blind
    }

    private enum Hairpin {
        /// Another mapping must be known first.
        case waiting
        case testing(HairpinTest)
        case done(Bool?)
    }

    let network: NetworkID
    /// The registration through which it is measured.
    let client: Int
    let service: TransportAddress
    let observed: TransportAddress
    let begun: Instant
    private let localPort: UInt16?
    let roundTrip: Duration
    private var detector: NATDetector
    private var sampler: PortSampler
    private var hairpin: Hairpin
    private var toldProgress = Progress.begun
    /// Those beside the main one that it still needs.
    private var sockets: [SocketID]

    /// Begins at once. `elsewhere` is another service; `isLocal` says that `observed` is the socket's own address, so
    /// that there is nothing to sample.
    init(
        _ network: NetworkID, client: Int, service: TransportAddress, _ registered: SignalingReply.Registered,
        elsewhere: TransportAddress?, isLocal: Bool, roundTrip: Duration, at now: Instant, _ environment: Environment
    ) {
        self.network = network
        self.client = client
        self.service = service
        self.roundTrip = roundTrip
        observed = registered.observed
        begun = now
        localPort = environment.localPorts[service.family]
        detector = NATDetector(
            service: service, observed: registered.observed, alternatePorts: registered.alternatePorts,
            secondAddress: registered.secondAddress, elsewhere: elsewhere, isLocal: isLocal, roundTrip: roundTrip,
            at: now,
            &environment.entropy)
        sockets = isLocal ? [] : environment.openSockets(Limits.samplingSockets, service.family)
        sampler = PortSampler(
            service: service, alternatePorts: registered.alternatePorts, sockets: sockets, roundTrip: roundTrip,
            at: now, &environment.entropy)
        hairpin = isLocal ? .done(nil) : .waiting
        handleTimeout(at: now, environment)
    }

    var progress: Progress {
        switch (detector.behavior.mapping, isDone) {
        case (.unknown, false): .begun
        case (.unknown, true): .blind
        case (_, false): .mapped
        case (_, true): .complete
        }
    }

    /// How far it has come, if that was not asked since.
    mutating func takeProgress() -> Progress? {
        guard progress != toldProgress else { return nil }
        toldProgress = progress
        return progress
    }

    var isDone: Bool {
        guard case .done = hairpin else { return false }
        return detector.isDone && sampler.isDone
    }

    var nextTimeout: Instant? {
        guard !isDone else { return nil }
        var nearest = [detector.nextTimeout, sampler.nextTimeout]
        if case .testing(let test) = hairpin { nearest.append(test.nextTimeout) }
        return nearest.compactMap { $0 }.min()
    }

    mutating func takeOutgoing() -> [(STUNMessage, Route)] {
        var outgoing = detector.takeOutgoing() + sampler.takeOutgoing()
        if case .testing(var test) = hairpin {
            outgoing += test.takeOutgoing()
            hairpin = .testing(test)
        }
        return outgoing
    }

    mutating func handleTimeout(at now: Instant, _ environment: Environment) {
        detector.handleTimeout(at: now, &environment.entropy)
        sampler.handleTimeout(at: now)
        if case .testing(var test) = hairpin {
            test.handleTimeout(at: now)
            hairpin = .testing(test)
        }
        advance(at: now, environment)
    }

    /// Returns whether the message belongs to this measurement.
    mutating func receive(
        _ message: STUNMessage, from source: Route, at now: Instant, _ environment: Environment
    ) -> Bool {
        if case .testing(var test) = hairpin, test.receive(message, by: source.socket) {
            hairpin = .testing(test)
        } else if !sampler.receive(message, from: source),
            !detector.receive(message, from: source, at: now, &environment.entropy)
        {
            return false
        }
        advance(at: now, environment)
        return true
    }

    mutating func didOpen(_ socket: SocketID, port: UInt16?, at now: Instant, _ environment: Environment) {
        sampler.didOpen(socket, port: port)
        advance(at: now, environment)
    }

    private mutating func advance(at now: Instant, _ environment: Environment) {
        switch hairpin {
        case .waiting where sampler.isDone:
            // Whoever claims that another address is ours than before is not followed there.
            guard let other = sampler.reflexive, other.address.ip == observed.ip else {
                hairpin = .done(nil)
                break
            }
            var test = HairpinTest(
                main: observed, other: other.address, socket: other.socket, roundTrip: roundTrip, at: now,
                &environment.entropy)
            test.handleTimeout(at: now)
            hairpin = .testing(test)
        case .testing(let test):
            if let result = test.result { hairpin = .done(result) }
        case .waiting, .done:
            break
        }
        if isDone { close(environment) }
    }

    /// Gives the sockets back.
    mutating func close(_ environment: Environment) {
        environment.closeSockets(sockets)
        sockets.removeAll()
    }
}

// MARK: What was found

extension NATMeasurement {
    /// What is known so far; nothing of the lifetime.
    var profile: NATProfile {
        var hairpins: Bool?
        if case .done(let result) = hairpin { hairpins = result }
        return NATProfile(behavior: detector.behavior, allocation: allocation, hairpins: hairpins)
    }

    private var allocation: PortAllocation {
        guard detector.behavior.mapping != .none else {
            return PortAllocation(
                kind: .preserving, low: observed.port, high: observed.port, last: observed.port)
        }
        let main = { (port: UInt16) in PortAllocation.Sample(local: localPort, external: port) }
        // In the order in which the mappings were made.
        return PortAllocation(detector.ports.map(main) + sampler.samples + detector.latePorts.map(main))
    }
}
