internal import PinholeCrypto
internal import PinholeWire

// The ladder for NATs whose ports nobody knows: from the plan of both sides' profiles to probes.

extension Connection {
    /// Does what the ladder allows now: after each introduction, each answer of a service, and in time.
    func advancePunch(at now: Instant) {
        guard ownHello != nil else { return }
        punch.review = nil
        punch.advanced = now
        predict(at: now)
        tellNews(at: now)
        guard let peer = punch.peer, pairings.contains(where: { !$0.isAuthenticated }), needsPunch(at: now) else {
            return
        }
        let began = punch.began ?? now
        punch.began = began
        let plan = punchPlan(peer, began: began, at: now)
        switch plan {
        case .candidates:
            stopRun()
            useFreshSocket(began: began, at: now)
        case .undetermined:
            look(at: began + Self.measuringPatience)
        case .infeasible:
            stopRun()
            guard !hasOtherWay(peer) else { return }
            // Probes of the candidates have their second, should a NAT have been measured wrongly.
            guard now - began >= Self.candidatesPatience else { return look(at: began + Self.candidatesPatience) }
            fail(failureReason, at: now)
        case .openSockets, .spray, .sweep:
            follow(plan, peer, began: began, at: now)
        }
    }

    func handlePunchTimeout(at now: Instant) {
        if let due = punch.nextTimeout, due <= now { advancePunch(at: now) }
    }

    func look(at instant: Instant) {
        punch.review = punch.review.map { min($0, instant) } ?? instant
    }

    /// How long the candidates alone are tried before more is done, or all is given up.
    static let candidatesPatience: Duration = .seconds(1)
    /// How long a NAT that is still being measured is waited for.
    static let measuringPatience: Duration = .seconds(1)
    /// Where there is a better way than guessing, it comes first.
    private static let headStart: Duration = .milliseconds(300)

    /// A session that still hears the peer is not disturbed by hundreds of probes.
    private func needsPunch(at now: Instant) -> Bool {
        guard let session else { return true }
        let quiet = session.lastReceived + .milliseconds(1500)
        if quiet > now { look(at: quiet) }
        return quiet <= now
    }

    private func punchPlan(_ peer: Introduction, began: Instant, at now: Instant) -> PunchPlan {
        var own = ownProfile
        var theirs = NATProfile(behavior: peer.behavior, allocation: peer.allocation)
        if now - began >= Self.measuringPatience { (own, theirs) = (own.assumingTheWorst, theirs.assumingTheWorst) }
        return PunchPlan(own: own, peer: theirs, role: pair.role)
    }

    /// Whether there is a way between the two on which no port has to be guessed, and which may take its time.
    private func hasOtherWay(_ peer: Introduction) -> Bool {
        let own = environment.candidates(for: self.peer)
        if !directAddresses.isEmpty || own.contains(where: { $0.kind == .portMapped }) { return true }
        let hasIPv6 = own.contains { $0.address.family == .v6 }
        return probeable(peer).contains { candidate in
            candidate.kind == .portMapped || candidate.address.family == .v6 && hasIPv6
        }
    }

    /// Whether the two may be neighbours. Homes have the same few prefixes, so that this says little, and a neighbour
    /// answers at once.
    private func mayBeNear(_ peer: Introduction) -> Bool {
        probeable(peer).contains { $0.kind == .host && $0.address.family == .v4 }
    }

    private func probeable(_ peer: Introduction) -> [Candidate] {
        peer.candidates.filter {
            environment.mayProbe($0.address, of: self.peer, peerObserved: peerAddresses)
        }
    }
}

// MARK: A plan on its way

extension Connection {
    private func follow(_ plan: PunchPlan, _ peer: Introduction, began: Instant, at now: Instant) {
        if punch.progress.plan != plan, !plan.isHalf(newerThan: punch.progress.plan) {
            start(plan, peer, began: began, at: now)
        }
        switch punch.progress {
        case .running:
            sendDueProbes(at: now)
        case .resting(let plan, let until) where until <= now:
            punch.progress = .spent(plan)
            environment.punches.release(self.peer)
            predictAgain(plan, at: now)
        case .idle, .resting, .spent:
            break
        }
    }

    /// The peer said something new, after which nothing has to be guessed, or nothing can be.
    private func stopRun() {
        guard punch.progress.plan != nil else { return }
        punch.progress = .idle
        environment.punches.release(peer)
    }

    private func start(_ plan: PunchPlan, _ peer: Introduction, began: Instant, at now: Instant) {
        guard let remote = punchTarget(peer) else { return }
        let waits = remembered != plan.strategy && (hasOtherWay(peer) || mayBeNear(peer))
        if waits, now - began < Self.headStart { return look(at: began + Self.headStart) }
        guard !plan.isLarge || environment.punches.claim(self.peer, at: now) else {
            return look(at: now + .milliseconds(250))
        }
        switch plan {
        case .candidates, .undetermined, .infeasible:
            break
        case .openSockets(let count, _, _):
            punch.progress = .running(PunchRun(plan, sockets: count, to: remote, at: now))
        case .spray(let search, _):
            let ports = PortSequence(search, guesses: guesses(peer))
            punch.progress = .running(PunchRun(plan, ports, of: remote.ip, at: now))
        case .sweep(let search, _, _):
            punch.progress = .running(PunchRun(plan, passes: search, of: remote.ip, at: now))
        }
    }

    /// Where services see the peer.
    var peerAddresses: [TransportAddress] { peerObserved.sorted { $0.key < $1.key }.flatMap(\.value) }

