internal import PinholeCrypto
internal import PinholeWire

// What a service is asked from new sockets, and how the peer is told: the counter of our own NAT, and a second try for
// routers that gave the main sockets' ports away.

extension Connection {
    /// The NAT in front of the sockets that hard NATs are punched from, as the peer is told.
    var ownProfile: NATProfile {
        var profile = environment.nat[.v4] ?? environment.nat[.v6] ?? NATProfile()
        guard case .counting = profile.punchClass else { return profile }
        switch punch.prediction {
        case .none, .sampling: profile.allocation.kind = .unknown
        case .known(let last, _): profile.allocation.last = last
        case .givenUp: profile.allocation.kind = .random
        }
        return profile
    }

    /// What our introduction says now.
    var ownIntroduction: Introduction {
        let profile = ownProfile
        let fresh = punch.fresh?.mapped.map { [Candidate(.serverReflexive, $0)] } ?? []
        return Introduction(
            behavior: profile.behavior, candidates: environment.candidates(for: peer, behind: preservedPorts + fresh),
            allocation: profile.allocation, round: punch.told?.round ?? 0)
    }

    /// The ports that a NAT keeps for the first that each new socket sends to, if it does.
    private var preservedPorts: [Candidate] {
        guard case .running(let run) = punch.progress, case .preservedPort = run.plan.strategy,
            let ip = environment.candidates(for: peer).first(where: { $0.kind == .serverReflexive })?.address.ip
        else { return [] }
        return run.sockets.prefix(8).compactMap { environment.sockets.ports[$0] }
            .map { Candidate(.serverReflexive, TransportAddress(ip, port: $0)) }
    }

    /// The blob that brings a HELLO of ours, and says what is known now.
    func makeBlob(_ hello: OwnHello) -> [UInt8] {
        _ = updateIntroduction()
        return hello.handshake.blob((punch.told ?? ownIntroduction).encoded)
    }

    /// Brings up to date what we say, in a round of its own if that changed. Returns whether it did.
    private func updateIntroduction() -> Bool {
        var news = ownIntroduction
        guard let told = punch.told else {
            punch.told = news
            return true
        }
        guard news != told else { return false }
        news.round = told.round == .max ? .max : told.round + 1
        punch.told = news
        return true
    }

    /// Introduces us again when there is more to say than before, and repeats it, as blobs may be lost.
    func tellNews(at now: Instant) {
        guard let ownHello, punch.told != nil, !introducers.isEmpty else { return }
        if updateIntroduction() {
            punch.retell = Punch.Retell(at: now + Self.retellPause, left: 2)
        } else {
            if case .undetermined = ownProfile.punchClass, now - ownHello.began < Self.measuringPatience {
                look(at: now + .milliseconds(100))
            }
            guard var retell = punch.retell, retell.at <= now else { return }
            retell.left -= 1
            retell.at = now + Self.retellPause * 2
            punch.retell = retell.left > 0 ? retell : nil
        }
        let blob = makeBlob(ownHello)
        if ownHello.isAnswer, let caller = punch.caller {
            requests.append(.answer(caller.tag, client: caller.client, blob: blob))
        } else {
            requests.append(.connect(blob: blob))
        }
    }

    private static let retellPause: Duration = .milliseconds(150)
}

// MARK: The counter of our own NAT

extension Connection {
    /// Learns where our NAT's counter is, if it has one.
    func predict(at now: Instant) {
        guard case .counting = (environment.nat[.v4] ?? NATProfile()).punchClass else { return }
        switch punch.prediction {
        case .none:
            sampleCounter(failures: 0, at: now)
        case .sampling(var sample, let failures):
            if sample.due <= now, sample.isGivenUp {
                closeSockets([sample.socket])
                punch.prediction = .givenUp
            } else {
                send(&sample, at: now)
                punch.prediction = .sampling(sample, failures: failures)
            }
        case .known, .givenUp:
            break
        }
    }

