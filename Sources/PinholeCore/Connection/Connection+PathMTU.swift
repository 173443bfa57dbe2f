internal import PinholeCrypto
internal import PinholeWire

// What the paths of a session carry: whether one is up for data, and which size of datagrams is right for it.

/// Challenges in datagrams of 1200 bytes on one path, until one is answered by one as large, or enough were not.
struct CapacityCheck {
    let route: Route
    let began: Instant
    var timesSent = 0
    var due: Instant
}

extension Connection {
    /// The size of the datagrams that the active path carries.
    var datagramSize: Int { session?.transport.maxDatagramSize ?? Limits.maxDatagramSize }

    /// The session goes over a path of which nothing is known but what challenges showed (RFC 9000 §9.4).
    func resetPath(_ route: Route, at now: Instant) {
        pathSource = environment.source(toward: route.remote.ip)
        session?.transport.resetPath(initialRTT: paths[route]?.rtt, at: now)
        session?.transport.use(makeMTU(of: route, at: now))
        knownCapacity = paths[route]?.capacity ?? .unknown
    }

    /// The session is about to end: the next one may begin with what this one knows.
    func rememberPath(at now: Instant) {
        guard let model = session?.transport.pathModel, let active = paths.active else { return }
        lastModel = (model, active.remote.ip, pathSource, now)
    }

    /// A session begins where the last one was, as after a restart of the peer.
    func resumePath(_ route: Route, at now: Instant) {
        guard let last = lastModel, last.remote == route.remote.ip, last.source == pathSource,
            now - last.at <= Limits.pathModelLifetime
        else { return }
        session?.transport.resumePath(last.path)
    }

    /// The session goes on over what is probably the same path.
    func keepPath(_ route: Route) {
        guard let known = session?.transport.capacity, paths[route]?.capacity == .unknown else { return }
        paths.setCapacity(known, of: route)
    }

    private func makeMTU(of route: Route, at now: Instant) -> PathMTU {
        var mtu = PathMTU(
            route.remote.family, interfaceMTU: environment.interfaceMTU(toward: route.remote.ip))
        switch paths[route]?.capacity {
        case .full: mtu.didPass(Limits.maxDatagramSize, at: now)
        case .narrow: mtu.didFailBase(at: now)
        case .unknown, nil: break
        }
        return mtu
    }

    /// The way may not carry any more what it did.
    func forgetCapacity(at now: Instant) {
        guard let active = paths.active, paths[active]?.capacity == .full else { return }
        paths.setCapacity(.unknown, of: active)
        knownCapacity = .unknown
        session?.transport.use(makeMTU(of: active, at: now))
    }
}

// MARK: Whether a path is up

extension Connection {
    /// A path that passes probes may still lose data. Data does not wait for the answer.
    func checkActiveCapacity(at now: Instant) {
        guard let path = paths.activePath, path.isValidated, path.capacity == .unknown,
            session?.isConfirmed ?? false
        else { return }
        checkCapacity(of: path.route, at: now)
    }

    func checkCapacity(of route: Route, at now: Instant) {
        guard capacityCheck?.route != route else { return }
        capacityCheck = CapacityCheck(route: route, began: now, due: now)
        continueCapacityCheck(at: now)
    }

    func continueCapacityCheck(at now: Instant) {
        guard var check = capacityCheck, check.due <= now else { return }
        guard check.timesSent < Limits.capacityProbes else { return finishCapacityCheck(check, at: now) }
        let data = environment.entropy.next()
        paths.challenge(data, to: check.route, isFull: true, at: now)
        sendPathFrames([.pathChallenge(data)], to: check.route, isFull: true, at: now)
        let patience = max((paths[check.route]?.rtt ?? Limits.initialRTT) * 2, .milliseconds(100))
        check.due = now + patience * (1 << check.timesSent)
        check.timesSent += 1
        capacityCheck = check
    }

    /// No full datagram came back. If nothing else did either, the path is not narrow but dead, and others look to that.
    private func finishCapacityCheck(_ check: CapacityCheck, at now: Instant) {
        capacityCheck = nil
        let heard = check.route == paths.active ? session?.lastReceived : paths[check.route]?.validated
        guard let heard, heard > check.began else { return }
        isNarrow(check.route, at: now)
    }

    /// A full datagram went there, and one came back.
    func isUp(_ route: Route, at now: Instant) {
        if capacityCheck?.route == route { capacityCheck = nil }
        guard route == paths.active else { return }
        session?.transport.changeMTU { $0.didPass(Limits.maxDatagramSize, at: now) }
        followCapacity(at: now)
    }

    private func isNarrow(_ route: Route, at now: Instant) {
        guard route == paths.active else { return paths.setCapacity(.narrow, of: route) }
        session?.transport.changeMTU { $0.didFailBase(at: now) }
        followCapacity(at: now)
    }

    /// The transport may know more of the active path than the table of paths.
    func followCapacity(at now: Instant) {
        guard let capacity = session?.transport.capacity, capacity != knownCapacity, let active = paths.active
        else { return }
        knownCapacity = capacity
        paths.setCapacity(capacity, of: active)
        switch capacity {
        case .unknown:
            checkActiveCapacity(at: now)
        case .full:
            if capacityCheck?.route == active { capacityCheck = nil }
        case .narrow:
            session?.transport.probe()
            probeCandidates(probes: Self.reviewProbes, at: now)
        }
    }
}

// MARK: Interfaces

extension Connection {
    /// What this machine's interfaces carry changed.
    func interfacesChanged(at now: Instant) {
        guard let active = paths.active else { return }
        let mtu = environment.interfaceMTU(toward: active.remote.ip)
        session?.transport.changeMTU { $0.setInterfaceMTU(mtu, at: now) }
        followCapacity(at: now)
    }

    /// The kernel did not send a packet: it is longer than the interface carries.
    func refused(_ size: Int, over route: Route, at now: Instant) {
        guard route == paths.active else {
            if size <= Limits.maxDatagramSize { isNarrow(route, at: now) }
            return
        }
        let before = datagramSize
        session?.transport.changeMTU { $0.didRefuse(size, at: now) }
        // Data was refused, and can go at once in smaller packets.
        if datagramSize < before { session?.transport.probe() }
        followCapacity(at: now)
    }
}