    /// Where the peer is for us: an address that it named itself, under seal, and at which a service sees it.
    func punchTarget(_ peer: Introduction) -> TransportAddress? {
        peer.candidates.map(\.address).first { address in
            address.family == .v4 && peerAddresses.contains { $0.ip == address.ip }
                && environment.mayProbe(address, of: self.peer, peerObserved: peerAddresses)
        }
    }

    /// Ports that cost one probe each: a NAT that cannot keep a number for all may still keep it for some.
    private func guesses(_ peer: Introduction) -> [UInt16] {
        guard case .random = peer.allocation.kind else { return [] }
        return peer.candidates.filter { $0.address.family == .v4 }.map(\.address.port)
    }

    private func sendDueProbes(at now: Instant) {
        while case .running(var run) = punch.progress {
            // Only the copy is left, so that its sequence is not copied for each probe.
            punch.progress = .idle
            let wanted = run.socketsWanted
            if wanted > 0 { run.add(openSockets(wanted)) }
            let step = punch.mappings < Limits.punchEntries ? run.next(at: now, &environment.entropy) : .finished
            switch step {
            case .probe(let route):
                punch.progress = .running(run)
                punch.mappings += 1
                if let old = run.socketToClose { closeSockets([old]) }
                if environment.mayProbe(route.remote, of: peer, peerObserved: peerAddresses) { sendGuess(to: route) }
            case .notYet:
                punch.progress = .running(run)
                return
            case .finished:
                let patience = max(.milliseconds(400), (environment.serviceRTT(for: peer) ?? .zero) * 2)
                punch.progress = .resting(run.plan, until: now + patience)
            }
        }
    }

    /// A probe of a port that hardly any of its kind hits: AUTH, and no challenge that would be waited for.
    private func sendGuess(to route: Route) {
        guard let index = pairings.lastIndex(where: { !$0.isAuthenticated }) else { return }
        var writer = ByteWriter(capacity: Limits.handshakeSize)
        writer.frame(.auth(signature: pairings[index].keys.signature, parameters: []))
        report?.guessed(route)
        transmit(pairings[index].keys.seal(writer.bytes, size: Limits.handshakeSize), to: route)
    }
}

// MARK: Sockets

extension Connection {
    func openSockets(_ count: Int) -> [SocketID] {
        let ids = environment.openSockets(count, .v4)
        extraSockets.formUnion(ids)
        return ids
    }

    func closeSockets(_ ids: Set<SocketID>) {
        guard !ids.isEmpty else { return }
        extraSockets.subtract(ids)
        environment.closeSockets(ids.sorted { $0.rawValue < $1.rawValue })
        paths.forget(ids)
        checklist.keep { !ids.contains($0.socket) }
    }

    /// Closes the sockets that the session does not go by.
    private func closeIdleSockets() {
        let used = session == nil ? nil : paths.active?.socket
        closeSockets(extraSockets.filter { $0 != used })
    }

    /// The attempt led to a session: the sockets that did not win are needed until both sides have chosen a path.
    func endPunch(wonBy route: Route, isFirst: Bool, at now: Instant) {
        wonBy = strategy(of: route)
        // A session that takes over may go where an older one did, which says nothing about what finds a path.
        if isFirst, route.remote.family == .v4 { remember(wonBy, at: now) }
        environment.punches.release(peer)
        punch = Punch()
        socketRelease = extraSockets.isEmpty ? nil : now + Self.choiceTime
    }

    /// The attempt led nowhere.
    func abandonPunch() {
        environment.punches.release(peer)
        punch = Punch()
        socketRelease = nil
        closeIdleSockets()
    }

    /// How long both sides still choose among the paths of a new session (protocol §3.8), and a packet more.
    static let choiceTime: Duration = .milliseconds(2500)

    func releaseSockets(at now: Instant) {
        guard let due = socketRelease, due <= now else { return }
        let isSettled = paths.activePath?.isValidated ?? true
        socketRelease = isSettled ? nil : now + Self.choiceTime
        if isSettled { closeIdleSockets() }
    }

    private func strategy(of route: Route) -> PunchStrategy {
        if route.socket == punch.fresh?.socket { return .freshSocket }
        if route.socket != .main { return punch.progress.plan?.strategy ?? .candidates }
        switch checklist.kind(of: route.remote) {
        case .portMapped: return .portMapped
        case .host: return .candidates
        case .serverReflexive: return isFreshSocket(route.remote) ? .freshSocket : .candidates
        case .peerReflexive, nil: return punch.progress.plan?.strategy ?? .candidates
        }
    }
}

// MARK: What worked before

extension Connection {
    /// What opened a path between these two networks the last time.
    var remembered: PunchStrategy? {
        strategyKey.flatMap { environment.strategies[$0] }.flatMap { PunchStrategy(rawValue: $0.strategy) }
    }

    private var strategyKey: RememberedStrategy.Key? {
        guard let network = environment.networks[.v4], let address = peerAddresses.first(where: { $0.family == .v4 })
        else { return nil }
        let peerNetwork = NetworkID(of: address.ip)
        return RememberedStrategy.Key(network: network, peer: peer, peerNetwork: peerNetwork)
    }

    private func remember(_ strategy: PunchStrategy, at now: Instant) {
        guard let key = strategyKey, strategy != remembered ?? .candidates else { return }
        let memory = RememberedStrategy(
            key: key, strategy: strategy.rawValue, time: environment.unixMilliseconds(at: now))
        environment.strategies[key] = memory
        events.append(.strategyWorked(memory))
    }
}