    /// All was sent where the counter was expected, and nothing came: it is elsewhere, or is none.
    func predictAgain(_ plan: PunchPlan, at now: Instant) {
        guard case .known(_, let failures) = punch.prediction else { return }
        let limit: Int
        switch plan {
        case .openSockets(_, after: .some, _): limit = Limits.predictions
        case .sweep(_, after: .some, _): limit = Limits.predictedSweeps
        case .candidates, .undetermined, .infeasible, .openSockets, .spray, .sweep: return
        }
        guard failures + 1 < limit else {
            punch.prediction = .givenUp
            return advancePunch(at: now)
        }
        sampleCounter(failures: failures + 1, at: now)
    }

    private func sampleCounter(failures: Int, at now: Instant) {
        guard let service = environment.reflector(.v4, for: peer) else { return punch.prediction = .givenUp }
        var sample = PortSample(openSockets(1)[0], service: service, at: now, &environment.entropy)
        send(&sample, at: now)
        punch.prediction = .sampling(sample, failures: failures)
    }

    private func send(_ sample: inout PortSample, at now: Instant) {
        guard let (datagram, route) = sample.takeRequest(roundTrip: environment.serviceRTT(for: peer), at: now) else {
            return
        }
        transmit(datagram, to: route)
    }

    /// A service's answer to a request from one of our own sockets. Returns whether it was asked for.
    func receiveSTUN(_ message: STUNMessage, from source: Route, at now: Instant) -> Bool {
        if case .sampling(let sample, let failures) = punch.prediction,
            let mapped = sample.mappedAddress(in: message, from: source)
        {
            punch.prediction = .known(last: mapped.port, failures: failures)
            punch.mappings += 1
            closeSockets([sample.socket])
            advancePunch(at: now)
            return true
        }
        if let fresh = punch.fresh, case .measuring(let sample) = fresh.state,
            let mapped = sample.mappedAddress(in: message, from: source)
        {
            // The peer sends as soon as it is told; what we send is to leave at the same time.
            punch.fresh?.state = .holding(mapped, until: now + (environment.serviceRTT(for: peer) ?? .zero))
            advancePunch(at: now)
            return true
        }
        return false
    }
}

// MARK: A socket that no router has seen a packet for

extension Connection {
    /// Where the candidates alone did not do it, the sides take turns with a fresh socket.
    func useFreshSocket(began: Instant, at now: Instant) {
        let first = began + (knowsFreshSocket ? .zero : Self.candidatesPatience)
        guard first <= now else { return look(at: first) }
        let turn = Int((now - first) / Self.turnLength)
        look(at: first + Self.turnLength * (turn + 1))
        if turn % 2 == Int(pair.role.rawValue), punch.fresh?.turn != turn { openFreshSocket(turn, at: now) }
        guard var fresh = punch.fresh else { return }
        switch fresh.state {
        case .measuring(var sample):
            send(&sample, at: now)
            fresh.state = sample.due <= now && sample.isGivenUp ? .unanswered : .measuring(sample)
        case .holding(let mapped, let until):
            guard until <= now else { return }
            fresh.state = .probing(mapped)
            if let peer = punch.peer, let remote = punchTarget(peer) {
                checklist.add(Candidate(.serverReflexive, remote), via: fresh.socket, at: now)
            }
        case .probing, .unanswered:
            return
        }
        punch.fresh = fresh
    }

    /// Long enough for a service, for the peer, and for three probes of each.
    private static let turnLength: Duration = .milliseconds(1200)

    private var knowsFreshSocket: Bool { remembered == .freshSocket }

    private func openFreshSocket(_ turn: Int, at now: Instant) {
        guard let service = environment.reflector(.v4, for: peer) else { return }
        // What the last turn made is of no use any more, and would be probed for nothing.
        if let last = punch.fresh { closeSockets([last.socket]) }
        let socket = openSockets(1)[0]
        let sample = PortSample(socket, service: service, at: now, &environment.entropy)
        punch.fresh = Punch.FreshSocket(turn: turn, socket: socket, state: .measuring(sample))
        punch.mappings += 1
    }

    /// Whether the peer named the address only after its main socket's had failed.
    func isFreshSocket(_ address: TransportAddress) -> Bool {
        guard let peer = punch.peer, peer.round > 0, peer.candidates.first?.address == address else { return false }
        return !peerAddresses.contains(address)
    }
}
