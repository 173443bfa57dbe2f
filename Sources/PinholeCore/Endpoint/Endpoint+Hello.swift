internal import PinholeCrypto
internal import PinholeWire

// HELLOs at the door. A HELLO does not say who sent it: it is tried with one contact's key after another, and strangers
// decide how many there are. So who is expected where it comes from is tried first, and the rest within limits.

extension Endpoint {
    /// A HELLO: length, then MAC, then cookie under load, then the contacts' keys (protocol §2.11).
    func receiveHello(_ datagram: Span<UInt8>, from source: Route, at now: Instant) {
        guard datagram.count == Limits.helloSize else { return environment.drops.count(.malformed) }
        if let (hello, connection) = openAnswer(datagram, from: source.remote, at: now) {
            return receive(hello, of: connection, hasCookie: false, from: source, at: now)
        }
        guard cookieGate.hasValidMAC1(datagram) else { return receiveIntroducedHello(datagram, from: source, at: now) }
        let hasCookie = cookieGate.hasValidCookie(datagram, from: source.remote, at: now)
        let excess =
            hasCookie ? provenLoad.note(source.remote, at: now) : helloLoad.note(source.remote, at: now)
        if excess != .ofSource, let (hello, connection) = openHello(datagram, ofThoseExpectedAt: source.remote) {
            return accept(hello, datagram, of: connection, hasCookie: hasCookie, from: source, at: now)
        }
        guard excess == .none else {
            environment.drops.count(.rateLimited)
            if !hasCookie { transmit(cookieGate.cookieReply(to: datagram, from: source.remote, at: now), to: source) }
            return
        }
        let before = helloTrials
        let opened = openHello(datagram)
        if hasCookie { provenLoad.spend(helloTrials - before) } else { helloLoad.spend(helloTrials - before) }
        guard let (hello, connection) = opened else { return environment.drops.count(.notForUs) }
        // Thousands of contacts may be behind one address.
        if hasCookie, connection.mayGreet(at: now) { provenLoad.forgive(source.remote) }
        accept(hello, datagram, of: connection, hasCookie: hasCookie, from: source, at: now)
    }

    /// Without a MAC a HELLO can only be from a contact that we are calling, or that a service has just introduced.
    private func receiveIntroducedHello(_ datagram: Span<UInt8>, from source: Route, at now: Instant) {
        // Under load only what comes from where an answer is waited for is worth a decryption.
        let isOverloaded = helloLoad.note(source.remote, at: now) != .none
        var opened = openHello(datagram, ofThoseExpectedAt: source.remote, isIntroduced: true)
        if opened == nil, !isOverloaded {
            let before = helloTrials
            opened = openHello(datagram, ofCallers: expected.callers)
            helloLoad.spend(helloTrials - before)
        }
        guard let (hello, connection) = opened else {
            return environment.drops.count(isOverloaded ? .rateLimited : .notForUs)
        }
        receive(hello, of: connection, hasCookie: false, from: source, at: now)
    }

    /// A HELLO that opened, and has a valid MAC.
    private func accept(
        _ hello: PeerHello, _ datagram: Span<UInt8>, of connection: Connection, hasCookie: Bool, from source: Route,
        at now: Instant
    ) {
        if hello.plaintext.timestamp <= connection.authenticatedTimestamp, !hasCookie, !connection.isEcho(hello) {
            return answerStale(datagram, hello, connection, from: source, at: now)
        }
        receive(hello, of: connection, hasCookie: hasCookie, from: source, at: now)
    }

    private func receive(
        _ hello: PeerHello, of connection: Connection, hasCookie: Bool, from source: Route, at now: Instant
    ) {
        connection.receive(hello, hasCookie: hasCookie, from: source, at: now)
        settleLater(connection)
    }

    /// Authentic and old: a replay, or a contact whose clock is wrong. A cookie tells which.
    private func answerStale(
        _ datagram: Span<UInt8>, _ hello: PeerHello, _ connection: Connection, from source: Route,
        at now: Instant
    ) {
        // The very one that was authenticated, once more, says nothing new.
        guard !connection.cameTwice(hello) else { return environment.drops.count(.notForUs) }
        guard connection.cookiesToStale.take(hello, at: now) else { return environment.drops.count(.rateLimited) }
        transmit(cookieGate.cookieReply(to: datagram, from: source.remote, at: now), to: source)
    }

    // MARK: Trials

    /// By the contact that sent it, whoever that is.
    private func openHello(_ datagram: Span<UInt8>) -> (PeerHello, Connection)? {
        guard let trial = HelloTrial(datagram) else { return nil }
        for (slot, pair) in pairs {
            helloTrials += 1
            guard let hello = trial.open(datagram, pair: pair), let connection = connections[slot] else { continue }
            return (hello, connection)
        }
        return nil
    }

    private func openHello(_ datagram: Span<UInt8>, ofCallers slots: Set<Int>) -> (PeerHello, Connection)? {
        guard !slots.isEmpty, let trial = HelloTrial(datagram) else { return nil }
        for slot in slots {
            if let opened = open(trial, datagram, of: slot, isIntroduced: true) { return opened }
        }
        return nil
    }

    /// The answer to a call, from the very place that was called. No stranger can give it, and no load hides it; of one
    /// contact it is taken once in a second.
    private func openAnswer(
        _ datagram: Span<UInt8>, from source: TransportAddress, at now: Instant
    ) -> (PeerHello, Connection)? {
        noteExpectations()
        let slots = expected.slots(calledAt: source)
        guard !slots.isEmpty, let trial = HelloTrial(datagram) else { return nil }
        for slot in slots {
            guard let opened = open(trial, datagram, of: slot, isIntroduced: true) else { continue }
            return opened.1.isEcho(opened.0) && opened.1.mayGreet(at: now) ? opened : nil
        }
        return nil
    }

    /// Of at most ``Expected/limit`` contacts; of an introduced one only if it is awaited there.
    private func openHello(
        _ datagram: Span<UInt8>, ofThoseExpectedAt source: TransportAddress, isIntroduced: Bool = false
    ) -> (PeerHello, Connection)? {
        noteExpectations()
        let slots = expected.slots(at: source.ip)
        guard !slots.isEmpty, let trial = HelloTrial(datagram) else { return nil }
        for slot in slots where !isIntroduced || connections[slot]?.awaits(source) ?? false {
            if let opened = open(trial, datagram, of: slot, isIntroduced: isIntroduced) { return opened }
        }
        return nil
    }

    private func open(
        _ trial: HelloTrial, _ datagram: Span<UInt8>, of slot: Int, isIntroduced: Bool
    ) -> (PeerHello, Connection)? {
        guard let connection = connections[slot], !isIntroduced || connection.ownHello != nil else { return nil }
        helloTrials += 1
        return trial.open(datagram, pair: connection.pair).map { ($0, connection) }
    }
}
